/** Finds a room among those of the server, or makes one. */
import { h } from "./dom.js";
import { openDialog } from "./menu.js";
import { listRooms } from "./questions.js";

/**
 * @param {import("./conversation.js").Conversation} conversation
 * @param {(name: string) => void} join
 */
export async function findRoom(conversation, join) {
  const field = h("input", { name: "room", "aria-label": "Room", placeholder: "A room, or @NAME", autocomplete: "off",
    autocapitalize: "off", spellcheck: "false", maxlength: 128, oninput: () => draw() });
  const list = h("ul", { class: "found-list" });
  const status = h("p", { class: "quiet", role: "status" }, "Loading …");
  const form = h("form", { onsubmit: choose },
    h("h2", { id: "dialog-title" }, "Find or make a room"),
    h("div", { class: "row" }, field, h("button", { type: "submit", class: "primary" }, "Enter it")));
  const dialog = openDialog(h("div", { class: "search" }, form, status, list));
  field.focus();
  /** @type {{room: string, count: number, topic: string}[]} */
  let rooms = [];
  try {
    rooms = await listRooms(conversation);
  } catch (error) {
    status.textContent = /** @type {Error} */ (error).message;
    return;
  }
  const direct = Object.keys(conversation.direct).map((room) => ({ room, count: 2, topic: "" }));
  rooms = [...rooms.toSorted((left, right) => right.count - left.count), ...direct];
  draw();

  function draw() {
    const typed = field.value.trim().replace(/^#/, "").toLowerCase();
    const found = rooms.filter(({ room, topic }) => `${room} ${topic}`.toLowerCase().includes(typed));
    status.textContent = found.length ? `${found.length} of ${rooms.length}` : "There is no such room yet. Enter makes it.";
    list.replaceChildren(...found.slice(0, 200).map((one) => h("li", {}, h("button", { type: "button", onclick: () => enter(one.room) },
      h("span", { class: "who", dir: "auto" }, one.room),
      h("small", {}, one.room.startsWith("@") ? "the two of you" : `${one.count} here`),
      h("span", { class: "text", dir: "auto" }, one.topic)))));
  }

  /** @param {Event} event */
  function choose(event) {
    event.preventDefault();
    if (field.value.trim()) enter(field.value);
  }

  /** @param {string} name */
  function enter(name) {
    dialog.close();
    join(name);
  }
}
