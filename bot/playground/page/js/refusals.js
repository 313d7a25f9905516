/** Says in the reader's language why the server refused a request; Discord itself answers in English. */

/** What Discord's error codes mean to a reader: a key of the catalogs. */
const BY_CODE = {
  10003: "refusedGone",
  10008: "refusedGone",
  10014: "refusedEmoji",
  10062: "refusedStale",
  10063: "refusedStale",
  20016: "refusedFast",
  30010: "refusedReactions",
  40001: "wrongPassword",
  40005: "refusedFile",
  50001: "refusedPlace",
  50005: "refusedRight",
  50006: "refusedEmpty",
  50013: "refusedRight",
  50083: "refusedArchived",
  90001: "refusedRight",
  160004: "refusedThread",
  200000: "refusedFilter",
  520001: "refusedPoll",
};
const BY_STATUS = { 413: "refusedFile", 429: "refusedFast" };
const BY_REASON = { BASE_TYPE_REQUIRED: "neededHere", BASE_TYPE_CHOICES: "notAChoice" };

/** Return the sentence for a refusal {code, message, errors}, or null where nothing is known of it. */
export function refusal(status, body, t) {
  if (body?.code === 50035) return formReason(firstLeaf(body.errors), t) ?? body.message;
  const key = BY_CODE[body?.code] ?? BY_STATUS[status] ?? (status >= 500 ? "refusedBroken" : null);
  return key ? t(key) : (body?.message ?? null);
}

function formReason(leaf, t) {
  if (!leaf) return null;
  const { path, code, message } = leaf;
  if (path.join(".") === "name" && code === "BASE_TYPE_BAD_LENGTH") return t("refusedName");
  const [, most] = /(\d+)(?: or fewer)? in length/.exec(message) ?? [];
  if (code === "BASE_TYPE_MAX_LENGTH" && most) return t("refusedLong", { count: most });
  return BY_REASON[code] ? t(BY_REASON[code]) : message;
}

/** Find the first leaf of Discord's nested validation errors: {path, code, message}. */
function firstLeaf(errors, path = []) {
  if (!errors || typeof errors !== "object") return null;
  if (Array.isArray(errors._errors) && errors._errors.length) return { path, ...errors._errors[0] };
  for (const [key, inner] of Object.entries(errors)) {
    const leaf = firstLeaf(inner, [...path, key]);
    if (leaf) return leaf;
  }
  return null;
}
