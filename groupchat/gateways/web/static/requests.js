/** Requests that wait for an answer: each has a ref, and the answer bears it. */

/** A request that was not granted. */
export class Refused extends Error {
  /**
   * @param {string} code of the wire, or "lost".
   * @param {string} text a sentence for a person.
   */
  constructor(code, text) {
    super(text);
    this.code = code;
  }
}

export class Requests {
  constructor() {
    this._count = 0;
    /** @type {Map<string, {resolve: (answer: any) => void, reject: (error: Refused) => void}>} */
    this._waiting = new Map();
  }

  /**
   * Returns a ref for a command, and its answer.
   * @returns {{ref: string, answer: Promise<any>}} (the answer's type depends on the command.)
   */
  ask() {
    const ref = `q${++this._count}`;
    const answer = new Promise((resolve, reject) => this._waiting.set(ref, { resolve, reject }));
    return { ref, answer };
  }

  /**
   * Returns whether a line of the server was waited for.
   * @param {import("./wire.js").Answer} line
   */
  settle(line) {
    const waiting = this._waiting.get(line.ref ?? "");
    if (!waiting) return false;
    this._waiting.delete(line.ref ?? "");
    if (line.type === "error") waiting.reject(new Refused(line.code, line.text));
    else waiting.resolve(line);
    return true;
  }

  /** The connection is gone: no answer will come. */
  disconnected() {
    const waiting = [...this._waiting.values()];
    this._waiting.clear();
    const lost = new Refused("lost", "The connection was lost before the answer came. Ask again.");
    for (const { reject } of waiting) reject(lost);
  }
}
