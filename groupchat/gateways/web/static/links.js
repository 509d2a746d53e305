/**
 * Finds the links, the code and the reader's own name in a text.
 *
 * A link is shown as it was typed, so that it can't pretend to lead elsewhere. Only links to the
 * web and to mail addresses become links. A host with letters that are not ASCII is followed by
 * the form in which the browser will ask for it, as such letters may look like others.
 *
 * @typedef {{kind: "text" | "code" | "mention", text: string}
 *   | {kind: "link", text: string, href: string, host: string}} Part
 */
import { mentionsIn } from "./names.js";

const LINK = /\b(?:https?:\/\/|mailto:)[^\s<>"`\u0000-\u0020\ufffd]+/giu;
const CODE = /`[^`]+`/g;
const SAFE = new Set(["http:", "https:", "mailto:"]);
// Invisible and direction-changing characters: a link with one of them is no link.
const HIDDEN = new RegExp(
  "\\u00ad|\\u034f|\\u061c|\\u115f|\\u1160|\\u17b4|\\u17b5|\\u3164|\\ufeff|[\\u180b-\\u180f\\u200b-\\u200f\\u202a-\\u202e]|" +
    "[\\u2060-\\u206f\\ufff0-\\ufffc\\u{e0000}-\\u{e0fff}]", "u");
const CLOSING = ".,;:!?'\"*_~";
const PAIRS = { ")": "(", "]": "[", "}": "{" };

/**
 * Returns the parts of a text, in order; together they are the text.
 * @param {string} text
 * @param {string} [name] the reader's.
 * @returns {Part[]}
 */
export function parts(text, name = "") {
  return split(text, CODE, code).flatMap((part) =>
    part.kind === "text" ? split(part.text, LINK, link).flatMap((one) => named(one, name)) : part,
  );
}

/**
 * @param {string} text
 * @param {RegExp} pattern
 * @param {(found: string) => Part | null} make
 * @returns {Part[]}
 */
function split(text, pattern, make) {
  /** @type {Part[]} */
  const found = [];
  let from = 0;
  for (const match of text.matchAll(pattern)) {
    const part = make(match[0]);
    if (!part) continue;
    if (match.index > from) found.push({ kind: "text", text: text.slice(from, match.index) });
    found.push(part);
    from = match.index + part.text.length;
  }
  if (from < text.length) found.push({ kind: "text", text: text.slice(from) });
  return found;
}

/**
 * @param {string} found
 * @returns {Part}
 */
function code(found) {
  return { kind: "code", text: found };
}

/**
 * @param {string} found
 * @returns {Part | null}
 */
function link(found) {
  const text = trimmed(found);
  const url = safeUrl(text);
  if (!url) return null;
  const odd = url.host && /[^\0-\x7f]/.test(text.slice(0, text.indexOf("/", 8) >>> 0));
  return { kind: "link", text, href: url.href, host: odd ? url.host : "" };
}

/**
 * Returns where a link leads if it is safe to click, or null.
 * @param {string} text
 * @returns {URL | null}
 */
export function safeUrl(text) {
  if (HIDDEN.test(text)) return null;
  try {
    const url = new URL(text);
    if (!SAFE.has(url.protocol) || url.username || url.password) return null;
    return url;
  } catch {
    return null;
  }
}

/**
 * Returns a link without what belongs to the sentence around it.
 * @param {string} found
 */
function trimmed(found) {
  let text = found;
  for (;;) {
    const last = text.at(-1) ?? "";
    const opening = PAIRS[/** @type {keyof typeof PAIRS} */ (last)];
    const unopened = opening && text.split(opening).length < text.split(last).length;
    if (!unopened && !(last && CLOSING.includes(last))) return text;
    text = text.slice(0, -1);
  }
}

/**
 * @param {Part} part
 * @param {string} name
 * @returns {Part[]}
 */
function named(part, name) {
  if (part.kind !== "text" || !name) return [part];
  /** @type {Part[]} */
  const found = [];
  let from = 0;
  for (const [begin, end] of mentionsIn(part.text, name)) {
    if (begin > from) found.push({ kind: "text", text: part.text.slice(from, begin) });
    found.push({ kind: "mention", text: part.text.slice(begin, end) });
    from = end;
  }
  if (from < part.text.length) found.push({ kind: "text", text: part.text.slice(from) });
  return found;
}
