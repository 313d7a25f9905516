/** The reading column: a channel's messages, with days between them, that never jumps while one reads. */
import { Announcer } from "./announcer.js";
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { MessageRow } from "./message.js";
import { compareIds } from "./snowflake.js";
import { EPHEMERAL } from "./store.js";
import { dayLabel, sameDay } from "./time.js";

const PAGE = 50;
const KEPT = 300;
const NEAR = 80;
const PAUSE_BETWEEN_GROUPS = 420000;

export class Timeline {
  constructor(app) {
    this.app = app;
    this.rows = new Map();
    this.loads = new Map();
    this.atEnd = true;
    this.missed = 0;
    this.lastTop = 0;
    this.list = h("div", { class: "messages" });
    this.top = h("div", { class: "timeline-top" });
    this.scroller = h(
      "div",
      { class: "timeline", role: "log", "aria-live": "off", tabindex: "0", "aria-label": app.t("messages") },
      this.top,
      this.list,
    );
    this.pill = h("button", { type: "button", class: "pill", hidden: true, onclick: () => this.toEnd() });
    this.announcer = new Announcer(app);
    this.node = h("div", { class: "timeline-frame" }, this.scroller, this.pill, this.announcer.node);
    this.scroller.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.scroller.addEventListener("keydown", (event) => this.walk(event));
    new ResizeObserver(() => this.stay()).observe(this.list);
    new ResizeObserver(() => this.stay()).observe(this.scroller);
    app.store.on("message", (change) => this.hear(change));
  }

  /** Show a channel from its newest message. */
  async open(channelId) {
    const elsewhere = this.channelId !== channelId;
    this.channelId = channelId;
    if (elsewhere) {
      this.announcer.clear();
      this.atEnd = true;
      this.clear();
      this.drawTop();
    }
    const history = this.app.store.history(channelId);
    if (!history.loaded) await this.load(history, {});
    if (this.channelId !== channelId) return;
    this.clear();
    for (const message of history.messages) this.insert(message);
    this.arrange();
    if (this.atEnd) this.toEnd();
  }

  clear() {
    this.rows.clear();
    fill(this.list);
  }

  /** Fetch a page of the open channel; who asks while one is on its way waits for that one. */
  async load(history, query) {
    const channelId = this.channelId;
    if (!this.loads.has(channelId)) this.loads.set(channelId, this.fetchPage(channelId, history, query));
    this.drawTop();
    await this.loads.get(channelId);
    this.loads.delete(channelId);
  }

  async fetchPage(channelId, history, query) {
    try {
      const page = await this.app.api.messages(channelId, { limit: PAGE, ...query });
      if (!history.loaded) this.forgetGaps(history, page);
      history.loaded = true;
      history.complete = page.length < PAGE;
      for (const message of page) this.app.store.putMessage(message);
    } catch (error) {
      this.app.problem(error);
    }
  }

  /** After a lost connection: messages older than the new page might have gaps before them, so they are fetched anew. */
  forgetGaps(history, page) {
    const newest = page[0]?.id ?? "0";
    history.messages = history.messages.filter(
      (message) => message.flags & EPHEMERAL || compareIds(message.id, newest) > 0,
    );
  }

  hear({ kind, message }) {
    if (message.channel_id !== this.channelId) return;
    if (kind === "delete") this.remove(message.id);
    else if (kind === "update") {
      this.rows.get(message.id)?.update(message);
      this.announcer.changed(message);
    } else this.add(message);
    this.stay();
  }

  add(message) {
    if (this.rows.has(message.id)) {
      this.rows.get(message.id).update(message);
      return;
    }
    this.insert(message);
    if (this.atEnd) this.trim();
    this.arrange();
    const own = message.author.id === this.app.store.me.id;
    if (own) this.toEnd();
    this.announcer.created(message);
    if (!this.atEnd) this.miss();
  }

  insert(message) {
    const row = new MessageRow(message, this.app);
    const after = [...this.rows.values()].find((other) => compareIds(other.message.id, message.id) > 0);
    this.list.insertBefore(row.node, after?.node ?? null);
    this.rows.set(message.id, row);
  }

  remove(id) {
    const row = this.rows.get(id);
    const held = row?.node.contains(document.activeElement);
    row?.node.remove();
    this.rows.delete(id);
    this.arrange();
    if (held) this.takeFocus();
  }

  /** Set the days and the grouping anew; cheap, since only what differs touches the page. */
  arrange() {
    let before = null;
    for (const message of this.app.store.history(this.channelId).messages) {
      const row = this.rows.get(message.id);
      if (!row) continue;
      const date = new Date(message.timestamp);
      const newDay = !before || !sameDay(new Date(before.timestamp), date);
      row.setDay(newDay ? dayLabel(date, this.app.locale) : null);
      row.setFollows(!newDay && continues(before, message));
      before = message;
    }
    this.drawTop();
  }

