/** The seat of this tab: who it is, kept for the tab's lifetime so that two tabs are two people. */

const KEY = "storyloom.seat";

/** Return the remembered seat {token, name, locale, roles}, or null. */
export function loadSeat() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY));
  } catch (error) {
    console.warn("the remembered seat could not be read", error);
    return null;
  }
}

/** Remember the seat. */
export function keepSeat(seat) {
  sessionStorage.setItem(KEY, JSON.stringify(seat));
}

/** Leave the seat. */
export function leaveSeat() {
  sessionStorage.removeItem(KEY);
}

/** Remember what a seat has read, so that a reload keeps the unread marks. */
export function keepRead(userId, read) {
  localStorage.setItem(`storyloom.read.${userId}`, JSON.stringify([...read]));
}

/** Return what a seat has read: channel id → message id. */
export function loadRead(userId) {
  try {
    return new Map(JSON.parse(localStorage.getItem(`storyloom.read.${userId}`) ?? "[]"));
  } catch (error) {
    console.warn("the unread marks could not be read", error);
    return new Map();
  }
}
