/** One message in the reading column, kept up to date part by part so that edits disturb nothing else. */
import { attachmentList } from "./attachments.js";
import { avatar } from "./avatar.js";
import { componentNode } from "./components.js";
import { iconButton } from "./buttons.js";
import { fill, h } from "./dom.js";
import { embedNode } from "./embeds.js";
import { icon } from "./icons.js";
import { onContext } from "./menu.js";
import { messageMenu } from "./message_menu.js";
import { pollNode } from "./polls.js";
import { prose, proseLine } from "./prose.js";
import { reactionRow } from "./reactions.js";
import { COMPONENTS_V2, EPHEMERAL, LOADING, mentions } from "./store.js";
import { formatTime, timeNode } from "./time.js";

const PAGE_LENGTH = 1000;

/** The parts of a message from top to bottom: what each depends on, and how it is drawn. */
const PARTS = [
  [
    "context",
    (m) => [
      m.referenced_message?.id,
      m.referenced_message?.content,
      m.interaction_metadata?.id,
      m.message_reference?.message_id,
    ],
    contextLine,
  ],
  ["head", (m) => [m.author, m.edited_timestamp], headLine],
  ["body", (m) => [m.content, m.flags & LOADING, m.type, Boolean(m.poll)], body],
  [
    "files",
    (m) => [m.attachments, m.embeds],
    (m, row) => (m.flags & COMPONENTS_V2 ? [] : attachmentList(besideEmbeds(m), row.app)),
  ],
  [
    "embeds",
    (m) => m.embeds,
    (m, row) => (m.embeds ?? []).map((embed) => embedNode(embed, row.app, row.guildId)),
  ],
  ["poll", (m) => m.poll, (m, row) => (m.poll ? [pollNode(m, row.app)] : [])],
  [
    "components",
    (m) => m.components,
    (m, row) => (m.components ?? []).map((part) => componentNode(part, m, row.app, row.use)),
  ],
  ["thread", (m) => m.thread, threadLine],
  ["reactions", (m) => m.reactions, (m, row) => reactionRow(m, row.app)],
  ["private", (m) => m.flags & EPHEMERAL, privateLine],
];

export class MessageRow {
  constructor(message, app) {
    this.app = app;
    this.guildId = app.guildIdOf(message.channel_id);
    this.keys = new Map();
    this.slots = new Map(PARTS.map(([name]) => [name, h("div", { class: `part-${name}` })]));
    this.day = h("div", { class: "day", hidden: true });
    this.more = iconButton("more", app.t("moreActions"), () => this.openMenu(this.more), {
      class: "more",
      tabindex: "-1",
      "aria-haspopup": "menu",
    });
    this.article = h(
      "article",
      { class: "message", tabindex: "-1", dataset: { id: message.id } },
      h(
        "div",
        { class: "message-side" },
        avatar(message.author, app.store.nameOf(message.author, this.guildId)),
      ),
      h("div", { class: "message-main" }, [...this.slots.values()]),
      this.more,
    );
    this.node = h("div", { class: "row", dataset: { id: message.id } }, this.day, this.article);
    this.use = (component, values) => this.interact(component, values);
    onContext(this.article, (place) => this.openMenu(place));
    this.update(message);
  }

  /** Draw the parts that changed. */
  update(message) {
    this.message = message;
    const focused = this.article.contains(document.activeElement) ? document.activeElement : null;
    for (const [name, key, draw] of PARTS) {
      const now = JSON.stringify(key(message)) ?? "";
      if (this.keys.get(name) === now) continue;
      this.keys.set(name, now);
      fill(this.slots.get(name), draw(message, this));
    }
    this.classify(message);
    if (focused && !focused.isConnected) this.refocus(focused);
  }

  classify(message) {
    const { classList } = this.article;
    classList.toggle("from-bot", Boolean(message.author.bot));
    classList.toggle("private", Boolean(message.flags & EPHEMERAL));
    classList.toggle(
      "to-me",
      message.author.id !== this.app.store.me.id && mentions(message, this.app.store.me.id),
    );
    classList.toggle("page", isPage(message));
  }

  refocus(lost) {
    const again =
      lost.dataset.customId &&
      this.article.querySelector(`[data-custom-id="${CSS.escape(lost.dataset.customId)}"]`);
    (again || this.article).focus({ preventScroll: true });
  }

  /** Show the name of the day above this message, or nothing. */
  setDay(label) {
    this.day.hidden = !label;
    if (label && this.day.textContent !== label) fill(this.day, h("span", {}, label));
  }

