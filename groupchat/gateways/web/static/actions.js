/** Does what the reader asks for: lines that were typed, and what menus offer. */
import { linesOf } from "./answers.js";
import { allCommands, find, parseTyped, usage } from "./commands.js";
import { showKeys } from "./keys.js";
import { ask } from "./menu.js";
import { roomName } from "./names.js";
import { join, leave, load, loadAround, search } from "./questions.js";
import { findRoom } from "./room-finder.js";
import { openSearch } from "./search-view.js";

/**
 * @typedef {import("./log.js").Line} Line
 * @typedef {import("./room.js").Room} Room
 */

export class Actions {
  /** @param {import("./app.js").App} app */
  constructor(app) {
    this._app = app;
    this._corrected = 0; // the id of the message that is being corrected
  }

  /** Returns the room in view. There is one wherever a person can ask for something. */
  get _room() {
    return /** @type {Room} */ (this._app.room);
  }

  // Lines.

  /** @param {string} line */
  run(line) {
    try {
      this._do(parseTyped(line, this._room.name));
    } catch (error) {
      this._complain(error);
    }
  }

  /** @param {import("./commands.js").Typed} typed */
  _do(typed) {
    switch (typed.kind) {
      case "say": this._say({ text: typed.text, act: typed.act }); break;
      case "edit": this._correctNewest(typed.text); break;
      case "remove": this._correctNewest(undefined); break;
      case "search": this.search(typed); break;
      case "request": this.request(typed.command, typed.word); break;
      case "page": this._page(typed.word, typed.rest); break;
    }
  }

  /** @param {Pick<import("./send-window.js").Entry, "text" | "act" | "replaces" | "redacts">} said */
  _say(said) {
    this._room.news = null;
    this._app.timeline.atEnd = true;
    this._app.conversation.say(this._room, said);
  }

  /** @param {unknown} error @param {string} [word] */
  _complain(error, word) {
    const { message } = /** @type {Error} */ (error);
    this._app.hearing.tell(word ? `${word}: ${message}` : message, "error");
  }

  /**
   * Give a command to the server, and show its answer.
   * @param {import("./wire.js").Command} command
   * @param {string} word
   */
  async request(command, word) {
    try {
      const answer = await this._app.conversation.request(command);
      if (command.type === "tell") this._told(command);
      else if (command.type !== "rename" && !(command.type === "topic" && command.text !== undefined)) {
        for (const line of linesOf(answer, word)) this._app.hearing.tell(line, "answer");
      }
      if (command.type === "register") this._app.keep();
    } catch (error) {
      this._complain(error, word);
    }
  }

  /** @param {import("./wire.js").Command} command */
  _told({ to, text }) {
    const { room, conversation, view } = this._app;
    if (conversation.rooms.has(`@${to}`)) return;
    room?.log.tell("tell", `to ${to}: ${text}`, { own: true, at: new Date().toISOString() });
    view.update();
  }

  /** @param {string} word @param {string} rest */
  _page(word, rest) {
    const act = {
      "/help": () => this._help(rest),
      "/join": () => (rest ? this.join(rest) : this.findRoom()),
      "/leave": () => this.leave(rest),
      "/history": () => this._history(rest),
      "/notify": () => this._app.menus.notify(rest !== "off"),
      "/reconnect": () => this._app.connection.start(),
      "/keys": () => showKeys(),
      "/register": () => this._app.menus.register(),
      "/quit": () => this._app.quit(),
    }[word];
    act?.();
  }

  /** @param {string} rest */
  _help(rest) {
    const one = rest && find(`/${rest.replace(/^\//, "")}`);
    if (rest && !one) throw new Error(`There is no command ${rest}.`);
    const shown = one ? [one] : allCommands(this._app.conversation.operator);
    for (const command of shown) {
      this._app.hearing.tell(`${usage(command)} – ${command.help}`, "answer");
      for (const more of one ? (command.more ?? []) : []) this._app.hearing.tell(more, "answer");
    }
  }

