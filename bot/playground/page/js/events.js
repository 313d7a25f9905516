/** Applies the gateway's events to the store, one small function for each event. */
import { emojiKey } from "./emoji.js";
import { compareIds } from "./snowflake.js";
import { EPHEMERAL, THREADS } from "./store.js";

/** Apply one event; events that the page does not show are passed over. */
export function applyEvent(store, name, data) {
  HANDLERS[name]?.(store, data);
}

const HANDLERS = {
  READY(store, data) {
    store.me = data.user;
    store.users.set(data.user.id, data.user);
    store.channels.clear();
    store.guilds.clear();
    store.members.clear();
    for (const history of store.histories.values()) history.loaded = false;
    for (const channel of data.private_channels ?? []) putChannel(store, channel);
    for (const guild of data.guilds ?? []) putGuild(store, guild);
    markOldUnread(store);
    store.emit("channels");
    store.emit("members");
    store.emit("ready");
  },

  GUILD_CREATE(store, guild) {
    putGuild(store, guild);
    store.emit("channels");
    store.emit("members");
  },

  GUILD_UPDATE(store, guild) {
    Object.assign(store.guilds.get(guild.id) ?? {}, guild);
    store.emit("channels");
  },

  GUILD_ROLE_CREATE: putRole,
  GUILD_ROLE_UPDATE: putRole,

  GUILD_ROLE_DELETE(store, data) {
    const guild = store.guilds.get(data.guild_id);
    if (guild) guild.roles = guild.roles.filter((role) => role.id !== data.role_id);
    store.emit("members");
  },

  GUILD_MEMBER_ADD: putMember,
  GUILD_MEMBER_UPDATE: putMember,

  GUILD_MEMBER_REMOVE(store, data) {
    store.membersOf(data.guild_id).delete(data.user.id);
    store.emit("members");
  },

  CHANNEL_CREATE: showChannel,
  CHANNEL_UPDATE: showChannel,
  CHANNEL_DELETE: dropChannel,
  THREAD_CREATE: showChannel,
  THREAD_UPDATE: showChannel,
  THREAD_DELETE: dropChannel,

  MESSAGE_CREATE(store, message) {
    const channel = store.channels.get(message.channel_id);
    if (channel && !isPrivate(message)) channel.last_message_id = message.id;
    store.putMessage(message);
    store.emit("message", { kind: "create", message });
    const seen = message.channel_id === store.activeId && !document.hidden;
    if (seen) store.markRead(message.channel_id);
    else if (message.author.id !== store.me.id) store.countUnread(message);
  },

  MESSAGE_UPDATE(store, change) {
    if (!store.message(change.channel_id, change.id)) return;
    store.emit("message", { kind: "update", message: store.putMessage(change) });
  },

  MESSAGE_DELETE(store, { channel_id, id }) {
    store.dropMessage(channel_id, id);
    store.emit("message", { kind: "delete", message: { channel_id, id } });
  },

  MESSAGE_DELETE_BULK(store, { channel_id, ids }) {
    for (const id of ids) HANDLERS.MESSAGE_DELETE(store, { channel_id, id });
  },

  MESSAGE_REACTION_ADD: (store, data) => changeReaction(store, data, 1),
  MESSAGE_REACTION_REMOVE: (store, data) => changeReaction(store, data, -1),

  MESSAGE_REACTION_REMOVE_ALL(store, data) {
    changeMessage(store, data, (message) => {
      message.reactions = [];
    });
  },

  MESSAGE_REACTION_REMOVE_EMOJI(store, data) {
    changeMessage(store, data, (message) => {
      message.reactions = (message.reactions ?? []).filter(
        (entry) => emojiKey(entry.emoji) !== emojiKey(data.emoji),
      );
    });
  },

  MESSAGE_POLL_VOTE_ADD: (store, data) => changeVote(store, data, 1),
  MESSAGE_POLL_VOTE_REMOVE: (store, data) => changeVote(store, data, -1),
  TYPING_START: (store, data) => store.emit("typing", data),
};

function isPrivate(message) {
  return Boolean((message.flags ?? 0) & EPHEMERAL);
}

function putGuild(store, guild) {
  store.guilds.set(guild.id, { ...guild, channels: undefined, threads: undefined, members: undefined });
  for (const channel of [...(guild.channels ?? []), ...(guild.threads ?? [])])
    putChannel(store, { ...channel, guild_id: guild.id });
  for (const member of guild.members ?? []) {
    store.membersOf(guild.id).set(member.user.id, member);
    store.users.set(member.user.id, member.user);
  }
}

function putChannel(store, channel) {
  store.channels.set(channel.id, { ...store.channels.get(channel.id), ...channel });
  for (const user of channel.recipients ?? []) store.users.set(user.id, user);
}

function markOldUnread(store) {
  for (const channel of store.channels.values()) {
    const read = store.read.get(channel.id);
    if (!channel.last_message_id || !read || store.unread.has(channel.id)) continue;
    if (compareIds(channel.last_message_id, read) > 0)
      store.unread.set(channel.id, { count: 1, mentions: 0 });
  }
}

function showChannel(store, channel) {
  putChannel(store, channel);
  store.emit("channels");
}

function dropChannel(store, channel) {
  for (const thread of store.threadsOf(channel.id)) store.channels.delete(thread.id);
  store.channels.delete(channel.id);
  store.histories.delete(channel.id);
  store.emit("channels");
  if (channel.id === store.activeId) store.emit("lost", THREADS.has(channel.type) ? channel.parent_id : null);
}

function putRole(store, { guild_id, role }) {
  const guild = store.guilds.get(guild_id);
  if (!guild) return;
  guild.roles = [...guild.roles.filter((known) => known.id !== role.id), role];
  store.emit("members");
}

function putMember(store, member) {
  const members = store.membersOf(member.guild_id);
  members.set(member.user.id, { ...members.get(member.user.id), ...member });
  store.users.set(member.user.id, member.user);
  store.emit("members");
  if (member.user.id === store.me?.id) store.emit("rights");
}

function changeMessage(store, { channel_id, message_id }, change) {
  const message = store.message(channel_id, message_id);
  if (!message) return;
  change(message);
  store.emit("message", { kind: "update", message });
}

function changeReaction(store, data, step) {
  changeMessage(store, data, (message) => {
    const reactions = message.reactions ?? [];
    let entry = reactions.find((known) => emojiKey(known.emoji) === emojiKey(data.emoji));
    if (!entry) reactions.push((entry = { emoji: data.emoji, count: 0, me: false }));
    entry.count += step;
    if (data.user_id === store.me.id) entry.me = step > 0;
    message.reactions = reactions.filter((known) => known.count > 0);
  });
}

function changeVote(store, data, step) {
  changeMessage(store, data, (message) => {
    if (!message.poll) return;
    message.poll.results ??= { answer_counts: [], is_finalized: false };
    const counts = message.poll.results.answer_counts;
    let entry = counts.find((known) => known.id === data.answer_id);
    if (!entry) counts.push((entry = { id: data.answer_id, count: 0, me_voted: false }));
    entry.count += step;
    if (data.user_id === store.me.id) entry.me_voted = step > 0;
  });
}
