/** Short notes at the foot of the page, read aloud and gone after a while. */
import { h } from "./dom.js";

const SHOWN_FOR = 6000;

/** Show a note; `kind` is "info" or "problem". */
export function toast(text, kind = "info") {
  const shelf = document.getElementById("toasts");
  const note = h("div", { class: `toast ${kind}`, role: kind === "problem" ? "alert" : "status" }, text);
  note.addEventListener("click", () => note.remove());
  shelf.append(note);
  setTimeout(() => note.remove(), SHOWN_FOR);
}
