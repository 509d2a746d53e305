/** The messages of a room on their way: the rules of groupchat.client.sender. */
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { MAX_IN_FLIGHT, SendWindow } from "../../groupchat/gateways/web/static/send-window.js";
import { TestClock } from "./helpers.js";

/** @type {TestClock} */
let clock;
/** @type {SendWindow} */
let window;
let woken = 0;

beforeEach(() => {
  clock = new TestClock();
  woken = 0;
  window = new SendWindow(clock, () => (woken += 1));
});

/** @param {string} text @param {number} [n] */
const entry = (text, n) => ({ key: text, room: "lobby", text, at: "", ...(n ? { n } : {}) });
const due = () => window.due().map(({ n, text }) => `${n} ${text}`);
/** @param {number} n @param {string} code @param {object} [more] */
const refuse = (n, code, more = {}) => window.refused({ type: "error", code, text: "", n, ...more });

test("nothing is due before the room is joined", () => {
  window.add(entry("a"));
  assert.deepEqual(due(), []);
  window.open(0);
  assert.deepEqual(due(), ["1 a"]);
  assert.deepEqual(due(), []);
});

test("messages are numbered from what the server has stored", () => {
  window.open(7);
  window.add(entry("a"));
  window.add(entry("b"));
  assert.deepEqual(due(), ["8 a", "9 b"]);
});

test("a lost connection repeats the same numbers, and asks for lost oks", () => {
  window.open(0);
  ["a", "b", "c"].forEach((text) => window.add(entry(text)));
  due();
  window.acknowledged(1);
  window.close();
  window.add(entry("d"));
  assert.deepEqual(due(), []);
  assert.deepEqual(window.open(2).map(({ text }) => text), ["b"]);
  assert.deepEqual(due(), ["2 b", "3 c", "4 d"]);
});

test("messages of an earlier page come before all others", () => {
  window.add(entry("a", 4));
  window.add(entry("b", 5));
  window.add(entry("c"));
  assert.deepEqual(window.open(4).map(({ text }) => text), ["a"]);
  assert.deepEqual(due(), ["4 a", "5 b", "6 c"]);
});

test("in another log nothing of ours is stored", () => {
  window.add(entry("a", 4));
  assert.deepEqual(window.open(9, true), []);
  assert.deepEqual(due(), ["10 a"]);
});

test("after a refusal nothing is sent until all in flight are answered", () => {
  window.open(0);
  ["a", "b", "c"].forEach((text) => window.add(entry(text)));
  due();
  refuse(1, "text-too-long");
  assert.deepEqual(due(), []);
  refuse(2, "out-of-order", { want: 1 });
  assert.deepEqual(due(), []);
  refuse(3, "out-of-order", { want: 1 });
  assert.deepEqual(due(), ["1 b", "2 c"]);
});

test("what can pass is tried again after the time that the server asks for", () => {
  window.open(0);
  window.add(entry("a"));
  due();
  refuse(1, "too-often", { retry: 3 });
  assert.deepEqual(due(), []);
  clock.pass(2999);
  assert.equal(woken, 0);
  clock.pass(1);
  assert.equal(woken, 1);
  assert.deepEqual(due(), ["1 a"]);
});

test("a conflict takes the next number", () => {
  window.open(0);
  window.add(entry("a"));
  due();
  refuse(1, "conflict");
  assert.deepEqual(due(), ["2 a"]);
});

test("only so many are in flight at once", () => {
  window.open(0);
  for (let count = 0; count < MAX_IN_FLIGHT + 5; count += 1) window.add(entry(String(count)));
  assert.equal(window.due().length, MAX_IN_FLIGHT);
  window.acknowledged(1);
  assert.equal(window.due().length, 1);
});

test("whatever is refused and lost, each message is stored once and in order", () => {
  for (let seed = 1; seed <= 300; seed += 1) assert.deepEqual(storedBy(seed), ["0", "1", "2", "3", "4", "5", "6", "7"]);
});

/**
 * A server that loses connections, oks and messages, and refuses now and then. Returns what it has
 * stored in the end.
 * @param {number} seed
 */
function storedBy(seed) {
  let random = seed;
  const chance = (/** @type {number} */ most) => (random = (random * 48271) % 2147483647) % most;
  const sending = new SendWindow(clock, () => {});
  /** @type {string[]} */
  const stored = [];
  for (let count = 0; count < 8; count += 1) sending.add(entry(String(count)));
  for (let round = 0; sending.unanswered.length; round += 1) {
    assert.ok(round < 1000);
    sending.close();
    sending.open(stored.length);
    for (let lines = sending.due(); lines.length; lines = sending.due()) {
      for (const { n = 0, text = "" } of lines.slice(0, round > 50 ? 99 : chance(10))) {
        answer(sending, stored, n, text, chance);
      }
      if (round <= 50 && chance(2)) break;
      clock.pass(1000);
    }
  }
  return stored;
}

/**
 * @param {SendWindow} sending @param {string[]} stored @param {number} n @param {string} text
 * @param {(most: number) => number} chance
 */
function answer(sending, stored, n, text, chance) {
  const error = { type: /** @type {const} */ ("error"), text: "", n };
  if (n > stored.length + 1) sending.refused({ ...error, code: "out-of-order", want: stored.length + 1 });
  else if (n === stored.length + 1 && chance(4) === 0) sending.refused({ ...error, code: "storage-full" });
  else {
    if (n === stored.length + 1) stored.push(text);
    assert.equal(stored[n - 1], text);
    if (chance(3)) sending.acknowledged(n);
  }
}
