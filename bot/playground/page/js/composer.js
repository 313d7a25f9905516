/** Where people write: messages, replies, files, and the way into commands. */
import { sizeText } from "./attachments.js";
import { CommandForm } from "./command_form.js";
import { matching, namedInFull, typedCommands } from "./command_index.js";
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { Listbox } from "./listbox.js";
import { maySend } from "./permissions.js";
import { toast } from "./toast.js";

const LIMIT = 2000;
const TELL_FROM = 1800;
const TYPING_PAUSE = 8000;
const MOST_FILES = 10;

export class Composer {
  constructor(app) {
    this.app = app;
    this.drafts = new Map();
    this.files = [];
    this.input = h("textarea", { class: "composer-input", rows: "1", autocomplete: "off" });
    this.list = new Listbox({ input: this.input, label: app.t("commands"), onpick: (option) => this.startCommand(option.value) });
    this.replyBar = h("div", { class: "reply-bar", hidden: true });
    this.tray = h("div", { class: "file-tray", hidden: true });
    this.counter = h("span", { class: "counter", "aria-live": "polite" });
    this.picker = h("div", { class: "picker", hidden: true }, h("p", { class: "note" }), this.list.node);
    this.chooser = h("input", { type: "file", multiple: true, class: "unseen", tabindex: "-1", "aria-hidden": "true", onchange: () => this.takeChosen() });
    this.line = h("form", { class: "composer-line", onsubmit: (event) => this.submit(event) },
      h("button", { type: "button", class: "icon-button", "aria-label": app.t("attachFile"), onclick: () => this.chooser.click() }, icon("attach")),
      h("button", { type: "button", class: "icon-button", "aria-label": app.t("commands"), onclick: () => this.openCommands() }, icon("slash")),
      this.chooser, this.input, this.counter,
      h("button", { type: "submit", class: "icon-button send", "aria-label": app.t("send") }, icon("send")));
    this.closed = h("p", { class: "composer-closed", hidden: true }, app.t("readOnly"));
    this.formPlace = h("div");
    this.node = h("div", { class: "composer" }, this.picker, this.replyBar, this.tray, this.formPlace, this.line, this.closed);
    this.listen();
  }

  listen() {
    this.input.addEventListener("input", () => this.changed());
    this.input.addEventListener("keydown", (event) => this.keydown(event));
    this.input.addEventListener("blur", () => this.hidePicker());
    this.input.addEventListener("paste", (event) => {
      if (!event.clipboardData.files.length) return;
      event.preventDefault();
      this.addFiles(event.clipboardData.files);
    });
    this.app.store.on("rights", () => this.adjust());
  }

  /** Write in another channel from now on; each keeps its own draft. */
  open(channel) {
    if (this.channel) this.drafts.set(this.channel.id, this.input.value);
    this.channel = channel;
    this.endCommand(false);
    this.cancelReply();
    this.setFiles([]);
    this.input.value = this.drafts.get(channel.id) ?? "";
    this.adjust();
    this.changed();
  }

  adjust() {
    if (!this.channel) return;
    const open = maySend(this.app.store, this.channel);
    this.line.hidden = !open || Boolean(this.form);
    this.closed.hidden = open;
    const name = this.app.placeName(this.channel);
    this.input.placeholder = this.app.t("writeIn", { name });
    this.input.setAttribute("aria-label", this.app.t("writeIn", { name }));
  }

  focus() {
    if (this.form) this.form.focus();
    else this.input.focus();
  }

