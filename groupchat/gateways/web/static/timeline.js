/**
 * Draws the part of a room that is in sight, and a little around it.
 *
 * Only some 200 of the lines are elements at any time. The line at the top of the view is the
 * anchor: it stays where it is while lines are added or removed around it. At the end of the room
 * the view follows what arrives.
 *
 * @typedef {import("./log.js").Line} Line
 * @typedef {{lines: Line[], pending: Line[], news: number | null, me: string}} Shown
 * @typedef {{key: string, line: Line | null, sign: string, make: () => HTMLElement}} Item
 */
import { drawDay, drawLine, drawNew, goesOn } from "./line-view.js";

const ABOVE = 80;
const BELOW = 120;
const AT_END = 150;
const AT_END_PIXELS = 40;
const EDGE = 600; // pixels from the end of what is drawn, at which more is drawn

export class Timeline {
  /**
   * @param {HTMLElement} scroller
   * @param {HTMLElement} list
   * @param {() => Shown} shown returns what is to be seen.
   * @param {{hole: (hole: Line, downwards: boolean) => void, moved: () => void}} listener
   */
  constructor(scroller, list, shown, listener) {
    this._scroller = scroller;
    this._list = list;
    this._shown = shown;
    this._listener = listener;
    /** @type {Map<string, {element: HTMLElement, line: Line | null, sign: string}>} */
    this._drawn = new Map();
    this._start = 0;
    this._end = 0;
    this._complete = true; // whether the newest line was drawn
    this._scheduled = false;
    this._target = ""; // the key of a line to be brought into view
    this.atEnd = true; // whether the view follows what arrives
    scroller.addEventListener("scroll", () => this._onScroll(), { passive: true });
    new ResizeObserver(() => this.atEnd && this.toEnd()).observe(scroller);
  }

  /** Another room is in view. */
  reset() {
    this._list.replaceChildren();
    this._drawn.clear();
    this.atEnd = true;
    this._target = "";
  }

  /** Draw soon what has changed. */
  update() {
    if (this._scheduled) return;
    this._scheduled = true;
    requestAnimationFrame(() => {
      this._scheduled = false;
      this.draw();
    });
  }

  /** Begin to read at the first unread line, if not all unread lines are in sight. */
  toNews() {
    this.atEnd = true;
    this._draw();
    const news = this._drawn.get("new")?.element;
    if (news && news.offsetTop < this._scroller.scrollTop) {
      this.atEnd = false;
      this._scroller.scrollTop = news.offsetTop - 2 * news.offsetHeight;
    }
    this._listener.moved();
  }

  toEnd() {
    this.atEnd = true;
    this.draw();
  }

  /**
   * Bring a line into view.
   * @param {string} key
   */
  jump(key) {
    this.atEnd = false;
    this._target = key;
    this.draw();
    const element = this._drawn.get(key)?.element;
    if (!element) return;
    element.scrollIntoView({ block: "center" });
    element.classList.remove("found");
    void element.offsetWidth; // begins the animation again
    element.classList.add("found");
    element.focus({ preventScroll: true });
  }

  /**
   * Returns the element of a line that is drawn.
   * @param {string} key
   */
  element(key) {
    return this._drawn.get(key)?.element;
  }

  draw() {
    this._draw();
    this._listener.moved();
  }

  _draw() {
    const shown = this._shown();
    const anchor = this.atEnd ? null : this._anchor(shown);
    this._range(shown, anchor?.index ?? null);
    const items = this._items(shown);
    this._reconcile(items);
    this._scroller.setAttribute("aria-live", this.atEnd ? "polite" : "off");
    if (!anchor) this._scroller.scrollTop = this._scroller.scrollHeight;
    else if (anchor.offset !== null) this._hold(anchor.key, anchor.offset);
    this._target = "";
    this._askForHoles(shown);
  }

  /**
   * Returns the line that is to stay where it is.
   * @param {Shown} shown
   */
  _anchor({ lines, pending }) {
    if (this._target) {
      const index = lines.findIndex(({ key }) => key === this._target);
      return { key: this._target, index: Math.max(index, 0), offset: null };
    }
    for (const element of /** @type {Iterable<HTMLElement>} */ (this._list.children)) {
      const offset = element.offsetTop - this._scroller.scrollTop;
      if (offset + element.offsetHeight <= 0 || !element.matches(".line:not(.hole)")) continue;
      const key = element.dataset.key ?? "";
      const index = indexOf(lines, key) ?? indexOf(pending, key, lines.length);
      if (index !== null) return { key, index, offset };
    }
    return { key: "", index: Math.min(this._start, lines.length), offset: null };
  }

