/** The connection, made again by the way that works; and the tabs of a browser beside each other. */
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Connection } from "../../groupchat/gateways/web/static/connection.js";
import { Tabs } from "../../groupchat/gateways/web/static/tabs.js";
import { TestClock } from "./helpers.js";

/** @type {TestClock} */
let clock;

beforeEach(() => {
  clock = new TestClock();
});

/** Ways to a server that the test plays. */
function ways(count = 1) {
  /** @type {{way: number, handlers: any, sent: string[], closed: boolean}[]} (handlers as a way gets them.) */
  const made = [];
  const list = Array.from({ length: count }, (_, way) => (/** @type {any} as above */ handlers) => {
    const one = { way, handlers, sent: /** @type {string[]} */ ([]), closed: false };
    made.push(one);
    return { send: (/** @type {string} */ text) => one.sent.push(text), close: () => (one.closed = true) };
  });
  return { made, list };
}

/** @param {ReturnType<typeof ways>} server */
function connectionTo(server) {
  /** @type {string[]} */
  const events = [];
  const connection = new Connection(server.list, {
    hello: () => ({ type: "hello", name: "alice" }),
    welcomed: () => events.push("welcomed"),
    received: (line) => events.push(line.type),
    lost: () => events.push("lost"),
    rejected: (error) => events.push(`rejected ${error.code}`),
    changed: () => {},
  }, clock, { random: () => 0.5, now: () => clock.now });
  connection.start();
  return { connection, events };
}

const welcome = '{"type":"welcome","name":"alice","server":"groupchat","max":9,"operator":false}';

test("a connection that is lost is made again, after delays that grow", () => {
  const server = ways();
  const { connection, events } = connectionTo(server);
  server.made[0].handlers.opened();
  server.made[0].handlers.text(welcome);
  assert.deepEqual(events, ["welcomed"]);
  const delays = [];
  server.made[0].handlers.closed();
  for (let attempt = 1; attempt <= 7; attempt += 1) {
    delays.push(connection.retryAt - clock.now);
    clock.pass(connection.retryAt - clock.now);
    server.made[attempt].handlers.closed();
  }
  assert.deepEqual(delays, [500, 1000, 2000, 4000, 8000, 15000, 15000]);
  assert.deepEqual(events, ["welcomed", "lost"]);
});

test("a way that opens and swallows everything is given up for the next one", () => {
  const server = ways(2);
  const { connection, events } = connectionTo(server);
  server.made[0].handlers.opened();
  clock.pass(3999);
  assert.equal(server.made.length, 1);
  clock.pass(1);
  assert.deepEqual([server.made.length, server.made[0].closed], [2, true]);
  server.made[1].handlers.opened();
  server.made[1].handlers.text(welcome);
  server.made[0].handlers.text(welcome);
  assert.deepEqual(events, ["welcomed"]);
  server.made[1].handlers.closed();
  clock.pass(connection.retryAt - clock.now);
  assert.equal(server.made[2].way, 1, "what has worked is tried first");
});

test("a way that has worked is never given up for another", () => {
  const server = ways(2);
  const { connection } = connectionTo(server);
  server.made[0].handlers.text(welcome);
  server.made[0].handlers.closed();
  clock.pass(connection.retryAt - clock.now);
  server.made[1].handlers.closed();
  assert.equal(connection.phase, "waiting");
  clock.pass(60_000);
  assert.ok(server.made.every(({ way }) => way === 0));
});

test("a refused hello waits for a person, and a bye without retry ends", () => {
  const server = ways();
  const { connection, events } = connectionTo(server);
  server.made[0].handlers.text('{"type":"error","code":"name-taken","text":"Taken."}');
  assert.deepEqual([connection.phase, ...events], ["rejected", "rejected name-taken"]);
  connection.start();
  server.made[1].handlers.text(welcome);
  server.made[1].handlers.text('{"type":"bye","code":"kicked","text":"You were kicked."}');
  server.made[1].handlers.closed();
  assert.deepEqual([connection.phase, connection.reason], ["ended", "You were kicked."]);
  clock.pass(100_000);
  assert.equal(server.made.length, 2);
});

test("a page that its own late hello replaced comes back, once", () => {
  const server = ways(2);
  const { connection } = connectionTo(server);
  server.made[0].handlers.opened();
  clock.pass(4000);
  const replace = (/** @type {number} */ number) => {
    server.made[number].handlers.opened();
    server.made[number].handlers.text(welcome);
    server.made[number].handlers.text('{"type":"bye","code":"replaced","text":"You logged in again."}');
    server.made[number].handlers.closed();
  };
  replace(1);
  assert.equal(connection.phase, "waiting");
  clock.pass(connection.retryAt - clock.now);
  replace(2);
  assert.equal(connection.phase, "ended");
});

test("a hello that is too late explains nothing", () => {
  const server = ways(2);
  const { connection } = connectionTo(server);
  server.made[0].handlers.opened();
  clock.pass(4000);
  server.made[1].handlers.text(welcome);
  clock.pass(40_000);
  server.made[1].handlers.text('{"type":"ping"}');
  clock.pass(20_000);
  server.made[1].handlers.text('{"type":"bye","code":"replaced","text":"You logged in again."}');
  server.made[1].handlers.closed();
  assert.equal(connection.phase, "ended");
});

test("a bye with retry is waited for at least as long", () => {
  const server = ways();
  const { connection } = connectionTo(server);
  server.made[0].handlers.text(welcome);
  server.made[0].handlers.text('{"type":"bye","code":"stopping","text":"Stopping.","retry":2}');
  server.made[0].handlers.closed();
  assert.equal(connection.retryAt - clock.now, 3000);
});

test("a connection on which nothing comes any more is asked, and given up", () => {
  const server = ways();
  const { connection } = connectionTo(server);
  const [first] = server.made;
  first.handlers.text(welcome);
  clock.pass(30_000);
  first.handlers.text('{"type":"ping"}');
  clock.pass(45_000);
  assert.deepEqual(first.sent, ['{"type":"ping"}']);
  first.handlers.text('{"type":"pong"}');
  clock.pass(5000);
  assert.equal(connection.phase, "online");
  connection.check();
  clock.pass(5000);
  assert.deepEqual([connection.phase, first.closed], ["waiting", true]);
});

// Tabs.

test("each tab has a slot of its own, also those that begin at the same moment", async () => {
  /** @type {any[]} channels */
  const channels = [];
  const tab = (/** @type {string} */ id) => {
    const channel = /** @type {any} as a BroadcastChannel */ ({ onmessage: null });
    channel.postMessage = (/** @type {unknown} */ data) =>
      clock.later(1, () => channels.filter((one) => one !== channel).forEach((one) => one.onmessage({ data })));
    channels.push(channel);
    return new Tabs(channel, id, clock);
  };
  const first = tab("m").claim(0);
  clock.pass(200);
  const others = [tab("b"), tab("a"), tab("z")].map((one) => one.claim(0));
  for (let step = 0; step < 10; step += 1) clock.pass(200);
  const slots = await Promise.all([first, ...others]);
  assert.equal(slots[0], 0);
  assert.deepEqual([...slots].sort(), [0, 1, 2, 3]);
});
