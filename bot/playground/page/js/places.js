/** Finding and making places: the quick switcher, new channels and new threads. */
import { h } from "./dom.js";
import { labelled, openDialog } from "./dialog.js";
import { Listbox } from "./listbox.js";

/** Ask for the name of a new channel in a guild, make it and go there. */
export function askChannel(app, guildId) {
  const input = h("input", { type: "text", maxlength: "100", autocomplete: "off" });
  openDialog({
    title: app.t("newChannel"),
    content: labelled(app.t("channelName"), input, { hint: app.t("channelHint"), required: true }),
    submitLabel: app.t("create"),
    cancelLabel: app.t("cancel"),
    submit: async () => {
      const name = named(input, app).toLowerCase().replace(/\s+/g, "-");
      const channel = await app.api.post(`/guilds/${guildId}/channels`, { name, type: 0 });
      app.openWhenKnown(channel.id);
    },
  });
}

/** Ask for the name of a new thread, on a message where one is given, make it and go there. */
export function askThread(app, channel, message) {
  const input = h("input", { type: "text", maxlength: "100", autocomplete: "off" });
  openDialog({
    title: app.t("newThread"),
    content: labelled(app.t("threadName"), input, { required: true }),
    submitLabel: app.t("create"),
    cancelLabel: app.t("cancel"),
    submit: async () => {
      const body = { name: named(input, app), auto_archive_duration: 1440 };
      const path = message
        ? `/channels/${channel.id}/messages/${message.id}/threads`
        : `/channels/${channel.id}/threads`;
      const thread = await app.api.post(path, message ? body : { ...body, type: 11 });
      app.openWhenKnown(thread.id);
    },
  });
}

function named(input, app) {
  const name = input.value.trim();
  if (!name) throw new Error(app.t("neededHere"));
  return name;
}

/** Open the quick switcher: type part of a channel's name, choose with the arrows, go with Enter. */
export function openSwitcher(app) {
  if (document.querySelector("dialog[open]")) return;
  const input = h("input", {
    type: "text",
    autocomplete: "off",
    "aria-label": app.t("goTo"),
    placeholder: app.t("goToHint"),
  });
  const dialog = h("dialog", { class: "dialog switcher", "aria-label": app.t("goTo") });
  const list = new Listbox({
    input,
    label: app.t("goTo"),
    onpick: (option) => {
      dialog.close();
      app.openChannel(option.value);
    },
  });
  const refresh = () => {
    const query = input.value.trim().toLowerCase().replace(/^[#@]/, "");
    const places = [...app.store.channels.values()].filter((channel) => channel.type !== 4);
    list.show(
      places
        .map((channel) => ({ label: app.placeName(channel), value: channel.id }))
        .filter((option) => option.label.toLowerCase().includes(query))
        .slice(0, 12),
    );
  };
  input.addEventListener("input", refresh);
  input.addEventListener("keydown", (event) => list.take(event));
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.append(input, list.node);
  document.body.append(dialog);
  dialog.showModal();
  refresh();
  input.focus();
}
