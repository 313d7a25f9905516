/** Who is writing in the channel that is open. */
import { h } from "./dom.js";

const LASTS = 10000;

export class Typing {
  constructor(app) {
    this.app = app;
    this.writers = new Map();
    this.node = h("div", { class: "typing" });
    app.store.on("typing", (data) => this.note(data));
    app.store.on(
      "message",
      ({ kind, message }) => kind === "create" && this.drop(message.channel_id, message.author.id),
    );
    app.store.on("active", () => this.draw());
  }

  note({ channel_id, user_id }) {
    if (user_id === this.app.store.me.id) return;
    const key = `${channel_id}/${user_id}`;
    clearTimeout(this.writers.get(key)?.timer);
    this.writers.set(key, {
      channel_id,
      user_id,
      timer: setTimeout(() => this.drop(channel_id, user_id), LASTS),
    });
    this.draw();
  }

  drop(channelId, userId) {
    const key = `${channelId}/${userId}`;
    clearTimeout(this.writers.get(key)?.timer);
    if (this.writers.delete(key)) this.draw();
  }

  draw() {
    const { store, t } = this.app;
    const here = [...this.writers.values()].filter((entry) => entry.channel_id === store.activeId);
    const names = here.map((entry) =>
      store.nameOf(store.users.get(entry.user_id) ?? {}, this.app.guildIdOf(entry.channel_id)),
    );
    const key = names.length > 2 ? "typingMany" : names.length === 2 ? "typingTwo" : "typingOne";
    this.node.textContent = names.length ? t(key, { name: names[0], other: names[1] }) : "";
  }
}
