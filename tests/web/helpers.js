/** Shared by the tests of the page: a clock that they turn, and lines of a server. */

/** A clock: nothing happens until `pass` says so. */
export class TestClock {
  constructor() {
    this.now = 0;
    /** @type {{at: number, act: () => void}[]} */
    this._due = [];
  }

  /** @param {number} milliseconds @param {() => void} act */
  later(milliseconds, act) {
    const call = { at: this.now + milliseconds, act };
    this._due.push(call);
    return () => {
      this._due = this._due.filter((one) => one !== call);
    };
  }

  /** @param {number} milliseconds */
  pass(milliseconds) {
    const end = this.now + milliseconds;
    for (;;) {
      const [next] = this._due.sort((left, right) => left.at - right.at);
      if (!next || next.at > end) break;
      this._due.shift();
      this.now = next.at;
      next.act();
    }
    this.now = end;
  }
}

/**
 * @param {number} id
 * @param {string} text
 * @param {Partial<import("../../groupchat/gateways/web/static/wire.js").Message>} [more]
 * @returns {import("../../groupchat/gateways/web/static/wire.js").Message}
 */
export function message(id, text = `text ${id}`, more = {}) {
  return { type: "message", room: "lobby", id, at: "2026-11-22T14:03:00.000Z", from: "bob", text, ...more };
}

/**
 * @param {Partial<import("../../groupchat/gateways/web/static/wire.js").RoomState>} [more]
 * @returns {import("../../groupchat/gateways/web/static/wire.js").RoomState}
 */
export function state(more = {}) {
  return { type: "room", room: "lobby", epoch: "e1", first: 1, head: 0, said: 0, topic: "", members: ["alice"],
    count: 1, mark: 0, ...more };
}
