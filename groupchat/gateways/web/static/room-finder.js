/** Finds a room among those of the server, or makes one. */
import { h } from "./dom.js";
import { heading, openDialog } from "./menu.js";
import { listRooms } from "./questions.js";
import { matches } from "./room-matches.js";

const MOST = 200; // rooms that are shown

/**
 * @param {import("./conversation.js").Conversation} conversation
 * @param {(name: string) => void} join
 */
export async function findRoom(conversation, join) {
  const field = h("input", { name: "room", "aria-label": "Room", placeholder: "A room, or @NAME", autocomplete: "off",
    autocapitalize: "off", spellcheck: "false", maxlength: 128, oninput: () => draw() });
  const list = h("ul", { class: "found-list" });
  const status = h("p", { class: "quiet", role: "status" }, "Loading …");
  const form = h("form", { onsubmit: choose }, heading("Find or make a room"),
    h("div", { class: "row" }, field, h("button", { type: "submit", class: "primary" }, "Enter")));
  const dialog = openDialog(h("div", { class: "search" }, form, status, list));
  field.focus();
  /** @type {import("./room-matches.js").Row[] | null} */
  let rooms = null; // they are on their way
  let chosen = false; // before they were there
  try {
    const direct = Object.keys(conversation.direct).map((room) => ({ room, count: 2, topic: "" }));
    const listed = await listRooms(conversation);
    rooms = [...listed.toSorted((left, right) => right.count - left.count), ...direct];
    draw();
  } catch (error) {
    rooms = [];
    status.textContent = /** @type {Error} */ (error).message;
  }
  if (chosen && dialog.open) form.requestSubmit();

  function draw() {
    if (!rooms) return;
    const { typed, found, isNew, status: told } = matches(rooms, field.value);
    const some = found.slice(0, MOST);
    if (isNew) some.push({ room: typed, count: 0, topic: "" });
    list.replaceChildren(...some.map((one) => h("li", {}, h("button", { type: "button", onclick: () => enter(one.room) },
      h("span", { class: "who", dir: "auto" }, one.room), h("small", {}, isNew && one.room === typed ? "a new room" : note(one)),
      h("span", { class: "text", dir: "auto" }, one.topic)))));
    status.textContent = told;
  }

  /** @param {Event} event */
  function choose(event) {
    event.preventDefault();
    chosen = true;
    const { target } = matches(rooms ?? [], field.value);
    if (rooms && target) enter(target);
  }

  /** @param {string} name */
  function enter(name) {
    dialog.close();
    join(name);
  }
}

/** @param {import("./room-matches.js").Row} row */
function note({ room, count }) {
  return room.startsWith("@") ? "the two of you" : `${count} here`;
}
