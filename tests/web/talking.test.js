/** The conversation: nothing is lost or said twice. */
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Conversation } from "../../groupchat/gateways/web/static/conversation.js";
import { join, loadAround } from "../../groupchat/gateways/web/static/questions.js";
import { TestClock, message, state } from "./helpers.js";

/** @typedef {import("../../groupchat/gateways/web/static/wire.js").Command} Command */

/** @type {TestClock} */
let clock;
/** @type {Command[]} */
let sent;
/** @type {string[]} */
let told;
/** @type {any} the outbox that was kept last; null before. */
let kept;

beforeEach(() => {
  clock = new TestClock();
  [sent, told, kept] = [[], [], null];
});

const WELCOME = { type: /** @type {const} */ ("welcome"), name: "alice", server: "groupchat", max: 9, operator: false };

function conversation() {
  return new Conversation(clock, {
    changed() {},
    heard: (room, line, live) => told.push(`${line.from}${live ? "" : " before"}: ${line.text}`),
    tell: (text, kind) => told.push(`${kind}: ${text}`),
    save: (outbox) => (kept = structuredClone(outbox)),
    expelled: (room, text) => told.push(`expelled from ${room.name}: ${text}`),
  }, () => new Date(0));
}

/** @param {Conversation} talk @param {object} [more] of the room. */
function connect(talk, more) {
  talk.connected((commands) => sent.push(...JSON.parse(JSON.stringify(commands))), WELCOME);
  talk.receive(state(more));
  talk.receive({ type: "catchup", room: "lobby", through: state(more).head });
}

/** @param {object} [more] */
function online(more) {
  const talk = conversation();
  talk.restore([], null);
  connect(talk, more);
  const room = talk.room("lobby");
  return { talk, room };
}

test("the hello names the rooms, and where they stand", () => {
  const { talk, room } = online();
  assert.deepEqual(conversation().hello("a", "c"), { type: "hello", name: "a", client: "c", rooms: {} });
  talk.receive(message(1));
  assert.deepEqual(talk.hello("alice", "secret", "pw"), {
    type: "hello", name: "alice", client: "secret", password: "pw", rooms: { lobby: { epoch: "e1", after: 1 } } });
  assert.equal(room.log.lines.length, 1);
});

test("what is said is kept before it is sent, and dropped once it is stored", () => {
  const { talk, room } = online();
  talk.say(room, { text: "hello" });
  assert.deepEqual(sent, [{ type: "say", room: "lobby", text: "hello", n: 1 }]);
  assert.equal(kept.entries[0].n, 1);
  assert.deepEqual(room.pending.map(({ text, waiting }) => [text, waiting]), [["hello", true]]);
  talk.receive({ type: "ok", n: 1, room: "lobby", id: 1 });
  assert.deepEqual(kept.entries, []);
  assert.deepEqual(room.pending.map(({ text, waiting }) => [text, waiting]), [["hello", false]]);
  talk.receive(message(1, "hello", { from: "alice" }));
  assert.deepEqual(room.pending, []);
  assert.deepEqual(told, []);
});

test("what is said while there is no connection is said once, in order, when it is back", () => {
  const { talk, room } = online();
  talk.say(room, { text: "one" });
  talk.disconnected();
  talk.say(room, { text: "two" });
  talk.say(room, { text: "three", act: true });
  assert.equal(talk.waiting, 3);
  sent = [];
  connect(talk, { said: 1, head: 1 });
  assert.deepEqual(sent.map(({ n, text }) => `${n} ${text}`), ["1 one", "2 two", "3 three"]);
});

test("another page goes on with what this one has left", () => {
  const { talk, room } = online({ head: 4 });
  talk.receive(message(4));
  talk.say(room, { text: "one" });
  talk.disconnected();
  talk.say(room, { text: "two" });
  const next = conversation();
  next.restore(["lobby"], JSON.parse(JSON.stringify(kept)));
  assert.deepEqual(next.hello("alice", "c").rooms, { lobby: { epoch: "e1", after: 4 } });
  sent = [];
  connect(next, { said: 1, head: 5, epoch: "e2" });
  assert.deepEqual(sent.map(({ n, text }) => `${n} ${text}`), ["1 one", "2 two"]);
  assert.equal(next.room("lobby").log.lines[0].kind, "hole");
});

