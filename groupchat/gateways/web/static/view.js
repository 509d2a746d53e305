/** Draws the room in view and what surrounds it, and notices what is being read. */
import { byId, setText } from "./dom.js";
import { LineFocus } from "./line-focus.js";
import { drawMembers } from "./members-view.js";
import { drawRooms, short } from "./rooms-view.js";

export class View {
  /** @param {import("./app.js").App} app */
  constructor(app) {
    this._app = app;
    this._scheduled = false;
    this._newest = byId("newest");
    this._newest.addEventListener("click", () => {
      app.timeline.toEnd();
      app.composer.focus();
    });
    byId("find-room").addEventListener("click", () => app.actions.findRoom());
    byId("find").addEventListener("click", () => app.actions.search());
    byId("room-menu").addEventListener("click", () => app.menus.openRoom(byId("room-menu")));
    byId("me-menu").addEventListener("click", () => app.menus.openMine(byId("me-menu")));
    this.lines = new LineFocus(app, byId("log"), byId("lines"));
  }

  /** Draw soon what has changed. */
  update() {
    if (this._scheduled) return;
    this._scheduled = true;
    const draw = () => {
      this._scheduled = false;
      this.draw();
    };
    // A page that is not in sight draws no frames, but its title counts.
    if (document.hidden) setTimeout(draw, 100);
    else requestAnimationFrame(draw);
  }

  draw() {
    const { room, rooms, conversation, timeline } = this._app;
    if (!room) return;
    this.read();
    setText(byId("me"), conversation.name || this._app.device.name);
    setText(byId("room-name"), room.name);
    setText(byId("topic"), room.topic);
    byId("topic").title = room.topic;
    setText(byId("count"), room.count ? short(room.count) : "");
    drawRooms(byId("room-list"), rooms, room, (one) => this._app.hasDraft(one), (one) => {
      this._app.show(one);
      this._app.composer.focus();
    });
    drawMembers(byId("member-list"), room, conversation.name, (name, anchor) =>
      this._app.menus.openMember(name, anchor));
    this._drawElsewhere();
    timeline.update();
    this._app.bar?.draw();
  }

  _drawElsewhere() {
    const { room, rooms, hearing } = this._app;
    const others = rooms.filter((one) => one !== room);
    const count = (/** @type {typeof rooms} */ some) => some.reduce((sum, one) => sum + one.mentions, 0);
    const [mentions, unread] = [count(others), others.some((one) => one.unread)];
    const badge = byId("elsewhere");
    badge.hidden = !unread;
    badge.classList.toggle("loud", mentions > 0);
    setText(badge, mentions ? short(mentions) : "");
    setText(byId("show-rooms-text"), unread ? "Rooms, with news" : "Rooms");
    hearing.notices.show(room?.name ?? "", count(rooms), rooms.some((one) => one.unread));
  }

  /** The messages were scrolled, or drawn again. */
  moved() {
    const { room, timeline } = this._app;
    const unread = room?.unread ?? 0;
    this._newest.hidden = timeline.atEnd;
    if (!timeline.atEnd) setText(byId("newest-text"), unread ? `${unread} new` : "Newest");
    this.read();
  }

  /**
   * Returns whether the reader sees what arrives in a room.
   * @param {import("./room.js").Room} room
   */
  reads(room) {
    return room === this._app.room && this._app.timeline.atEnd && !document.hidden && document.hasFocus();
  }

  /** Mark the room in view as read, if the reader sees its end. */
  read() {
    const { room, conversation } = this._app;
    if (room && this.reads(room)) conversation.marks.read(room);
  }
}
