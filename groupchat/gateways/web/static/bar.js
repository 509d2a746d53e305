/** The bar: the state of the connection, and how many messages wait for it. */
import { h } from "./dom.js";

/**
 * @typedef {{phase: import("./connection.js").Phase, reason: string, code: string, retryAt: number,
 *   waiting: number}} State
 */

/**
 * Returns what the bar says; "" if there is nothing to say.
 * @param {State} state
 * @param {number} now
 */
export function barText({ phase, reason, waiting, retryAt }, now) {
  const left = waiting ? `, ${waiting} ${waiting === 1 ? "message waits" : "messages wait"}` : "";
  switch (phase) {
    case "connecting": return `Connecting …${left}`;
    case "waiting": {
      const seconds = Math.max(1, Math.ceil((retryAt - now) / 1000));
      return `${reason || "The connection is lost."} Again in ${seconds}\u00a0s${left}.`;
    }
    case "ended": return `${reason || "You have left."}${waiting ? ` ${waiting} not sent.` : ""}`;
    default: return "";
  }
}

export class Bar {
  /**
   * @param {HTMLElement} element
   * @param {() => State} state
   * @param {() => void} again called when the reader does not want to wait.
   */
  constructor(element, state, again) {
    this._state = state;
    this._element = element;
    this._shown = h("span", { "aria-hidden": "true" });
    this._told = h("span", { class: "hide" });
    this._button = h("button", { type: "button", onclick: again });
    element.append(this._shown, this._told, this._button);
    setInterval(() => this.draw(), 500);
  }

  draw() {
    const state = this._state();
    const text = barText(state, Date.now());
    if (this._shown.textContent === text) return;
    this._element.classList.toggle("shown", text !== "");
    this._shown.textContent = text;
    const told = text.replace(/ Again in \d+\u00a0s/, ""); // who listens is not told each second
    if (this._told.textContent !== told) this._told.textContent = told;
    this._button.textContent = state.phase === "ended" ? "Join again" : "Try now";
    this._button.hidden = state.phase === "connecting" || text === "";
  }
}
