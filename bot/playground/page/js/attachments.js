/** Files on messages: pictures shown in place, texts with a preview, everything else as a download. */
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { spoilerNode } from "./prose.js";

const PREVIEW_BYTES = 65536;
const WIDEST_PICTURE = 440;
const KEPT_HERE = "/attachments/";
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** Render a message's attachments. */
export function attachmentList(attachments, app) {
  return attachments.map((sent) => {
    const attachment = { ...sent, url: ownPath(sent.url) };
    const node = attachmentNode(attachment, app);
    return attachment.filename.startsWith("SPOILER_") ? spoilerNode([node], app.t) : node;
  });
}

function attachmentNode(attachment, app) {
  if (isImage(attachment) && isOwn(attachment.url))
    return imageNode(attachment.url, attachment.description ?? attachment.filename, attachment);
  return fileNode(attachment, app);
}

/** Show a picture that this server keeps; its measure is reserved before it has loaded. */
export function imageNode(url, description, size = {}) {
  const image = h("img", {
    src: url,
    alt: description ?? "",
    loading: "lazy",
    width: size.width ?? null,
    height: size.height ?? null,
  });
  if (size.width) image.style.width = `${Math.min(size.width, WIDEST_PICTURE)}px`;
  return h("a", { class: "picture", href: url, target: "_blank", rel: "noopener" }, image);
}

/** Show a picture from anywhere: one from another place is only linked, since the page loads nothing from outside. */
export function anyImage(address, description, app) {
  const url = ownPath(address);
  if (isOwn(url)) return imageNode(url, description);
  return h(
    "a",
    { class: "outside", href: url, target: "_blank", rel: "noopener noreferrer" },
    icon("external"),
    description || app.t("pictureElsewhere"),
  );
}

/** Tell whether an address, as `ownPath` gives it, lies on this very server. */
function isOwn(url) {
  return url.startsWith(KEPT_HERE);
}

/**
 * Return the path alone of a file that this server keeps, and any other address as it is: the server names
 * itself as its own machine calls it, which says nothing to a phone in the same house.
 */
export function ownPath(url) {
  try {
    const { pathname, search, hostname } = new URL(url, location.href);
    const here = hostname === location.hostname || LOOPBACK.test(hostname);
    return here && pathname.startsWith(KEPT_HERE) ? pathname + search : url;
  } catch {
    return url;
  }
}

function isImage({ content_type, filename }) {
  return content_type
    ? /^image\/(png|jpeg|gif|webp|avif)/.test(content_type)
    : /\.(png|jpe?g|gif|webp|avif)$/i.test(filename);
}

function isText({ content_type, filename }) {
  return (
    /^text\/|json/.test(content_type ?? "") || /\.(txt|md|log|json|csv|toml|py|js|ya?ml)$/i.test(filename)
  );
}

/** Show a file with its name, size, a way to keep it and, for texts, a preview. */
export function fileNode(attachment, app) {
  const name = h(
    "a",
    { class: "file-name", href: attachment.url, download: attachment.filename },
    attachment.filename,
  );
  const node = h(
    "div",
    { class: "file" },
    icon("file"),
    h("span", { class: "file-words" }, name, h("span", { class: "file-size" }, sizeText(attachment.size))),
  );
  if (isText(attachment) && isOwn(attachment.url)) node.append(previewButton(attachment, app, node));
  node.append(
    h(
      "a",
      {
        class: "icon-button",
        href: attachment.url,
        download: attachment.filename,
        "aria-label": app.t("download", { name: attachment.filename }),
      },
      icon("download"),
    ),
  );
  return h("div", { class: "file-frame" }, node);
}

function previewButton(attachment, app, node) {
  const button = h(
    "button",
    { type: "button", class: "button quiet small", "aria-expanded": "false" },
    app.t("preview"),
  );
  let shown = null;
  button.addEventListener("click", async () => {
    if (shown) {
      shown.remove();
      shown = null;
    } else {
      shown = h("pre", { class: "file-preview", tabindex: "0" }, await beginning(attachment, app));
      node.after(shown);
    }
    button.setAttribute("aria-expanded", String(Boolean(shown)));
  });
  return button;
}

async function beginning(attachment, app) {
  try {
    const response = await fetch(attachment.url);
    if (!response.ok) return app.t("previewFailed");
    const text = await response.text();
    return text.length > PREVIEW_BYTES ? `${text.slice(0, PREVIEW_BYTES)}\n…` : text;
  } catch {
    return app.t("previewFailed");
  }
}

/** Write a size in bytes as people read it. */
export function sizeText(bytes) {
  if (bytes === undefined || bytes === null) return "";
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1048576) return `${(bytes / 1024).toFixed(1)} KB`;
  return `${(bytes / 1048576).toFixed(1)} MB`;
}
