/** The menus: what can be done with a message, a member, the room, and by the reader. */
import { showKeys } from "./keys.js";
import { ask, openMenu } from "./menu.js";
import { key } from "./names.js";

/**
 * @typedef {import("./menu.js").Action} Action
 * @typedef {import("./log.js").Line} Line
 */

/** @type {[string, string][]} */
const TIMES = [["", "for ever"], ["600", "for 10 minutes"], ["3600", "for an hour"], ["86400", "for a day"], ["604800", "for a week"]];

export class Menus {
  /** @param {import("./app.js").App} app */
  constructor(app) {
    this._app = app;
  }

  /** @param {Line} line @param {HTMLElement} anchor */
  openLine(line, anchor) {
    const { actions, composer, conversation } = this._app;
    const known = line.id !== undefined && !line.removed;
    /** @type {Action[]} */
    const list = [];
    if (!line.own) list.push({ label: `Reply to ${line.from}`, act: () => composer.insert(`${line.from}: `) });
    if (known) {
      list.push({ label: "Quote", act: () => composer.insert(`“${line.text}” ${line.from}: `) });
      list.push({ label: "Copy the text", act: () => copy(line.text) });
    }
    if (known && line.own) list.push({ label: "Correct", act: () => actions.edit(line) });
    if (known && (line.own || conversation.operator)) {
      list.push({ label: "Remove", act: () => actions.remove(line), danger: true });
    }
    if (!line.own) list.push(...this._about(line.from));
    openMenu(anchor, list);
  }

  /** @param {string} name @param {HTMLElement} anchor */
  openMember(name, anchor) {
    if (key(name) === key(this._app.conversation.name)) this.openMine(anchor);
    else openMenu(anchor, [
      { label: `Mention ${name}`, act: () => this._app.composer.insert(`${name}: `) },
      ...this._about(name),
    ]);
  }

  /** @param {string} name @returns {Action[]} */
  _about(name) {
    const { conversation } = this._app;
    const list = [{ label: `Message ${name} privately`, act: () => this._direct(name) }];
    if (!conversation.operator) return list;
    return [
      ...list,
      { label: "Mute …", act: () => this._moderate("mute", name, true), danger: true },
      { label: "Let speak again", act: () => this._app.actions.request({ type: "unmute", name }, "/unmute") },
      { label: "Kick …", act: () => this._moderate("kick", name, false), danger: true },
      { label: "Ban …", act: () => this._moderate("ban", name, true), danger: true },
    ];
  }

  /** Enters the room of two; where one of them is a guest there is none, but a private line. @param {string} name */
  async _direct(name) {
    const joined = await this._app.actions.join(`@${name}`, false);
    if (!joined) this._app.composer.text = `/msg ${name} `;
    this._app.composer.focus();
  }

  /** @param {string} type @param {string} name @param {boolean} lasts */
  async _moderate(type, name, lasts) {
    const what = type[0].toUpperCase() + type.slice(1);
    const fields = [{ name: "text", label: "Reason (may be empty)" }];
    const filled = await ask(`${what} ${name}?`, {
      fields: lasts ? [{ name: "seconds", label: "How long", choices: TIMES }, ...fields] : fields,
      yes: what,
      danger: true,
    });
    if (!filled) return;
    const seconds = Number(filled.seconds) || undefined;
    this._app.actions.request({ type, name, seconds, text: filled.text || undefined }, `/${type}`);
  }

  /** @param {HTMLElement} anchor */
  openRoom(anchor) {
    const { room, actions } = this._app;
    if (!room) return;
    /** @type {Action[]} */
    const list = [{ label: "Search …", act: () => actions.search() }];
    if (!room.direct) {
      list.push(
        { label: "Set the topic …", act: () => this._topic() },
        { label: "Invite someone …", act: () => this._invite() },
        { label: "Make it private", act: () => actions.run("/private") },
        { label: "Open it to everyone", act: () => actions.run("/open") },
      );
    }
    list.push({ label: "Leave this room", act: () => actions.leave() });
    openMenu(anchor, list);
  }

  async _topic() {
    const { room, actions } = this._app;
    if (!room) return;
    const filled = await ask(`Topic of ${room.name}`, {
      fields: [{ name: "text", label: "Topic (empty: none)", value: room.topic }], yes: "Set it" });
    if (filled) actions.request({ type: "topic", room: room.name, text: filled.text }, "/topic");
  }

  async _invite() {
    const { room, actions } = this._app;
    const filled = await ask("Invite to this private room", { fields: [{ name: "name", label: "A registered name" }], yes: "Invite" });
    if (filled?.name && room) actions.request({ type: "invite", room: room.name, name: filled.name }, "/invite");
  }

  /** @param {HTMLElement} anchor */
  openMine(anchor) {
    const { hearing: { notices } } = this._app;
    openMenu(anchor, [
      { label: "Take another name …", act: () => this._rename() },
      { label: "Register this name …", act: () => this.register() },
      ...(notices.possible ? [{
        label: notices.on ? "No notices of the browser" : "Notices of the browser",
        act: () => this.notify(!notices.on),
      }] : []),
      { label: "Keys", act: () => showKeys() },
      { label: "Commands", act: () => this._app.actions.run("/help") },
      { label: "Leave the server", act: () => this._app.quit() },
    ]);
  }

  async _rename() {
    const filled = await ask("Another name", { fields: [{ name: "name", label: "New name" }], yes: "Take it" });
    if (filled?.name) this._app.actions.request({ type: "rename", name: filled.name }, "/name");
  }

  async register() {
    const filled = await ask(`Register ${this._app.conversation.name}`, {
      text: "The name becomes yours: from now on it needs this password, and you can be here from several devices.",
      fields: [{ name: "password", label: "A password", type: "password" }],
      yes: "Register",
    });
    if (filled?.password) this._app.actions.request({ type: "register", password: filled.password }, "/register");
  }

  /** @param {boolean} wanted */
  async notify(wanted) {
    const { hearing, storage } = this._app;
    storage.keepWantsNotices(wanted);
    const on = await hearing.notices.set(wanted);
    const why = window.isSecureContext ? "The browser does not allow them." : "The browser shows them only for pages over https.";
    hearing.tell(on ? "The browser tells you of messages that name you." : wanted ? `No notices: ${why}` : "The browser shows no notices.", "answer");
  }
}

/**
 * Puts a text on the clipboard, also where the page came over plain http.
 * @param {string} text
 */
function copy(text) {
  if (navigator.clipboard) navigator.clipboard.writeText(text);
  else {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}
