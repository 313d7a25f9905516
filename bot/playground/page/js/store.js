/** What this tab knows of the playground: users, channels, messages, unread marks; views listen for changes. */
import { compareIds, localId } from "./snowflake.js";

export const TEXT = 0,
  DIRECT = 1,
  CATEGORY = 4,
  FORUM = 15;
export const THREADS = new Set([10, 11, 12]);
export const EPHEMERAL = 64,
  LOADING = 128,
  COMPONENTS_V2 = 32768;

export class Store {
  constructor() {
    this.me = null;
    this.users = new Map();
    this.guilds = new Map();
    this.channels = new Map();
    this.members = new Map();
    this.histories = new Map();
    this.unread = new Map();
    this.read = new Map();
    this.activeId = null;
    this.listeners = new Map();
  }

  /** Call `listener(detail)` whenever `topic` is emitted. */
  on(topic, listener) {
    if (!this.listeners.has(topic)) this.listeners.set(topic, new Set());
    this.listeners.get(topic).add(listener);
  }

  emit(topic, detail) {
    for (const listener of this.listeners.get(topic) ?? []) listener(detail);
  }

  /** Return a channel's loaded messages, oldest first: {messages, loaded, complete}. */
  history(channelId) {
    if (!this.histories.has(channelId))
      this.histories.set(channelId, { messages: [], loaded: false, complete: false });
    return this.histories.get(channelId);
  }

  /** Find a loaded message by its id. */
  message(channelId, id) {
    return this.history(channelId).messages.find((message) => message.id === id);
  }

  /** Add a message or take over its newer fields; returns what is kept. */
  putMessage(message) {
    const { messages } = this.history(message.channel_id);
    const known = this.message(message.channel_id, message.id);
    this.noteUsers(message);
    if (known) return Object.assign(known, message);
    messages.push(message);
    if (messages.length > 1 && compareIds(messages.at(-2).id, message.id) > 0)
      messages.sort((a, b) => compareIds(a.id, b.id));
    return message;
  }

  /** Forget a message. */
  dropMessage(channelId, id) {
    const history = this.history(channelId);
    history.messages = history.messages.filter((message) => message.id !== id);
  }

  /** Show a note that only this tab knows, in the shape of a private message by `author`. */
  addNote(channelId, author, content) {
    const message = {
      id: localId(),
      channel_id: channelId,
      author,
      content,
      flags: EPHEMERAL,
      type: 0,
      note: true,
      timestamp: new Date().toISOString(),
      attachments: [],
      embeds: [],
      components: [],
      mentions: [],
    };
    this.putMessage(message);
    this.emit("message", { kind: "create", message });
  }

  noteUsers(message) {
    const users = [message.author, ...(message.mentions ?? []), message.interaction_metadata?.user];
    for (const user of users) if (user?.id && !this.users.has(user.id)) this.users.set(user.id, user);
  }

  /** Return the guild of a channel, or undefined for a direct message. */
  guildOf(channelId) {
    return this.guilds.get(this.channels.get(channelId)?.guild_id);
  }

  /** Return the members of a guild by user id. */
  membersOf(guildId) {
    if (!this.members.has(guildId)) this.members.set(guildId, new Map());
    return this.members.get(guildId);
  }

  /** Return the name under which a person is shown. */
  nameOf(user, guildId) {
    const nick = guildId ? this.members.get(guildId)?.get(user.id)?.nick : null;
    return nick ?? user.global_name ?? user.username ?? "…";
  }

  /** Return what a channel is called; a direct message is called after the other person. */
  channelName(channel) {
    if (channel.type !== DIRECT) return channel.name;
    const other = (channel.recipients ?? []).find((user) => user.id !== this.me?.id);
    return other ? this.nameOf(other) : "—";
  }

  /** Return the text channels of a guild in their order, without threads. */
  textChannels(guildId) {
    return [...this.channels.values()]
      .filter(
        (channel) => channel.guild_id === guildId && !THREADS.has(channel.type) && channel.type !== CATEGORY,
      )
      .sort((a, b) => (a.position ?? 0) - (b.position ?? 0) || compareIds(a.id, b.id));
  }

  /** Return the open threads of a channel, oldest first. */
  threadsOf(parentId) {
    return [...this.channels.values()]
      .filter(
        (channel) =>
          THREADS.has(channel.type) && channel.parent_id === parentId && !channel.thread_metadata?.archived,
      )
      .sort((a, b) => compareIds(a.id, b.id));
  }

  /** Return the direct messages, newest first. */
  directs() {
    const newest = (channel) => channel.last_message_id ?? channel.id;
    return [...this.channels.values()]
      .filter((channel) => channel.type === DIRECT)
      .sort((a, b) => compareIds(newest(b), newest(a)));
  }

  /** Open a channel: it becomes the active one and counts as read. */
  activate(channelId) {
    this.activeId = channelId;
    this.markRead(channelId);
    this.emit("active", channelId);
    this.emit("channels");
  }

  /** Take a channel for read up to its newest message. */
  markRead(channelId) {
    const newest = this.channels.get(channelId)?.last_message_id;
    if (newest) this.read.set(channelId, newest);
    this.unread.delete(channelId);
    this.emit("unread");
  }

  /** Count a message that its reader has not seen yet. */
  countUnread(message) {
    const entry = this.unread.get(message.channel_id) ?? { count: 0, mentions: 0 };
    entry.count += 1;
    if (mentions(message, this.me.id) || this.channels.get(message.channel_id)?.type === DIRECT)
      entry.mentions += 1;
    this.unread.set(message.channel_id, entry);
    this.emit("unread");
  }
}

/** Tell whether a message speaks to a user. */
export function mentions(message, userId) {
  return Boolean(message.mention_everyone) || (message.mentions ?? []).some((user) => user.id === userId);
}
