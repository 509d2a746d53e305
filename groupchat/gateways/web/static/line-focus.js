/** The line that the pointer or the keyboard is at: its button opens what can be done with it. */
import { h } from "./dom.js";

export class LineFocus {
  /**
   * @param {import("./app.js").App} app
   * @param {HTMLElement} log
   * @param {HTMLElement} list
   */
  constructor(app, log, list) {
    this._app = app;
    this._list = list;
    this._button = h("button", {
      class: "more", type: "button", "aria-label": "What to do with this message", "aria-haspopup": "menu", tabindex: -1,
      onclick: (/** @type {Event} */ event) => this._open(event, this._button),
    }, "⋯");
    list.addEventListener("pointerover", ({ target }) => this._at(target));
    list.addEventListener("focusin", ({ target }) => this._at(target));
    list.addEventListener("click", (event) => this._onClick(event));
    log.addEventListener("keydown", (event) => this._onKey(event));
  }

  /** @param {EventTarget | null} target @returns {HTMLElement | null} */
  _line(target) {
    return target instanceof Element ? target.closest(".line.message, .line.act") : null;
  }

  /** @param {EventTarget | null} target */
  _at(target) {
    const line = this._line(target);
    if (line && this._button.parentElement !== line) line.append(this._button);
  }

  /** @param {MouseEvent} event */
  _onClick(event) {
    const target = /** @type {Element} */ (event.target);
    const who = target instanceof HTMLElement && target.dataset.name;
    if (who) this._app.menus.openMember(who, target);
    else this._at(target);
  }

  /** @param {Event} event @param {HTMLElement} anchor */
  _open(event, anchor) {
    event.stopPropagation();
    const line = this._line(anchor);
    const found = line && this._app.room?.log.lines.findLast(({ key }) => key === line.dataset.key);
    if (found && line) {
      line.focus({ preventScroll: true });
      this._app.menus.openLine(found, anchor);
    }
  }

  /** @param {KeyboardEvent} event */
  _onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const act = {
      ArrowUp: () => this._move(-1),
      ArrowDown: () => this._move(1),
      Home: () => this._app.actions.toOldest(),
      End: () => this._app.timeline.toEnd(),
      Enter: () => this._enter(event),
      Escape: () => this._app.composer.focus(),
    }[event.key];
    if (!act || act() === false) return;
    event.preventDefault();
  }

  /** @param {KeyboardEvent} event */
  _enter(event) {
    const line = this._line(event.target);
    if (!line || event.target !== line) return false;
    this._at(line);
    this._open(event, this._button);
    return true;
  }

  /** @param {1 | -1} step */
  _move(step) {
    const lines = /** @type {HTMLElement[]} */ ([...this._list.querySelectorAll(".line.message, .line.act")]);
    const at = lines.findIndex((line) => line.contains(document.activeElement));
    const next = at < 0 ? lines.at(-1) : lines[at + step];
    if (!next && step > 0) return this._app.composer.focus();
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  }
}
