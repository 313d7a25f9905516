/** Reads Discord's Markdown into blocks: headings, subtext, quotes, lists, code blocks and paragraphs. */
import { parseInline } from "./markdown_inline.js";

const HEADING = /^(#{1,3})\s+(\S.*)$/s;
const SUBTEXT = /^-#\s+(\S.*)$/s;
const ITEM = /^( *)([-*]|\d{1,9}\.)\s+(\S.*)$/s;

/** Return the blocks of a message's text. */
export function parse(source) {
  return parseBlocks(source.replace(/\r\n?/g, "\n"), true);
}

function parseBlocks(source, mayQuote) {
  const lines = logicalLines(source);
  const blocks = [];
  let plain = [];
  const flush = () => {
    blocks.push(...paragraphs(plain.join("\n")));
    plain = [];
  };
  let at = 0;
  while (at < lines.length) {
    const special = blockAt(lines, at, mayQuote);
    if (special) {
      flush();
      blocks.push(special.block);
      at = special.next;
    } else {
      plain.push(lines[at]);
      at += 1;
    }
  }
  flush();
  return blocks;
}

/** Split into lines, where a code block that is opened and closed counts as part of one line. */
function logicalLines(source) {
  const lines = [];
  let rest = source;
  while (rest !== null) {
    let end = rest.indexOf("\n");
    if (end < 0) end = rest.length;
    if (!rest.startsWith("> ") && !rest.startsWith(">>> ")) end = pastFences(rest, end);
    lines.push(rest.slice(0, end));
    rest = end < rest.length ? rest.slice(end + 1) : null;
  }
  return lines;
}

function pastFences(rest, lineEnd) {
  let end = lineEnd;
  let open = rest.indexOf("```");
  while (open >= 0 && open < end) {
    const close = rest.indexOf("```", open + 3);
    if (close < 0) break;
    const newline = rest.indexOf("\n", close);
    end = Math.max(end, newline < 0 ? rest.length : newline);
    open = rest.indexOf("```", close + 3);
  }
  return end;
}

function blockAt(lines, at, mayQuote) {
  const line = lines[at];
  if (mayQuote && line.startsWith(">>> "))
    return quoteOf([line.slice(4), ...lines.slice(at + 1)], lines.length);
  if (mayQuote && line.startsWith("> ")) return lineQuote(lines, at);
  let found = HEADING.exec(line);
  if (found) return single({ kind: "heading", level: found[1].length, children: parseInline(found[2]) }, at);
  found = SUBTEXT.exec(line);
  if (found) return single({ kind: "subtext", children: parseInline(found[1]) }, at);
  return ITEM.test(line) ? listAt(lines, at) : null;
}

function single(block, at) {
  return { block, next: at + 1 };
}

function quoteOf(lines, next) {
  return { block: { kind: "quote", blocks: parseBlocks(lines.join("\n"), false) }, next };
}

function lineQuote(lines, at) {
  let next = at;
  const quoted = [];
  while (next < lines.length && (lines[next].startsWith("> ") || lines[next] === ">")) {
    quoted.push(lines[next].slice(2));
    next += 1;
  }
  return quoteOf(quoted, next);
}

/** Read a list with its nested lists; deeper indentation opens a list inside the item before it. */
function listAt(lines, at) {
  const [, indent, mark] = ITEM.exec(lines[at]);
  const block = { kind: "list", ordered: /\d/.test(mark), start: Number.parseInt(mark, 10) || 1, items: [] };
  let next = at;
  while (next < lines.length) {
    const found = ITEM.exec(lines[next]);
    if (!found || found[1].length < indent.length) break;
    if (found[1].length <= indent.length + 1 && /\d/.test(found[2]) !== block.ordered) break;
    if (found[1].length > indent.length + 1) {
      const inner = listAt(lines, next);
      block.items.at(-1).lists.push(inner.block);
      next = inner.next;
      continue;
    }
    block.items.push({ children: parseInline(found[3]), lists: [] });
    next += 1;
  }
  return { block, next };
}

/** Part text at blank lines and around code blocks; formatting that spans a blank line keeps the parts together. */
function paragraphs(source) {
  const trimmed = source.replace(/^\n+|\n+$/g, "");
  if (!trimmed) return [];
  const blocks = [];
  let children = [];
  const flush = () => {
    if (children.length) blocks.push({ kind: "paragraph", children });
    children = [];
  };
  for (const node of parseInline(trimmed)) {
    if (node.kind === "fence") {
      flush();
      blocks.push(node);
    } else if (node.kind === "text") {
      const parts = node.text.split(/\n[ \t]*\n+/);
      parts.forEach((part, index) => {
        if (index > 0) flush();
        if (part) children.push({ kind: "text", text: part });
      });
    } else children.push(node);
  }
  flush();
  return blocks.map(trimEdges).filter((block) => block.kind === "fence" || block.children.length > 0);
}

/** Drop the line break that is left over between a paragraph and what stood above or below it. */
function trimEdges(block) {
  if (block.kind === "fence") return block;
  const children = block.children.map((node, index) => {
    if (node.kind !== "text") return node;
    let value = node.text;
    if (index === 0) value = value.replace(/^\n/, "");
    if (index === block.children.length - 1) value = value.replace(/\n$/, "");
    return { kind: "text", text: value };
  });
  return { kind: "paragraph", children: children.filter((node) => node.kind !== "text" || node.text) };
}
