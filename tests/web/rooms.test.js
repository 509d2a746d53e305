/** Rooms: what was said, what is missing, what was read. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Log } from "../../groupchat/gateways/web/static/log.js";
import { matches } from "../../groupchat/gateways/web/static/room-matches.js";
import { Room } from "../../groupchat/gateways/web/static/room.js";
import { TestClock, message, state } from "./helpers.js";

/** @param {Log} log */
const seen = (log) => log.lines.map(({ kind, id, after, before, text, removed }) =>
  kind === "hole" ? `${after}..${before}` : id ? `${id}${removed ? " removed" : ""}` : text);

/** @param {number} from @param {number} to */
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => message(from + index));

/** Returns a log of a room with this first and head, at its newest two. @param {number} first @param {number} head */
function newest(first, head) {
  const log = new Log();
  log.start(first, head);
  for (const one of range(head - 1, head)) log.arrive(one, "alice");
  return log;
}

test("what is before the newest few is a hole", () => {
  assert.deepEqual(seen(newest(3, 10)), ["2..9", "9", "10"]);
  assert.deepEqual(seen(newest(9, 10)), ["9", "10"]);
});

test("an empty room has no hole", () => {
  const log = new Log();
  log.start(1, 0);
  assert.deepEqual(seen(log), []);
  log.arrive(message(1), "alice");
  assert.deepEqual(seen(log), ["1"]);
});

test("a room that sends no newest few shows where they are", () => {
  const log = new Log();
  log.start(1, 5);
  assert.deepEqual(seen(log), ["0..6"]);
  log.fill(range(4, 5), true, 6, "alice");
  log.arrive(message(5), "alice");
  log.arrive(message(6), "alice");
  assert.deepEqual(seen(log), ["0..4", "4", "5", "6"]);
});

test("pages fill a hole from its end, its beginning and its middle", () => {
  const log = newest(1, 100);
  log.fill(range(90, 98), true, 99, "alice");
  assert.deepEqual(seen(log).slice(0, 2), ["0..90", "90"]);
  log.fill(range(40, 49), true, 50, "alice");
  assert.deepEqual(seen(log).slice(0, 13), ["0..40", ...range(40, 49).map(({ id }) => `${id}`), "49..90", "90"]);
  log.fill(range(50, 59), true, 60, "alice");
  assert.equal(seen(log)[11], "50");
  assert.equal(seen(log)[21], "59..90");
  log.fill(range(1, 39), false, 40, "alice");
  assert.deepEqual(seen(log).slice(0, 2), ["1", "2"]);
  log.fill(range(60, 89), true, 90, "alice");
  assert.deepEqual(seen(log), range(1, 100).map(({ id }) => `${id}`));
});

test("a page that overlaps what is here adds nothing twice", () => {
  const log = newest(1, 10);
  log.fill(range(5, 10), true, 11, "alice");
  log.fill(range(3, 9), true, 10, "alice");
  assert.deepEqual(seen(log), ["0..3", ...range(3, 10).map(({ id }) => `${id}`)]);
});

test("a page says where the log begins, whatever was kept before", () => {
  const log = newest(1, 10);
  log.fill(range(7, 8), false, 9, "alice");
  assert.deepEqual(seen(log), ["7", "8", "9", "10"]);
});

test("each message is shown once, and what is skipped is a hole", () => {
  const log = newest(1, 2);
  assert.equal(log.arrive(message(2), "alice"), null);
  log.arrive(message(6), "alice");
  assert.deepEqual(seen(log), ["1", "2", "2..6", "6"]);
});

test("what the server no longer keeps is told", () => {
  const log = newest(1, 2);
  log.gap(2, 40);
  log.arrive(message(40), "alice");
  assert.deepEqual(seen(log), ["1", "2", "37 messages are no longer kept.", "40"]);
});

test("a correction changes its message, whichever arrives first", () => {
  const log = newest(1, 10);
  log.arrive(message(11, "better", { replaces: 10 }), "alice");
  log.arrive(message(12, "best", { replaces: 10 }), "alice");
  assert.equal(log.get(10)?.text, "best");
  assert.ok(log.get(10)?.edited);
  log.arrive(message(13, "early", { replaces: 5 }), "alice");
  log.fill(range(1, 8), false, 9, "alice");
  assert.equal(log.get(5)?.text, "early");
  assert.deepEqual(seen(log), range(1, 10).map(({ id }) => `${id}`));
});

test("what was removed stays removed", () => {
  const log = newest(1, 10);
  log.arrive(message(11, "", { redacts: 9 }), "alice");
  log.arrive(message(12, "again", { replaces: 9 }), "alice");
  log.fill([message(8, "", { redacted: true })], true, 9, "alice");
  assert.deepEqual(seen(log), ["0..8", "8 removed", "9 removed", "10"]);
  assert.equal(log.get(9)?.text, "");
});

