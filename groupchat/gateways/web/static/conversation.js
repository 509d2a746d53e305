/**
 * Messages and requests over one connection after the other: nothing is lost or said twice.
 *
 * Sans-I/O: the connection gives it `send`, and every line of the server.
 *
 * @typedef {import("./wire.js").ServerLine} ServerLine
 * @typedef {import("./wire.js").Command} Command
 * @typedef {import("./send-window.js").Entry} Entry
 * @typedef {import("./outbox.js").Outbox} Outbox
 * @typedef {object} Listener is told what happens.
 * @property {() => void} changed something is to be drawn again.
 * @property {(room: Room, line: import("./log.js").Line, live: boolean) => void} heard a message
 *   of somebody else arrived.
 * @property {(text: string, kind: import("./log.js").Kind, from?: string) => void} tell
 *   something is to be told in the room in view.
 * @property {(outbox: Outbox) => void} save keep the messages that are not stored yet.
 * @property {(room: Room, text: string) => void} expelled the room can't be used any more.
 */
import { Marks } from "./marks.js";
import { key } from "./names.js";
import { outboxOf, sayOf } from "./outbox.js";
import { join } from "./questions.js";
import { Refused, Requests } from "./requests.js";
import { Room } from "./room.js";
import { RENUMBERED, RETRYABLE } from "./send-window.js";

const LOBBY = "lobby";
const MAX_DIRECT = 9; // direct rooms with news that are joined by themselves

export class Conversation {
  /**
   * @param {import("./send-window.js").Clock} clock
   * @param {Listener} listener
   * @param {() => Date} now
   */
  constructor(clock, listener, now = () => new Date()) {
    this._clock = clock;
    this._listener = listener;
    this._now = now;
    this._said = 0;
    /** @type {((commands: Command[]) => void) | null} while there is a connection */
    this._send = null;
    this.name = "";
    this.operator = false;
    this.server = "";
    /** @type {Map<string, Room>} */
    this.rooms = new Map();
    /** @type {Record<string, {head: number, mark: number}>} direct rooms that are not joined */
    this.direct = {};
    this.requests = new Requests();
    this.marks = new Marks(clock, (command) => this._send?.([command]));
  }

  get online() {
    return this._send !== null;
  }

  /** Messages that are not stored yet. */
  get waiting() {
    return [...this.rooms.values()].reduce((sum, { window }) => sum + window.unanswered.length, 0);
  }

  /**
   * Be in these rooms from the next hello on, with what an earlier page has left unsaid.
   * @param {string[]} names
   * @param {Outbox | null} outbox
   */
  restore(names, outbox) {
    for (const name of names) this.room(name);
    for (const entry of outbox?.entries ?? []) {
      const room = this.room(entry.room);
      const position = outbox?.positions[entry.room];
      if (position && room.position === null) room.resumeAt(position);
      room.window.add(entry);
    }
    if (!this.rooms.size) this.room(LOBBY);
  }

  /**
   * Returns a room; from now on we are in it, or about to be.
   * @param {string} name
   */
  room(name) {
    const room = this.rooms.get(name) ?? new Room(name, this._clock, () => this._flush());
    this.rooms.set(name, room);
    return room;
  }

  /**
   * Returns the hello of a connection.
   * @param {string} name
   * @param {string} client the secret of this tab.
   * @param {string} [password]
   * @returns {Command}
   */
  hello(name, client, password) {
    const rooms = Object.fromEntries([...this.rooms.values()].map((room) => [room.name, room.position]));
    return { type: "hello", name, client, rooms, ...(password ? { password } : {}) };
  }

  /**
   * The server has let us in.
   * @param {(commands: Command[]) => void} send
   * @param {import("./wire.js").Welcome} welcome
   */
  connected(send, { name, operator, server, motd }) {
    const again = this.server !== "";
    this._send = send;
    Object.assign(this, { name, operator, server });
    this.marks.connected();
    if (motd && !again) this._listener.tell(motd, "notice");
    this._listener.changed();
  }

  /** The connection is gone. */
  disconnected() {
    this._send = null;
    for (const room of this.rooms.values()) room.disconnected();
    this.marks.disconnected();
    this.requests.disconnected();
    this._listener.changed();
  }

  /**
   * Handle a line of the server, after the welcome.
   * @param {ServerLine} line
   */
  receive(line) {
    switch (line.type) {
      case "message": case "presence": case "gap": case "reset": case "catchup": case "room":
      case "topic": this._onRoomEvent(line); break;
      case "ok": this._onOk(line); break;
      case "error": this._onError(line); break;
      case "ping": this._onPing(line); break;
      case "mark": this._onMark(line); break;
      case "direct": this._onDirect(line); break;
      case "tell": this._listener.tell(line.text, "tell", line.from); break;
      case "notice": this._listener.tell(line.text, "notice", line.from); break;
      case "welcome": case "bye": break;
      default: this.requests.settle(line);
    }
    this._listener.changed();
  }

