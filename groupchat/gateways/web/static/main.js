/** Starts the page. */
import { App } from "./app.js";
import { CLOCK } from "./clock.js";
import { Storage } from "./storage.js";
import { Tabs } from "./tabs.js";
import { makeId } from "./transports.js";

const SLOT = "groupchat slot";

async function start() {
  const place = new URL(".", document.baseURI).pathname;
  const channel = new BroadcastChannel(`groupchat ${place}`);
  const before = Number(tryTo(() => sessionStorage.getItem(SLOT)) ?? 0);
  const slot = await new Tabs(/** @type {any} (a channel's words are ours) */ (channel), makeId(8), CLOCK).claim(before);
  tryTo(() => sessionStorage.setItem(SLOT, String(slot)));
  const store = tryTo(() => localStorage) ?? { getItem: () => null, setItem() {}, removeItem() {} };
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
