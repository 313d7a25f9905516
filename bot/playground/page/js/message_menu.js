/** What can be done with a message: reply, react, copy, edit, delete, start a thread, and the bots' own commands. */
import { localized, messageCommands } from "./command_index.js";
import { h } from "./dom.js";
import { labelled, openDialog } from "./dialog.js";
import { openMenu } from "./menu.js";
import { ADD_REACTIONS, CREATE_THREADS, MANAGE_MESSAGES, maySend, permissionsIn } from "./permissions.js";
import { openPalette } from "./reactions.js";
import { askThread } from "./places.js";
import { EPHEMERAL, TEXT } from "./store.js";
import { toast } from "./toast.js";

/** Open a message's menu beside an element or at a point. */
export async function messageMenu(place, message, app) {
  const channel = app.store.channels.get(message.channel_id);
  const commands = message.flags & EPHEMERAL ? [] : messageCommands(await app.commandIndex(channel));
  const entries = [
    ...ownEntries(place, message, channel, app),
    ...botEntries(commands, message, channel, app),
  ];
  openMenu(place, entries, app.t("moreActions"));
}

function ownEntries(place, message, channel, app) {
  const { t, store } = app;
  const rights = permissionsIn(store, channel);
  const mine = message.author.id === store.me.id;
  const lasting = !(message.flags & EPHEMERAL);
  return [
    lasting &&
      maySend(store, channel) && {
        label: t("reply"),
        icon: "reply",
        run: () => app.composer.replyTo(message),
      },
    lasting &&
      rights & ADD_REACTIONS && {
        label: t("addReaction"),
        icon: "smile",
        run: () => openPalette(place, message, app),
      },
    { label: t("copyText"), icon: "copy", run: () => copy(message.content, t) },
    lasting && mine && { label: t("edit"), icon: "edit", run: () => askEdit(message, app) },
    lasting &&
      channel.type === TEXT &&
      rights & CREATE_THREADS &&
      !message.thread && {
        label: t("startThread"),
        icon: "thread",
        run: () => askThread(app, channel, message),
      },
    lasting &&
      (mine || (channel.guild_id && rights & MANAGE_MESSAGES)) && {
        label: t("delete"),
        icon: "trash",
        danger: true,
        run: () => askDelete(message, app),
      },
    !lasting && { label: t("dismiss"), icon: "close", run: () => app.dismiss(message) },
  ].filter(Boolean);
}

function botEntries(commands, message, channel, app) {
  if (!commands.length) return [];
  return [
    null,
    ...commands.map(({ command, application }) => ({
      label: localized(command, "name", app.locale),
      hint: application.name,
      icon: "spark",
      run: () => app.runMessageCommand(command, message, channel),
    })),
  ];
}

async function copy(text, t) {
  try {
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else if (!copySelected(text)) throw new Error("copying was refused");
    toast(t("copied"));
  } catch {
    toast(t("copyFailed"), "problem");
  }
}

/** Copy in the old way, the only one where the page came from another machine without a certificate. */
function copySelected(text) {
  const held = document.activeElement;
  const field = h("textarea", { class: "unseen", value: text });
  document.body.append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  held?.focus({ preventScroll: true });
  return copied;
}

function askEdit(message, app) {
  const input = h("textarea", { rows: "6", maxlength: "2000", value: message.content });
  openDialog({
    title: app.t("edit"),
    content: labelled(app.t("messageText"), input),
    submitLabel: app.t("save"),
    cancelLabel: app.t("cancel"),
    submit: () => app.api.editMessage(message.channel_id, message.id, { content: input.value }),
  });
}

function askDelete(message, app) {
  const dialog = openDialog({
    title: app.t("deleteTitle"),
    content: h("p", {}, app.t("deleteQuestion")),
    submitLabel: app.t("delete"),
    cancelLabel: app.t("cancel"),
    danger: true,
    submit: () => app.api.deleteMessage(message.channel_id, message.id),
  });
  dialog.addEventListener("close", () => document.activeElement === document.body && app.timeline.takeFocus());
}
