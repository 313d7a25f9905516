/** Who is here: bots and people, with a way to write to a bot alone. */
import { avatar } from "./avatar.js";
import { iconButton } from "./buttons.js";
import { fill, h } from "./dom.js";

export class Members {
  constructor(app) {
    this.app = app;
    this.list = h("div", { class: "member-list" });
    this.node = h(
      "aside",
      { class: "members", id: "members", "aria-label": app.t("members") },
      h(
        "div",
        { class: "members-head" },
        h("h2", {}, app.t("members")),
        iconButton("close", app.t("close"), () => app.closeDrawers(), { class: "drawer-only" }),
      ),
      this.list,
    );
    app.store.on("members", () => this.draw());
    app.store.on("active", () => this.draw());
  }

  draw() {
    const { store, t } = this.app;
    const guild = store.guildOf(store.activeId) ?? [...store.guilds.values()][0];
    const members = guild ? [...store.membersOf(guild.id).values()] : [];
    const byName = (a, b) => store.nameOf(a.user, guild.id).localeCompare(store.nameOf(b.user, guild.id));
    const bots = members.filter((member) => member.user.bot).sort(byName);
    const people = members.filter((member) => !member.user.bot).sort(byName);
    fill(this.list, this.group(t("bots"), bots, guild), this.group(t("people"), people, guild));
  }

  group(title, members, guild) {
    if (!members.length) return null;
    return h(
      "section",
      {},
      h("h3", {}, title),
      h(
        "ul",
        {},
        members.map((member) => this.memberNode(member, guild)),
      ),
    );
  }

  memberNode({ user }, guild) {
    const { store, t } = this.app;
    const name = store.nameOf(user, guild.id);
    const own = user.id === store.me?.id;
    return h(
      "li",
      { class: "member" },
      avatar(user, name),
      h(
        "span",
        { class: "member-words" },
        h("span", { class: "member-name" }, name, own ? h("span", { class: "note" }, ` ${t("you")}`) : null),
        h("span", { class: "member-role" }, user.bot ? t("bot") : this.app.roleNames(user.id)),
      ),
      own
        ? null
        : h(
            "button",
            {
              type: "button",
              class: "button quiet small",
              "aria-label": t("writeTo", { name }),
              onclick: () => this.app.openDirect(user.id),
            },
            t("message"),
          ),
    );
  }
}
