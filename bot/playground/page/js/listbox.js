/** A list to choose from while the focus stays in a text field, as for commands, people and suggestions. */
import { h, uniqueId, fill } from "./dom.js";

/**
 * Show options `{label, description?, side?, value}`; `onpick(option)` is called on Enter, Tab or a click.
 * `input` is the field that keeps the focus and is told which option is active.
 */
export class Listbox {
  constructor({ input, label, onpick }) {
    this.input = input;
    this.onpick = onpick;
    this.options = [];
    this.active = -1;
    this.node = h("div", { class: "listbox", role: "listbox", id: uniqueId("list"), "aria-label": label });
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-controls", this.node.id);
    input.setAttribute("aria-expanded", "false");
  }

  get open() {
    return this.options.length > 0;
  }

  /** Show these options, the first of them active where `choose` says so. */
  show(options, { choose = true } = {}) {
    this.options = options;
    this.rows = options.map((option, index) => this.row(option, index));
    fill(this.node, this.rows);
    this.input.setAttribute("aria-expanded", String(this.open));
    this.activate(choose && options.length ? 0 : -1);
  }

  hide() {
    this.show([]);
  }

  /** Take a key press; returns true where it was meant for the list. */
  take(event) {
    if (!this.open || event.isComposing) return false;
    if (event.key === "ArrowDown") this.activate((this.active + 1) % this.options.length);
    else if (event.key === "ArrowUp")
      this.activate((this.active - 1 + this.options.length) % this.options.length);
    else if ((event.key === "Enter" || event.key === "Tab") && this.active >= 0 && !event.shiftKey)
      this.pick(this.active);
    else return false;
    event.preventDefault();
    return true;
  }

  pick(index) {
    const option = this.options[index];
    if (option) this.onpick(option);
  }

  activate(index) {
    this.active = index;
    this.rows.forEach((row, at) => row.setAttribute("aria-selected", String(at === index)));
    const row = this.rows[index];
    if (!row) {
      this.input.removeAttribute("aria-activedescendant");
      return;
    }
    this.input.setAttribute("aria-activedescendant", row.id);
    row.scrollIntoView({ block: "nearest" });
  }

  row(option, index) {
    return h(
      "div",
      {
        class: "option",
        role: "option",
        id: uniqueId("option"),
        onpointerdown: (event) => event.preventDefault(),
        onclick: () => this.pick(index),
      },
      h(
        "span",
        { class: "option-main" },
        h("span", { class: "option-label" }, option.label),
        option.description ? h("span", { class: "option-description" }, option.description) : null,
      ),
      option.side ? h("span", { class: "option-side" }, option.side) : null,
    );
  }
}
