/** Starts the page. */
import { App } from "./app.js";
import { CLOCK } from "./clock.js";
import { Storage, firstSlot } from "./storage.js";
import { Tabs } from "./tabs.js";
import { makeId } from "./transports.js";

const SLOT = "groupchat slot";

async function start() {
  const place = new URL(".", document.baseURI).pathname;
  const channel = new BroadcastChannel(`groupchat ${place}`);
  const store = tryTo(() => localStorage) ?? { getItem: () => null, setItem() {}, removeItem() {} };
  const before = Number(tryTo(() => sessionStorage.getItem(SLOT)) ?? tryTo(() => firstSlot(place, store)));
  const slot = await new Tabs(/** @type {any} (a channel's words are ours) */ (channel), makeId(8), CLOCK).claim(before);
  tryTo(() => sessionStorage.setItem(SLOT, String(slot)));
  // A page that comes back from the browser's cache has lost its connection, and perhaps its slot.
  window.addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
  new App(new Storage(place, slot, store)).start();
}

/**
 * Returns what needs storage, or null where the browser allows none.
 * @template T
 * @param {() => T} act
 */
function tryTo(act) {
  try {
    return act();
  } catch {
    return null;
  }
}

start();
