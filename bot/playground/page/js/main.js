/** Opens the page: the seat of this tab if it has one, the lobby otherwise. */
import { Api } from "./api.js";
import { App } from "./app.js";
import { Lobby } from "./lobby.js";
import { keepSeat, leaveSeat, loadSeat } from "./seat.js";
import { applyTheme } from "./theme.js";
import { refreshRelativeTimes } from "./time.js";

const RELATIVE_TIMES_EVERY = 20000;

function systemLocale() {
  return navigator.language.startsWith("zh") ? "zh-CN" : "en-US";
}

async function lobby(root, locale, note) {
  const seat = await new Lobby({ root, api: new Api(), locale, note }).enter();
  keepSeat(seat);
  play(root, seat);
}

function play(root, seat) {
  const app = new App({ root, seat, onend: (reason) => end(root, seat, reason) });
  app.start();
}

function end(root, seat, reason) {
  leaveSeat();
  lobby(root, seat.locale, reason === "refused" ? "seatGone" : null);
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