test("changes of members that follow each other are one line", () => {
  const log = newest(1, 2);
  log.changeMembers({ joined: ["dave"] });
  log.changeMembers({ joined: ["erin"] });
  assert.deepEqual(seen(log), ["1", "2", "dave and erin joined."]);
  log.changeMembers({ left: ["dave", "erin"] });
  assert.deepEqual(seen(log), ["1", "2"]);
});

test("a room that is not in view keeps its newest lines, and a hole before them", () => {
  const log = newest(1, 100);
  log.fill(range(1, 98), false, 99, "alice");
  log.trim(10);
  assert.deepEqual(seen(log), ["0..91", ...range(91, 100).map(({ id }) => `${id}`)]);
  log.fill(range(81, 90), true, 91, "alice");
  assert.deepEqual(seen(log).slice(0, 2), ["0..81", "81"]);
});

/** @param {object} [more] */
function joinedRoom(more) {
  const room = new Room("lobby", new TestClock(), () => {});
  room.handle(state(more), "alice");
  room.handle({ type: "catchup", room: "lobby", through: state(more).head }, "alice");
  return room;
}

test("what is unread is what lies behind the mark", () => {
  const room = joinedRoom({ head: 10, mark: 6 });
  assert.equal(room.unread, 4);
  room.handle(message(9, "alice: hi"), "alice");
  room.handle(message(10), "alice");
  room.handle(message(11, "hi alice"), "alice");
  assert.deepEqual([room.unread, room.mentions], [5, 2]);
  room.mark = 9;
  assert.deepEqual([room.unread, room.mentions], [2, 1]);
});

test("a room goes on behind the last message that has arrived", () => {
  const room = joinedRoom({ head: 2 });
  assert.equal(room.position, null);
  room.handle(message(1), "alice");
  room.handle(message(2), "alice");
  assert.deepEqual(room.position, { epoch: "e1", after: 2 });
  room.handle(state({ epoch: "e2", head: 3 }), "alice");
  assert.deepEqual(room.position, { epoch: "e1", after: 2 });
  room.handle({ type: "catchup", room: "lobby", through: 3 }, "alice");
  assert.deepEqual(room.position, { epoch: "e2", after: 2 });
});

test("a reset forgets the log, and what was said is numbered again", () => {
  const room = joinedRoom({ head: 2, said: 1 });
  room.handle(message(2), "alice");
  room.window.add({ key: "k", room: "lobby", text: "x", at: "" });
  assert.deepEqual(room.window.due().map(({ n }) => n), [2]);
  room.disconnected();
  room.handle(state({ epoch: "e9", head: 1, said: 5 }), "alice");
  room.handle({ type: "reset", room: "lobby", epoch: "e9", first: 1, head: 1 }, "alice");
  room.handle({ type: "catchup", room: "lobby", through: 1 }, "alice");
  assert.deepEqual(room.window.due().map(({ n }) => n), [6]);
  assert.deepEqual(seen(room.log), ["0..2"]);
});

test("a head that a ping names shows what is missing", () => {
  const room = joinedRoom({ head: 2 });
  room.handle(message(1), "alice");
  room.handle(message(2), "alice");
  room.onHead(2);
  assert.deepEqual(seen(room.log), ["1", "2"]);
  room.onHead(5);
  assert.deepEqual(seen(room.log), ["1", "2", "2..6"]);
});

test("members come, go and take other names", () => {
  const room = joinedRoom();
  room.handle({ type: "presence", room: "lobby", count: 3, joined: ["bob", "carol"] }, "alice");
  room.handle({ type: "presence", room: "lobby", count: 2, left: ["carol"], renamed: { bob: "Rob" } }, "alice");
  assert.deepEqual([...room.members.values()], ["alice", "Rob"]);
  assert.equal(room.count, 2);
});

test("a part of a name finds its room, and Enter opens that", () => {
  const rooms = [["lobby", "about dev and ops"], ["dev", ""], ["ops", ""], ["@bob", ""]].map(([room, topic]) => ({ room, topic, count: 1 }));
  const seen = (/** @type {string} */ text) => {
    const { found, target, isNew, status } = matches(rooms, text);
    return [found.map(({ room }) => room), target, isNew, status];
  };
  assert.deepEqual(seen(""), [["lobby", "dev", "ops", "@bob"], "", false, "4 of 4."]);
  assert.deepEqual(seen(" #De"), [["lobby", "dev"], "dev", true, "2 of 4. Enter opens dev."]);
  assert.deepEqual(seen("dev"), [["lobby", "dev"], "dev", false, "2 of 4. Enter opens dev."]);
  assert.deepEqual(seen("about"), [["lobby"], "about", true, "1 of 4. Enter makes about."]);
  assert.deepEqual(seen("BOB"), [["@bob"], "@bob", true, "1 of 4. Enter opens @bob."]);
  assert.deepEqual(seen("new"), [[], "new", true, "There is no such room yet. Enter makes it."]);
});
