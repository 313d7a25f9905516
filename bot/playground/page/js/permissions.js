/** What a person may do in a channel, reckoned as Discord does from roles and overwrites. */
import { DIRECT, THREADS } from "./store.js";

export const MANAGE_CHANNELS = 1n << 4n;
export const ADD_REACTIONS = 1n << 6n;
export const SEND = 1n << 11n;
export const MANAGE_MESSAGES = 1n << 13n;
export const ATTACH = 1n << 15n;
export const CREATE_THREADS = 1n << 35n;
export const SEND_IN_THREADS = 1n << 38n;
const ADMINISTRATOR = 1n << 3n;
const ALL = (1n << 60n) - 1n;

/** Return the permission bits of this tab's person in a channel. */
export function permissionsIn(store, channel) {
  if (channel.type === DIRECT) return ALL;
  const guild = store.guilds.get(channel.guild_id);
  const member = store.membersOf(channel.guild_id).get(store.me.id);
  if (!guild || !member) return 0n;
  const held = new Set([guild.id, ...member.roles]);
  let bits = 0n;
  for (const role of guild.roles) if (held.has(role.id)) bits |= BigInt(role.permissions);
  if (bits & ADMINISTRATOR || guild.owner_id === store.me.id) return ALL;
  const place = THREADS.has(channel.type) ? (store.channels.get(channel.parent_id) ?? channel) : channel;
  return applyOverwrites(bits, place.permission_overwrites ?? [], guild.id, held, store.me.id);
}

function applyOverwrites(bits, overwrites, guildId, held, userId) {
  const steps = [
    overwrites.filter((entry) => entry.id === guildId),
    overwrites.filter((entry) => entry.type === 0 && entry.id !== guildId && held.has(entry.id)),
    overwrites.filter((entry) => entry.type === 1 && entry.id === userId),
  ];
  for (const step of steps) {
    for (const entry of step) bits &= ~BigInt(entry.deny);
    for (const entry of step) bits |= BigInt(entry.allow);
  }
  return bits;
}

/** Tell whether this tab's person may write in a channel. */
export function maySend(store, channel) {
  const needed = THREADS.has(channel.type) ? SEND_IN_THREADS : SEND;
  return Boolean(permissionsIn(store, channel) & needed);
}
