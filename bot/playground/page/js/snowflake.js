/** Discord's ids: 64-bit numbers kept as strings; the upper bits are the milliseconds since 2015. */

const EPOCH = 1420070400000n;

/** Order two ids by age, for Array.sort. */
export function compareIds(a, b) {
  if (a.length !== b.length) return a.length - b.length;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Return the moment at which an id was made. */
export function timeOf(id) {
  return new Date(Number((BigInt(id) >> 22n) + EPOCH));
}

/** Make an id of this very moment, for nonces and for notes that only this tab shows. */
export function localId() {
  const noise = BigInt(Math.floor(Math.random() * 4194304));
  return String(((BigInt(Date.now()) - EPOCH) << 22n) + noise);
}
