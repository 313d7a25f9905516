/** The list of places: channels with their threads, direct messages, unread marks, and this tab's person. */
import { avatar, mark } from "./avatar.js";
import { iconButton } from "./buttons.js";
import { fill, h } from "./dom.js";
import { MANAGE_CHANNELS, permissionsIn } from "./permissions.js";
import { askChannel } from "./places.js";
import { proseLine } from "./prose.js";
import { DIRECT, THREADS } from "./store.js";
import { toggleTheme } from "./theme.js";

export class Sidebar {
  constructor(app) {
    this.app = app;
    this.places = h("nav", { class: "places", "aria-label": app.t("channels") });
    this.person = h("div", { class: "person" });
    this.node = h(
      "aside",
      { class: "sidebar", id: "sidebar" },
      h(
        "div",
        { class: "brand" },
        mark(),
        h("span", {}, "Storyloom"),
        iconButton("close", app.t("close"), () => app.closeDrawers(), { class: "drawer-only" }),
      ),
      this.places,
      h("p", { class: "model-note" }, proseLine(app.t("modelNote"), app)),
      this.person,
    );
    for (const topic of ["channels", "unread", "rights"]) app.store.on(topic, () => this.draw());
    app.store.on("members", () => this.drawPerson());
  }

  draw() {
    const { store } = this.app;
    const held = this.places.contains(document.activeElement) ? document.activeElement.dataset.channel : null;
    fill(
      this.places,
      [...store.guilds.values()].map((guild) => this.guildNode(guild)),
      this.directsNode(),
    );
    if (held) this.places.querySelector(`[data-channel="${CSS.escape(held)}"]`)?.focus();
    document.title = this.title();
  }

  title() {
    const { store } = this.app;
    const channel = store.channels.get(store.activeId);
    const waiting = [...store.unread.values()].reduce((sum, entry) => sum + entry.mentions, 0);
    const name = channel ? `${this.app.placeName(channel)} · Storyloom` : "Storyloom";
    return waiting ? `(${waiting}) ${name}` : name;
  }

  guildNode(guild) {
    const { store, t } = this.app;
    const channels = store.textChannels(guild.id);
    const mayAdd = channels.some((channel) => permissionsIn(store, channel) & MANAGE_CHANNELS);
    return h(
      "section",
      {},
      h(
        "div",
        { class: "places-head" },
        h("h2", {}, t("channels")),
        mayAdd ? iconButton("plus", t("newChannel"), () => askChannel(this.app, guild.id)) : null,
      ),
      h(
        "ul",
        {},
        channels.map((channel) => this.placeNode(channel, store.threadsOf(channel.id))),
      ),
    );
  }

  directsNode() {
    const { store, t } = this.app;
    const directs = store.directs();
    if (!directs.length) return null;
    return h(
      "section",
      {},
      h("div", { class: "places-head" }, h("h2", {}, t("directs"))),
      h(
        "ul",
        {},
        directs.map((channel) => this.placeNode(channel, [])),
      ),
    );
  }

  placeNode(channel, threads) {
    const { store, t } = this.app;
    const unread = store.unread.get(channel.id);
    const active = channel.id === store.activeId;
    const sign = channel.type === DIRECT ? "@" : THREADS.has(channel.type) ? "⌁" : "#";
    return h(
      "li",
      {},
      h(
        "button",
        {
          type: "button",
          class: unread && !active ? "place unread" : "place",
          "aria-current": active ? "page" : null,
          dataset: { channel: channel.id },
          onclick: () => this.app.openChannel(channel.id),
        },
        h("span", { class: "place-sign", "aria-hidden": "true" }, sign),
        h("span", { class: "place-name" }, store.channelName(channel)),
        unread && !active
          ? h(
              "span",
              { class: unread.mentions ? "unread-count called" : "unread-count" },
              h("span", { class: "unseen" }, `${t("unread")} `),
              String(unread.count),
            )
          : null,
      ),
      threads.length
        ? h(
            "ul",
            { class: "threads" },
            threads.map((thread) => this.placeNode(thread, [])),
          )
        : null,
    );
  }

  drawPerson() {
    const { store, t, seat } = this.app;
    if (!store.me) return;
    const name = store.nameOf(store.me);
    fill(
      this.person,
      avatar(store.me, name),
      h(
        "span",
        { class: "person-words" },
        h("span", { class: "person-name" }, name),
        h("span", { class: "person-role" }, this.app.roleNames(store.me.id, seat.roles)),
      ),
      iconButton("sun", t("toggleTheme"), toggleTheme),
      iconButton("leave", t("changeSeat"), () => this.app.leave()),
    );
  }
}
