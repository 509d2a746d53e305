/**
 * Questions to the server that the page asks by itself. Each fails with `Refused`.
 *
 * @typedef {import("./conversation.js").Conversation} Conversation
 * @typedef {import("./room.js").Room} Room
 */

const PAGE = 100;

/**
 * Enter a room.
 * @param {Conversation} conversation
 * @param {string} name
 * @returns {Promise<Room>}
 */
export async function join(conversation, name) {
  /** @type {import("./wire.js").RoomState} */
  const state = await conversation.request({ type: "join", room: name });
  return conversation.room(state.room);
}

/**
 * Leave a room.
 * @param {Conversation} conversation
 * @param {Room} room
 */
export async function leave(conversation, room) {
  await conversation.request({ type: "leave", room: room.name });
  conversation.rooms.delete(room.name);
}

/**
 * Load messages of a hole.
 * @param {Conversation} conversation
 * @param {Room} room
 * @param {number} before the id that the page ends before.
 * @param {number} limit
 */
export async function load(conversation, room, before, limit = PAGE) {
  /** @type {import("./wire.js").History} */
  const page = await conversation.request({ type: "history", room: room.name, before, limit });
  room.log.fill(page.messages, page.more, before, conversation.name);
}

/**
 * Load what stands around a message.
 * @param {Conversation} conversation
 * @param {Room} room
 * @param {number} id
 */
export async function loadAround(conversation, room, id) {
  if (!room.log.get(id)) await load(conversation, room, Math.min(id + PAGE / 2, room.head + 1));
}

/**
 * Load the end of a hole that is in sight.
 * @param {Conversation} conversation
 * @param {Room} room
 * @param {import("./log.js").Line} hole
 * @param {boolean} downwards whether the reader comes from above.
 */
export function loadHole(conversation, room, hole, downwards) {
  const [after, before] = [hole.after ?? 0, hole.before ?? 0];
  return load(conversation, room, downwards ? Math.min(after + PAGE + 1, before) : before);
}

/**
 * Search in a room.
 * @param {Conversation} conversation
 * @param {Room} room
 * @param {{text: string, from?: string, before?: number}} query
 * @returns {Promise<import("./wire.js").Found>}
 */
export function search(conversation, room, { text, from, before }) {
  return conversation.request({ type: "search", room: room.name, text, from, before });
}

/**
 * Returns all rooms that are there for us.
 * @param {Conversation} conversation
 */
export async function listRooms(conversation) {
  const found = [];
  for (let after; ; ) {
    /** @type {import("./wire.js").RoomList} */
    const page = await conversation.request({ type: "rooms", after });
    found.push(...page.rooms);
    after = page.rooms.at(-1)?.room;
    if (!after || found.length >= page.count) return found;
  }
}
