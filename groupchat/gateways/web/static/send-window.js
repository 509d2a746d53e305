/**
 * Sends the messages of one room: their numbers, those in flight, and the repair after a refusal.
 *
 * The law, as in groupchat.client.sender: the n of one room count up without holes; an entry is
 * answered once; no message overtakes one that was said before it. Nothing here knows a connection.
 *
 * @typedef {{key: string, room: string, text?: string, act?: boolean, replaces?: number,
 *   redacts?: number, n?: number, at: string}} Entry a message; `n` once it has a number.
 * @typedef {import("./wire.js").Refusal} Refusal
 * @typedef {{later(milliseconds: number, act: () => void): () => void}} Clock `later` returns what
 *   cancels it.
 */

/** Entries in flight at once. */
export const MAX_IN_FLIGHT = 100;
const RETRY_SECONDS = 1;
const RETRY_LATER = new Set(["storage-full", "too-often", "unavailable"]);

/** Codes of refusals because of the number only: the message is sent again under another one. */
export const RENUMBERED = new Set(["out-of-order", "conflict"]);
/** Codes of refusals that store nothing, though the message is valid. */
export const RETRYABLE = new Set([...RETRY_LATER, ...RENUMBERED]);

/** @param {Entry} left @param {Entry} right */
const byNumber = (left, right) => (left.n ?? 0) - (right.n ?? 0);

export class SendWindow {
  /**
   * @param {Clock} clock for what is tried again later.
   * @param {() => void} wake called when something is due, though nothing was received.
   */
  constructor(clock, wake) {
    this._clock = clock;
    this._wake = wake;
    this._open = false;
    this._next = 1;
    /** @type {Entry[]} */
    this._waiting = [];
    /** @type {Map<number, Entry>} */
    this._inFlight = new Map();
    /** @type {Entry[]} in flight since an earlier connection */
    this._repeated = [];
    this._halted = false; // by a refusal, until all in flight are answered
    /** @type {Entry[]} */
    this._refused = [];
    this._pause = 0;
    /** @type {(() => void) | null} */
    this._cancel = null;
  }

  /** The messages without an answer, in the order in which they were said. */
  get unanswered() {
    const numbered = [...this._refused, ...this._inFlight.values()].sort(byNumber);
    return [...numbered, ...this._waiting];
  }

  /**
   * Send this after all earlier entries.
   * @param {Entry} entry
   */
  add(entry) {
    this._waiting.push(entry);
  }

  /**
   * The room was joined. Entries that the server has not stored get numbers from `said` + 1.
   * Entries that it has stored are sent again, too: for their ok.
   * @param {number} said our messages here that the server has stored.
   * @param {boolean} newLog whether the log is not the one that our numbers belong to.
   * @returns {Entry[]} the entries that the server has stored.
   */
  open(said, newLog = false) {
    const numbered = [...this._refused, ...this._inFlight.values(), ...this._leftovers()];
    numbered.sort(byNumber);
    const stored = newLog ? [] : numbered.filter((entry) => (entry.n ?? Infinity) <= said);
    this._waiting.unshift(...numbered.slice(stored.length));
    this._inFlight = new Map(stored.map((entry) => [entry.n ?? 0, entry]));
    this._repeated = [...stored];
    this._refused = [];
    this._pause = 0;
    this._next = said + 1;
    this._halted = false;
    this._open = true;
    return stored;
  }

  /** Returns the entries that an earlier page has numbered; they come before all others. */
  _leftovers() {
    const until = this._waiting.findIndex((entry) => entry.n === undefined);
    return this._waiting.splice(0, until < 0 ? this._waiting.length : until);
  }

  /** The connection is gone: entries in flight stay unanswered until `open`. */
  close() {
    this._open = false;
    this._cancel?.();
    this._cancel = null;
  }

  /**
   * Give every message up: nothing can be said here any more. Returns them.
   */
  abandon() {
    this.close();
    const given = this.unanswered;
    this._refused = [];
    this._repeated = [];
    this._inFlight.clear();
    this._waiting = [];
    return given;
  }

  /** Returns the entries to send now, with their numbers; they count as sent. */
  due() {
    if (!this._open || this._halted) return [];
    const due = this._repeated;
    this._repeated = [];
    while (this._waiting.length && this._inFlight.size < MAX_IN_FLIGHT) {
      const entry = /** @type {Entry} */ (this._waiting.shift());
      entry.n = this._next;
      this._inFlight.set(this._next, entry);
      this._next += 1;
      due.push(entry);
    }
    return due;
  }

  /**
   * An ok arrived. Returns its entry, if it is ours.
   * @param {number} n
   */
  acknowledged(n) {
    const entry = this._inFlight.get(n);
    if (entry) {
      this._inFlight.delete(n);
      this._next = Math.max(this._next, n + 1);
      this._resumeWhenAnswered();
    }
    return entry;
  }

  /**
   * A refusal with an n came. Returns its entry, if it is ours; it is given up unless the code is
   * one of `RETRYABLE`.
   * @param {Refusal} error
   */
  refused(error) {
    const entry = this._inFlight.get(error.n ?? 0);
    if (!entry || entry.n === undefined) return undefined;
    this._inFlight.delete(entry.n);
    this._restartFrom(error, entry.n);
    if (RETRYABLE.has(error.code)) this._refused.push(entry);
    if (RETRY_LATER.has(error.code)) {
      this._pause = Math.max(this._pause, error.retry ?? RETRY_SECONDS);
    }
    this._halted = true;
    this._resumeWhenAnswered();
    return entry;
  }

  /** @param {Refusal} error @param {number} n */
  _restartFrom(error, n) {
    if (error.want !== undefined) this._next = error.want;
    else if (error.code === "conflict") this._next = n + 1;
    else if (!this._halted) this._next = n;
  }

  /** Go on after a refusal once nothing is in flight, and not before the server's time. */
  _resumeWhenAnswered() {
    if (!this._halted || this._inFlight.size) return;
    this._waiting.unshift(...this._refused.sort(byNumber));
    this._refused = [];
    const pause = this._pause;
    this._pause = 0;
    if (!pause) {
      this._halted = false;
      return;
    }
    this._cancel = this._clock.later(pause * 1000, () => {
      this._cancel = null;
      this._halted = false;
      this._wake();
    });
  }
}
