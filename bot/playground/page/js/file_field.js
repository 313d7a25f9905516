/** A field for files whose words are in the page's language; the browser's own speaks the browser's. */
import { h, fill, uniqueId } from "./dom.js";
import { icon } from "./icons.js";

/** Make the field: `input` holds the files, `node` is what is shown. */
export function fileChooser({ app, multiple = false, id = uniqueId("files") }) {
  const { t } = app;
  const input = h("input", { id, type: "file", multiple, class: "unseen" });
  const names = h("span", { class: "file-names", "aria-live": "polite" }, t("noFile"));
  const words = t(multiple ? "chooseFiles" : "chooseFile");
  const button = h("span", { class: "button", "aria-hidden": "true" }, icon("attach"), words);
  input.addEventListener("change", () => {
    const chosen = [...input.files].map((file) => file.name);
    fill(names, chosen.length ? chosen.join(t("listComma")) : t("noFile"));
  });
  const pad = h("label", { class: "file-pad", for: id }, button, names);
  return { input, node: h("div", { class: "file-chooser" }, input, pad) };
}
