/** Seals: a person's first character on a colour of their own; bots carry the loom's mark. */
import { h, svg } from "./dom.js";

const HUES = 5n;
const MARK =
  "M5 4v16M12 4v16M19 4v16M3 8c3-2.5 6 2.5 9 0s6-2.5 9 0M3 13c3 2.5 6-2.5 9 0s6 2.5 9 0M3 18c3-2.5 6 2.5 9 0s6-2.5 9 0";

/** Draw a user's seal. */
export function avatar(user, name) {
  if (user.bot) return h("span", { class: "avatar bot", "aria-hidden": "true" }, svg(MARK));
  const first = [...(name || "?")][0].toUpperCase();
  return h("span", { class: `avatar hue-${(BigInt(user.id) >> 22n) % HUES}`, "aria-hidden": "true" }, first);
}

/** Draw the loom's mark by itself. */
export function mark() {
  return svg(MARK, "loom");
}
