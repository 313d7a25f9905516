/** Reads new messages to those who listen: each once, and one that grows only when it has come to rest. */
import { fill, h } from "./dom.js";
import { LOADING } from "./store.js";

const RESTS_AFTER = 2000;
const KEPT = 5;

export class Announcer {
  constructor(app) {
    this.app = app;
    this.node = h("div", { class: "unseen", role: "log", "aria-live": "polite" });
    this.waiting = new Map();
  }

  /** Another channel is open: what waits to be read belongs to the one before. */
  clear() {
    for (const timer of this.waiting.values()) clearTimeout(timer);
    this.waiting.clear();
    fill(this.node);
  }

  /** Hear of a new message: people's are read at once, a bot's may still grow. */
  created(message) {
    if (message.author.id === this.app.store.me.id) return;
    if (message.author.bot) this.later(message);
    else this.say(message);
  }

  /** Hear that a message changed: it is read anew only if it is still being told. */
  changed(message) {
    if (this.waiting.has(message.id)) this.later(message);
  }

  later(message) {
    clearTimeout(this.waiting.get(message.id));
    const timer = setTimeout(() => !(message.flags & LOADING) && this.say(message), RESTS_AFTER);
    this.waiting.set(message.id, timer);
  }

  say(message) {
    this.waiting.delete(message.id);
    if (document.hidden || !message.content) return;
    const name = this.app.store.nameOf(message.author, this.app.guildIdOf(message.channel_id));
    this.node.append(h("p", {}, `${name}: ${message.content}`));
    while (this.node.children.length > KEPT) this.node.firstChild.remove();
  }
}
