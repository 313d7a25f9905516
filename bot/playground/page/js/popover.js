/** Floating panels in the top layer: menus, lists and pickers; one is open at a time. */
import { h } from "./dom.js";

const MARGIN = 8;
let current = null;

/**
 * Show `content` beside an element or at a point {x, y}; returns a function that closes it.
 * Escape, a click elsewhere and opening another panel close it; focus then goes back to where it was.
 */
export function openPopover(place, content, { className = "", onclose = () => {}, keepFocus = false } = {}) {
  closePopover();
  const before = document.activeElement;
  const panel = h("div", { class: `popover ${className}`, popover: "manual" }, content);
  const host = place instanceof Element ? (place.closest("dialog") ?? document.body) : document.body;
  if (place instanceof Element && className === "choices") panel.style.minWidth = `${place.offsetWidth}px`;
  host.append(panel);
  panel.showPopover();
  const reposition = () => position(panel, place);
  const close = () => {
    if (current?.close !== close) return;
    current = null;
    watch.disconnect();
    for (const [target, name, listener] of listeners) target.removeEventListener(name, listener, true);
    panel.remove();
    onclose();
    if (!keepFocus && before?.isConnected && !document.activeElement?.closest("dialog, .composer"))
      before.focus({ preventScroll: true });
  };
  const listeners = [
    [
      document,
      "pointerdown",
      (event) => {
        if (!panel.contains(event.target) && !contains(place, event.target)) close();
      },
    ],
    [document, "keydown", (event) => closeOnEscape(event, close)],
    [window, "resize", reposition],
  ];
  for (const [target, name, listener] of listeners) target.addEventListener(name, listener, true);
  const watch = new ResizeObserver(reposition);
  watch.observe(panel);
  current = { close, panel };
  reposition();
  return close;
}

/** Close the panel that is open, if there is one. */
export function closePopover() {
  current?.close();
}

function contains(place, target) {
  return place instanceof Element && place.contains(target);
}

function closeOnEscape(event, close) {
  if (event.key !== "Escape") return;
  event.preventDefault();
  event.stopPropagation();
  close();
}

function position(panel, place) {
  const box =
    place instanceof Element
      ? place.getBoundingClientRect()
      : { left: place.x, right: place.x, top: place.y, bottom: place.y, width: 0 };
  const { innerWidth, innerHeight } = window;
  const above = box.top - MARGIN * 2;
  const below = innerHeight - box.bottom - MARGIN * 2;
  const wanted = panel.scrollHeight;
  const goUp = below < Math.min(wanted, 320) && above > below;
  panel.style.maxHeight = `${Math.max(120, goUp ? above : below)}px`;
  const height = Math.min(wanted, goUp ? above : below);
  const left = Math.max(MARGIN, Math.min(box.left, innerWidth - panel.offsetWidth - MARGIN));
  panel.style.left = `${left}px`;
  panel.style.top = `${goUp ? Math.max(MARGIN, box.top - height - MARGIN) : box.bottom + MARGIN}px`;
}
