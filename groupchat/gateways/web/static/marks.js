/** Tells the server how far rooms were read, at most every five seconds. */

export const INTERVAL = 5000;

export class Marks {
  /**
   * @param {import("./send-window.js").Clock} clock
   * @param {(command: import("./wire.js").Command) => void} send
   */
  constructor(clock, send) {
    this._clock = clock;
    this._send = send;
    /** @type {Map<string, number>} */
    this._unsent = new Map();
    /** @type {(() => void) | null} */
    this._cancel = null;
    this._online = false;
  }

  /**
   * Everything in a room was read.
   * @param {import("./room.js").Room} room
   */
  read(room) {
    if (!room.joined || room.mark >= room.head) return;
    room.mark = room.head;
    this._unsent.set(room.name, room.head);
    if (!this._cancel) this.flush();
  }

  /** There is a connection: marks that waited are sent soon. */
  connected() {
    this._online = true;
    if (this._unsent.size) this._pause();
  }

  /**
   * A room is joined.
   * @param {import("./room.js").Room} room
   */
  joined(room) {
    if ((this._unsent.get(room.name) ?? 0) > room.head) this._unsent.delete(room.name);
  }

  /** Send what is to be sent now. */
  flush() {
    if (!this._online || !this._unsent.size) return;
    for (const [room, id] of this._unsent) this._send({ type: "mark", room, id, ref: "mark" });
    this._unsent.clear();
    this._pause();
  }

  _pause() {
    this._cancel?.();
    this._cancel = this._clock.later(INTERVAL, () => {
      this._cancel = null;
      this.flush();
    });
  }

  /** The connection is gone. The next one sends the marks that wait. */
  disconnected() {
    this._online = false;
    this._cancel?.();
    this._cancel = null;
  }
}
