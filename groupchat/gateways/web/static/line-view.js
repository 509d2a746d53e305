/** Draws the lines of a room, each as an item of a list. */
import { timeOf } from "./answers.js";
import { h } from "./dom.js";
import { parts } from "./links.js";
import { colourOf } from "./names.js";

const GROUP_MINUTES = 5;

/** @typedef {import("./log.js").Line} Line */

/**
 * Returns whether a line goes on with what the line before says, so that the name is not repeated.
 * @param {Line} line
 * @param {Line | undefined} before
 */
export function goesOn(line, before) {
  if (line.kind !== "message" || before?.kind !== "message" || line.from !== before.from) return false;
  return Date.parse(line.at) - Date.parse(before.at) < GROUP_MINUTES * 60_000;
}

/**
 * @param {Line} line
 * @param {string} me the reader.
 * @param {boolean} grouped whether the name is the one above.
 */
export function drawLine(line, me, grouped) {
  const classes = ["line", line.kind];
  for (const flag of /** @type {const} */ (["own", "mention", "waiting", "removed"])) {
    if (line[flag]) classes.push(flag);
  }
  if (grouped) classes.push("grouped");
  if (!line.from && !line.own && line.kind !== "hole") classes.push("unsigned");
  const children = line.kind === "hole" ? ["Loading …"] : [time(line), who(line, me), text(line, me)];
  return h("li", { class: classes.join(" "), "data-key": line.key, tabindex: -1 }, ...children);
}

/** @param {Line} line */
function time({ at, waiting }) {
  if (waiting) return h("time", {}, "…", h("span", { class: "hide" }, "not stored yet"));
  if (!at) return h("time");
  const date = new Date(at);
  const short = date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return h("time", { datetime: at, title: timeOf(date, new Date(0)) }, short);
}

/** @param {Line} line @param {string} me */
function who({ kind, from, own }, me) {
  const name = from || (own ? me : "");
  const sign = kind === "act" ? "* " : "";
  if (!name) return h("span", { class: "who sign", "aria-hidden": "true" }, kind === "error" ? "!" : "–");
  return h("span", { class: `who c${colourOf(name)}`, "data-name": name }, sign, name);
}

/** @param {Line} line @param {string} me */
function text(line, me) {
  const shown = h("span", { class: "text", dir: "auto" });
  if (line.kind === "tell") shown.append(h("em", {}, line.own ? "(to one person) " : "(to you) "));
  if (line.removed) shown.append("This message was removed.");
  else for (const part of parts(line.text, me)) shown.append(drawPart(part));
  if (line.edited) shown.append(h("small", {}, " (corrected)"));
  return shown;
}

/** @param {import("./links.js").Part} part @returns {Node | string} */
function drawPart(part) {
  switch (part.kind) {
    case "code": return h("code", {}, part.text.slice(1, -1));
    case "mention": return h("mark", {}, part.text);
    case "link": return drawLink(part);
    default: return part.text;
  }
}

/** @param {Extract<import("./links.js").Part, {kind: "link"}>} part */
function drawLink({ href, text: shown, host }) {
  const link = h("a", { href, target: "_blank", rel: "noopener noreferrer nofollow", dir: "ltr" }, shown);
  return host ? h("span", {}, link, h("small", { class: "host" }, ` [${host}]`)) : link;
}

/** @param {Date} date */
export function drawDay(date) {
  const text = date.toLocaleDateString([], { weekday: "long", day: "numeric", month: "long", year: "numeric" });
  return h("li", { class: "day" }, h("span", {}, text));
}

export function drawNew() {
  return h("li", { class: "day new" }, h("span", {}, "new"));
}
