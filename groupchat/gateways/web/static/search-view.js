/** Searching in the room in view: a dialog with what was found. */
import { timeOf } from "./answers.js";
import { h } from "./dom.js";
import { heading, openDialog } from "./menu.js";
import { colourOf } from "./names.js";

/**
 * @typedef {{text: string, from?: string, before?: number}} Query
 * @typedef {import("./wire.js").Message} Message
 * @typedef {(query: Query) => Promise<import("./wire.js").Found>} Search
 */

/**
 * @param {string} room
 * @param {Search} search
 * @param {(id: number) => void} jump shows a message in its place.
 * @param {Query} [query] to begin with.
 */
export function openSearch(room, search, jump, query) {
  const field = h("input", { type: "search", name: "text", "aria-label": "Words", value: asTyped(query), autocomplete: "off" });
  const list = h("ol", { class: "found-list" });
  const status = h("p", { role: "status", class: "quiet" });
  const more = h("button", { type: "button", class: "wide", hidden: true }, "Look further back");
  const form = h("form", { role: "search", onsubmit: begin },
    heading(`Search in ${room}`),
    h("div", { class: "row" }, field, h("button", { type: "submit", class: "primary" }, "Search")));
  const dialog = openDialog(h("div", { class: "search" }, form, status, list, more));
  field.focus();
  if (query) form.requestSubmit();

  /** @param {Event} event */
  function begin(event) {
    event.preventDefault();
    list.replaceChildren();
    const asked = asQuery(field.value);
    if (asked) look(asked);
    else status.textContent = "Type words that the message contains; from:NAME asks for what one member said.";
  }

  /** @param {Query} asked */
  async function look(asked) {
    status.textContent = "Searching …";
    try {
      const found = await search(asked);
      list.append(...found.messages.toReversed().map((message) => item(message, show)));
      const count = list.children.length;
      status.textContent = count === 1 ? "1 message found." : `${count} messages found.`;
      more.hidden = !found.more;
      more.onclick = () => look({ ...asked, before: found.before });
    } catch (error) {
      status.textContent = /** @type {Error} */ (error).message;
    }
  }

  /** @param {number} id */
  function show(id) {
    dialog.close();
    jump(id);
  }
}

/** @param {Query} [query] */
function asTyped(query) {
  return query ? `${query.from ? `from:${query.from} ` : ""}${query.text}` : "";
}

/** @param {string} typed @returns {Query | null} */
function asQuery(typed) {
  const words = typed.split(/\s+/).filter(Boolean);
  const from = words.findLast((word) => word.startsWith("from:"))?.slice(5).replace(/^@/, "");
  const text = words.filter((word) => !word.startsWith("from:")).join(" ");
  return text ? { text, from: from || undefined } : null;
}

/** @param {Message} message @param {(id: number) => void} show */
function item({ id, replaces, from, at, text }, show) {
  return h("li", {}, h("button", { type: "button", onclick: () => show(replaces ?? id) },
    h("span", { class: `who c${colourOf(from)}` }, from),
    h("time", { datetime: at }, timeOf(new Date(at), new Date())),
    h("span", { class: "text", dir: "auto" }, text)));
}
