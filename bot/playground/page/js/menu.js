/** Menus: a list of actions, opened by a click, a right click, a long press or the keyboard. */
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { closePopover, openPopover } from "./popover.js";

const LONG_PRESS = 500;

/** Open a menu of `{label, icon?, hint?, danger?, run}` entries; a null entry draws a line. */
export function openMenu(place, entries, label) {
  const items = entries.map((entry) => (entry ? itemNode(entry) : h("hr")));
  const menu = h("div", { class: "menu", role: "menu", "aria-label": label, onkeydown: walk }, items);
  openPopover(place, menu, { className: "menu-panel" });
  menu.querySelector("[role=menuitem]")?.focus();
}

function itemNode(entry) {
  const run = () => {
    closePopover();
    entry.run();
  };
  return h(
    "button",
    { type: "button", role: "menuitem", tabindex: "-1", class: entry.danger ? "danger" : null, onclick: run },
    entry.icon ? icon(entry.icon) : null,
    h("span", { class: "menu-label" }, entry.label),
    entry.hint ? h("span", { class: "menu-hint" }, entry.hint) : null,
  );
}

function walk(event) {
  const items = [...event.currentTarget.querySelectorAll("[role=menuitem]")];
  const at = items.indexOf(document.activeElement);
  const target = {
    ArrowDown: (at + 1) % items.length,
    ArrowUp: (at - 1 + items.length) % items.length,
    Home: 0,
    End: items.length - 1,
  }[event.key];
  if (event.key === "Tab") closePopover();
  if (target === undefined) return;
  event.preventDefault();
  items[target].focus();
}

/** Call `open(place)` on a right click or a long press within `node`. */
export function onContext(node, open) {
  let timer = null;
  const stop = () => clearTimeout(timer);
  node.addEventListener("contextmenu", (event) => {
    if (event.target.closest("a, input, textarea") || String(window.getSelection()).length > 0) return;
    event.preventDefault();
    stop();
    open({ x: event.clientX, y: event.clientY });
  });
  node.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "touch" || event.target.closest("a, button, input, textarea")) return;
    stop();
    timer = setTimeout(() => open({ x: event.clientX, y: event.clientY }), LONG_PRESS);
  });
  for (const name of ["pointerup", "pointercancel", "pointermove"]) node.addEventListener(name, stop);
}
