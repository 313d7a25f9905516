/** Builds DOM nodes. Text always becomes a text node, so nothing that people type can turn into markup. */

const PROPERTIES = new Set(["value", "checked", "selected", "indeterminate"]);

/**
 * Make an element: `h("button", {class: "quiet", onclick: run}, "Go")`.
 * Properties that are null, undefined or false are left out; functions named on… become listeners.
 */
export function h(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props ?? {})) setProperty(node, key, value);
  node.append(...flat(children));
  return node;
}

function setProperty(node, key, value) {
  if (value === null || value === undefined || value === false) return;
  if (typeof value === "function") node.addEventListener(key.slice(2), value);
  else if (key === "dataset") Object.assign(node.dataset, value);
  else if (PROPERTIES.has(key)) node[key] = value;
  else node.setAttribute(key, value === true ? "" : value);
}

/** Replace all children of a node; null and false entries are left out. */
export function fill(node, ...children) {
  node.replaceChildren(...flat(children));
  return node;
}

function flat(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

/** Make an SVG icon from path data on a 24-unit grid; it is decoration, so screen readers skip it. */
export function svg(path, className = "icon") {
  const space = "http://www.w3.org/2000/svg";
  const node = document.createElementNS(space, "svg");
  node.setAttribute("viewBox", "0 0 24 24");
  node.setAttribute("class", className);
  node.setAttribute("aria-hidden", "true");
  const shape = document.createElementNS(space, "path");
  shape.setAttribute("d", path);
  node.append(shape);
  return node;
}

let counter = 0;

/** Return an id that no other element of this page has. */
export function uniqueId(prefix) {
  counter += 1;
  return `${prefix}-${counter}`;
}

/**
 * Say which language a text is written in, so that it gets the right glyphs and lines; "" means neither Chinese nor
 * Japanese. A Chinese name does not make an English text Chinese.
 */
export function languageOf(text) {
  if (/[\u3040-\u30ff]/.test(text)) return "ja";
  const chinese = text.match(/[\u3400-\u9fff]/g)?.length ?? 0;
  const latin = text.match(/[a-z]/gi)?.length ?? 0;
  return chinese * 5 > latin ? "zh-Hans" : "";
}
