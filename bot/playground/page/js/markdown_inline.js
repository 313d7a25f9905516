/** Reads Discord's Markdown inside a line into plain nodes {kind, …}; builds no DOM and knows no people. */

const DEEPEST = 16;
const URL_END = "[^\\s<>\"'`，。；：！？、（）「」『』《》【】“”‘’]";

/** Rules in order of precedence: a sticky pattern and what it becomes. */
const RULES = [
  ["escape", /\\([^\p{L}\p{N}\s])/uy, (m) => text(m[1])],
  [
    "fence",
    /```(?:([a-z0-9_+\-.#]+)\n)?\n*([^\n][\s\S]*?)\n*```/iy,
    (m) => ({ kind: "fence", language: m[1] ?? "", text: m[2] }),
  ],
  [
    "code",
    /(`+)([\s\S]*?[^`])\1(?!`)/y,
    (m) => ({ kind: "code", text: m[2].length > 1 ? m[2].replace(/^ (?=`)|(?<=`) $/g, "") : m[2] }),
  ],
  [
    "command",
    /<\/([-_\p{L}\p{N}]+(?: [-_\p{L}\p{N}]+){0,2}):(\d+)>/uy,
    (m) => ({ kind: "command", name: m[1], id: m[2] }),
  ],
  ["user", /<@!?(\d+)>/y, (m) => ({ kind: "user", id: m[1] })],
  ["role", /<@&(\d+)>/y, (m) => ({ kind: "role", id: m[1] })],
  ["channel", /<#(\d+)>/y, (m) => ({ kind: "channel", id: m[1] })],
  ["emoji", /<(a?):(\w+):(\d+)>/y, (m) => ({ kind: "emoji", name: m[2], id: m[3] })],
  [
    "time",
    /<t:(-?\d{1,13})(?::([tTdDfFR]))?>/y,
    (m) => ({ kind: "time", seconds: Number(m[1]), style: m[2] ?? "f" }),
  ],
  ["everyone", /@(everyone|here)/y, (m) => ({ kind: "everyone", name: m[1] })],
  [
    "link",
    /\[((?:\\.|[^\]\\\n])+)\]\(\s*<?(https?:\/\/[^\s<>)]+(?:\([^\s<>()]*\))?[^\s<>)]*)>?(?:\s+"[^"\n]*")?\s*\)/y,
    (m, depth) => ({ kind: "link", url: m[2], children: parseInline(m[1], depth) }),
  ],
  ["angle", /<(https?:\/\/[^\s<>]+)>/y, (m) => ({ kind: "link", url: m[1], children: [text(m[1])] })],
  [
    "url",
    new RegExp(`https?://${URL_END}*[^\\s<>"'\`，。；：！？、（）「」『』《》【】“”‘’.,:;)\\]*_~|]`, "y"),
    (m) => ({ kind: "link", url: m[0], children: [text(m[0])] }),
  ],
  ["spoiler", /\|\|([\s\S]+?)\|\|/y, wrap("spoiler", 1)],
  ["strong", /\*\*((?:\\[\s\S]|[^\\])+?)\*\*(?!\*)/y, wrap("strong", 1)],
  ["underline", /__((?:\\[\s\S]|[^\\])+?)__(?!_)/y, wrap("underline", 1)],
  ["star", /\*(?=\S)((?:\*\*|\s+(?:[^*\s]|\*\*)|[^\s*])+?)\*(?!\*)/y, wrap("emphasis", 1)],
  ["dash", /_((?:__|\\[\s\S]|[^\\_])+?)_(?![\p{L}\p{N}_])/uy, wrap("emphasis", 1)],
  ["strike", /~~(?=\S)([\s\S]*?\S)~~/y, wrap("strike", 1)],
];
const SPECIAL = /[\\`<@[h|*_~]/;

function text(value) {
  return { kind: "text", text: value };
}

function wrap(kind, group) {
  return (match, depth) => ({ kind, children: parseInline(match[group], depth) });
}

/** Read a run of text; formatting nested deeper than anyone writes it stays as typed. */
export function parseInline(source, depth = 0) {
  if (depth > DEEPEST) return [text(source)];
  const nodes = [];
  let plain = "";
  let at = 0;
  while (at < source.length) {
    const found = SPECIAL.test(source[at]) ? match(source, at, depth + 1) : null;
    if (!found) {
      plain += source[at];
      at += 1;
      continue;
    }
    if (plain) nodes.push(text(plain));
    plain = "";
    nodes.push(found.node);
    at = found.end;
  }
  if (plain) nodes.push(text(plain));
  return nodes;
}

function match(source, at, depth) {
  for (const [name, pattern, build] of RULES) {
    if (name === "dash" && at > 0 && /[\p{L}\p{N}_]/u.test(source[at - 1])) continue;
    pattern.lastIndex = at;
    const found = pattern.exec(source);
    if (found) return { node: build(found, depth), end: at + found[0].length };
  }
  return null;
}