  /** @param {string} rest */
  async _history(rest) {
    const limit = Math.min(Number(rest) || 100, 1000);
    const oldest = this._room.log.lines.find((line) => line.kind === "hole")?.before;
    if (oldest) await load(this._app.conversation, this._room, oldest, limit).catch((error) => this._complain(error));
    this._app.view.update();
  }

  // Corrections.

  /** @param {string | undefined} text undefined: remove it. */
  _correctNewest(text) {
    const newest = this._room.log.newestOwn;
    if (!newest) throw new Error("Nothing that you said here is known.");
    this._replace(newest.id ?? 0, text);
  }

  /** @param {number} id @param {string | undefined} text */
  _replace(id, text) {
    const said = text === undefined ? { redacts: id } : { text, replaces: id };
    this._app.conversation.say(this._room, said);
  }

  /** The message that is being corrected shall say this. @param {string} text */
  correct(text) {
    this._replace(this._corrected, text);
  }

  /** @param {Line} line */
  edit(line) {
    this._corrected = line.id ?? 0;
    this._app.composer.edit(line.text);
  }

  /** @param {Line} line */
  async remove(line) {
    const sure = await ask("Remove this message?", { text: line.text, yes: "Remove", danger: true });
    if (sure) this._replace(line.id ?? 0, undefined);
  }

  /** Asks whether to say that many lines. @param {number} lines */
  async sure(lines) {
    return (await ask(`Say ${lines} lines?`, { text: "Each line becomes a message.", yes: "Say them" })) !== null;
  }

  // Rooms.

  /**
   * Enters a room, and shows it. Returns whether that is possible.
   * @param {string} typed
   * @param {boolean} complain
   */
  async join(typed, complain = true) {
    const { conversation } = this._app;
    const name = roomName(typed);
    try {
      this._app.show(conversation.rooms.get(name) ?? (await join(conversation, name)));
      this._app.composer.focus();
      return true;
    } catch (error) {
      if (complain) this._complain(error, "/join");
      return false;
    }
  }

  /** @param {string} [typed] */
  async leave(typed) {
    const { conversation, rooms } = this._app;
    const room = typed ? conversation.rooms.get(roomName(typed)) : this._room;
    try {
      if (!room) throw new Error(`You are not in ${typed}.`);
      if (rooms.length === 1) throw new Error("This is your only room. /quit leaves the server.");
      if (room.window.unanswered.length) throw new Error(`Lines of yours in ${room.name} are not stored yet.`);
      await leave(conversation, room);
      if (room === this._app.room) this._app.show(this._app.rooms[0]);
      this._app.keep();
      this._app.view.update();
    } catch (error) {
      this._complain(error, "/leave");
    }
  }

  /** @param {1 | -1} step */
  stepRoom(step) {
    const { rooms } = this._app;
    this._app.show(rooms.at((rooms.indexOf(this._room) + step) % rooms.length));
  }

  nextNews() {
    const others = this._app.rooms.filter((room) => room !== this._app.room && room.unread);
    this._app.show(others.find((room) => room.mentions) ?? others[0]);
  }

  findRoom() {
    findRoom(this._app.conversation, (name) => this.join(name));
  }

  /** @param {{text: string, from?: string}} [query] */
  search(query) {
    const { conversation } = this._app;
    const room = this._room;
    openSearch(room.name, (asked) => search(conversation, room, asked), (id) => this.jump(id), query);
  }

  /** Shows a message in its place. @param {number} id */
  async jump(id) {
    try {
      await loadAround(this._app.conversation, this._room, id);
      this._app.timeline.jump(`m${id}`);
    } catch (error) {
      this._complain(error);
    }
  }

  toOldest() {
    const first = this._room.log.lines.find((line) => line.id !== undefined || line.kind === "hole");
    this.jump(first?.kind === "hole" ? (first.after ?? 0) + 1 : (first?.id ?? 0));
  }
}
