/** Select menus, on messages and in forms: a button that opens a list with one or several choices. */
import { h, fill } from "./dom.js";
import { icon } from "./icons.js";
import { closePopover, openPopover } from "./popover.js";
import { emojiText } from "./emoji.js";

/** Render a select of any kind; `onchange(values)` hears what was chosen. */
export function selectNode(component, app, channelId, onchange) {
  const options = optionsOf(component, app, channelId);
  const preset = (component.default_values ?? []).map((entry) => String(entry.id));
  let chosen = new Set(
    preset.length ? preset : options.filter((option) => option.default).map((option) => option.value),
  );
  const words = h("span", { class: "select-words" });
  const button = h(
    "button",
    {
      type: "button",
      class: "select",
      disabled: component.disabled,
      "aria-haspopup": "listbox",
      dataset: { customId: component.custom_id ?? "" },
      onclick: () => open(),
    },
    words,
    icon("chevron"),
  );
  const show = () => {
    const names = options.filter((option) => chosen.has(option.value)).map((option) => option.label);
    fill(words, names.length ? names.join(app.t("listComma")) : component.placeholder || app.t("choose"));
    words.classList.toggle("placeholder", names.length === 0);
  };
  const open = () =>
    openChoices(button, options, {
      chosen,
      app,
      min: component.min_values ?? 1,
      max: component.max_values ?? 1,
      label: component.placeholder || app.t("choose"),
      ondone: (values) => {
        chosen = new Set(values);
        show();
        onchange(values);
        button.dispatchEvent(new Event("change", { bubbles: true }));
      },
    });
  show();
  return button;
}

/** Return `{label, value, description, default}` for what may be chosen in a select. */
export function optionsOf(component, app, channelId) {
  if (component.type === 3)
    return component.options.map((option) => ({
      ...option,
      label: `${option.emoji ? `${emojiText(option.emoji)} ` : ""}${option.label}`,
    }));
  const guild = app.store.guildOf(channelId);
  const kinds = { 5: [people], 6: [roles], 7: [people, roles], 8: [channels] }[component.type];
  return kinds.flatMap((list) => list(app.store, guild, component, channelId));
}

function people(store, guild, _component, channelId) {
  const users = guild
    ? [...store.membersOf(guild.id).values()].map((member) => member.user)
    : [store.me, ...(store.channels.get(channelId)?.recipients ?? [])];
  return users.map((user) => ({
    label: store.nameOf(user, guild?.id),
    value: user.id,
    description: `@${user.username}`,
  }));
}

function roles(_store, guild) {
  return (guild?.roles ?? []).map((role) => ({ label: `@${role.name.replace(/^@/, "")}`, value: role.id }));
}

function channels(store, guild, component) {
  if (!guild) return [];
  const wanted = component.channel_types;
  return store
    .textChannels(guild.id)
    .flatMap((channel) => [channel, ...store.threadsOf(channel.id)])
    .filter((channel) => !wanted?.length || wanted.includes(channel.type))
    .map((channel) => ({ label: `#${channel.name}`, value: channel.id }));
}

function openChoices(place, options, { chosen, min, max, label, app, ondone }) {
  const picked = new Set(chosen);
  const many = max > 1;
  const done = h(
    "button",
    { type: "button", class: "button primary", onclick: () => finish([...picked]) },
    app.t("done"),
  );
  const finish = (values) => {
    closePopover();
    place.focus();
    ondone(values);
  };
  const rows = options.map((option) =>
    h(
      "button",
      {
        type: "button",
        role: "option",
        class: "option",
        tabindex: "-1",
        "aria-selected": String(picked.has(option.value)),
        onclick: (event) => choose(option, event.currentTarget),
      },
      h(
        "span",
        { class: "option-main" },
        h("span", { class: "option-label" }, option.label),
        option.description ? h("span", { class: "option-description" }, option.description) : null,
      ),
      many ? icon("check") : null,
    ),
  );
  const update = () => {
    done.disabled = picked.size < min || picked.size > max;
  };
  const choose = (option, row) => {
    if (!many) {
      finish(min === 0 && picked.has(option.value) ? [] : [option.value]);
      return;
    }
    if (!picked.delete(option.value) && picked.size < max) picked.add(option.value);
    row.setAttribute("aria-selected", String(picked.has(option.value)));
    update();
  };
  const list = h(
    "div",
    {
      class: "listbox",
      role: "listbox",
      "aria-label": label,
      "aria-multiselectable": String(many),
      onkeydown: (event) => walk(event, rows),
    },
    rows,
  );
  update();
  openPopover(
    place,
    [
      list,
      rows.length ? null : h("p", { class: "note" }, app.t("nothingToChoose")),
      many ? h("div", { class: "popover-foot" }, done) : null,
    ],
    { className: "choices" },
  );
  (rows.find((row) => row.getAttribute("aria-selected") === "true") ?? rows[0])?.focus();
}

function walk(event, rows) {
  const at = rows.indexOf(document.activeElement);
  const target = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
  if (target === undefined) {
    const begins =
      event.key.length === 1 &&
      rows.find((row) => row.textContent.toLowerCase().startsWith(event.key.toLowerCase()));
    if (begins && event.key !== " ") begins.focus();
    return;
  }
  event.preventDefault();
  rows[(target + rows.length) % rows.length]?.focus();
}
