/** The line above the reading column: where one is, and the ways to the drawers. */
import { iconButton } from "./buttons.js";
import { fill, h } from "./dom.js";
import { CREATE_THREADS, permissionsIn } from "./permissions.js";
import { askThread } from "./places.js";
import { TEXT } from "./store.js";

export class Header {
  constructor(app) {
    this.app = app;
    this.node = h("header", { class: "room-head" });
    app.store.on("channels", () => this.draw());
  }

  draw() {
    const { store, t } = this.app;
    const channel = store.channels.get(store.activeId);
    if (!channel) return;
    const mayThread = channel.type === TEXT && permissionsIn(store, channel) & CREATE_THREADS;
    fill(
      this.node,
      iconButton("menu", t("channels"), () => this.app.openDrawer("places"), { class: "drawer-only" }),
      h("h1", {}, this.app.placeName(channel)),
      h("p", { class: "topic", title: channel.topic ?? "" }, channel.topic ?? ""),
      mayThread ? iconButton("thread", t("newThread"), () => askThread(this.app, channel)) : null,
      iconButton("people", t("members"), () => this.toggleMembers()),
    );
  }

  toggleMembers() {
    if (window.matchMedia("(max-width: 1099px)").matches) this.app.openDrawer("members");
    else document.body.classList.toggle("without-members");
  }
}