  /** @param {Shown} shown @param {number | null} anchor */
  _range({ lines, pending }, anchor) {
    const total = lines.length + pending.length;
    this._end = anchor === null ? total : Math.min(total, anchor + BELOW);
    this._complete = this._end === total;
    this._start = Math.max(0, anchor === null ? total - AT_END : Math.min(anchor - ABOVE, total - AT_END));
  }

  /** @param {Shown} shown @returns {Item[]} */
  _items({ lines, pending, news, me }) {
    /** @type {Item[]} */
    const items = [];
    const at = (/** @type {number} */ index) => lines[index] ?? pending[index - lines.length];
    let day = "";
    let unread = news === null || this._hasRead(lines, news);
    for (let index = this._start; index < this._end; index += 1) {
      const line = at(index);
      const date = line.at ? new Date(line.at) : null;
      if (date && date.toDateString() !== day) {
        day = date.toDateString();
        items.push({ key: `d${day}`, line: null, sign: "", make: () => drawDay(date) });
      }
      if (!unread && news !== null && (line.id ?? 0) >= news) {
        unread = true;
        items.push({ key: "new", line: null, sign: "", make: drawNew });
      }
      const grouped = index > this._start && items.at(-1)?.line === at(index - 1) && goesOn(line, at(index - 1));
      const sign = `${grouped} ${me} ${line.waiting}`;
      items.push({ key: line.key, line, sign, make: () => drawLine(line, me, grouped) });
    }
    return items;
  }

  /** Returns whether the first unread line is above what is drawn. @param {Line[]} lines @param {number} news */
  _hasRead(lines, news) {
    const first = lines.slice(0, this._start).findLast((line) => line.id !== undefined);
    return (first?.id ?? 0) >= news;
  }

  /** @param {Item[]} items */
  _reconcile(items) {
    const wanted = new Set(items.map((item) => item.key));
    for (const [key, { element }] of this._drawn) {
      if (wanted.has(key)) continue;
      element.remove();
      this._drawn.delete(key);
    }
    let next = this._list.firstElementChild;
    for (const item of items) {
      const known = this._drawn.get(item.key)?.element;
      const element = this._element(item);
      if (next && known === next) next = element;
      if (element === next) next = next.nextElementSibling;
      else this._list.insertBefore(element, next);
    }
  }

  /** @param {Item} item */
  _element({ key, line, sign, make }) {
    const known = this._drawn.get(key);
    if (known && known.sign === sign && (known.line === line || line?.waiting)) return known.element;
    const element = make();
    if (known) {
      const focused = known.element === document.activeElement;
      known.element.replaceWith(element);
      if (focused) element.focus({ preventScroll: true });
    }
    this._drawn.set(key, { element, line, sign });
    return element;
  }

  /** @param {string} key @param {number} offset */
  _hold(key, offset) {
    const element = this._drawn.get(key)?.element;
    if (!element) return;
    const top = element.offsetTop - offset;
    if (Math.abs(top - this._scroller.scrollTop) >= 1) this._scroller.scrollTop = top;
  }

  _onScroll() {
    const { scrollTop, scrollHeight, clientHeight } = this._scroller;
    const below = scrollHeight - scrollTop - clientHeight;
    this.atEnd = this._complete && below < AT_END_PIXELS;
    const nearTop = scrollTop < EDGE && this._start > 0;
    if ((nearTop && !this.atEnd) || (below < EDGE && !this._complete)) this.draw();
    else this._askForHoles(this._shown());
    this._scroller.setAttribute("aria-live", this.atEnd ? "polite" : "off");
    this._listener.moved();
  }

  /** @param {Pick<Shown, "lines">} shown */
  _askForHoles({ lines }) {
    const { scrollTop, clientHeight } = this._scroller;
    for (const line of lines.slice(this._start, this._end)) {
      const element = line.kind === "hole" && this._drawn.get(line.key)?.element;
      if (!element) continue;
      const top = element.offsetTop - scrollTop;
      if (top < -EDGE || top > clientHeight + EDGE) continue;
      this._listener.hole(line, line !== lines[0] && top > clientHeight / 2);
    }
  }
}

/**
 * @param {Line[]} lines
 * @param {string} key
 * @param {number} offset
 */
function indexOf(lines, key, offset = 0) {
  const index = lines.findLastIndex((line) => line.key === key);
  return index < 0 ? null : index + offset;
}
