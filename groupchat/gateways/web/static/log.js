/**
 * A room as a person reads it: messages in the room's order, what was told between them, and holes
 * where messages are not loaded yet.
 *
 * Ids have no holes on the server, so that a hole here names exactly what is missing. Corrections
 * are not lines: they change the line that they concern.
 *
 * @typedef {import("./wire.js").Message} Message
 * @typedef {"message" | "act" | "tell" | "presence" | "notice" | "answer" | "error" | "gap" |
 *   "hole"} Kind
 * @typedef {object} Line
 * @property {string} key unlike that of any other line of the room.
 * @property {Kind} kind
 * @property {string} text
 * @property {string} from who said it; "" if nobody did.
 * @property {string} at when, as the server writes it; "" if that is not known.
 * @property {number} [id] of the message.
 * @property {boolean} [own]
 * @property {boolean} [mention] whether it names the reader.
 * @property {boolean} [waiting] whether it is not stored yet.
 * @property {boolean} [edited]
 * @property {boolean} [removed]
 * @property {number} [after] of a hole: the ids between `after` and `before` are missing.
 * @property {number} [before]
 */
import { key, mentions } from "./names.js";
import { PresenceChanges } from "./presence.js";

let count = 0;

export class Log {
  constructor() {
    /** @type {Line[]} */
    this.lines = [];
    /** @type {number | null} the newest id that has arrived; null if any id may be the next. */
    this.newest = null;
    /** @type {Map<number, Line>} */
    this._byId = new Map();
    /** @type {Map<number, {by: number, text: string | null}>} by the corrected id; null: removed */
    this._corrections = new Map();
    /** @type {{changes: PresenceChanges, line: Line} | null} of the last line */
    this._presence = null;
  }

  /** @param {number} id */
  get(id) {
    return this._byId.get(id);
  }

  /** The reader's newest message that can be corrected. */
  get newestOwn() {
    return this.lines.findLast((line) => line.own && line.id !== undefined && !line.removed);
  }

  /**
   * The room was joined.
   * @param {number} first the oldest id that the server keeps.
   * @param {number} head the newest.
   */
  start(first, head) {
    const known = this.newest;
    if (known === null || !this.lines.some((line) => line.id !== undefined)) {
      const last = known ?? head;
      this.lines = this.lines.filter((line) => line.kind !== "hole");
      if (last >= first) this.lines.unshift(hole(first - 1, last + 1));
      if (first > head) this.newest = head;
      return;
    }
    this.lines = this.lines.filter((line) => line.kind !== "hole" || (line.before ?? 0) > first);
    const oldest = this.lines[0];
    if (oldest?.kind === "hole") {
      this._change(oldest, { after: Math.max(oldest.after ?? 0, first - 1) });
    }
  }

  /** Forget everything: the log is another one. */
  clear() {
    this.lines = [];
    this.newest = null;
    this._byId.clear();
    this._corrections.clear();
    this._presence = null;
  }

  /**
   * A message arrived in its place. Returns its line; null if it is none, or was here.
   * @param {Message} message
   * @param {string} me
   * @returns {Line | null}
   */
  arrive(message, me) {
    if (this.newest !== null && message.id <= this.newest) return null;
    this.skipTo(message.id);
    this.newest = message.id;
    if (this._correct(message)) return null;
    const line = this._made(message, me);
    this._push(line);
    return line;
  }

  /**
   * Everything before this id has arrived, or is missing.
   * @param {number} id
   */
  skipTo(id) {
    if (this.newest === null) {
      const last = this.lines.findLast((line) => line.kind === "hole");
      if (last && (last.before ?? 0) > id) this._shrink(last, last.after ?? 0, id);
    } else if (id > this.newest + 1) {
      this._push(hole(this.newest, id));
    }
    this.newest = id - 1;
  }

  /**
   * The server no longer keeps the messages between two ids.
   * @param {number} after
   * @param {number} before
   */
  gap(after, before) {
    if (this.newest !== null && before <= this.newest + 1) return;
    const missing = before - Math.max(after, this.newest ?? after) - 1;
    this.newest = before - 1;
    const what = missing === 1 ? "1 message is" : `${missing} messages are`;
    this.tell("gap", `${what} no longer kept.`);
  }

  /**
   * Add a line that is no message of the room.
   * @param {Kind} kind
   * @param {string} text
   * @param {Partial<Line>} [more]
   * @returns {Line}
   */
  tell(kind, text, more = {}) {
    const line = { from: "", at: "", ...more, kind, text, key: `x${++count}` };
    this._push(line);
    return line;
  }

