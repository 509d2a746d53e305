/**
 * The connection to the server: makes it again when it is lost, by the way that works.
 *
 * A way counts as working once a line of the server has come through it: a proxy may open a
 * WebSocket and swallow what is sent.
 *
 * @typedef {import("./transports.js").Transport} Transport
 * @typedef {import("./transports.js").Handlers} Handlers
 * @typedef {import("./wire.js").ServerLine} ServerLine
 * @typedef {import("./wire.js").Command} Command
 * @typedef {import("./send-window.js").Clock} Clock
 * @typedef {"idle" | "connecting" | "online" | "waiting" | "rejected" | "ended"} Phase
 * @typedef {object} Owner
 * @property {() => Command} hello returns the hello to begin with.
 * @property {(send: (commands: Command[]) => void, welcome: import("./wire.js").Welcome) => void}
 *   welcomed
 * @property {(line: ServerLine) => void} received a line after the welcome.
 * @property {() => void} lost the connection is gone, after a welcome.
 * @property {(error: import("./wire.js").Refusal) => void} rejected the hello was refused.
 * @property {() => void} changed the phase is another one.
 */
import { encode, parse } from "./wire.js";

const WELCOME_TIMEOUT = 10_000; // milliseconds until a way that has worked before is given up
const PROBE_TIMEOUT = 4_000; // until one that has not is
const MAX_BACKOFF = 30; // seconds
const JITTER = 2;
const SILENCE = 45_000; // the server pings after 20 s in which nothing was said
const ANSWER_TIMEOUT = 5_000;
const LATE_HELLO = 60_000; // for which a hello that was not answered may still come to the server

export class Connection {
  /**
   * @param {((handlers: Handlers) => Transport)[]} ways those that are better first.
   * @param {Owner} owner
   * @param {Clock} clock
   * @param {{random?: () => number, now?: () => number}} [chance]
   */
  constructor(ways, owner, clock, { random = Math.random, now = Date.now } = {}) {
    this._ways = ways;
    this._owner = owner;
    this._clock = clock;
    this._random = random;
    this._now = now;
    this._way = 0;
    this._proven = false;
    this._failures = 0;
    /** @type {Transport | null} */
    this._transport = null;
    /** @type {(() => void) | null} */
    this._cancel = null;
    /** @type {import("./wire.js").Bye | null} */
    this._bye = null;
    this._heard = 0;
    this._awaitsAnswer = false; // to the hello
    /** @type {number[]} */
    this._lateHellos = []; // until when each that was not answered may still replace a newer connection
    /** @type {Phase} */
    this.phase = "idle";
    this.reason = ""; // why it waits or has ended, if the server said so
    this.code = ""; // of the server's bye
    this.retryAt = 0; // when the next attempt comes
  }

  /** Connect, if there is no connection and none is being made. */
  start() {
    if (this._transport) return;
    this._failures = 0;
    if (!this._proven) this._way = 0;
    this._connect();
  }

  /** End the connection, for good. */
  stop() {
    if (this.phase === "online") this._send([{ type: "quit" }]);
    this._drop();
    this._enter("ended");
  }

  /** The machine slept, or the page was hidden: find out soon whether the connection still lives. */
  check() {
    if (this.phase === "waiting") this.start();
    else if (this.phase === "online") this._expectAnswer();
  }

  _connect() {
    this._cancel?.();
    this._bye = null;
    this.code = "";
    this._enter("connecting");
    /** @type {Transport | null} */
    let mine = null;
    const live = () => mine !== null && mine === this._transport;
    mine = this._ways[this._way]({
      opened: () => live() && this._sayHello(),
      text: (text) => live() && this._receive(text),
      closed: () => live() && this._lost(),
    });
    this._transport = mine;
    this._after(this._proven ? WELCOME_TIMEOUT : PROBE_TIMEOUT, () => this._lost());
  }

  _sayHello() {
    this._awaitsAnswer = true;
    this._send([this._owner.hello()]);
  }

  /** @param {Command[]} commands */
  _send(commands) {
    this._transport?.send(encode(commands));
  }

  /** @param {string} text */
  _receive(text) {
    this._heard = this._now();
    for (const line of parse(text)) {
      this._proven = true;
      this._awaitsAnswer = false;
      if (line.type === "bye") this._bye = line;
      if (this.phase === "online") this._owner.received(line);
      else if (line.type === "welcome") this._welcomed(line);
      else if (line.type === "error") this._rejected(line);
    }
  }

  /** @param {import("./wire.js").Welcome} welcome */
  _welcomed(welcome) {
    this._failures = 0;
    this.reason = "";
    this._enter("online");
    this._after(SILENCE, () => this._watch());
    this._owner.welcomed((commands) => this._send(commands), welcome);
  }

  /** @param {import("./wire.js").Refusal} error */
  _rejected(error) {
    this._drop();
    this._enter("rejected");
    this._owner.rejected(error);
  }

  /** A connection on which nothing comes may be dead without a word. */
  _watch() {
    const silent = this._now() - this._heard;
    if (silent >= SILENCE) this._expectAnswer();
    else this._after(SILENCE - silent, () => this._watch());
  }

  _expectAnswer() {
    const asked = this._now();
    this._send([{ type: "ping" }]);
    this._after(ANSWER_TIMEOUT, () => (this._heard >= asked ? this._watch() : this._lost()));
  }

  _lost() {
    const [bye, was] = [this._bye, this.phase];
    if (this._awaitsAnswer) this._lateHellos.push(this._now() + LATE_HELLO);
    this._drop();
    const retry = bye ? this._retryOf(bye) : undefined;
    if (was === "online") this._owner.lost();
    if (bye) Object.assign(this, { reason: bye.text, code: bye.code });
    if (bye && retry === undefined) this._enter("ended");
    else if (!this._proven && this._way + 1 < this._ways.length) this._tryNextWay();
    else this._wait(retry);
  }

  /**
   * Returns the seconds after which a bye lets us come back: at once where a late hello of our own
   * has replaced us, each of which counts once.
   * @param {import("./wire.js").Bye} bye
   */
  _retryOf(bye) {
    if (bye.code !== "replaced") return bye.retry;
    this._lateHellos = this._lateHellos.filter((until) => until > this._now());
    return this._lateHellos.shift() === undefined ? undefined : 0;
  }

  _tryNextWay() {
    this._way += 1;
    this._connect();
  }

  /** @param {number} [retry] seconds that the server asked for. */
  _wait(retry) {
    const limit = Math.min(MAX_BACKOFF, 2 ** this._failures);
    let seconds = this._random() * limit;
    if (retry !== undefined) seconds = Math.max(seconds, retry + this._random() * JITTER);
    this._failures = Math.min(this._failures + 1, 10);
    if (!this._proven) this._way = 0;
    this.retryAt = this._now() + seconds * 1000;
    this._enter("waiting");
    this._after(seconds * 1000, () => this._connect());
  }

  _drop() {
    this._cancel?.();
    this._cancel = null;
    const transport = this._transport;
    this._transport = null;
    this._awaitsAnswer = false;
    transport?.close();
  }

  /** @param {number} milliseconds @param {() => void} act */
  _after(milliseconds, act) {
    this._cancel?.();
    this._cancel = this._clock.later(milliseconds, () => {
      this._cancel = null;
      act();
    });
  }

  /** @param {Phase} phase */
  _enter(phase) {
    this.phase = phase;
    this._owner.changed();
  }
}
