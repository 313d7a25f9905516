/** Dialogs: native <dialog> elements, which keep the focus inside and close on Escape. */
import { iconButton } from "./buttons.js";
import { h, uniqueId } from "./dom.js";
import { closePopover } from "./popover.js";

/**
 * Open a form in a dialog. `submit()` runs on Enter and on the main button: it closes the dialog unless it
 * throws, and what it throws is shown inside. Returns the dialog element.
 */
export function openDialog({
  title,
  content,
  submitLabel,
  cancelLabel,
  submit,
  danger = false,
  className = "",
}) {
  const heading = h("h2", { id: uniqueId("title") }, title);
  const problem = h("p", { class: "problem", role: "alert" });
  const main = h(
    "button",
    { type: "submit", class: danger ? "button danger" : "button primary" },
    submitLabel,
  );
  const dialog = h("dialog", { class: `dialog ${className}`, "aria-labelledby": heading.id });
  const close = () => dialog.close();
  const run = async (event) => {
    event.preventDefault();
    problem.textContent = "";
    main.disabled = true;
    try {
      await submit();
      close();
    } catch (error) {
      problem.textContent = error.message;
    } finally {
      main.disabled = false;
    }
  };
  dialog.append(
    h(
      "form",
      { class: "dialog-form", method: "dialog", novalidate: true, onsubmit: run },
      h("header", {}, heading, iconButton("close", cancelLabel, close)),
      h("div", { class: "dialog-body" }, content),
      problem,
      h(
        "footer",
        {},
        h("button", { type: "button", class: "button quiet", onclick: close }, cancelLabel),
        main,
      ),
    ),
  );
  show(dialog);
  return dialog;
}

function show(dialog) {
  closePopover();
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  const first = dialog.querySelector(".dialog-body :is(input, textarea, select, button):not([disabled])");
  first?.focus();
}

/** Make a labelled field; the hint and the problem below it are tied to the input for screen readers. */
export function labelled(text, input, { hint, required = false } = {}) {
  input.id ||= uniqueId("field");
  const note = hint ? h("span", { class: "field-hint", id: `${input.id}-hint` }, hint) : null;
  if (note) input.setAttribute("aria-describedby", note.id);
  return h(
    "div",
    { class: "field" },
    h(
      "label",
      { for: input.id },
      text,
      required ? h("span", { class: "required", "aria-hidden": "true" }, " *") : null,
    ),
    note,
    input,
  );
}
