/** The forms that bots open: texts with counters, selects, files and choices, kept open until they are sent. */
import { h } from "./dom.js";
import { openDialog } from "./dialog.js";
import { MODAL } from "./interactions.js";
import { modalField } from "./modal_fields.js";
import { prose } from "./prose.js";

/** Open the modal that INTERACTION_MODAL_CREATE describes. */
export function openModal(data, app) {
  const channel = app.store.channels.get(data.channel_id);
  const context = { app, channelId: data.channel_id, fields: [] };
  const content = [
    h("p", { class: "note" }, app.t("formFrom", { name: data.application?.name ?? app.t("bot") })),
    data.components.map((component) => partNode(component, context)),
  ];
  openDialog({
    title: data.title,
    content,
    className: "modal",
    submitLabel: app.t("submit"),
    cancelLabel: app.t("cancel"),
    submit: () => submit(data, channel, context),
  });
}

/** Draw one top-level part: a row with one input, a label around one field, or a text. */
function partNode(component, context) {
  if (component.type === 10)
    return prose(component.content, context.app, context.app.guildIdOf(context.channelId));
  if (component.type === 18) return keep(component.component, component, context);
  return (component.components ?? []).map((inner) => keep(inner, inner, context));
}

function keep(component, label, context) {
  const field = modalField(component, label, context);
  const boxed =
    label === component
      ? (filled) => ({ type: 1, components: [filled] })
      : (filled) => ({ type: 18, component: filled });
  context.fields.push({ ...field, value: (files) => boxed(field.value(files)) });
  return field.node;
}

async function submit(data, channel, { app, fields }) {
  const wrong = fields.filter((field) => !field.check());
  if (wrong.length) {
    wrong[0].focus();
    throw new Error(app.t("formIncomplete"));
  }
  const files = [];
  const components = fields.map((field) => field.value(files));
  const attachments = files.map((file, id) => ({ id: String(id), filename: file.name }));
  const { answered } = await app.interactions.send({
    type: MODAL,
    channel,
    applicationId: data.application.id,
    files,
    data: { id: data.id, custom_id: data.custom_id, components, attachments },
  });
  await answered;
}
