/** The rooms that a typed name may mean. */

/** @typedef {{room: string, count: number, topic: string}} Row */

/**
 * Returns the rooms whose names or topics have what was typed in them, and the one that Enter enters: that of this
 * name, or else the first whose name has it in it, or else a new one.
 * @param {Row[]} rooms
 * @param {string} text as it was typed.
 * @returns {{typed: string, found: Row[], target: string, isNew: boolean, status: string}}
 */
export function matches(rooms, text) {
  const typed = text.trim().replace(/^#/, "").toLowerCase();
  const found = rooms.filter(({ room, topic }) => `${room} ${topic}`.toLowerCase().includes(typed));
  const names = found.map(({ room }) => room);
  const isNew = typed !== "" && !names.includes(typed);
  const target = isNew ? names.find((room) => room.includes(typed)) ?? typed : typed;
  return { typed, found, target, isNew, status: told() };

  function told() {
    if (!found.length) return "There is no such room yet. Enter makes it.";
    const count = `${found.length} of ${rooms.length}.`;
    if (!typed) return count;
    return target === typed && isNew ? `${count} Enter makes ${typed}.` : `${count} Enter opens ${target}.`;
  }
}
