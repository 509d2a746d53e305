/** The list of the rooms that the reader is in, with what is unread in them. */
import { h } from "./dom.js";

/** @typedef {import("./room.js").Room} Room */

/** The number of rooms that Alt and a digit can choose. */
const DIGITS = 9;

/**
 * @param {HTMLElement} list
 * @param {Room[]} rooms
 * @param {Room | null} current
 * @param {(room: Room) => boolean} hasDraft
 * @param {(room: Room) => void} show
 */
export function drawRooms(list, rooms, current, hasDraft, show) {
  const sign = JSON.stringify(rooms.map((room) =>
    [room.name, room.unread, room.mentions, room === current, hasDraft(room), room.joined]));
  if (list.dataset.sign === sign) return;
  list.dataset.sign = sign;
  const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset.room;
  list.replaceChildren(...rooms.map((room, index) => item(room, index, room === current, hasDraft(room), show)));
  if (focused && !list.contains(document.activeElement)) {
    [...list.querySelectorAll("button")].find(({ dataset }) => dataset.room === focused)?.focus();
  }
}

/**
 * @param {Room} room @param {number} index @param {boolean} current @param {boolean} draft
 * @param {(room: Room) => void} show
 */
function item(room, index, current, draft, show) {
  const parts = [h("span", { class: "name", dir: "auto" }, room.direct ? room.name.slice(1) : room.name)];
  if (draft && !current) parts.push(h("span", { class: "draft" }, "✎", h("span", { class: "hide" }, "a draft")));
  const { unread, mentions } = room;
  if (unread && !current) {
    const what = mentions ? `${mentions} for you` : "unread";
    parts.push(h("span", { class: mentions ? "badge loud" : "badge" }, short(mentions || unread),
      h("span", { class: "hide" }, ` ${what}`)));
  }
  const button = h("button", {
    class: `room${unread && !current ? " unread" : ""}${room.direct ? " direct" : ""}`,
    "data-room": room.name,
    "aria-current": current ? "page" : undefined,
    title: index < DIGITS ? `Alt+${index + 1}` : undefined,
    onclick: () => show(room),
  }, ...parts);
  return h("li", {}, button);
}

/** @param {number} count */
export const short = (count) => (count > 999 ? "999+" : String(count));
