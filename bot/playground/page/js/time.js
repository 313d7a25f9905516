/** Dates and times in the reader's language, and the relative ones that keep themselves current. */
import { h } from "./dom.js";

const STYLES = {
  t: { timeStyle: "short" },
  T: { timeStyle: "medium" },
  d: { dateStyle: "short" },
  D: { dateStyle: "long" },
  f: { dateStyle: "long", timeStyle: "short" },
  F: { dateStyle: "full", timeStyle: "short" },
};
const UNITS = [
  ["year", 31536000],
  ["month", 2592000],
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

/** Write a moment in one of Discord's timestamp styles (t T d D f F R). */
export function formatTime(date, style, locale) {
  if (style === "R") return relative(date, locale);
  return new Intl.DateTimeFormat(locale, STYLES[style] ?? STYLES.f).format(date);
}

function relative(date, locale) {
  const seconds = Math.round((date.getTime() - Date.now()) / 1000);
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? UNITS.at(-1);
  return new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(Math.round(seconds / size), unit);
}

/** Make a time element that shows `style` and tells the full moment on hover. */
export function timeNode(date, style, locale, className = "moment") {
  if (Number.isNaN(date.getTime())) return h("span", { class: className }, "—");
  const node = h("time", {
    class: className,
    datetime: date.toISOString(),
    title: formatTime(date, "F", locale),
    dataset: { style, locale },
  });
  node.textContent = formatTime(date, style, locale);
  return node;
}

/** Rewrite every relative time on the page; call it now and then. */
export function refreshRelativeTimes(root) {
  for (const node of root.querySelectorAll('time[data-style="R"]')) {
    node.textContent = relative(new Date(node.dateTime), node.dataset.locale);
  }
}

/** Name a day for the separator between messages. */
export function dayLabel(date, locale) {
  return new Intl.DateTimeFormat(locale, {
    weekday: "long",
    year: "numeric",
    month: "long",
    day: "numeric",
  }).format(date);
}

/** Tell whether two moments fall on the same day here. */
export function sameDay(a, b) {
  return a.toDateString() === b.toDateString();
}
