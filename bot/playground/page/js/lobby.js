/** The first screens: the password where one is asked for, and the choice of a seat. */
import { avatar, mark } from "./avatar.js";
import { iconButton } from "./buttons.js";
import { fill, h } from "./dom.js";
import { labelled } from "./dialog.js";
import { proseLine } from "./prose.js";
import { toggleTheme } from "./theme.js";
import { words } from "./i18n.js";

const ROLES = ["member", "moderator", "admin"];

/** Show the lobby in `root`; resolves with the seat {token, name, locale, roles} that was taken. */
export class Lobby {
  constructor({ root, api, locale, note = null }) {
    this.root = root;
    this.api = api;
    this.locale = locale;
    this.note = note;
  }

  /** Let the person in, and take their choice. */
  async enter() {
    return new Promise((resolve) => {
      this.resolve = resolve;
      this.load();
    });
  }

  async load() {
    this.t = words(this.locale);
    this.api.t = this.t;
    document.documentElement.lang = this.locale === "zh-CN" ? "zh-Hans" : "en";
    try {
      const state = await this.api.state();
      this.draw(this.choosing(state.seats));
    } catch (error) {
      if (error.status === 401) this.draw(this.gate());
      else
        this.draw([
          h("p", { class: "problem", role: "alert" }, this.t("unreachable")),
          h(
            "button",
            { type: "button", class: "button primary", onclick: () => this.load() },
            this.t("tryAgain"),
          ),
        ]);
    }
  }

  draw(content) {
    const { t } = this;
    fill(
      this.root,
      h(
        "main",
        { class: "lobby" },
        h(
          "div",
          { class: "lobby-tools" },
          this.languageSwitch(),
          iconButton("sun", t("toggleTheme"), toggleTheme),
        ),
        h(
          "div",
          { class: "lobby-card" },
          h("div", { class: "lobby-title" }, mark(), h("h1", {}, "Storyloom")),
          h("p", { class: "lobby-lead" }, t("lobbyLead")),
          this.note ? h("p", { class: "problem", role: "alert" }, t(this.note)) : null,
          content,
          h("p", { class: "model-note" }, proseLine(t("modelNote"), null)),
        ),
      ),
    );
    this.root.querySelector("form input")?.focus();
  }

  languageSwitch() {
    return h(
      "div",
      { class: "segments", role: "group", "aria-label": this.t("language") },
      [
        ["en-US", "English"],
        ["zh-CN", "中文"],
      ].map(([locale, name]) =>
        h(
          "button",
          {
            type: "button",
            "aria-pressed": String(this.locale === locale),
            lang: locale,
            onclick: () => {
              this.locale = locale;
              this.load();
            },
          },
          name,
        ),
      ),
    );
  }

  gate() {
    const { t } = this;
    const input = h("input", { type: "password", autocomplete: "current-password" });
    return this.form([h("p", {}, t("gateLead")), labelled(t("password"), input)], t("enter"), async () => {
      await this.api.login(input.value);
      await this.load();
    });
  }

  choosing(seats) {
    const { t } = this;
    const name = h("input", { type: "text", maxlength: "32", autocomplete: "nickname" });
    const role = radios(
      "role",
      ROLES.map((value) => [value, t(value), t(`${value}Hint`)]),
      "member",
      t("role"),
    );
    const form = this.form(
      [labelled(t("yourName"), name, { required: true }), role.node],
      t("sitDown"),
      async () => {
        if (!name.value.trim()) throw new Error(t("nameNeeded"));
        const roles = role.value() === "member" ? ["member"] : [role.value()];
        await this.take({ name: name.value.trim(), locale: this.locale, roles });
      },
    );
    return [this.seatList(seats), seats.length ? h("h2", {}, t("newSeat")) : null, form];
  }

  seatList(seats) {
    const { t } = this;
    const people = seats.filter((seat) => seat.locale && !isKeeper(seat));
    if (!people.length) return null;
    return h(
      "section",
      { class: "seats" },
      h("h2", {}, t("seatsHere")),
      h(
        "ul",
        {},
        people.map((seat) =>
          h(
            "li",
            {},
            h(
              "button",
              {
                type: "button",
                class: "seat",
                onclick: () =>
                  this.take({ name: seat.user.username }, seat).catch((error) => this.complain(error)),
              },
              avatar(seat.user, seat.user.username),
              h("span", { class: "seat-name" }, seat.user.username),
              h(
                "span",
                { class: "note" },
                [
                  seat.locale === "zh-CN" ? "中文" : "English",
                  seat.roles.map((name) => t(name)).join(t("listComma")),
                  seat.online ? t("online") : "",
                ]
                  .filter(Boolean)
                  .join(" · "),
              ),
            ),
          ),
        ),
      ),
    );
  }

  async take(wanted, known) {
    const { token, user } = await this.api.seat(wanted);
    this.resolve({
      token,
      name: user.username,
      locale: known?.locale ?? wanted.locale,
      roles: known?.roles ?? wanted.roles,
    });
  }

  form(content, label, submit) {
    this.problem = h("p", { class: "problem", role: "alert" });
    const run = async (event) => {
      event.preventDefault();
      try {
        await submit();
      } catch (error) {
        this.complain(error);
      }
    };
    return h(
      "form",
      { class: "lobby-form", novalidate: true, onsubmit: run },
      content,
      this.problem,
      h("button", { type: "submit", class: "button primary wide" }, label),
    );
  }

  complain(error) {
    this.problem.textContent = error.message;
  }
}

/** The guild's owner is nobody's seat: no one ever sat there. */
function isKeeper(seat) {
  return seat.user.username === "Playground" && !seat.roles.length;
}

function radios(name, options, preset, legend) {
  const inputs = options.map(([value]) =>
    h("input", { type: "radio", name, value, checked: value === preset }),
  );
  const node = h(
    "fieldset",
    { class: "radios" },
    h("legend", {}, legend),
    options.map(([, label, hint], index) =>
      h(
        "label",
        { class: "choice-row" },
        inputs[index],
        h("span", {}, label, h("span", { class: "field-hint" }, hint)),
      ),
    ),
  );
  return { node, value: () => inputs.find((input) => input.checked).value };
}
