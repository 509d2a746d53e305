/** Tells of news while the page is not in sight: the title, the icon, and the browser's notices. */
import { byId } from "./dom.js";

export class Notices {
  /** @param {{wanted: boolean}} settings whether the reader wants the browser's notices. */
  constructor(settings) {
    this._settings = settings;
    this._icon = /** @type {HTMLLinkElement} */ (byId("icon"));
    this._plain = this._icon.href;
    this._unread = new URL(this._icon.dataset.unread ?? this._plain, document.baseURI).href;
    this._base = document.title;
    this._last = 0;
  }

  /** Whether the browser can show notices: it can't where the page came over plain http. */
  get possible() {
    return window.isSecureContext && "Notification" in window && Notification.permission !== "denied";
  }

  get on() {
    return this.possible && this._settings.wanted && Notification.permission === "granted";
  }

  /**
   * Turn the browser's notices on or off. Returns whether they are on.
   * @param {boolean} wanted
   */
  async set(wanted) {
    this._settings.wanted = wanted;
    if (wanted && this.possible) await Notification.requestPermission();
    return this.on;
  }

  /**
   * Show how much is unread.
   * @param {string} room the room in view.
   * @param {number} mentions unread messages that concern the reader.
   * @param {boolean} unread whether there are others.
   */
  show(room, mentions, unread) {
    const count = mentions ? `(${mentions}) ` : unread ? "• " : "";
    const title = `${count}${room ? `${room} – ` : ""}${this._base}`;
    if (document.title !== title) document.title = title;
    const icon = mentions || unread ? this._unread : this._plain;
    if (this._icon.href !== icon) this._icon.href = icon;
  }

  /**
   * Tell of a message.
   * @param {string} title
   * @param {string} text
   * @param {() => void} open called when the reader follows it.
   */
  tell(title, text, open) {
    if (!this.on || document.hasFocus()) return;
    try {
      const notice = new Notification(title, { body: text.slice(0, 200), tag: title, icon: this._plain });
      notice.onclick = () => {
        window.focus();
        open();
        notice.close();
      };
    } catch {
      // Some browsers have notices only for installed pages.
    }
  }
}
