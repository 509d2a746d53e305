/** Changes of a room's members that follow each other, as one sentence. */

const MAX_NAMES = 2; // in a list; more are counted

/**
 * @typedef {{left?: string[], renamed?: Record<string, string>, joined?: string[]}} Change
 */

export class PresenceChanges {
  constructor() {
    /** @type {string[]} */
    this.joined = [];
    /** @type {string[]} */
    this.left = [];
    /** @type {Map<string, string>} old names to new ones */
    this.renamed = new Map();
  }

  /**
   * Add a change. A member that joined and left again has done neither.
   * @param {Change} change
   */
  add({ left = [], renamed = {}, joined = [] }) {
    for (const name of left) toggle(name, this.joined, this.left);
    for (const [old, name] of Object.entries(renamed)) this._rename(old, name);
    for (const name of joined) toggle(name, this.left, this.joined);
  }

  /** @param {string} old @param {string} name */
  _rename(old, name) {
    const at = this.joined.indexOf(old);
    if (at >= 0) {
      this.joined[at] = name;
      return;
    }
    const first = [...this.renamed].find(([, last]) => last === old)?.[0] ?? old;
    this.renamed.delete(first);
    if (first !== name) this.renamed.set(first, name);
  }

  /** The changes as a sentence; "" if there are none. */
  get text() {
    const parts = [...this.renamed].map(([old, name]) => `${old} is now ${name}`);
    if (this.joined.length) parts.push(`${list(this.joined)} joined`);
    if (this.left.length) parts.push(`${list(this.left)} left`);
    return parts.length ? `${parts.join("; ")}.` : "";
  }
}

/** @param {string} name @param {string[]} undone @param {string[]} done */
function toggle(name, undone, done) {
  const at = undone.indexOf(name);
  if (at >= 0) undone.splice(at, 1);
  else if (!done.includes(name)) done.push(name);
}

/** @param {string[]} names */
function list(names) {
  const more = names.length - MAX_NAMES;
  if (more > 0) return `${names.slice(0, MAX_NAMES).join(", ")} and ${more} more`;
  return names.join(" and ");
}
