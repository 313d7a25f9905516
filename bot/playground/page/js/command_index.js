/** The bots' commands as this person may use them: flattened to what can be typed, named in their language. */

/** Return an item's name or description in the reader's language. */
export function localized(item, key, locale) {
  const words = item[`${key}_localizations`];
  return words?.[locale] ?? words?.[locale.split("-")[0]] ?? item[key];
}

/** List every command that can be typed, subcommands one by one: {command, application, path, label, …}. */
export function typedCommands(index, locale) {
  return index.application_commands
    .filter((command) => (command.type ?? 1) === 1)
    .flatMap((command) =>
      leaves(command, [command], locale).map((leaf) => ({
        ...leaf,
        command,
        application: applicationOf(index, command),
      })),
    )
    .sort((a, b) => a.label.localeCompare(b.label));
}

function leaves(item, path, locale) {
  const inner = (item.options ?? []).filter((option) => option.type === 1 || option.type === 2);
  if (inner.length) return inner.flatMap((option) => leaves(option, [...path, option], locale));
  return [
    {
      path,
      name: path.map((part) => part.name).join(" "),
      label: path.map((part) => localized(part, "name", locale)).join(" "),
      description: localized(item, "description", locale) ?? "",
      options: item.options ?? [],
    },
  ];
}

/** List the commands for messages, with the application that offers them. */
export function messageCommands(index) {
  return index.application_commands
    .filter((command) => command.type === 3)
    .map((command) => ({ command, application: applicationOf(index, command) }));
}

function applicationOf(index, command) {
  return (
    index.applications.find((application) => application.id === command.application_id) ?? {
      id: command.application_id,
      name: "",
    }
  );
}

/** Narrow the commands to what was typed: beginnings first, then words within, then descriptions. */
export function matching(commands, typed) {
  const query = typed.trim().toLowerCase().replace(/\s+/g, " ");
  if (!query) return commands;
  const ranked = commands
    .map((command) => ({ command, rank: rank(command, query) }))
    .filter((entry) => entry.rank < 4);
  return ranked.sort((a, b) => a.rank - b.rank).map((entry) => entry.command);
}

function rank({ name, label, description }, query) {
  const names = [name.toLowerCase(), label.toLowerCase()];
  if (names.some((text) => text === query)) return 0;
  if (names.some((text) => text.startsWith(query))) return 1;
  if (names.some((text) => text.split(" ").some((word) => word.startsWith(query)))) return 2;
  return description.toLowerCase().includes(query) ? 3 : 4;
}

/** Find the command that a text names in full, and what follows it; null where it names none. */
export function namedInFull(commands, typed) {
  const text = typed.replace(/^\//, "");
  const found = commands
    .flatMap((command) => [command.name, command.label].map((name) => ({ command, name })))
    .filter(({ name }) => text.toLowerCase().startsWith(`${name.toLowerCase()} `))
    .sort((a, b) => b.name.length - a.name.length)[0];
  return found ? { command: found.command, rest: text.slice(found.name.length + 1) } : null;
}

/** Wrap filled-in options in the subcommands that lead to them, as Discord sends them. */
export function nestOptions(path, values) {
  return path
    .slice(1)
    .reduceRight((options, part) => [{ type: part.type, name: part.name, options }], values);
}
