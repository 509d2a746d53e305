/** The page: it puts the parts together, and shows one room at a time. */
import { Actions } from "./actions.js";
import { Bar } from "./bar.js";
import { CLOCK } from "./clock.js";
import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { Conversation } from "./conversation.js";
import { byId } from "./dom.js";
import { Hearing } from "./hearing.js";
import { listenToKeys } from "./keys.js";
import { Login } from "./login.js";
import { Menus } from "./menus.js";
import { Panels } from "./panels.js";
import { loadHole } from "./questions.js";
import { Timeline } from "./timeline.js";
import { eventStream, webSocket } from "./transports.js";
import { View } from "./view.js";

const MAX_LINES_ELSEWHERE = 1000;
const RETRY = 2000; // milliseconds until a page that the server refused is asked for again

/** @typedef {import("./room.js").Room} Room */

export class App {
  /** @param {import("./storage.js").Storage} storage */
  constructor(storage) {
    this.storage = storage;
    this.device = storage.device();
    this._drafts = storage.drafts();
    this._password = "";
    /** @type {Room | null} the room in view */
    this.room = null;
    /** @type {Set<string>} keys of holes that are being filled */
    this._loading = new Set();
    this._welcomed = false;
    this.hearing = new Hearing(this);
    this.conversation = new Conversation(CLOCK, this._listener());
    this.connection = new Connection([webSocket, eventStream], this._owner(), CLOCK);
    this.login = new Login((name, password) => this.join(name, password));
    this.actions = new Actions(this);
    this.menus = new Menus(this);
    this.timeline = new Timeline(byId("log"), byId("lines"), () => this._shown(), {
      hole: (hole, downwards) => this._load(hole, downwards),
      moved: () => this.view.moved(),
    });
    this.composer = new Composer(this._typist(), storage.typed(), (typed) => storage.keepTyped(typed));
    this.panels = new Panels();
    this.view = new View(this);
    this.bar = new Bar(byId("bar"), () => this._state(), () => this.connection.start());
    listenToKeys(this);
  }

  start() {
    this.conversation.restore(this.device.rooms, this.storage.outbox());
    const read = () => this.view.read();
    document.addEventListener("visibilitychange", () => {
      read();
      if (!document.hidden) this.connection.check();
    });
    window.addEventListener("focus", read);
    window.addEventListener("online", () => this.connection.check());
    if (this.device.joined) this._begin();
    else this.login.ask(this.device.name);
  }

  /** @param {string} name @param {string} password */
  join(name, password) {
    this.device.name = name;
    this._password = password;
    this._begin();
  }

  _begin() {
    if (this.device.joined) this._enter();
    this.connection.start();
  }

  /** Show the chat in place of the login. */
  _enter() {
    this.login.hide();
    const { rooms } = this.conversation;
    this.show(rooms.get(this.device.room) ?? [...rooms.values()][0]);
  }

  /**
   * Bring a room into view.
   * @param {Room | undefined} room
   */
  show(room) {
    if (!room || room === this.room) return;
    if (this.room) {
      this.room.news = null;
      this.room.log.trim(MAX_LINES_ELSEWHERE);
    }
    this.room = room;
    this.panels.closeRooms();
    this.timeline.reset();
    this.composer.show(this._drafts[room.name] ?? "", room.name);
    this.timeline.toNews();
    this.view.draw();
    this._keepDevice();
  }

  /** Leave the server: ask for a name. */
  quit() {
    this.connection.stop();
    this.conversation.disconnected();
    this.device.joined = false;
    this._keepDevice();
    this.login.ask(this.device.name);
  }

  /** @param {Room} room */
  hasDraft(room) {
    return Boolean(this._drafts[room.name]);
  }

  /** The rooms, in the order of the list: direct ones last. */
  get rooms() {
    const all = [...this.conversation.rooms.values()];
    return [...all.filter((room) => !room.direct), ...all.filter((room) => room.direct)];
  }

