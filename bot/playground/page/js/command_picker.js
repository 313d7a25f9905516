/** The list of commands above the composer, narrowed while one types after a slash. */
import { matching, namedInFull, typedCommands } from "./command_index.js";
import { h } from "./dom.js";
import { Listbox } from "./listbox.js";

export class CommandPicker {
  /** `onpick(leaf, rest)` hears which command was chosen, and what was typed after its name. */
  constructor({ app, input, onpick }) {
    this.app = app;
    this.input = input;
    this.onpick = onpick;
    this.list = new Listbox({ input, label: app.t("commands"), onpick: (option) => this.pick(option.value) });
    this.note = h("p", { class: "note" });
    this.node = h("div", { class: "picker", hidden: true }, this.note, this.list.node);
  }

  get open() {
    return !this.node.hidden;
  }

  /** Show what fits the input's text; a name typed in full, and a space, is chosen at once. */
  async show(channel) {
    if (!this.open) this.commands = this.fetch(channel);
    this.node.hidden = false;
    const commands = await this.commands;
    const typed = this.input.value;
    if (!this.open || !typed.startsWith("/")) return;
    const named = namedInFull(commands, typed);
    if (named) {
      this.pick(named.command, named.rest);
      return;
    }
    const shown = matching(commands, typed.slice(1));
    this.list.show(shown.map(optionOf));
    this.note.textContent = this.words(commands.length, shown.length);
  }

  async fetch(channel) {
    return typedCommands(await this.app.commandIndex(channel), this.app.locale);
  }

  words(known, shown) {
    const { t } = this.app;
    if (!known) return t("noCommands");
    if (!shown) return t("noMatch");
    return t(window.matchMedia("(hover: none)").matches ? "commands" : "pickerKeys");
  }

  pick(leaf, rest = "") {
    this.hide();
    this.onpick(leaf, rest);
  }

  hide() {
    this.node.hidden = true;
    this.list.hide();
  }
}

function optionOf(leaf) {
  return { label: `/${leaf.label}`, description: leaf.description, side: leaf.application.name, value: leaf };
}