  /** Say whether this message goes on from the same writer's message above. */
  setFollows(follows) {
    this.article.classList.toggle("follows", follows);
  }

  openMenu(place) {
    messageMenu(place, this.message, this.app);
  }

  /** Send a click or a selection to the bot; its silence is noted below the message. */
  async interact(component, values) {
    this.article.setAttribute("aria-busy", "true");
    await this.app.useComponent(this.message, component, values);
    this.article.removeAttribute("aria-busy");
  }
}

/** Tell whether a bot's message is a page to read: a long text, or one with its writer in small print below. */
function isPage({ author, content, flags }) {
  if (!author.bot || flags & EPHEMERAL || !content) return false;
  return content.length > PAGE_LENGTH || /^(?!-# |> )[^]+\n-# /.test(content);
}

/** Return the files that no card shows already. */
function besideEmbeds({ attachments, embeds }) {
  const shown = new Set((embeds ?? []).flatMap(({ image, thumbnail }) => [image?.url, thumbnail?.url]));
  return (attachments ?? []).filter(({ url }) => !shown.has(url));
}

function contextLine(message, row) {
  const { app } = row;
  const command = commandOf(message);
  if (command) return [commandLine(message, command, row)];
  const original = message.referenced_message;
  if (original) {
    return [
      h(
        "button",
        { type: "button", class: "reply-line", onclick: () => app.timeline.reveal(original.id) },
        icon("reply"),
        h("strong", {}, app.store.nameOf(original.author, row.guildId)),
        h(
          "span",
          { class: "reply-text" },
          proseLine(
            (preview(original.content) || app.t("noText")).slice(0, 160),
            app,
            row.guildId,
          ),
        ),
      ),
    ];
  }
  return message.type === 19 ? [h("p", { class: "reply-line" }, icon("reply"), app.t("originalGone"))] : [];
}

/** Put a text in one line, without its lines in small print. */
function preview(content) {
  return (content ?? "").replace(/^-# .*$/gm, "").trim().replace(/\s+/g, " ");
}

/** Name the command that a message answers, also through the form that it opened. */
function commandOf({ interaction_metadata: metadata, interaction }) {
  return metadata?.name ?? metadata?.triggering_interaction_metadata?.name ?? interaction?.name;
}

function commandLine(message, command, { app, guildId }) {
  const user = message.interaction_metadata?.user;
  const who = h("strong", {}, user ? app.store.nameOf(user, guildId) : "…");
  return h(
    "p",
    { class: "reply-line" },
    icon("slash"),
    who,
    ` ${app.t("used")} `,
    h("span", { class: "command-name" }, `/${command}`),
  );
}

function headLine(message, { app, guildId }) {
  const name = app.store.nameOf(message.author, guildId);
  return [
    h("span", { class: "author" }, name),
    message.author.bot ? h("span", { class: "badge" }, app.t("bot")) : null,
    timeNode(new Date(message.timestamp), "t", app.locale),
    message.edited_timestamp
      ? h(
          "span",
          { class: "edited", title: formatTime(new Date(message.edited_timestamp), "F", app.locale) },
          app.t("edited"),
        )
      : null,
  ];
}

function body(message, { app, guildId }) {
  if (message.flags & LOADING) {
    return [
      h(
        "p",
        { class: "thinking" },
        h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i")),
        app.t("thinking", { name: app.store.nameOf(message.author, guildId) }),
      ),
    ];
  }
  const system = SYSTEM[message.type];
  if (system)
    return [
      h(
        "p",
        { class: "note" },
        app.t(system, { name: app.store.nameOf(message.author, guildId), title: message.content }),
      ),
    ];
  return message.content ? [prose(message.content, app, guildId)] : [];
}

const SYSTEM = {
  6: "pinnedNote",
  7: "joinedNote",
  18: "threadNote",
  21: "threadStartNote",
  46: "pollEndedNote",
};

function threadLine(message, { app }) {
  const { thread } = message;
  if (!thread) return [];
  return [
    h(
      "button",
      { type: "button", class: "thread-line", onclick: () => app.openChannel(thread.id) },
      icon("thread"),
      thread.name,
    ),
  ];
}

function privateLine(message, { app }) {
  if (!(message.flags & EPHEMERAL)) return [];
  return [
    h(
      "p",
      { class: "private-line" },
      icon("eye"),
      `${app.t("onlyYou")} · `,
      h(
        "button",
        { type: "button", class: "link-button", onclick: () => app.dismiss(message) },
        app.t("dismiss"),
      ),
    ),
  ];
}