  /** @param {import("./wire.js").RoomEvent} event */
  _onRoomEvent(event) {
    if (event.type === "presence") this._rename(event.renamed ?? {});
    if ("ref" in event && this.requests.settle(event) && event.type === "topic") return;
    const room = event.type === "room" ? this.room(event.room) : this.rooms.get(event.room);
    if (!room) return;
    const line = room.handle(event, this.name);
    if (event.type === "room") this.marks.joined(room);
    if (event.type === "catchup") this._flush();
    if (line && !line.own) this._listener.heard(room, line, (line.id ?? 0) > room.through);
  }

  /** @param {Record<string, string>} renamed */
  _rename(renamed) {
    const name = Object.entries(renamed).find(([old]) => key(old) === key(this.name))?.[1];
    if (name) this.name = name;
  }

  /** @param {import("./wire.js").Ok} ok */
  _onOk(ok) {
    if (ok.n !== undefined) {
      this.rooms.get(ok.room ?? "")?.acknowledged(ok);
      this._flush();
    }
    this.requests.settle(ok);
  }

  /** @param {import("./wire.js").Refusal} error */
  _onError(error) {
    if (this.requests.settle(error) || error.ref === "mark") return;
    const room = this.rooms.get(error.room ?? "");
    if (room && error.n !== undefined) this._refused(room, error);
    else if (room && error.ref === undefined) this._expel(room, error.text);
    else this._listener.tell(error.text, "error");
  }

  /** @param {Room} room @param {import("./wire.js").Refusal} error */
  _refused(room, error) {
    const entry = room.window.refused(error);
    if (entry && !RETRYABLE.has(error.code)) {
      if (entry.text) room.log.tell("error", `Not said: ${entry.text}`);
      room.log.tell("error", error.text);
    } else if (entry && !RENUMBERED.has(error.code)) {
      this._listener.tell(error.text, "error");
    }
    this._flush();
  }

  /** @param {Room} room @param {string} text */
  _expel(room, text) {
    const lost = room.window.abandon().filter((entry) => entry.text);
    this.rooms.delete(room.name);
    this._listener.expelled(room, text);
    for (const entry of lost) this._listener.tell(`Not said: ${entry.text}`, "error");
    this._save();
  }

  /** @param {import("./wire.js").Ping} ping */
  _onPing({ heads = {} }) {
    this._send?.([{ type: "pong" }]);
    for (const [name, head] of Object.entries(heads)) {
      const room = this.rooms.get(name);
      if (room?.joined) room.onHead(head);
    }
  }

  /** @param {import("./wire.js").Mark} mark */
  _onMark({ room: name, id }) {
    const room = this.rooms.get(name);
    if (room) room.mark = Math.max(room.mark, id);
  }

  /** @param {import("./wire.js").Direct} direct */
  _onDirect({ rooms }) {
    this.direct = { ...this.direct, ...rooms };
    const unread = Object.entries(rooms).filter(([name, { head, mark }]) => head > mark && !this.rooms.has(name));
    for (const [name] of unread.slice(0, MAX_DIRECT)) join(this, name).catch(() => {});
  }

  /**
   * Ask the server. Fails with `Refused`.
   * @param {Command} command
   * @returns {Promise<any>} the answer; its type depends on the command.
   */
  request(command) {
    if (!this._send) return Promise.reject(new Refused("lost", "There is no connection. Ask again when there is."));
    const { ref, answer } = this.requests.ask();
    this._send([{ ...command, ref }]);
    return answer;
  }

  /**
   * Say something in a room, now or once there is a connection.
   * @param {Room} room
   * @param {Pick<Entry, "text" | "act" | "replaces" | "redacts">} said
   */
  say(room, said) {
    const key_ = `s${this._now().getTime()}.${++this._said}`;
    room.window.add({ ...said, key: key_, room: room.name, at: this._now().toISOString() });
    if (this.online) this._flush();
    else this._save();
    this._listener.changed();
  }

  /** Send the messages that are due. The outbox has their numbers before the server. */
  _flush() {
    const due = [...this.rooms.values()].flatMap((room) => room.window.due());
    this._save();
    if (due.length) this._send?.(due.map(sayOf));
  }

  _save() {
    this._listener.save(outboxOf([...this.rooms.values()]));
  }
}
