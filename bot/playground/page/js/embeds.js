/** Embeds: the cards that bots attach to their messages. */
import { anyImage } from "./attachments.js";
import { h, languageOf } from "./dom.js";
import { prose, proseLine } from "./prose.js";
import { formatTime } from "./time.js";

/** Render one embed. */
export function embedNode(embed, app, guildId) {
  const line = (text) => proseLine(text, app, guildId);
  const card = h(
    "article",
    { class: "embed", lang: languageOf(`${embed.title ?? ""}${embed.description ?? ""}`) },
    embed.author?.name
      ? h("p", { class: "embed-author" }, linked(embed.author.url, [embed.author.name]))
      : null,
    embed.title ? h("h3", { class: "embed-title" }, linked(embed.url, line(embed.title))) : null,
    embed.description ? prose(embed.description, app, guildId) : null,
    embed.fields?.length
      ? h(
          "dl",
          { class: "embed-fields" },
          embed.fields.map((field) => fieldNode(field, app, guildId)),
        )
      : null,
    embed.image?.url ? anyImage(embed.image.url, embed.title, app) : null,
    footer(embed, app),
  );
  if (embed.thumbnail?.url)
    card.prepend(h("div", { class: "embed-thumbnail" }, anyImage(embed.thumbnail.url, "", app)));
  if (embed.color) card.style.setProperty("--mark", colour(embed.color));
  return card;
}

function fieldNode(field, app, guildId) {
  return h(
    "div",
    { class: field.inline ? "embed-field inline" : "embed-field" },
    h("dt", {}, proseLine(field.name, app, guildId)),
    h("dd", {}, prose(field.value, app, guildId)),
  );
}

function footer(embed, app) {
  const parts = [
    embed.footer?.text,
    embed.timestamp ? formatTime(new Date(embed.timestamp), "f", app.locale) : null,
  ].filter(Boolean);
  return parts.length ? h("p", { class: "embed-footer" }, parts.join(" · ")) : null;
}

function linked(url, children) {
  if (!url || !/^https?:/.test(url)) return children;
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, children);
}

/** Write a Discord colour number as a CSS colour. */
export function colour(number) {
  return `#${number.toString(16).padStart(6, "0")}`;
}
