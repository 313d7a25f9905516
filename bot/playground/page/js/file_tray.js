/** The files that wait to be sent with the next message. */
import { sizeText } from "./attachments.js";
import { iconButton } from "./buttons.js";
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";

const MOST_FILES = 10;

export class FileTray {
  /** `onchosen()` hears that the person picked files in the browser's own dialog. */
  constructor({ t, onchosen }) {
    this.t = t;
    this.files = [];
    this.node = h("div", { class: "file-tray", hidden: true });
    this.chooser = h("input", {
      type: "file",
      multiple: true,
      class: "unseen",
      tabindex: "-1",
      "aria-hidden": "true",
    });
    this.chooser.addEventListener("change", () => {
      this.add(this.chooser.files);
      this.chooser.value = "";
      onchosen();
    });
  }

  add(files) {
    this.set([...this.files, ...files].slice(0, MOST_FILES));
  }

  set(files) {
    this.files = files;
    this.node.hidden = files.length === 0;
    fill(
      this.node,
      files.map((file) => this.entry(file)),
    );
  }

  entry(file) {
    const drop = () => this.set(this.files.filter((other) => other !== file));
    const words = h("span", {}, `${file.name} · ${sizeText(file.size)}`);
    return h(
      "span",
      { class: "tray-file" },
      icon("file"),
      words,
      iconButton("close", this.t("removeFile", { name: file.name }), drop),
    );
  }
}
