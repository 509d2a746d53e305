/**
 * A room: its members, its messages, how far it was read, and our own messages on their way.
 *
 * @typedef {import("./wire.js").RoomEvent} RoomEvent
 * @typedef {import("./log.js").Line} Line
 * @typedef {import("./send-window.js").Entry} Entry
 */
import { Log } from "./log.js";
import { isDirect, key } from "./names.js";
import { SendWindow } from "./send-window.js";

export class Room {
  /**
   * @param {string} name as the server writes it.
   * @param {import("./send-window.js").Clock} clock
   * @param {() => void} wake called when a message is due.
   */
  constructor(name, clock, wake) {
    this.name = name;
    this.direct = isDirect(name);
    this.log = new Log();
    this.window = new SendWindow(clock, wake);
    this.joined = false; // whether its events arrive now
    this.topic = "";
    this.count = 0;
    this.first = 0;
    this.head = 0; // the newest id that is known to exist
    this.mark = 0; // the id up to which the reader has read
    this.through = 0; // ids up to it are history
    /** @type {Map<string, string>} names by their keys */
    this.members = new Map();
    /** @type {number | null} the first id that the reader had not seen when it arrived */
    this.news = null;
    /** @type {string | undefined} */
    this._epoch = undefined;
    /** @type {string | undefined} */
    this._nextEpoch = undefined;
    this._said = 0;
    this._newLog = false;
    /** @type {Line[]} our messages that have an id, but have not arrived yet */
    this._stored = [];
  }

  /** Where to go on after a lost connection; null: at the newest few messages. */
  get position() {
    const after = this.log.newest;
    return after === null ? null : { epoch: this._epoch, after };
  }

  /**
   * Go on where an earlier page stood.
   * @param {import("./wire.js").Position} position
   */
  resumeAt({ epoch, after }) {
    this._epoch = epoch;
    this.log.newest = after;
  }

  /** Messages that were not read. Ids have no holes, so that none has to be loaded to know it. */
  get unread() {
    return Math.max(0, this.head - this.mark);
  }

  /** Unread messages that name the reader; in a direct room, all. */
  get mentions() {
    if (this.direct || !this.unread) return this.unread;
    return this.log.lines.filter((line) => line.mention && (line.id ?? 0) > this.mark).length;
  }

  /** The reader's messages that are not in the log yet, as lines. */
  get pending() {
    const waiting = this.window.unanswered.filter((entry) => entry.text && !entry.replaces);
    return [...this._stored, ...waiting.map((entry) => pendingLine(entry))];
  }

  /**
   * An event of the room arrived. Returns the line of a message, if it is one.
   * @param {RoomEvent} event
   * @param {string} me
   * @returns {Line | null}
   */
  handle(event, me) {
    switch (event.type) {
      case "message": return this._onMessage(event, me);
      case "presence": this._onPresence(event); break;
      case "room": this._onState(event); break;
      case "gap": this.log.gap(event.after, event.before); break;
      case "reset": this._onReset(event); break;
      case "catchup": this._onCatchup(event.through); break;
      case "topic": this._onTopic(event); break;
    }
    return null;
  }

  /** @param {import("./wire.js").Message} event @param {string} me */
  _onMessage(event, me) {
    const line = this.log.arrive(event, me);
    this.head = Math.max(this.head, event.id);
    this._stored = this._stored.filter(({ id }) => (id ?? 0) > event.id);
    return line;
  }

  /** @param {import("./wire.js").RoomState} state */
  _onState(state) {
    this._nextEpoch = state.epoch;
    if (this.position === null) this._epoch = state.epoch;
    Object.assign(this, { topic: state.topic, count: state.count, first: state.first });
    this.head = state.head;
    this.mark = Math.max(state.mark ?? 0, Math.min(this.mark, state.head));
    this.members = new Map(state.members.map((name) => [key(name), name]));
    this._said = state.said;
    this.log.start(state.first, state.head);
  }

  /** @param {import("./wire.js").Reset} reset */
  _onReset({ epoch, first, head }) {
    this._newLog = true;
    this._epoch = this._nextEpoch = epoch;
    this._stored = [];
    this.news = null;
    this.mark = Math.min(this.mark, head);
    this.log.clear();
    this.log.start(first, head);
  }

  /** @param {number} through */
  _onCatchup(through) {
    this._epoch = this._nextEpoch;
    this.through = through;
    if (this.joined) return;
    this.joined = true;
    this.window.open(this._said, this._newLog);
    this._newLog = false;
  }

  /** @param {import("./wire.js").Presence} change */
  _onPresence(change) {
    for (const name of change.left ?? []) this.members.delete(key(name));
    for (const [old, name] of Object.entries(change.renamed ?? {})) {
      this.members.delete(key(old));
      this.members.set(key(name), name);
    }
    for (const name of change.joined ?? []) this.members.set(key(name), name);
    this.count = change.count;
    this.log.changeMembers(change);
  }

  /** @param {import("./wire.js").Topic} topic */
  _onTopic({ text, from }) {
    this.topic = text;
    this.log.tell("notice", text ? `${from} set the topic: ${text}` : `${from} cleared the topic.`);
  }

  /**
   * The server says that it has written everything up to this id.
   * @param {number} head
   */
  onHead(head) {
    if (head > (this.log.newest ?? 0)) this.log.skipTo(head + 1);
    this.head = Math.max(this.head, head);
  }

  /**
   * The server has stored a message of ours.
   * @param {import("./wire.js").Ok} ok
   */
  acknowledged({ n, id }) {
    const entry = this.window.acknowledged(n ?? 0);
    if (!entry || id === undefined || id <= (this.log.newest ?? 0)) return;
    if (entry.text && !entry.replaces) {
      this._stored.push({ ...pendingLine(entry), id, waiting: false });
    }
  }

  /** The connection is gone. */
  disconnected() {
    this.joined = false;
    this.window.close();
  }
}

/** @param {Entry} entry @returns {Line} */
function pendingLine({ key: name, text = "", act, at }) {
  return { key: name, kind: act ? "act" : "message", text, from: "", at, own: true, waiting: true };
}
