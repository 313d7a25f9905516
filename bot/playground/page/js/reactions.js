/** Reactions below a message, and the small palette to add one. */
import { emojiText } from "./emoji.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { closePopover, openPopover } from "./popover.js";

const PALETTE = [
  "👍",
  "❤️",
  "😂",
  "😮",
  "😢",
  "👏",
  "🎉",
  "✨",
  "🔥",
  "🌊",
  "🌙",
  "⭐",
  "🗝️",
  "🕯️",
  "📖",
  "✍️",
  "🐉",
  "🦊",
  "🌸",
  "🍵",
  "🤔",
  "👀",
  "✅",
  "❌",
];

/** Render a message's reactions; a click adds or takes back one's own. */
export function reactionRow(message, app) {
  const entries = message.reactions ?? [];
  if (!entries.length) return [];
  return [
    h(
      "div",
      { class: "reactions" },
      entries.map((entry) =>
        h(
          "button",
          {
            type: "button",
            class: "reaction",
            "aria-pressed": String(Boolean(entry.me)),
            "aria-label": app.t("reactionLabel", { emoji: emojiText(entry.emoji), count: entry.count }),
            onclick: () => app.attempt(() => app.api.react(message, entry.emoji, !entry.me)),
          },
          h("span", {}, emojiText(entry.emoji)),
          h("span", { class: "reaction-count" }, String(entry.count)),
        ),
      ),
      h(
        "button",
        {
          type: "button",
          class: "reaction add",
          "aria-label": app.t("addReaction"),
          onclick: (event) => openPalette(event.currentTarget, message, app),
        },
        icon("smile"),
      ),
    ),
  ];
}

/** Offer emoji to react with. */
export function openPalette(place, message, app) {
  const pick = (name) => {
    closePopover();
    return app.attempt(() => app.api.react(message, { name }, true));
  };
  const buttons = PALETTE.map((emoji) =>
    h("button", { type: "button", class: "palette-emoji", onclick: () => pick(emoji) }, emoji),
  );
  const own = h("input", {
    type: "text",
    "aria-label": app.t("otherEmoji"),
    placeholder: app.t("otherEmoji"),
    maxlength: "16",
  });
  own.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing && own.value.trim()) pick(own.value.trim());
  });
  openPopover(
    place,
    [
      h(
        "div",
        {
          class: "palette",
          role: "group",
          "aria-label": app.t("addReaction"),
          onkeydown: (event) => walk(event, buttons),
        },
        buttons,
      ),
      own,
    ],
    { className: "palette-panel" },
  );
  buttons[0].focus();
}

function walk(event, buttons) {
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 6, ArrowUp: -6 }[event.key];
  if (!step) return;
  event.preventDefault();
  buttons[(buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length].focus();
}
