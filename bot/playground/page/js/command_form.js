/** The form of one command, in the composer's place: its options with hints, sent with Enter. */
import { nestOptions } from "./command_index.js";
import { iconButton } from "./buttons.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { AUTOCOMPLETE, COMMAND } from "./interactions.js";
import { optionField } from "./option_fields.js";

const ATTACHMENT = 11;

export class CommandForm {
  /** Ask for the options of `leaf`; `onclose()` hears that the command was sent or given up. */
  constructor({ app, leaf, channel, onclose }) {
    this.app = app;
    this.leaf = leaf;
    this.channel = channel;
    this.onclose = onclose;
    const context = { app, channel, ask: (option, text) => this.suggestions(option, text) };
    this.fields = leaf.options.map((option) => optionField(option, context));
    this.problem = h("p", { class: "problem", role: "alert" });
    this.main = h("button", { type: "submit", class: "button primary" }, icon("send"), app.t("send"));
    this.node = h(
      "form",
      {
        class: "command-form",
        "aria-label": `/${leaf.label}`,
        novalidate: true,
        onsubmit: (event) => this.submit(event),
        onkeydown: (event) => this.keydown(event),
        oninput: grow,
      },
      h(
        "header",
        {},
        h("span", { class: "command-name" }, `/${leaf.label}`),
        h("span", { class: "command-description" }, leaf.description),
        iconButton("close", app.t("cancel"), () => onclose()),
      ),
      h(
        "div",
        { class: "option-fields" },
        this.fields.map((field) => field.node),
      ),
      h("footer", {}, this.problem, h("span", { class: "keys" }, app.t("commandKeys")), this.main),
    );
  }

  /** Put what was typed after the command's name into its first text option. */
  prefill(text) {
    const first = this.fields.find((field) => field.option.type === 3);
    if (text && first) first.set(text);
  }

  focus() {
    (this.fields[0] ?? { focus: () => this.main.focus() }).focus();
  }

  keydown(event) {
    if (event.key === "Escape") {
      event.preventDefault();
      this.onclose();
    } else if (
      event.key === "Enter" &&
      !event.shiftKey &&
      !event.isComposing &&
      event.keyCode !== 229 &&
      event.target.matches("input, textarea")
    ) {
      event.preventDefault();
      this.node.requestSubmit();
    }
  }

  /** Read all fields; complains at each field that is wrong, and returns null when one is. */
  read() {
    const values = [];
    const files = [];
    let wrong = null;
    for (const field of this.fields) {
      try {
        field.complain("");
        const value = field.read();
        if (field.file) {
          values.push({ type: ATTACHMENT, name: field.option.name, value: String(files.length) });
          files.push(field.file);
        } else if (value !== undefined)
          values.push({ type: field.option.type, name: field.option.name, value });
      } catch (error) {
        field.complain(error.message);
        wrong ??= field;
      }
    }
    wrong?.focus();
    return wrong ? null : { values, files };
  }

  async submit(event) {
    event?.preventDefault();
    const filled = this.read();
    if (!filled || this.sending) return;
    this.sending = true;
    this.main.disabled = true;
    this.problem.textContent = "";
    try {
      const data = {
        ...this.data(filled.values),
        attachments: filled.files.map((file, id) => ({ id: String(id), filename: file.name })),
      };
      await this.app.perform({
        type: COMMAND,
        channel: this.channel,
        applicationId: this.leaf.application.id,
        data,
        files: filled.files,
      });
      this.onclose();
    } catch (error) {
      this.problem.textContent = error.message;
    } finally {
      this.sending = false;
      this.main.disabled = false;
    }
  }

  data(values) {
    const { command, path } = this.leaf;
    return {
      id: command.id,
      name: command.name,
      type: 1,
      version: command.version,
      options: nestOptions(path, values),
    };
  }

  async suggestions(option, text) {
    const others = this.fields
      .filter((field) => field.option !== option)
      .flatMap((field) => {
        try {
          const value = field.read();
          return value === undefined ? [] : [{ type: field.option.type, name: field.option.name, value }];
        } catch {
          return [];
        }
      });
    const data = this.data([...others, { type: option.type, name: option.name, value: text, focused: true }]);
    try {
      const { answered } = await this.app.interactions.send({
        type: AUTOCOMPLETE,
        channel: this.channel,
        applicationId: this.leaf.application.id,
        data,
      });
      return (await answered) ?? [];
    } catch (error) {
      this.problem.textContent = error.message;
      return [];
    }
  }
}

function grow(event) {
  if (event.target.tagName !== "TEXTAREA") return;
  event.target.style.height = "auto";
  event.target.style.height = `${Math.min(event.target.scrollHeight + 2, 160)}px`;
}
