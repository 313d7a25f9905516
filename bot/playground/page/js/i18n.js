/** The page's own words in the seat's language. */
import { EN } from "./words_en.js";
import { ZH } from "./words_zh.js";

/** Return `t(key, values)` for a locale; {name} in a text is replaced by values.name. */
export function words(locale) {
  const catalog = locale?.startsWith("zh") ? ZH : EN;
  return (key, values = {}) =>
    (catalog[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}
