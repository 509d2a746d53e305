/** The line that the reader types: drafts, lines typed before, completion. */
import { byId, h } from "./dom.js";
import { Completer, hints } from "./completion.js";
import { usage } from "./commands.js";

const MAX_TYPED = 200; // lines that are remembered
const ASKS_FROM = 4; // lines at once

/**
 * @typedef {object} Owner
 * @property {() => import("./completion.js").Surroundings} around
 * @property {(line: string) => void} run
 * @property {(text: string) => void} correct the message that is being corrected shall say this.
 * @property {(text: string) => void} changed the draft is another one.
 * @property {(lines: number) => Promise<boolean>} sure asks whether to say that many lines at once.
 */
export class Composer {
  /**
   * @param {Owner} owner
   * @param {string[]} typed lines that were typed before, the oldest first.
   * @param {(typed: string[]) => void} keep
   */
  constructor(owner, typed, keep) {
    this._owner = owner;
    this._keep = keep;
    this._typed = typed;
    this._at = typed.length; // which of them is shown; their number: none
    this._draft = "";
    this._completer = new Completer();
    this._area = /** @type {HTMLTextAreaElement} */ (byId("say"));
    this._editing = byId("editing");
    this._area.addEventListener("input", () => this._changed());
    this._area.addEventListener("keydown", (event) => this._onKey(event));
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this._submit();
    });
    byId("stop-editing").addEventListener("click", () => this.stopEditing());
  }

  get text() {
    return this._area.value;
  }

  set text(text) {
    this._area.value = text;
    this._area.setSelectionRange(text.length, text.length);
    this._changed();
  }

  /**
   * Another room is in view.
   * @param {string} draft
   * @param {string} room
   */
  show(draft, room) {
    this._editing.hidden = true;
    this._at = this._typed.length;
    this._area.placeholder = `Say something in ${room}`;
    this.text = draft;
  }

  focus() {
    this._area.focus({ preventScroll: true });
  }

  /**
   * Put words where the cursor is.
   * @param {string} words
   */
  insert(words) {
    this.focus();
    this._area.setRangeText(words, this._area.selectionStart, this._area.selectionEnd, "end");
    this._changed();
  }

  /**
   * Correct a message.
   * @param {string} text
   */
  edit(text) {
    this._draft = this.text;
    this._editing.hidden = false;
    this.text = text;
    this.focus();
  }

  stopEditing() {
    if (this._editing.hidden) return;
    this._editing.hidden = true;
    this.text = this._draft;
    this.focus();
  }

  async _submit() {
    const text = this.text;
    if (!this._editing.hidden) {
      this.stopEditing();
      if (text.trim()) this._owner.correct(text.replace(/\n/g, " "));
      return;
    }
    const lines = text.split("\n").filter((line) => line.trim());
    if (lines.length >= ASKS_FROM && !(await this._owner.sure(lines.length))) return;
    this.text = "";
    this._remember(text);
    for (const line of lines) this._owner.run(line);
    this.focus();
  }

  /** @param {string} text */
  _remember(text) {
    const secret = /^\s*\/register\s/i.test(text);
    if (text.trim() && !secret && this._typed.at(-1) !== text) {
      this._typed = [...this._typed, text].slice(-MAX_TYPED);
      this._keep(this._typed);
    }
    this._at = this._typed.length;
  }

  _changed() {
    this._completer.stop();
    this._fit();
    if (this._editing.hidden) this._owner.changed(this.text);
  }

  /** Grow and shrink with the text. */
  _fit() {
    const area = this._area;
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight}px`;
    this._showHints();
  }

  _showHints() {
    const list = byId("hints");
    const found = hints(this.text.slice(0, this._area.selectionStart), this._owner.around().operator);
    list.hidden = !found.length;
    list.replaceChildren(...found.map((command) => h("li", {}, h("b", {}, usage(command)), ` ${command.help}`)));
  }

  /** @param {KeyboardEvent} event */
  _onKey(event) {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = {
      Enter: () => !event.shiftKey && this._enter(),
      Tab: () => this._complete(event.shiftKey ? -1 : 1),
      ArrowUp: () => this._recall(-1),
      ArrowDown: () => this._recall(1),
      Escape: () => this._escape(),
    }[event.key];
    if (act?.()) event.preventDefault();
  }

  _enter() {
    /** @type {HTMLFormElement} */ (byId("composer")).requestSubmit();
    return true;
  }

  _escape() {
    const editing = !this._editing.hidden;
    this.stopEditing();
    return editing;
  }

  /** @param {1 | -1} step */
  _complete(step) {
    const at = this._area.selectionStart;
    const before = this.text.slice(0, at);
    const completed = this._completer.next(before, this._owner.around(), step);
    if (completed === before) return false;
    this._area.value = completed + this.text.slice(at);
    this._area.setSelectionRange(completed.length, completed.length);
    this._fit();
    this._owner.changed(this.text);
    return true;
  }

  /** Shows a line typed before, where the cursor can't move in the text. @param {1 | -1} step */
  _recall(step) {
    const { selectionStart: start, selectionEnd: end } = this._area;
    const beside = step < 0 ? this.text.slice(0, start) : this.text.slice(end);
    const to = this._at + step;
    if (beside.includes("\n") || to < 0 || to > this._typed.length) return false;
    if (this._at === this._typed.length) this._draft = this.text;
    this._at = to;
    this.text = this._typed[to] ?? this._draft;
    return true;
  }
}
