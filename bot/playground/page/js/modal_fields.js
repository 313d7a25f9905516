/** The fields of a bot's form, one kind of field for each kind of component. */
import { h, uniqueId } from "./dom.js";
import { fileChooser } from "./file_field.js";
import { selectNode } from "./selects.js";

const TEXT_INPUT = 4,
  FILE_UPLOAD = 19,
  RADIO_GROUP = 21,
  CHECKBOX_GROUP = 22,
  CHECKBOX = 23;
const LONGEST = 4000;

/**
 * Make the field of one component; `label` is where its label and description stand.
 * It offers `node`, `focus()`, `check()` → whether it may be sent, and `value(files)` → the component filled in.
 */
export function modalField(component, label, context) {
  const kind = KINDS[component.type] ?? selectField;
  const id = uniqueId("modal");
  const problem = h("span", { class: "problem", role: "alert" });
  const field = kind(component, { ...context, id });
  const required = component.required ?? true;
  const node = h(
    "div",
    {
      class: "field",
      role: field.group ? "group" : null,
      "aria-labelledby": field.group ? `${id}-label` : null,
    },
    h(
      "label",
      { for: field.group ? null : id, id: `${id}-label` },
      label.label ?? component.custom_id,
      required && component.type !== CHECKBOX
        ? h("span", { class: "required", title: context.app.t("required") }, "*")
        : null,
    ),
    label.description ? h("span", { class: "field-hint" }, label.description) : null,
    field.node,
    problem,
  );
  const check = () => {
    problem.textContent = field.problem?.(required) ?? "";
    return !problem.textContent;
  };
  for (const name of ["input", "change"]) node.addEventListener(name, () => problem.textContent && check());
  return {
    node,
    focus: field.focus,
    check,
    value: (files) => ({ type: component.type, custom_id: component.custom_id, ...field.value(files) }),
  };
}

const KINDS = {
  [TEXT_INPUT]: textInput,
  [FILE_UPLOAD]: fileUpload,
  [RADIO_GROUP]: (component, context) => optionGroup(component, context, "radio"),
  [CHECKBOX_GROUP]: (component, context) => optionGroup(component, context, "checkbox"),
  [CHECKBOX]: checkbox,
};

function textInput(component, { app, id }) {
  const long = component.style === 2;
  const max = component.max_length ?? LONGEST;
  const min = component.min_length ?? 0;
  const input = h(long ? "textarea" : "input", {
    id,
    type: long ? null : "text",
    rows: long ? "7" : null,
    maxlength: String(max),
    autocomplete: "off",
    placeholder: component.placeholder ?? null,
    value: component.value ?? "",
    class: "modal-input",
  });
  const counter = h("span", { class: "counter" });
  const count = () => {
    counter.textContent = `${input.value.length} / ${max}`;
  };
  input.addEventListener("input", count);
  if (!long)
    input.addEventListener("keydown", (event) => {
      if (event.isComposing && event.key === "Enter") event.preventDefault();
    });
  count();
  return {
    node: [input, counter],
    focus: () => input.focus(),
    problem(required) {
      if (!input.value.trim()) return required ? app.t("neededHere") : "";
      return input.value.length < min ? app.t("tooShort", { count: min }) : "";
    },
    value: () => ({ value: input.value }),
  };
}

function selectField(component, { app, channelId, id }) {
  let values = initial(component);
  const button = selectNode(component, app, channelId, (chosen) => {
    values = chosen;
  });
  button.id = id;
  return {
    node: button,
    focus: () => button.focus(),
    problem: (required) =>
      required && values.length < Math.max(1, component.min_values ?? 1) ? app.t("neededHere") : "",
    value: () => ({ values }),
  };
}

function initial(component) {
  const preset = (component.default_values ?? []).map((entry) => String(entry.id));
  return preset.length
    ? preset
    : (component.options ?? []).filter((option) => option.default).map((option) => option.value);
}

function fileUpload(component, { app, id }) {
  const { input, node } = fileChooser({ app, id, multiple: (component.max_values ?? 1) > 1 });
  return {
    node,
    focus: () => input.focus(),
    problem(required) {
      const { length } = input.files;
      if (required && length < Math.max(1, component.min_values ?? 1)) return app.t("neededHere");
      return length > (component.max_values ?? 1)
        ? app.t("tooManyFiles", { count: component.max_values ?? 1 })
        : "";
    },
    value: (files) => ({ values: [...input.files].map((file) => String(files.push(file) - 1)) }),
  };
}

function optionGroup(component, { app, id }, type) {
  const inputs = component.options.map((option) =>
    h("input", { type, name: id, value: option.value, checked: option.default }),
  );
  const chosen = () => inputs.filter((input) => input.checked).map((input) => input.value);
  const rows = component.options.map((option, index) =>
    h(
      "label",
      { class: "choice-row" },
      inputs[index],
      h(
        "span",
        {},
        option.label,
        option.description ? h("span", { class: "field-hint" }, option.description) : null,
      ),
    ),
  );
  return {
    group: true,
    node: h("div", { class: "choice-group" }, rows),
    focus: () => inputs[0]?.focus(),
    problem(required) {
      const { length } = chosen();
      if (required && length < Math.max(1, component.min_values ?? 1)) return app.t("neededHere");
      return type === "checkbox" && length > (component.max_values ?? inputs.length)
        ? app.t("tooManyChoices", { count: component.max_values })
        : "";
    },
    value: () => (type === "radio" ? { value: chosen()[0] ?? null } : { values: chosen() }),
  };
}

function checkbox(component, { id }) {
  const input = h("input", { id, type: "checkbox", checked: component.default });
  return { node: input, focus: () => input.focus(), value: () => ({ value: input.checked }) };
}
