/** Polls: the question, its answers with their shares, and voting. */
import { h } from "./dom.js";
import { formatTime } from "./time.js";

/** Render a message's poll. */
export function pollNode(message, app) {
  const { poll } = message;
  const counts = new Map((poll.results?.answer_counts ?? []).map((entry) => [entry.id, entry]));
  const total = [...counts.values()].reduce((sum, entry) => sum + entry.count, 0);
  const mine = [...counts.values()].filter((entry) => entry.me_voted).map((entry) => entry.id);
  const over = poll.results?.is_finalized || (poll.expiry && new Date(poll.expiry) < new Date());
  const vote = (id) => {
    const chosen = new Set(poll.allow_multiselect ? mine : mine.filter((known) => known === id));
    if (!chosen.delete(id)) chosen.add(id);
    return app.attempt(() =>
      app.api.put(`/channels/${message.channel_id}/polls/${message.id}/answers/@me`, {
        answer_ids: [...chosen],
      }),
    );
  };
  return h(
    "section",
    { class: "poll", "aria-label": poll.question.text },
    h("h3", {}, poll.question.text),
    h("p", { class: "note" }, app.t(poll.allow_multiselect ? "pollMany" : "pollOne")),
    poll.answers.map((answer) => answerNode(answer, counts.get(answer.answer_id), total, over ? null : vote)),
    h(
      "p",
      { class: "note" },
      [
        app.t("pollVotes", { count: total }),
        over
          ? app.t("pollOver")
          : poll.expiry
            ? app.t("pollUntil", { time: formatTime(new Date(poll.expiry), "f", app.locale) })
            : null,
      ]
        .filter(Boolean)
        .join(" · "),
    ),
  );
}

function answerNode(answer, entry, total, vote) {
  const share = total ? Math.round(((entry?.count ?? 0) / total) * 100) : 0;
  const bar = h("span", { class: "poll-bar" });
  bar.style.width = `${share}%`;
  const emoji = answer.poll_media.emoji?.name;
  return h(
    "button",
    {
      type: "button",
      class: "poll-answer",
      disabled: !vote,
      "aria-pressed": String(Boolean(entry?.me_voted)),
      onclick: () => vote(answer.answer_id),
    },
    bar,
    h("span", { class: "poll-text" }, emoji ? `${emoji} ` : "", answer.poll_media.text ?? ""),
    h("span", { class: "poll-count" }, `${entry?.count ?? 0} · ${share}%`),
  );
}
