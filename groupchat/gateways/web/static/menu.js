/** Menus and questions: a list of actions beside a button, and dialogs. */
import { h } from "./dom.js";

/**
 * @typedef {{label: string, act: () => void, danger?: boolean}} Action
 * @typedef {{name: string, label: string, value?: string, type?: string,
 *   choices?: [string, string][]}} Field
 */

/** @type {(() => void) | null} */
let closeOpen = null;

/**
 * Opens a menu beside an element. The focus goes back there at its end.
 * @param {HTMLElement} anchor
 * @param {Action[]} actions
 */
export function openMenu(anchor, actions) {
  closeOpen?.();
  const back = /** @type {HTMLElement | null} */ (document.activeElement);
  const items = actions.map(({ label, act, danger }) =>
    h("button", { role: "menuitem", class: danger ? "danger" : "", tabindex: -1, onclick: () => close(act) }, label));
  const menu = h("div", { role: "menu", class: "menu", onkeydown: onKey }, ...items);
  (anchor.closest("main, nav, aside") ?? document.body).append(menu);
  place(menu, anchor);
  anchor.setAttribute("aria-expanded", "true");
  document.addEventListener("pointerdown", onOutside, true);
  closeOpen = () => close();
  items[0]?.focus();

  /** @param {() => void} [act] */
  function close(act) {
    closeOpen = null;
    document.removeEventListener("pointerdown", onOutside, true);
    menu.remove();
    anchor.removeAttribute("aria-expanded");
    back?.focus({ preventScroll: true });
    act?.();
  }
  /** @param {Event} event */
  function onOutside(event) {
    if (!menu.contains(/** @type {Node} */ (event.target))) close();
  }
  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const at = items.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (to !== undefined) items.at(to % items.length)?.focus();
    else if (event.key === "Escape" || event.key === "Tab") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

/** @param {HTMLElement} menu @param {HTMLElement} anchor */
function place(menu, anchor) {
  const at = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const left = Math.min(Math.max(8, at.right - width), innerWidth - width - 8);
  const below = at.bottom + height + 8 < innerHeight;
  menu.style.left = `${Math.max(8, left)}px`;
  menu.style.top = `${below ? at.bottom + 4 : Math.max(8, at.top - height - 4)}px`;
}

/**
 * Asks a question. The result is what was filled in, or null if the person does not want to.
 * @param {string} title
 * @param {{text?: string, fields?: Field[], yes: string, danger?: boolean}} question
 * @returns {Promise<Record<string, string> | null>}
 */
export function ask(title, { text, fields = [], yes, danger }) {
  return new Promise((resolve) => {
    const form = h("form", { method: "dialog" }, h("h2", { id: "dialog-title" }, title));
    if (text) form.append(h("p", {}, text));
    for (const field of fields) form.append(h("label", {}, field.label, control(field)));
    form.append(h("div", { class: "buttons" },
      h("button", { type: "button", onclick: () => dialog.close() }, "Cancel"),
      h("button", { type: "submit", value: "yes", class: danger ? "primary danger" : "primary" }, yes)));
    const dialog = openDialog(form, () => {
      const filled = new FormData(form);
      resolve(dialog.returnValue === "yes"
        ? Object.fromEntries(fields.map(({ name }) => [name, String(filled.get(name) ?? "").trim()]))
        : null);
    });
  });
}

/** @param {Field} field */
function control({ name, value = "", type = "text", choices }) {
  if (!choices) return h("input", { name, value, type, autocomplete: type === "password" ? "new-password" : "off" });
  return h("select", { name }, ...choices.map(([key, label]) => h("option", { value: key }, label)));
}

/**
 * The heading of a dialog that has no other button to close it: a phone has no Esc.
 * @param {string} title
 * @param {Record<string, unknown>} [attributes] of the title.
 */
export function heading(title, attributes = {}) {
  /** @param {Event} event */
  const close = (event) => /** @type {Element} */ (event.currentTarget).closest("dialog")?.close();
  return h("div", { class: "heading" }, h("h2", { id: "dialog-title", ...attributes }, title),
    h("button", { type: "button", class: "icon", "aria-label": "Close", onclick: close }, "×"));
}

/**
 * Shows something in front of the page, until it is closed.
 * @param {HTMLElement} content with an element whose id is dialog-title.
 * @param {() => void} [closed]
 */
export function openDialog(content, closed) {
  const dialog = h("dialog", {
    "aria-labelledby": "dialog-title",
    onclose: () => {
      dialog.remove();
      closed?.();
    },
    onpointerdown: (/** @type {PointerEvent} */ event) => event.target === dialog && dialog.close(),
    onkeydown: (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Escape" || event.isComposing) return;
      event.preventDefault(); // a search field would be emptied first
      dialog.close();
    },
  }, content);
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
