/** The lists beside the messages: on a small screen they slide over them. */
import { byId } from "./dom.js";

const WIDE = matchMedia("(min-width: 60rem)");
const MEDIUM = matchMedia("(min-width: 42rem)");

export class Panels {
  constructor() {
    this._rooms = byId("rooms");
    this._members = byId("members");
    this._shade = byId("shade");
    this._roomsButton = byId("show-rooms");
    this._membersButton = byId("show-members");
    this._roomsButton.addEventListener("click", () => this.toggleRooms());
    this._membersButton.addEventListener("click", () => this.toggleMembers());
    byId("hide-members").addEventListener("click", () => this.toggleMembers(false));
    this._shade.addEventListener("click", () => this.close());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !this._shade.hidden && !document.querySelector("dialog")) this.close();
    });
    WIDE.addEventListener("change", () => this._arrange());
    MEDIUM.addEventListener("change", () => this._arrange());
    this._arrange();
  }

  _arrange() {
    this._rooms.hidden = !MEDIUM.matches;
    this._members.hidden = !WIDE.matches;
    this._update();
  }

  /** Close what lies over the messages. */
  close() {
    const [button] = [this._rooms.hidden ? this._membersButton : this._roomsButton];
    if (!MEDIUM.matches) this._rooms.hidden = true;
    if (!WIDE.matches) this._members.hidden = true;
    this._update();
    button.focus();
  }

  /** A room was chosen. */
  closeRooms() {
    if (!MEDIUM.matches) this._rooms.hidden = true;
    this._update();
  }

  toggleRooms() {
    this._rooms.hidden = !this._rooms.hidden;
    if (!MEDIUM.matches) this._members.hidden = true;
    this._update();
    if (!this._rooms.hidden) this._rooms.querySelector("button")?.focus();
  }

  /** @param {boolean} [shown] */
  toggleMembers(shown = Boolean(this._members.hidden)) {
    this._members.hidden = !shown;
    if (!MEDIUM.matches) this._rooms.hidden = true;
    this._update();
    if (shown) byId("hide-members").focus();
    else this._membersButton.focus();
  }

  _update() {
    const over = (!this._rooms.hidden && !MEDIUM.matches) || (!this._members.hidden && !WIDE.matches);
    this._shade.hidden = !over;
    this._roomsButton.setAttribute("aria-expanded", String(!this._rooms.hidden));
    this._membersButton.setAttribute("aria-expanded", String(!this._members.hidden));
  }
}
