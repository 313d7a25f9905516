/** The fields of a command's options, one kind of field for each kind of option. */
import { localized } from "./command_index.js";
import { h, uniqueId } from "./dom.js";
import { fileChooser } from "./file_field.js";
import { Listbox } from "./listbox.js";
import { optionsOf } from "./selects.js";

const STRING = 3,
  INTEGER = 4,
  BOOLEAN = 5,
  ATTACHMENT = 11;
const SELECT_KIND = { 6: 5, 7: 8, 8: 6, 9: 7 };
const LIST_LIMIT = 25;

/**
 * Make the field of one option. It offers `node`, `focus()`, `read()` → the value, undefined when left
 * empty, and throws an Error whose text can be shown; `file` is the chosen file of an attachment option.
 */
export function optionField(option, context) {
  if (option.type === ATTACHMENT) return fileField(option, context);
  if (option.choices?.length) return choiceField(option, context, choicesOf(option, context.app));
  if (option.type === BOOLEAN) return choiceField(option, context, yesNo(context.app));
  if (SELECT_KIND[option.type]) {
    const list = optionsOf(
      { type: SELECT_KIND[option.type], channel_types: option.channel_types },
      context.app,
      context.channel.id,
    );
    return choiceField(option, context, list);
  }
  return textField(option, context);
}

function choicesOf(option, app) {
  return option.choices.map((choice) => ({
    label: localized(choice, "name", app.locale),
    value: choice.value,
  }));
}

function yesNo(app) {
  return [
    { label: app.t("yes"), value: true },
    { label: app.t("no"), value: false },
  ];
}

/** Frame an input with its name, what it is for, and a place for what is wrong with it. */
function frame(option, input, app, list, shown = input) {
  input.id ||= uniqueId("option");
  const hint = h(
    "span",
    { class: "field-hint", id: `${input.id}-hint` },
    localized(option, "description", app.locale),
  );
  const problem = h("span", { class: "problem", id: `${input.id}-problem`, role: "alert" });
  input.setAttribute("aria-describedby", `${hint.id} ${problem.id}`);
  if (option.required) input.setAttribute("aria-required", "true");
  const name = h(
    "label",
    { for: input.id },
    localized(option, "name", app.locale),
    option.required ? h("span", { class: "required", title: app.t("required") }, "*") : null,
  );
  const node = h(
    "div",
    { class: "option-field" },
    name,
    h("div", { class: "option-input" }, shown, list, hint, problem),
  );
  const complain = (text) => {
    problem.textContent = text;
    input.setAttribute("aria-invalid", text ? "true" : "false");
  };
  input.addEventListener("input", () => complain(""));
  return { node, complain, focus: () => input.focus(), input, option };
}

function missing(option, app) {
  if (option.required) throw new Error(app.t("needed", { name: localized(option, "name", app.locale) }));
}

function textField(option, context) {
  const { app } = context;
  const single = option.type !== STRING;
  const input = single
    ? h("input", {
        type: "text",
        inputmode: option.type === INTEGER ? "numeric" : "decimal",
        autocomplete: "off",
      })
    : h("textarea", { rows: "1", maxlength: option.max_length ?? null, autocomplete: "off" });
  const suggestions = option.autocomplete ? suggest(input, option, context) : null;
  const base = frame(option, input, app, suggestions?.node);
  return {
    ...base,
    set: (text) => {
      input.value = text;
    },
    read() {
      const text = input.value.trim();
      if (!text) return missing(option, app);
      if (suggestions?.picked && suggestions.picked.label === input.value) return suggestions.picked.value;
      return single ? numberFrom(text, option, app) : lengthChecked(text, option, app);
    },
  };
}

function lengthChecked(text, option, app) {
  if (option.min_length && text.length < option.min_length)
    throw new Error(app.t("tooShort", { count: option.min_length }));
  return text;
}

function numberFrom(text, option, app) {
  const value = Number(text);
  if (!Number.isFinite(value)) throw new Error(app.t("notNumber"));
  if (option.type === INTEGER && !Number.isInteger(value)) throw new Error(app.t("notWhole"));
  if (option.min_value !== undefined && value < option.min_value)
    throw new Error(app.t("tooSmall", { count: option.min_value }));
  if (option.max_value !== undefined && value > option.max_value)
    throw new Error(app.t("tooLarge", { count: option.max_value }));
  return value;
}

/** Ask the bot for suggestions while the person types; an answer to an older text is dropped. */
function suggest(input, option, { app, ask }) {
  const state = { picked: null };
  const list = new Listbox({
    input,
    label: localized(option, "name", app.locale),
    onpick: (choice) => {
      input.value = choice.label;
      state.picked = choice;
      list.hide();
    },
  });
  let round = 0;
  const refresh = async () => {
    const mine = (round += 1);
    const choices = await ask(option, input.value);
    if (mine !== round || document.activeElement !== input) return;
    list.show(
      choices
        .slice(0, LIST_LIMIT)
        .map((choice) => ({ label: localized(choice, "name", app.locale), value: choice.value })),
      { choose: input.value.length > 0 },
    );
  };
  attach(input, list, refresh);
  return Object.assign(state, { node: list.node });
}

function choiceField(option, { app }, all) {
  const input = h("input", { type: "text", autocomplete: "off", placeholder: app.t("choose") });
  let picked = null;
  const list = new Listbox({
    input,
    label: localized(option, "name", app.locale),
    onpick: (choice) => {
      picked = choice;
      input.value = choice.label;
      input.dispatchEvent(new Event("input"));
      list.hide();
    },
  });
  const refresh = () => {
    const query = picked?.label === input.value ? "" : input.value.trim().toLowerCase();
    const shown = all.filter((choice) =>
      `${choice.label} ${choice.description ?? ""}`.toLowerCase().includes(query),
    );
    list.show(shown.slice(0, LIST_LIMIT), { choose: query.length > 0 });
  };
  attach(input, list, refresh);
  const base = frame(option, input, app, list.node);
  return {
    ...base,
    set: (text) => {
      input.value = text;
    },
    read() {
      const text = input.value.trim();
      if (!text) return missing(option, app);
      if (picked?.label === input.value) return picked.value;
      const named = all.find(
        (choice) =>
          choice.label.toLowerCase() === text.toLowerCase() ||
          String(choice.value).toLowerCase() === text.toLowerCase(),
      );
      if (!named) throw new Error(app.t("notAChoice"));
      return named.value;
    },
  };
}

function attach(input, list, refresh) {
  input.addEventListener("focus", async () => {
    await refresh();
    if (list.open) list.node.scrollIntoView({ block: "nearest" });
  });
  input.addEventListener("click", () => {
    if (!list.open) refresh();
  });
  input.addEventListener("input", (event) => {
    if (event.isTrusted) refresh();
  });
  input.addEventListener("blur", () => list.hide());
  input.addEventListener("keydown", (event) => {
    if (event.key === "Tab") {
      if (list.active >= 0) list.pick(list.active);
    } else if (event.key === "Escape" && list.open) {
      event.stopPropagation();
      list.hide();
    } else if (list.take(event)) event.stopPropagation();
  });
}

function fileField(option, { app }) {
  const { input, node } = fileChooser({ app });
  const base = frame(option, input, app, null, node);
  return {
    ...base,
    get file() {
      return input.files[0] ?? null;
    },
    read() {
      if (!input.files[0]) missing(option, app);
      return undefined;
    },
  };
}
