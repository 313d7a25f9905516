/** Emoji as Discord names them: {id, name}, where plain ones have no id. */

/** Write an emoji as text; pictures of custom emoji are not kept here, so their names stand for them. */
export function emojiText(emoji) {
  return emoji.id ? `:${emoji.name}:` : emoji.name;
}

/** Name an emoji so that two of them can be compared. */
export function emojiKey(emoji) {
  return emoji.id ?? emoji.name;
}
