/** Tells the reader of messages and answers, and knows the people that can be named. */
import { isDirect, key } from "./names.js";
import { Notices } from "./notices.js";

/**
 * @typedef {import("./log.js").Line} Line
 * @typedef {import("./room.js").Room} Room
 */

export class Hearing {
  /** @param {import("./app.js").App} app */
  constructor(app) {
    this._app = app;
    this.notices = new Notices({ wanted: app.storage.wantsNotices() });
  }

  /**
   * A message of somebody else arrived.
   * @param {Room} room
   * @param {Line} line
   * @param {boolean} live whether it is no history.
   */
  heard(room, line, live) {
    const unread = (line.id ?? 0) > room.mark;
    if (unread && room.news === null && !this._app.view.reads(room)) room.news = line.id ?? null;
    if (live && unread && (line.mention || room.direct)) {
      this._notify(`${line.from} in ${room.name}`, line.text, room);
    }
  }

  /**
   * Tell something in the room in view.
   * @param {string} text
   * @param {import("./log.js").Kind} kind
   * @param {string} [from]
   */
  tell(text, kind, from = "") {
    const { room, view } = this._app;
    if (!room) return;
    room.log.tell(kind, text, { from, at: new Date().toISOString(), mention: kind === "tell" });
    if (from) this._notify(`${from} ${kind === "tell" ? "to you" : "to all"}`, text, room);
    view.update();
  }

  /** @param {string} title @param {string} text @param {Room} room */
  _notify(title, text, room) {
    this.notices.tell(title, text, () => this._app.show(room));
  }

  /** @returns {import("./completion.js").Surroundings} */
  around() {
    const { room, conversation, rooms } = this._app;
    const people = new Map();
    for (const line of room?.log.lines.slice(-200).toReversed() ?? []) {
      if (line.id !== undefined && line.from && !line.own) people.set(key(line.from), line.from);
    }
    const members = [...(room?.members.values() ?? [])].sort();
    for (const name of members) if (!people.has(key(name))) people.set(key(name), name);
    people.delete(key(conversation.name));
    const direct = Object.keys(conversation.direct).filter(isDirect);
    const names = [...new Set([...rooms.map(({ name }) => name), ...direct])];
    return { people: [...people.values()], rooms: names, operator: conversation.operator };
  }
}
