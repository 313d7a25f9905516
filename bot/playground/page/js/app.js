/** One seat's session: owns the connection and the views, and does what the views ask for. */
import { Api, ApiError, Unreachable } from "./api.js";
import { Banner } from "./banner.js";
import { beginning } from "./beginning.js";
import { Composer } from "./composer.js";
import { fill, h } from "./dom.js";
import { onDrop } from "./dropping.js";
import { applyEvent } from "./events.js";
import { Gateway } from "./gateway.js";
import { Header } from "./header.js";
import { words } from "./i18n.js";
import { COMMAND, COMPONENT, Interactions, NoAnswer } from "./interactions.js";
import { Members } from "./members.js";
import { openModal } from "./modals.js";
import { openSwitcher } from "./places.js";
import { keepRead, loadRead } from "./seat.js";
import { Sidebar } from "./sidebar.js";
import { DIRECT, Store } from "./store.js";
import { Timeline } from "./timeline.js";
import { toast } from "./toast.js";
import { Typing } from "./typing.js";

export class App {
  /** `onend(reason)` hears that the seat was left ("left") or is not known any more ("refused"). */
  constructor({ root, seat, onend }) {
    this.root = root;
    this.seat = seat;
    this.onend = onend;
    this.locale = seat.locale;
    this.t = words(seat.locale);
    this.api = new Api({ t: this.t, token: seat.token });
    this.store = new Store();
    this.gateway = new Gateway({
      token: seat.token,
      url: `ws://${location.host}/gateway`,
      onevent: (name, data) => this.hear(name, data),
      onstatus: (status, pause) => this.status(status, pause),
    });
    this.interactions = new Interactions({
      api: this.api,
      gateway: this.gateway,
      store: this.store,
      t: this.t,
    });
    this.build();
  }

  build() {
    this.banner = new Banner(this);
    this.sidebar = new Sidebar(this);
    this.members = new Members(this);
    this.header = new Header(this);
    this.timeline = new Timeline(this);
    this.composer = new Composer(this);
    this.typing = new Typing(this);
    this.scrim = h("div", { class: "scrim", onclick: () => this.closeDrawers() });
    const main = h(
      "main",
      { class: "room" },
      this.header.node,
      this.banner.node,
      this.timeline.node,
      this.composer.node,
      this.typing.node,
    );
    fill(this.root, h("div", { class: "app" }, this.sidebar.node, main, this.members.node, this.scrim));
    onDrop(main, (files) => this.composer.addFiles(files));
    this.store.on("ready", () => this.ready());
    this.store.on("lost", (parent) => this.openChannel(parent ?? this.firstChannel()));
    this.store.on("unread", () => keepRead(this.store.me.id, this.store.read));
    this.onkeydown = (event) => this.keydown(event);
    this.onvisible = () => {
      if (!document.hidden && this.store.activeId) this.store.markRead(this.store.activeId);
    };
    document.addEventListener("keydown", this.onkeydown);
    document.addEventListener("visibilitychange", this.onvisible);
  }

  start() {
    document.documentElement.lang = this.locale === "zh-CN" ? "zh-Hans" : "en";
    this.gateway.connect();
  }

  /** Give the seat up in this tab; the seat itself stays. */
  leave(reason = "left") {
    this.gateway.close();
    document.removeEventListener("keydown", this.onkeydown);
    document.removeEventListener("visibilitychange", this.onvisible);
    this.onend(reason);
  }

  hear(name, data) {
    if (name === "READY" && !this.store.me) this.store.read = loadRead(data.user.id);
    applyEvent(this.store, name, data);
    this.interactions.hear(name, data);
    if (name === "INTERACTION_MODAL_CREATE") openModal(data, this);
  }

  status(status, pause) {
    if (status === "refused") this.leave("refused");
    else this.banner.show(status, pause);
  }

  ready() {
    const remembered = this.store.activeId ?? location.hash.slice(1);
    this.openChannel(this.store.channels.has(remembered) ? remembered : this.firstChannel());
  }

  firstChannel() {
    const channels = [...this.store.guilds.keys()].flatMap((id) => this.store.textChannels(id));
    return (channels.find((channel) => channel.name !== "welcome") ?? channels[0])?.id;
  }

  // Places

