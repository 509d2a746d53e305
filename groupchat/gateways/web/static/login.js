/** The first view: who are you? */
import { byId, inputById, setText } from "./dom.js";

const NEEDS_PASSWORD = new Set(["bad-password"]);

export class Login {
  /** @param {(name: string, password: string) => void} join */
  constructor(join) {
    this._name = inputById("login-name");
    this._password = inputById("login-password");
    this._form = /** @type {HTMLFormElement} */ (byId("login-form"));
    setText(byId("login-where"), location.host);
    this._form.addEventListener("submit", (event) => {
      event.preventDefault();
      setText(byId("login-error"), "");
      this._busy(true);
      join(this._name.value.trim(), this._password.value);
    });
  }

  /**
   * Ask for the name.
   * @param {string} name the one to begin with.
   * @param {string} [error] why it is asked for again.
   * @param {string} [code] of the error.
   */
  ask(name, error = "", code = "") {
    byId("login").hidden = false;
    byId("chat").hidden = true;
    this._busy(false);
    const typedAhead = this._name.value !== "" && !error; // before the page was ready
    this._name.value ||= name;
    const secret = NEEDS_PASSWORD.has(code);
    if (secret) byId("login-secret").hidden = false;
    setText(byId("login-error"), secret && !this._password.value ? asksPassword(this._name.value) : error);
    this._password.value = "";
    const next = secret ? this._password : this._name;
    next.focus();
    if (next === this._name && !typedAhead) next.select();
  }

  /**
   * Say why it takes a while.
   * @param {string} text
   */
  tell(text) {
    setText(byId("login-error"), text);
  }

  hide() {
    byId("login").hidden = true;
    byId("chat").hidden = false;
    byId("login-secret").hidden = true;
    this._password.value = "";
    this._busy(false);
  }

  /** @param {boolean} busy */
  _busy(busy) {
    const button = /** @type {HTMLButtonElement} */ (this._form.querySelector("button"));
    button.disabled = busy;
    setText(button, busy ? "Joining …" : "Join");
  }
}

/** @param {string} name */
function asksPassword(name) {
  return `The name ${name} is registered. Its password? Or take another name.`;
}
