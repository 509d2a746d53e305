/**
 * Gives each tab of a browser a device of its own: a slot that no other tab holds.
 *
 * Tabs talk by a BroadcastChannel, as Web Locks are missing where the page came over plain http. A
 * tab claims a slot, and has it unless another says within a moment that it holds it. Of two that
 * claim the same slot at once, the one with the smaller id has it.
 *
 * @typedef {{type: "claim" | "mine", slot: number, tab: string, holds: boolean}} Word
 * @typedef {{postMessage(word: Word): void, onmessage: ((event: {data: Word}) => void) | null}} Channel
 */

const PATIENCE = 150; // milliseconds

export class Tabs {
  /**
   * @param {Channel} channel
   * @param {string} tab an id of this tab.
   * @param {import("./send-window.js").Clock} clock
   */
  constructor(channel, tab, clock) {
    this._channel = channel;
    this._tab = tab;
    this._clock = clock;
    this._slot = -1;
    this._holds = false;
    /** @type {((slot: number) => void) | null} */
    this._resolve = null;
    /** @type {(() => void) | null} */
    this._cancel = null;
    channel.onmessage = ({ data }) => this._onWord(data);
  }

  /**
   * Returns the slot of this tab.
   * @param {number} preferred the one that it had before it was loaded again.
   * @returns {Promise<number>}
   */
  claim(preferred) {
    return new Promise((resolve) => {
      this._resolve = resolve;
      this._try(preferred);
    });
  }

  /** @param {number} slot */
  _try(slot) {
    this._slot = slot;
    this._cancel?.();
    this._say("claim");
    this._cancel = this._clock.later(PATIENCE, () => {
      this._holds = true;
      this._resolve?.(slot);
    });
  }

  /** @param {Word} word */
  _onWord({ type, slot, tab, holds }) {
    if (slot !== this._slot) return;
    if (this._holds || (!holds && this._tab < tab)) {
      if (type === "claim") this._say("mine");
    } else {
      this._try(slot + 1);
    }
  }

  /** @param {"claim" | "mine"} type */
  _say(type) {
    this._channel.postMessage({ type, slot: this._slot, tab: this._tab, holds: this._holds });
  }
}