  openChannel(channelId) {
    const channel = this.store.channels.get(channelId);
    if (!channel) return;
    this.closeDrawers();
    const again = this.store.activeId === channelId && this.timeline.channelId === channelId;
    this.store.activate(channelId);
    history.replaceState(null, "", `#${channelId}`);
    if (!again || !this.store.history(channelId).loaded) this.timeline.open(channelId);
    if (!again) {
      this.composer.open(channel);
      if (window.matchMedia("(pointer: fine)").matches) this.composer.focus();
    }
  }

  /** Open a channel at one of its messages. */
  openMessage(channelId, messageId) {
    this.openChannel(channelId);
    this.timeline.seek(messageId);
  }

  /** Open a channel that was just made, as soon as the gateway has told of it. */
  openWhenKnown(channelId) {
    this.awaited = channelId;
    const open = () => {
      if (this.awaited !== channelId || !this.store.channels.has(channelId)) return;
      this.awaited = null;
      this.openChannel(channelId);
    };
    this.store.on("channels", open);
    open();
  }

  async openDirect(userId) {
    await this.attempt(async () => {
      const channel = await this.api.openDirect(userId);
      applyEvent(this.store, "CHANNEL_CREATE", channel);
      this.openChannel(channel.id);
    });
  }

  placeName(channel) {
    return `${channel.type === DIRECT ? "@" : "#"}${this.store.channelName(channel)}`;
  }

  guildIdOf(channelId) {
    return this.store.channels.get(channelId)?.guild_id;
  }

  roleNames(userId, fallback = []) {
    const guild = [...this.store.guilds.values()][0];
    const held = this.store.membersOf(guild?.id).get(userId)?.roles ?? [];
    const names = (guild?.roles ?? []).filter((role) => held.includes(role.id)).map((role) => role.name);
    const known = (names.length ? names : fallback.length ? fallback : ["member"]).map((name) =>
      ["admin", "moderator", "member"].includes(name) ? this.t(name) : name,
    );
    return known.join(this.t("listComma"));
  }

  beginning(channel, empty) {
    return beginning(channel, empty, this);
  }

  closeDrawers() {
    delete document.body.dataset.drawer;
  }

  openDrawer(name) {
    document.body.dataset.drawer = name;
    (name === "places" ? this.sidebar : this.members).node.querySelector("button")?.focus();
  }

  // Commands, clicks and forms

  async commandIndex(channel) {
    try {
      return await this.api.commandIndex(channel);
    } catch (error) {
      this.problem(error);
      return { applications: [], application_commands: [] };
    }
  }

  startCommand(name) {
    this.composer.startNamed(name);
  }

  /** Send an interaction; a bot's silence is noted in the channel. Throws where the server refuses it. */
  async perform(request) {
    const { answered } = await this.interactions.send(request);
    answered.catch((error) => this.noteSilence(request, error));
  }

  noteSilence({ channel, applicationId }, error) {
    if (!(error instanceof NoAnswer)) throw error;
    const bot = this.store.users.get(applicationId) ?? {
      id: applicationId,
      username: this.t("bot"),
      bot: true,
    };
    this.store.addNote(
      channel.id,
      bot,
      this.t("didNotRespond", { name: this.store.nameOf(bot, channel.guild_id) }),
    );
  }

  /** Send a click or a selection; settles when the bot has answered or failed to. */
  async useComponent(message, component, values) {
    const channel = this.store.channels.get(message.channel_id);
    const applicationId = message.application_id ?? message.author.id;
    const data = { component_type: component.type, custom_id: component.custom_id };
    if (values) data.values = values;
    const request = { type: COMPONENT, channel, applicationId, message, data };
    await this.attempt(async () => {
      const { answered } = await this.interactions.send(request);
      await answered.catch((error) => this.noteSilence(request, error));
    });
  }

  runMessageCommand(command, message, channel) {
    const data = {
      id: command.id,
      name: command.name,
      type: 3,
      version: command.version,
      target_id: message.id,
    };
    return this.attempt(() =>
      this.perform({ type: COMMAND, channel, applicationId: command.application_id, data }),
    );
  }

  /** Remove a private message from this page; nobody else ever saw it. */
  dismiss(message) {
    applyEvent(this.store, "MESSAGE_DELETE", { channel_id: message.channel_id, id: message.id });
  }

  // Small things

  async attempt(action) {
    try {
      return await action();
    } catch (error) {
      this.problem(error);
      return null;
    }
  }

  problem(error) {
    toast(error.message, "problem");
    if (!(error instanceof ApiError || error instanceof Unreachable)) console.error(error);
  }

  keydown(event) {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      openSwitcher(this);
    } else if (event.key === "Escape") this.closeDrawers();
  }
}
