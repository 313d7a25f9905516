/** Turns parsed Markdown into DOM nodes: mentions get names, spoilers open on a click, links leave safely. */
import { h, languageOf } from "./dom.js";
import { parse } from "./markdown.js";
import { parseInline } from "./markdown_inline.js";
import { timeNode } from "./time.js";

const MESSAGE_LINK = /\/channels\/(?:\d+|@me)\/(\d+)\/(\d+)$/;
const TAGS = { strong: "strong", emphasis: "em", underline: "u", strike: "s" };

/** Render a whole message text. `app` gives names and what a click on a mention does. */
export function prose(source, app, guildId) {
  const context = { app, guildId };
  return h(
    "div",
    { class: "prose", lang: languageOf(source) },
    parse(source).map((block) => blockNode(block, context)),
  );
}

/** Render one line without blocks, as for titles and previews. */
export function proseLine(source, app, guildId) {
  return inlineNodes(parseInline(source), { app, guildId });
}

function blockNode(block, context) {
  switch (block.kind) {
    case "heading":
      return h(
        `h${block.level + 2}`,
        { class: `heading-${block.level}` },
        inlineNodes(block.children, context),
      );
    case "subtext":
      return h("p", { class: "subtext" }, inlineNodes(block.children, context));
    case "quote":
      return h(
        "blockquote",
        {},
        block.blocks.map((inner) => blockNode(inner, context)),
      );
    case "list":
      return listNode(block, context);
    case "fence":
      return fenceNode(block);
    default:
      return h("p", {}, inlineNodes(block.children, context));
  }
}

function listNode(block, context) {
  const start = block.ordered && block.start !== 1 ? block.start : null;
  return h(
    block.ordered ? "ol" : "ul",
    { start },
    block.items.map((item) =>
      h(
        "li",
        {},
        inlineNodes(item.children, context),
        item.lists.map((inner) => listNode(inner, context)),
      ),
    ),
  );
}

function fenceNode(node) {
  return h("pre", { tabindex: "0" }, h("code", { dataset: { language: node.language } }, node.text));
}

function inlineNodes(nodes, context) {
  return nodes.map((node) => inlineNode(node, context));
}

function inlineNode(node, context) {
  const tag = TAGS[node.kind];
  if (tag) return h(tag, {}, inlineNodes(node.children, context));
  return INLINE[node.kind](node, context);
}

const INLINE = {
  text: (node) => node.text,
  code: (node) => h("code", {}, node.text),
  fence: fenceNode,
  spoiler: (node, context) => spoilerNode(inlineNodes(node.children, context), context.app.t),
  link: (node, context) =>
    placeNode(node, context) ??
    h(
      "a",
      {
        href: node.url,
        target: "_blank",
        rel: "noopener noreferrer nofollow",
        title: node.url,
      },
      inlineNodes(node.children, context),
    ),
  user: (node, { app, guildId }) => {
    const user = app.store.users.get(node.id);
    const own = node.id === app.store.me?.id;
    return h(
      "span",
      { class: own ? "mention own" : "mention" },
      `@${user ? app.store.nameOf(user, guildId) : app.t("unknownUser")}`,
    );
  },
  role: (node, { app, guildId }) => {
    const role = app.store.guilds.get(guildId)?.roles.find((known) => known.id === node.id);
    return h("span", { class: "mention" }, `@${role?.name ?? app.t("unknownRole")}`);
  },
  channel: (node, { app }) => {
    const channel = app.store.channels.get(node.id);
    if (!channel) return h("span", { class: "mention" }, `#${app.t("unknownChannel")}`);
    return h(
      "button",
      { type: "button", class: "mention", onclick: () => app.openChannel(node.id) },
      `#${app.store.channelName(channel)}`,
    );
  },
  command: (node, { app }) =>
    h(
      "button",
      {
        type: "button",
        class: "mention",
        onclick: () => app.startCommand(node.name),
      },
      `/${node.name}`,
    ),
  everyone: (node) => h("span", { class: "mention" }, `@${node.name}`),
  emoji: (node) => h("span", { class: "custom-emoji", title: `:${node.name}:` }, `:${node.name}:`),
  time: (node, { app }) => timeNode(new Date(node.seconds * 1000), node.style, app.locale),
};

/** Lead to a message here instead of to Discord; a bare link is named by its channel. Null for other links. */
function placeNode({ url, children }, context) {
  const { app } = context;
  const [, channelId, messageId] = url.match(MESSAGE_LINK) ?? [];
  const channel = app.store.channels.get(channelId);
  if (!channel) return null;
  const bare = children[0]?.text === url;
  const onclick = (event) => {
    event.preventDefault();
    app.openMessage(channelId, messageId);
  };
  return h(
    "a",
    { href: url, class: bare ? "mention" : null, onclick },
    bare ? app.t("messageIn", { name: app.store.channelName(channel) }) : inlineNodes(children, context),
  );
}

/** Hide nodes behind a spoiler that opens on a click, Enter or Space, and then stays open. */
export function spoilerNode(children, t) {
  const content = h("span", { class: "spoiler-content" }, children);
  const node = h(
    "span",
    { class: "spoiler", role: "button", tabindex: "0", "aria-label": t("spoiler"), "aria-expanded": "false" },
    content,
  );
  content.inert = true;
  const reveal = (event) => {
    if (event.type === "keydown" && event.key !== "Enter" && event.key !== " ") return;
    if (node.classList.contains("open")) return;
    event.preventDefault();
    event.stopPropagation();
    node.classList.add("open");
    content.inert = false;
    for (const name of ["role", "tabindex", "aria-label", "aria-expanded"]) node.removeAttribute(name);
  };
  node.addEventListener("click", reveal);
  node.addEventListener("keydown", reveal);
  return node;
}