  drawTop() {
    const history = this.app.store.history(this.channelId);
    const channel = this.app.store.channels.get(this.channelId);
    if (this.loads.has(this.channelId)) fill(this.top, h("p", { class: "note" }, this.app.t("loading")));
    else if (channel && history.loaded && history.complete)
      fill(this.top, this.app.beginning(channel, history.messages.length === 0));
    else fill(this.top);
  }

  scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    const near = scrollHeight - scrollTop - clientHeight < NEAR;
    // Only a reader who moves up leaves the end: a picture that has just loaded below is no reason.
    if (near) this.atEnd = true;
    else if (scrollTop < this.lastTop) this.atEnd = false;
    this.lastTop = scrollTop;
    this.miss(this.atEnd ? 0 : this.missed);
    if (scrollTop < 200) this.loadOlder();
  }

  /** Fetch the page above, and keep what is being read where it stands. */
  async loadOlder() {
    const history = this.app.store.history(this.channelId);
    const oldest = history.messages.find((message) => !(message.flags & EPHEMERAL));
    if (!history.loaded || history.complete || this.loads.has(this.channelId) || !oldest) return;
    const channelId = this.channelId;
    await this.load(history, { before: oldest.id });
    if (this.channelId !== channelId) return;
    this.holding(this.rows.get(oldest.id)?.article, () => {
      for (const message of history.messages) if (!this.rows.has(message.id)) this.insert(message);
      this.arrange();
    });
  }

  /** Change what stands above `anchor` without moving it; the browser's own anchoring would correct a second time. */
  holding(anchor, change) {
    const before = anchor?.getBoundingClientRect().top;
    this.scroller.style.overflowAnchor = "none";
    change();
    if (anchor) this.scroller.scrollTop += anchor.getBoundingClientRect().top - before;
    requestAnimationFrame(() => {
      this.scroller.style.overflowAnchor = "";
    });
  }

  /** Take a focus that what it stood on has left: from here the arrow keys go on. */
  takeFocus() {
    this.scroller.focus({ preventScroll: true });
  }

  /** Follow the newest line while the reader is there, and only then. */
  stay() {
    if (this.atEnd) this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  /** Go to the newest message. */
  toEnd() {
    this.atEnd = true;
    this.miss(0);
    this.stay();
  }

  miss(count = this.missed + 1) {
    this.missed = count;
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    const far = scrollHeight - scrollTop - clientHeight > clientHeight / 2;
    this.pill.hidden = this.atEnd || !(count > 0 || far);
    fill(this.pill, icon("down"), count > 0 ? this.app.t("newBelow", { count }) : this.app.t("toNewest"));
  }

  /** Show a message of the open channel, however far above it is. */
  async seek(id) {
    const channelId = this.channelId;
    const history = this.app.store.history(channelId);
    while (this.channelId === channelId && !this.rows.has(id)) {
      const known = history.messages.length;
      await (this.loads.get(channelId) ?? this.loadOlder());
      if (history.messages.length === known) break;
    }
    if (this.channelId === channelId) this.reveal(id);
  }

  /** Show a message that a reply points to. */
  reveal(id) {
    const row = this.rows.get(id);
    if (!row) return;
    this.atEnd = false;
    row.article.scrollIntoView({ block: "center" });
    row.article.focus({ preventScroll: true });
  }

  trim() {
    const history = this.app.store.history(this.channelId);
    while (history.messages.length > KEPT) {
      const [oldest] = history.messages.splice(0, 1);
      this.rows.get(oldest.id)?.node.remove();
      this.rows.delete(oldest.id);
      history.complete = false;
    }
  }

  /** Walk through the messages with the arrow keys; Enter or the menu key opens a message's menu. */
  walk(event) {
    const article = document.activeElement?.closest?.(".message");
    if (event.target !== this.scroller && event.target !== article) return;
    const articles = [...this.list.querySelectorAll(".message")];
    const at = article ? articles.indexOf(article) : articles.length;
    if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      event.preventDefault();
      const next =
        articles[Math.max(0, Math.min(articles.length - 1, at + (event.key === "ArrowUp" ? -1 : 1)))];
      next?.focus();
    } else if (article && (event.key === "Enter" || event.key === "ContextMenu")) {
      event.preventDefault();
      const row = this.rows.get(article.dataset.id);
      row.openMenu(row.more);
    }
  }
}

function continues(before, message) {
  return (
    before.author.id === message.author.id &&
    !message.interaction_metadata &&
    !message.referenced_message &&
    message.type !== 19 &&
    (before.flags & EPHEMERAL) === (message.flags & EPHEMERAL) &&
    new Date(message.timestamp) - new Date(before.timestamp) < PAUSE_BETWEEN_GROUPS
  );
}
