/** Message components: rows of buttons and selects, and the layout components that hold text and pictures. */
import { anyImage, fileNode, ownPath } from "./attachments.js";
import { h } from "./dom.js";
import { colour } from "./embeds.js";
import { emojiText } from "./emoji.js";
import { icon } from "./icons.js";
import { prose, spoilerNode } from "./prose.js";
import { selectNode } from "./selects.js";

const STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link", 6: "premium" };
const SELECTS = new Set([3, 5, 6, 7, 8]);

/** Render one component of a message; `use(component, values?)` sends what the person did with it. */
export function componentNode(component, message, app, use) {
  const inner = (child) => componentNode(child, message, app, use);
  if (SELECTS.has(component.type))
    return selectNode(component, app, message.channel_id, (values) => use(component, values));
  return (
    KINDS[component.type]?.(component, { message, app, use, inner }) ??
    h("p", { class: "note" }, app.t("unknownComponent"))
  );
}

const KINDS = {
  1: ({ components }, { inner }) => h("div", { class: "component-row" }, components.map(inner)),
  2: (component, { app, use }) => buttonNode(component, app, use),
  9: ({ components, accessory }, { inner }) =>
    h(
      "div",
      { class: "section" },
      h("div", { class: "section-text" }, components.map(inner)),
      h("div", { class: "section-side" }, inner(accessory)),
    ),
  10: ({ content }, { app, message }) => prose(content, app, app.guildIdOf(message.channel_id)),
  11: (component, context) =>
    hidden(component, mediaNode(component.media, component.description, context), context),
  12: ({ items }, context) =>
    h(
      "div",
      { class: "gallery", dataset: { count: String(Math.min(items.length, 3)) } },
      items.map((item) => hidden(item, mediaNode(item.media, item.description, context), context)),
    ),
  13: (component, context) =>
    hidden(
      component,
      fileNode(
        {
          url: ownPath(component.file.url),
          filename: component.name ?? component.file.url.split("/").at(-1).split("?")[0],
          size: component.size,
          content_type: component.file.content_type,
        },
        context.app,
      ),
      context,
    ),
  14: ({ divider, spacing }) =>
    h(divider === false ? "div" : "hr", { class: spacing === 2 ? "separator wide" : "separator" }),
  17: (component, context) => containerNode(component, context),
};

function containerNode(component, context) {
  const card = h("div", { class: "container" }, component.components.map(context.inner));
  if (component.accent_color) {
    card.classList.add("marked");
    card.style.setProperty("--mark", colour(component.accent_color));
  }
  return hidden(component, card, context);
}

function mediaNode(media, description, { app }) {
  return anyImage(media.url, description, app);
}

function hidden({ spoiler }, node, { app }) {
  return spoiler ? spoilerNode([node], app.t) : node;
}

function buttonNode(component, app, use) {
  const words = [
    component.emoji ? h("span", { class: "button-emoji" }, emojiText(component.emoji)) : null,
    component.label ?? null,
  ];
  const style = STYLES[component.style] ?? "secondary";
  if (component.style === 5) {
    return h(
      "a",
      {
        class: "button component link",
        href: /^https?:/.test(component.url) ? component.url : null,
        target: "_blank",
        rel: "noopener noreferrer",
      },
      words,
      icon("external"),
    );
  }
  return h(
    "button",
    {
      type: "button",
      class: `button component ${style}`,
      disabled: component.disabled,
      dataset: { customId: component.custom_id ?? "" },
      "aria-label": component.label ? null : emojiText(component.emoji ?? { name: app.t("button") }),
      onclick: () => use(component),
    },
    words,
  );
}
