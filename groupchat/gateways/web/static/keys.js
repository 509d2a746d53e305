/** The keys that work everywhere in the page. */
import { h } from "./dom.js";
import { heading, openDialog } from "./menu.js";

const HELP = [
  ["Enter, Shift+Enter", "says the line; breaks the line"],
  ["Tab, Shift+Tab", "completes a name, a room or a command"],
  ["↑, ↓ in the line", "lines typed before"],
  ["Alt+1 to Alt+9", "a room by its place in the list"],
  ["Alt+↑, Alt+↓", "the room before, the next room"],
  ["Alt+A", "the next room with news"],
  ["Alt+R", "finds or makes a room"],
  ["Alt+F", "searches in the room"],
  ["Alt+M", "shows or hides the members"],
  ["Alt+L", "goes to the messages: ↑ and ↓ choose one, Enter opens its menu, Home and End the oldest and the newest, Esc returns"],
  ["Esc", "back to the line"],
];

/** Shows what the keys do. */
export function showKeys() {
  const rows = HELP.map(([name, meaning]) => h("div", {}, h("dt", {}, name), h("dd", {}, meaning)));
  openDialog(h("div", {}, heading("Keys", { tabindex: -1, autofocus: true }), h("dl", { class: "keys" }, ...rows)));
}

/** @param {import("./app.js").App} app */
export function listenToKeys(app) {
  const { actions } = app;
  /** @type {Record<string, () => void>} */
  const acts = {
    ArrowUp: () => actions.stepRoom(-1),
    ArrowDown: () => actions.stepRoom(1),
    KeyA: () => actions.nextNews(),
    KeyR: () => actions.findRoom(),
    KeyF: () => actions.search(),
    KeyM: () => app.panels.toggleMembers(),
    KeyL: () => document.getElementById("log")?.focus(),
  };
  document.addEventListener("keydown", (event) => {
    if (!app.room || document.querySelector("dialog")) return;
    const digit = /^Digit([1-9])$/.exec(event.code);
    const act = digit ? () => app.show(app.rooms[Number(digit[1]) - 1]) : acts[event.code];
    if (event.altKey && !event.ctrlKey && !event.metaKey && act) {
      event.preventDefault();
      act();
    }
  });
}