test("a message that the server refuses is told with its reason", () => {
  const { talk, room } = online();
  talk.say(room, { text: "x" });
  talk.receive({ type: "error", code: "muted", text: "You may only listen.", n: 1, room: "lobby" });
  assert.deepEqual(room.log.lines.map(({ text }) => text), ["Not said: x", "You may only listen."]);
  assert.deepEqual(kept.entries, []);
});

test("a room that puts us out is told, with what was not said in it", () => {
  const { talk, room } = online();
  talk.say(room, { text: "x" });
  talk.receive({ type: "error", code: "not-allowed", text: "It is private.", room: "lobby" });
  assert.deepEqual(told, ["expelled from lobby: It is private.", "error: Not said: x"]);
  assert.equal(talk.rooms.has("lobby"), false);
});

test("requests get their answers, refusals, or that the connection is lost", async () => {
  const { talk } = online();
  const asked = talk.request({ type: "rooms" });
  const refused = talk.request({ type: "kick", name: "bob" });
  const lost = talk.request({ type: "who", room: "lobby" });
  talk.receive({ type: "rooms", rooms: [], count: 0, ref: String(sent[0].ref) });
  talk.receive({ type: "error", code: "not-allowed", text: "No.", ref: String(sent[1].ref) });
  talk.disconnected();
  assert.equal((await asked).count, 0);
  await assert.rejects(refused, { code: "not-allowed", message: "No." });
  await assert.rejects(lost, { code: "lost" });
  await assert.rejects(talk.request({ type: "ping" }), { code: "lost" });
});

test("a room that is joined is resumed like the others", async () => {
  const { talk } = online();
  const joining = join(talk, "dev");
  talk.receive(state({ room: "dev", head: 0, ref: String(sent[0].ref) }));
  assert.equal((await joining).name, "dev");
  assert.deepEqual(Object.keys(/** @type {object} */ (talk.hello("a", "c").rooms)), ["lobby", "dev"]);
});

test("a message far back is loaded with what stands around it", async () => {
  const { talk, room } = online({ head: 1000 });
  talk.receive(message(1000));
  const loading = loadAround(talk, room, 300);
  assert.deepEqual([sent[0].before, sent[0].limit], [350, 100]);
  talk.receive({ type: "history", room: "lobby", more: true, ref: String(sent[0].ref),
    messages: Array.from({ length: 100 }, (_, index) => message(250 + index)) });
  await loading;
  assert.equal(room.log.get(300)?.id, 300);
});

test("direct rooms with news are joined, and marks of other devices count", () => {
  const { talk, room } = online({ head: 9, mark: 3 });
  talk.receive({ type: "direct", rooms: { "@bob": { head: 2, mark: 1 }, "@carol": { head: 2, mark: 2 } } });
  assert.deepEqual(sent.map(({ type, room: name }) => `${type} ${name}`), ["join @bob"]);
  talk.receive({ type: "mark", room: "lobby", id: 8 });
  assert.equal(room.unread, 1);
});

test("marks are sent at once, and then at most every five seconds", () => {
  const { talk, room } = online({ head: 1 });
  talk.marks.read(room);
  talk.receive(message(2));
  talk.marks.read(room);
  talk.receive(message(3));
  talk.marks.read(room);
  assert.deepEqual(sent.map(({ id }) => id), [1]);
  clock.pass(5000);
  assert.deepEqual(sent.map(({ id }) => id), [1, 3]);
});

test("a ping is answered, and our new name is the one that others are told", () => {
  const { talk } = online();
  talk.receive({ type: "ping", heads: { lobby: 0 } });
  assert.deepEqual(sent, [{ type: "pong" }]);
  talk.receive({ type: "presence", room: "lobby", count: 1, renamed: { alice: "eve" } });
  assert.equal(talk.name, "eve");
});
