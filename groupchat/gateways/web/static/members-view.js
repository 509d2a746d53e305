/** The members of the room in view. */
import { h } from "./dom.js";
import { colourOf } from "./names.js";

const MAX_SHOWN = 300;

/**
 * @param {HTMLElement} list
 * @param {import("./room.js").Room} room
 * @param {string} me
 * @param {(name: string, anchor: HTMLElement) => void} choose
 */
export function drawMembers(list, room, me, choose) {
  const names = [...room.members.values()].sort((left, right) => left.localeCompare(right));
  const shown = names.slice(0, MAX_SHOWN);
  const sign = `${room.count} ${me} ${shown.join(" ")}`;
  if (list.dataset.sign === sign) return;
  list.dataset.sign = sign;
  const items = shown.map((name) => {
    const button = h("button", { class: `member c${colourOf(name)}`, "aria-haspopup": "menu" }, name,
      name === me ? h("small", {}, " you") : "");
    button.onclick = () => choose(name, button);
    return h("li", {}, button);
  });
  const more = Math.max(room.count, names.length) - shown.length;
  if (more > 0) items.push(h("li", { class: "quiet" }, `and ${more} more`));
  list.replaceChildren(...items);
}
