/**
 * Keeps in the browser, for each tab, a device: its client secret, rooms, drafts and outbox.
 *
 * Where nothing can be kept (a private window, a full disk), everything works as long as the tab
 * lives.
 *
 * @typedef {{client: string, name: string, joined: boolean, rooms: string[], room: string}} Device
 */
import { makeId } from "./transports.js";

const MAX_SLOTS = 16; // that are looked at

/**
 * Returns the slot that a new tab begins with: one with unsent messages of a tab that is gone.
 * @param {string} place
 * @param {Pick<globalThis.Storage, "getItem">} store
 */
export function firstSlot(place, store) {
  for (let slot = 0; slot < MAX_SLOTS; slot += 1) {
    if (store.getItem(`groupchat ${place} ${slot} outbox`)) return slot;
  }
  return 0;
}

export class Storage {
  /**
   * @param {string} place the page's folder: several servers may share an origin.
   * @param {number} slot of this tab.
   * @param {Pick<globalThis.Storage, "getItem" | "setItem" | "removeItem">} store
   */
  constructor(place, slot, store) {
    this._prefix = `groupchat ${place} ${slot} `;
    this._anySlot = `groupchat ${place} 0 `;
    this._store = store;
    /** @type {Map<string, string>} what was written last */
    this._written = new Map();
  }

  /** @returns {Device} */
  device() {
    const known = this._read("device", null);
    if (known) return known;
    const name = JSON.parse(this._get(`${this._anySlot}device`) ?? "{}").name ?? "";
    return { client: makeId(16), name, joined: false, rooms: [], room: "" };
  }

  /** @param {Device} device */
  keepDevice(device) {
    this._write("device", device);
  }

  /** @returns {import("./outbox.js").Outbox | null} */
  outbox() {
    return this._read("outbox", null);
  }

  /** @param {import("./outbox.js").Outbox} outbox */
  keepOutbox(outbox) {
    this._write("outbox", outbox.entries.length ? outbox : null);
  }

  /** @returns {Record<string, string>} by room */
  drafts() {
    return this._read("drafts", {});
  }

  /** @param {Record<string, string>} drafts */
  keepDrafts(drafts) {
    this._write("drafts", drafts);
  }

  /** @returns {string[]} lines that were typed before, the oldest first */
  typed() {
    return this._read("typed", []);
  }

  /** @param {string[]} lines */
  keepTyped(lines) {
    this._write("typed", lines);
  }

  wantsNotices() {
    return Boolean(this._read("notices", false));
  }

  /** @param {boolean} wanted */
  keepWantsNotices(wanted) {
    this._write("notices", wanted);
  }

  /** @param {string} name @param {any} otherwise @returns {any} what was written under the name. */
  _read(name, otherwise) {
    try {
      return JSON.parse(this._get(this._prefix + name) ?? "null") ?? otherwise;
    } catch {
      return otherwise;
    }
  }

  /** @param {string} key */
  _get(key) {
    try {
      return this._store.getItem(key);
    } catch {
      return null;
    }
  }

  /** @param {string} name @param {unknown} value */
  _write(name, value) {
    const text = JSON.stringify(value);
    if (this._written.get(name) === text) return;
    this._written.set(name, text);
    try {
      if (value === null) this._store.removeItem(this._prefix + name);
      else this._store.setItem(this._prefix + name, text);
    } catch {
      // It is kept as long as the tab lives.
    }
  }
}