  keydown(event) {
    if (event.isComposing || event.keyCode === 229) return;
    if (this.list.take(event)) return;
    if (event.key === "Escape") this.escape(event);
    else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.line.requestSubmit();
    }
  }

  escape(event) {
    if (!this.picker.hidden) this.hidePicker();
    else if (this.reply) this.cancelReply();
    else return;
    event.preventDefault();
  }

  changed() {
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(this.input.scrollHeight + 2, 220)}px`;
    const length = [...this.input.value].length;
    this.counter.textContent = length >= TELL_FROM ? String(LIMIT - length) : "";
    this.counter.classList.toggle("over", length > LIMIT);
    if (this.input.value.startsWith("/")) this.showPicker();
    else {
      this.hidePicker();
      this.tellTyping();
    }
  }

  tellTyping() {
    const now = Date.now();
    if (!this.input.value.trim() || document.activeElement !== this.input || now - (this.toldTyping ?? 0) < TYPING_PAUSE) return;
    this.toldTyping = now;
    this.app.api.typing(this.channel.id).catch((error) => console.debug("typing was not told", error));
  }

  async submit(event) {
    event.preventDefault();
    const content = this.input.value.trim();
    const { channel, files, reply } = this;
    if (!content && !files.length) return;
    if ([...content].length > LIMIT) {
      toast(this.app.t("tooLong", { count: [...content].length - LIMIT }), "problem");
      return;
    }
    const body = { content };
    if (files.length) body.attachments = files.map((file, id) => ({ id, filename: file.name }));
    if (reply) body.message_reference = { message_id: reply.id, channel_id: channel.id };
    this.clear();
    try {
      await this.app.api.createMessage(channel.id, body, files);
    } catch (error) {
      this.app.problem(error);
      this.restore(channel, content, files);
    }
  }

  clear() {
    this.input.value = "";
    this.toldTyping = 0;
    this.cancelReply();
    this.setFiles([]);
    this.changed();
  }

  /** Give back words that could not be sent, unless others stand there already. */
  restore(channel, content, files) {
    if (this.channel.id !== channel.id) this.drafts.set(channel.id, content);
    else if (!this.input.value) {
      this.input.value = content;
      this.setFiles(files);
      this.changed();
    }
  }

  // Commands

  openCommands() {
    this.input.value = "/";
    this.input.focus();
    this.changed();
  }

  async showPicker() {
    const channel = this.channel;
    if (this.picker.hidden) this.commands = this.app.commandIndex(channel).then((index) => typedCommands(index, this.app.locale));
    this.picker.hidden = false;
    const commands = await this.commands;
    const typed = this.input.value;
    if (!typed.startsWith("/") || this.channel !== channel || this.form) return;
    const named = namedInFull(commands, typed);
    if (named) {
      this.startCommand(named.command, named.rest);
      return;
    }
    const shown = matching(commands, typed.slice(1));
    this.list.show(shown.map((leaf) => ({ label: `/${leaf.label}`, description: leaf.description, side: leaf.application.name, value: leaf })));
    this.picker.firstChild.textContent = this.pickerNote(commands.length, shown.length);
  }

  pickerNote(known, shown) {
    if (!known) return this.app.t("noCommands");
    if (!shown) return this.app.t("noMatch");
    return this.app.t(window.matchMedia("(hover: none)").matches ? "commands" : "pickerKeys");
  }

  hidePicker() {
    this.picker.hidden = true;
    this.list.hide();
  }

  /** Ask for a command's options in the composer's place. */
  startCommand(leaf, rest = "") {
    this.hidePicker();
    this.input.value = "";
    this.changed();
    this.form = new CommandForm({ app: this.app, leaf, channel: this.channel, onclose: () => this.endCommand(true) });
    this.form.prefill(rest);
    fill(this.formPlace, this.form.node);
    this.adjust();
    this.form.focus();
  }

  endCommand(focus) {
    this.form = null;
    fill(this.formPlace);
    this.adjust();
    if (focus) this.input.focus();
  }

  /** Start the command of that name, as a click on its mention does. */
  async startNamed(name) {
    const commands = typedCommands(await this.app.commandIndex(this.channel), this.app.locale);
    const leaf = commands.find((command) => command.name === name);
    if (leaf) this.startCommand(leaf);
    else toast(this.app.t("noMatch"), "problem");
  }

  // Replies and files

  replyTo(message) {
    this.reply = message;
    const name = this.app.store.nameOf(message.author, this.channel.guild_id);
    fill(this.replyBar, icon("reply"), h("span", {}, this.app.t("replyingTo", { name })),
      h("button", { type: "button", class: "icon-button", "aria-label": this.app.t("cancel"), onclick: () => this.cancelReply() }, icon("close")));
    this.replyBar.hidden = false;
    this.input.focus();
  }

  cancelReply() {
    this.reply = null;
    this.replyBar.hidden = true;
  }

  takeChosen() {
    this.addFiles(this.chooser.files);
    this.chooser.value = "";
    this.input.focus();
  }

  addFiles(files) {
    this.setFiles([...this.files, ...files].slice(0, MOST_FILES));
  }

  setFiles(files) {
    this.files = files;
    this.tray.hidden = files.length === 0;
    fill(this.tray, files.map((file) => h("span", { class: "tray-file" }, icon("file"), h("span", {}, `${file.name} · ${sizeText(file.size)}`),
      h("button", { type: "button", class: "icon-button", "aria-label": this.app.t("removeFile", { name: file.name }), onclick: () => this.setFiles(this.files.filter((other) => other !== file)) }, icon("close")))));
  }
}