  /** @returns {import("./timeline.js").Shown} */
  _shown() {
    const { room, conversation } = this;
    if (!room) return { lines: [], pending: [], news: null, me: "" };
    return { lines: room.log.lines, pending: room.pending, news: room.news, me: conversation.name };
  }

  /** @returns {import("./bar.js").State} */
  _state() {
    const { phase, reason, code, retryAt } = this.connection;
    return { phase, reason, code, retryAt, waiting: this.conversation.waiting };
  }

  /** @returns {import("./connection.js").Owner} */
  _owner() {
    return {
      hello: () => this.conversation.hello(this.device.name, this.device.client, this._password),
      welcomed: (send, welcome) => this._onWelcome(send, welcome),
      received: (line) => this.conversation.receive(line),
      lost: () => this.conversation.disconnected(),
      rejected: (error) => {
        this.device.joined = false;
        this.login.ask(this.device.name, error.text, error.code);
      },
      changed: () => this._onPhase(),
    };
  }

  /**
   * @param {(commands: import("./wire.js").Command[]) => void} send
   * @param {import("./wire.js").Welcome} welcome
   */
  _onWelcome(send, welcome) {
    this._password = "";
    this.device.joined = true;
    this.device.name = welcome.name;
    this.conversation.connected(send, welcome);
    if (byId("chat").hidden || !this.room) this._enter();
    if (!this._welcomed) this.composer.focus();
    this._welcomed = true;
    this._keepDevice();
  }

  _onPhase() {
    const { phase, reason } = this.connection;
    if (!this.room && phase === "ended") this.login.ask(this.device.name, reason);
    if (!this.room && phase === "waiting") this.login.tell(reason || "The server does not answer. The page tries again.");
    this.bar?.draw();
  }

  /** @returns {import("./conversation.js").Listener} */
  _listener() {
    return {
      changed: () => {
        const { online, name } = this.conversation;
        if (online && name !== this.device.name) this.keep();
        this.view?.update();
      },
      heard: (room, line, live) => this.hearing.heard(room, line, live),
      tell: (text, kind, from) => this.hearing.tell(text, kind, from),
      save: (outbox) => this.storage.keepOutbox(outbox),
      expelled: (room, text) => this._leave(room, text),
    };
  }

  /** The server has put us out of a room. @param {Room} room @param {string} text */
  async _leave(room, text) {
    if (!this.rooms.length) await this.actions.join("lobby");
    else if (room === this.room) this.show(this.rooms[0]);
    this.hearing.tell(`You are no longer in ${room.name}: ${text}`, "error");
  }

  /** @returns {import("./composer.js").Owner} */
  _typist() {
    return {
      around: () => this.hearing.around(),
      run: (line) => this.actions.run(line),
      correct: (text) => this.actions.correct(text),
      changed: (text) => this._keepDraft(text),
      sure: (lines) => this.actions.sure(lines),
    };
  }

  /** @param {string} text */
  _keepDraft(text) {
    if (!this.room) return;
    if (text) this._drafts[this.room.name] = text;
    else delete this._drafts[this.room.name];
    this.storage.keepDrafts(this._drafts);
  }

  _keepDevice() {
    const { name, rooms } = this.conversation;
    Object.assign(this.device, { rooms: [...rooms.keys()], room: this.room?.name ?? "" });
    if (name) this.device.name = name;
    this.storage.keepDevice(this.device);
  }

  /** Keep what has changed about the rooms and the name. */
  keep() {
    this._keepDevice();
  }

  /** @param {import("./log.js").Line} hole @param {boolean} downwards */
  async _load(hole, downwards) {
    const { room, conversation } = this;
    if (!room?.joined || !conversation.online || this._loading.size) return;
    this._loading.add(hole.key);
    const pause = await loadHole(conversation, room, hole, downwards).then(() => 0, () => RETRY);
    CLOCK.later(pause, () => {
      this._loading.clear();
      this.view.update();
    });
  }
}
