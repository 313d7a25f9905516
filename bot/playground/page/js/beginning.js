/** What stands above a channel's first message; in an empty one, what to do first. */
import { h } from "./dom.js";
import { maySend } from "./permissions.js";
import { DIRECT } from "./store.js";

/** Draw the beginning of a channel. */
export function beginning(channel, empty, app) {
  const { t } = app;
  const name = app.placeName(channel);
  const head = h(
    "div",
    { class: "beginning" },
    h("h2", {}, name),
    h("p", {}, t(channel.type === DIRECT ? "directBegins" : "channelBegins", { name })),
  );
  if (empty && maySend(app.store, channel)) head.append(hint(app));
  else if (empty) head.append(h("p", {}, t("emptyReadOnly")));
  return head;
}

function hint(app) {
  const { t } = app;
  return h(
    "div",
    { class: "first-steps" },
    h("p", {}, t("hintStart")),
    h(
      "button",
      { type: "button", class: "button primary", onclick: () => app.startCommand("story start") },
      t("hintButton"),
    ),
    h("p", { class: "note" }, t("hintMore")),
  );
}
