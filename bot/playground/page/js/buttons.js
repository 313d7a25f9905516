/** The small square buttons that carry an icon and a spoken name. */
import { h } from "./dom.js";
import { icon } from "./icons.js";

/** Make a button of an icon; `more` holds further properties, of which `class` is added to its own. */
export function iconButton(name, label, onclick, { class: className = "", ...more } = {}) {
  const properties = {
    type: "button",
    class: `icon-button ${className}`,
    "aria-label": label,
    title: label,
    onclick,
  };
  return h("button", { ...properties, ...more }, icon(name));
}
