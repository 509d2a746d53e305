/**
 * The messages that are not stored yet, as the browser keeps them and as lines of the wire.
 *
 * @typedef {import("./send-window.js").Entry} Entry
 * @typedef {{entries: Entry[], positions: Record<string, import("./wire.js").Position>}} Outbox
 *   with where their rooms stood: whether their numbers still count is told by that.
 */

/**
 * @param {import("./room.js").Room[]} rooms
 * @returns {Outbox}
 */
export function outboxOf(rooms) {
  const used = rooms.filter((room) => room.window.unanswered.length);
  const positions = used.flatMap(({ name, position }) => (position ? [[name, position]] : []));
  return {
    entries: used.flatMap((room) => room.window.unanswered),
    positions: Object.fromEntries(positions),
  };
}

/** @param {Entry} entry @returns {import("./wire.js").Command} */
export function sayOf({ room, text, act, replaces, redacts, n }) {
  return { type: "say", room, text, act, replaces, redacts, n };
}