  /** @param {import("./presence.js").Change} change */
  changeMembers(change) {
    const changes = this._presence?.changes ?? new PresenceChanges();
    if (this._presence) this.lines.pop();
    changes.add(change);
    const line = changes.text && this.tell("presence", changes.text);
    this._presence = line ? { changes, line } : null;
  }

  /**
   * A page of history arrived.
   * @param {Message[]} messages ascending.
   * @param {boolean} more whether older ones exist.
   * @param {number} before the id that the page ends before.
   * @param {string} me
   */
  fill(messages, more, before, me) {
    for (const message of messages) this._correct(message);
    const first = more ? (messages[0]?.id ?? before) : -Infinity;
    for (const missing of this.lines.filter((line) => line.kind === "hole")) {
      const [after, until] = [missing.after ?? 0, missing.before ?? 0];
      if (until <= first || after >= before - 1) continue;
      const found = messages.filter(({ id, replaces, redacts }) =>
        id > after && id < until && !replaces && !redacts);
      const older = first > after + 1 ? [hole(after, first)] : [];
      const newer = before < until ? [hole(before - 1, until)] : [];
      const lines = [...older, ...found.map((one) => this._made(one, me)), ...newer];
      this.lines.splice(this.lines.indexOf(missing), 1, ...lines);
      if (this.newest === null && !newer.length) this.newest = before - 1;
    }
  }

  /**
   * Keep only the newest lines; the others are a hole again.
   * @param {number} limit
   */
  trim(limit) {
    if (this.lines.length <= limit) return;
    let at = this.lines.length - limit;
    while (at < this.lines.length && this.lines[at].id === undefined) at += 1;
    const oldest = this.lines[at]?.id;
    if (oldest === undefined) return;
    const dropped = this.lines.slice(0, at);
    const after = dropped.find((line) => line.kind === "hole")?.after ?? (dropped.find((line) => line.id)?.id ?? oldest) - 1;
    for (const line of dropped) if (line.id !== undefined) this._byId.delete(line.id);
    this.lines.splice(0, at, ...(after + 1 < oldest ? [hole(after, oldest)] : []));
  }

  /** @param {Line} line */
  _push(line) {
    this._presence = null;
    this.lines.push(line);
  }

  /** @param {Line} missing @param {number} after @param {number} before */
  _shrink(missing, after, before) {
    if (before > after + 1) this._change(missing, { after, before });
    else this.lines.splice(this.lines.indexOf(missing), 1);
  }

  /**
   * Put a changed copy in place of a line: lines themselves never change.
   * @param {Line} line
   * @param {Partial<Line>} change
   */
  _change(line, change) {
    const changed = { ...line, ...change };
    const at = this.lines.lastIndexOf(line);
    if (at >= 0) this.lines[at] = changed;
    if (line.id !== undefined) this._byId.set(line.id, changed);
  }

  /**
   * Returns whether a message is a correction.
   * @param {Message} message
   */
  _correct({ id, replaces, redacts, redacted, text }) {
    const target = replaces ?? redacts;
    if (target === undefined) return false;
    const known = this._corrections.get(target);
    if (redacted || (known && (known.by >= id || known.text === null) && redacts === undefined)) return true;
    const said = redacts === undefined ? text : null;
    this._corrections.set(target, { by: id, text: said });
    const line = this._byId.get(target);
    if (line) this._change(line, correction(said));
    return true;
  }

  /** @param {Message} message @param {string} me @returns {Line} */
  _made({ id, at, from, text, act, redacted }, me) {
    const own = key(from) === key(me);
    const corrected = this._corrections.get(id);
    /** @type {Line} */
    const line = {
      key: `m${id}`,
      id,
      kind: act ? "act" : "message",
      at,
      from,
      text,
      own,
      mention: !own && mentions(text, me),
      ...(redacted ? correction(null) : corrected ? correction(corrected.text) : {}),
    };
    this._byId.set(id, line);
    return line;
  }
}

/** @param {number} after @param {number} before @returns {Line} */
function hole(after, before) {
  return { key: `h${++count}`, kind: "hole", text: "", from: "", at: "", after, before };
}

/** @param {string | null} text null: the message was removed. @returns {Partial<Line>} */
function correction(text) {
  return text === null ? { text: "", removed: true, mention: false } : { text, edited: true };
}
