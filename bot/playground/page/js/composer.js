/** Where people write: messages, replies, files, and the way into commands. */
import { iconButton } from "./buttons.js";
import { CommandForm } from "./command_form.js";
import { CommandPicker } from "./command_picker.js";
import { fill, h } from "./dom.js";
import { FileTray } from "./file_tray.js";
import { icon } from "./icons.js";
import { maySend } from "./permissions.js";
import { toast } from "./toast.js";

const LIMIT = 2000;
const TELL_FROM = 1800;
const TALLEST = 220;
const TYPING_PAUSE = 8000;

export class Composer {
  constructor(app) {
    const { t } = app;
    this.app = app;
    this.drafts = new Map();
    this.input = h("textarea", { class: "composer-input", rows: "1", autocomplete: "off" });
    this.counter = h("span", { class: "counter", "aria-live": "polite" });
    this.picker = new CommandPicker({
      app,
      input: this.input,
      onpick: (leaf, rest) => this.startCommand(leaf, rest),
    });
    this.tray = new FileTray({ t, onchosen: () => this.input.focus() });
    this.replyBar = h("div", { class: "reply-bar", hidden: true });
    this.formPlace = h("div");
    this.line = h(
      "form",
      { class: "composer-line", onsubmit: (event) => this.submit(event) },
      iconButton("attach", t("attachFile"), () => this.tray.chooser.click()),
      iconButton("slash", t("commands"), () => this.openCommands()),
      this.tray.chooser,
      this.input,
      this.counter,
      iconButton("send", t("send"), null, { type: "submit", class: "send" }),
    );
    this.closed = h("p", { class: "composer-closed", hidden: true }, t("readOnly"));
    const parts = [this.picker.node, this.replyBar, this.tray.node, this.formPlace, this.line, this.closed];
    this.node = h("div", { class: "composer" }, parts);
    this.listen();
  }

  listen() {
    this.input.addEventListener("input", () => this.changed());
    this.input.addEventListener("keydown", (event) => this.keydown(event));
    this.input.addEventListener("blur", () => this.picker.hide());
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
    this.tray.set([]);
    this.input.value = this.drafts.get(channel.id) ?? "";
    this.adjust();
    this.changed();
  }

  /** Show the line to write in, the form of a command, or that one may only read here. */
  adjust() {
    if (!this.channel) return;
    const open = maySend(this.app.store, this.channel);
    this.line.hidden = !open || Boolean(this.form);
    this.closed.hidden = open;
    const words = this.app.t("writeIn", { name: this.app.placeName(this.channel) });
    this.input.placeholder = this.app.t("writeHere");
    this.input.setAttribute("aria-label", words);
  }

  focus() {
    if (this.form) this.form.focus();
    else this.input.focus();
  }

  keydown(event) {
    // Some browsers end an input method's composition with a plain Enter of key code 229.
    if (event.isComposing || event.keyCode === 229) return;
    if (this.picker.list.take(event)) return;
    if (event.key === "Escape") this.escape(event);
    else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.line.requestSubmit();
    }
  }

  escape(event) {
    if (this.picker.open) this.picker.hide();
    else if (this.reply) this.cancelReply();
    else return;
    event.preventDefault();
  }

  changed() {
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(this.input.scrollHeight + 2, TALLEST)}px`;
    const length = [...this.input.value].length;
    this.counter.textContent = length >= TELL_FROM ? String(LIMIT - length) : "";
    this.counter.classList.toggle("over", length > LIMIT);
    if (this.input.value.startsWith("/")) {
      this.picker.show(this.channel);
      return;
    }
    this.picker.hide();
    this.tellTyping();
  }

  tellTyping() {
    const now = Date.now();
    const writing = this.input.value.trim() && document.activeElement === this.input;
    if (!writing || now - (this.toldTyping ?? 0) < TYPING_PAUSE) return;
    this.toldTyping = now;
    this.app.api.typing(this.channel.id).catch((error) => console.debug("typing was not told", error));
  }

  // Messages

  async submit(event) {
    event.preventDefault();
    const content = this.input.value.trim();
    const { channel } = this;
    const { files } = this.tray;
    const excess = [...content].length - LIMIT;
    if (excess > 0) {
      toast(this.app.t("tooLong", { count: excess }), "problem");
      return;
    }
    if (!content && !files.length) return;
    const body = this.body(content, files);
    this.clear();
    try {
      await this.app.api.createMessage(channel.id, body, files);
    } catch (error) {
      this.app.problem(error);
      this.restore(channel, content, files);
    }
  }

  body(content, files) {
    const body = { content };
    if (files.length) body.attachments = files.map((file, id) => ({ id, filename: file.name }));
    if (this.reply) body.message_reference = { message_id: this.reply.id, channel_id: this.channel.id };
    return body;
  }

  clear() {
    this.input.value = "";
    this.toldTyping = 0;
    this.cancelReply();
    this.tray.set([]);
    this.changed();
  }

  /** Give back words that could not be sent, unless others stand there already. */
  restore(channel, content, files) {
    if (this.channel.id !== channel.id) this.drafts.set(channel.id, content);
    else if (!this.input.value) {
      this.input.value = content;
      this.tray.set(files);
      this.changed();
    }
  }

  replyTo(message) {
    this.reply = message;
    const name = this.app.store.nameOf(message.author, this.channel.guild_id);
    const words = h("span", {}, this.app.t("replyingTo", { name }));
    fill(
      this.replyBar,
      icon("reply"),
      words,
      iconButton("close", this.app.t("cancel"), () => this.cancelReply()),
    );
    this.replyBar.hidden = false;
    this.input.focus();
  }

  cancelReply() {
    this.reply = null;
    this.replyBar.hidden = true;
  }

  /** Take files that were dropped or pasted, where one may write. */
  addFiles(files) {
    if (!this.line.hidden) this.tray.add(files);
  }

  // Commands

  openCommands() {
    this.input.value = "/";
    this.input.focus();
    this.changed();
  }

  /** Ask for a command's options in the composer's place. */
  startCommand(leaf, rest = "") {
    this.input.value = "";
    this.changed();
    const onclose = () => this.endCommand(true);
    this.form = new CommandForm({ app: this.app, leaf, channel: this.channel, onclose });
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
    const leaf = (await this.picker.fetch(this.channel)).find((command) => command.name === name);
    if (leaf) this.startCommand(leaf);
    else toast(this.app.t("noMatch"), "problem");
  }
}
