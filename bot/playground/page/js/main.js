/** Opens the page: the seat of this tab if it has one, the lobby otherwise. */
import { Api } from "./api.js";
import { App } from "./app.js";
import { words } from "./i18n.js";
import { Lobby } from "./lobby.js";
import { keepSeat, leaveSeat, loadSeat } from "./seat.js";
import { applyTheme } from "./theme.js";
import { refreshRelativeTimes } from "./time.js";

const RELATIVE_TIMES_EVERY = 20000;

function systemLocale() {
  return navigator.language.startsWith("zh") ? "zh-CN" : "en-US";
}

async function lobby(root, locale, note) {
  const seat = await new Lobby({ root, api: new Api({ t: words(locale) }), locale, note }).enter();
  keepSeat(seat);
  play(root, seat);
}

function play(root, seat) {
  const app = new App({ root, seat, onend: (reason) => end(root, seat, reason) });
  app.start();
}

function end(root, seat, reason) {
  leaveSeat();
  if (reason === "refused") sitDownAgain(root, seat);
  else lobby(root, seat.locale, null);
}

/** A playground that was started anew without its data knows no old seats: take the same one again, once. */
async function sitDownAgain(root, { name, locale, roles, again }) {
  try {
    if (again) throw new Error("this seat was refused twice");
    const { token } = await new Api({ t: words(locale) }).seat({ name, locale, roles });
    const seat = { token, name, locale, roles, again: true };
    keepSeat(seat);
    play(root, seat);
  } catch (error) {
    console.info("the seat could not be taken again", error);
    lobby(root, locale, "seatGone");
  }
}

function open() {
  applyTheme();
  const root = document.getElementById("root");
  const seat = loadSeat();
  if (seat) play(root, seat);
  else lobby(root, systemLocale(), null);
  setInterval(() => refreshRelativeTimes(document), RELATIVE_TIMES_EVERY);
}

open();
