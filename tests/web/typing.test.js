/** Typed lines: commands, completion, answers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { linesOf } from "../../groupchat/gateways/web/static/answers.js";
import { allCommands, parseTyped } from "../../groupchat/gateways/web/static/commands.js";
import { Completer, hints } from "../../groupchat/gateways/web/static/completion.js";

/** @param {string} line */
const typed = (line) => JSON.parse(JSON.stringify(parseTyped(line, "lobby")));
/** @param {string} line */
const command = (line) => typed(line).command;

test("a line is said, and a line with a slash is a command", () => {
  assert.deepEqual(typed("hello"), { kind: "say", text: "hello" });
  assert.deepEqual(typed("//who"), { kind: "say", text: "/who" });
  assert.deepEqual(typed("/me  waves "), { kind: "say", text: "waves", act: true });
  assert.deepEqual(typed("/EDIT better"), { kind: "edit", text: "better" });
  assert.deepEqual(typed("/delete"), { kind: "remove" });
  assert.deepEqual(typed("/find from:@bob tea four"), { kind: "search", text: "tea four", from: "bob" });
  assert.deepEqual(typed("/j #Dev"), { kind: "page", word: "/join", rest: "#Dev" });
});

test("commands become lines of the wire", () => {
  assert.deepEqual(command("/w bob psst, hi"), { type: "tell", to: "bob", text: "psst, hi" });
  assert.deepEqual(command("/topic tea at four"), { type: "topic", room: "lobby", text: "tea at four" });
  assert.deepEqual(command("/topic"), { type: "topic", room: "lobby" });
  assert.deepEqual(command("/nick al"), { type: "rename", name: "al" });
  assert.deepEqual(command("/open #Tea"), { type: "private", room: "tea", private: false });
  assert.deepEqual(command("/kick @bob enough"), { type: "kick", name: "bob", text: "enough" });
  assert.deepEqual(command("/ban bob 10m spam"), { type: "ban", name: "bob", seconds: 600, text: "spam" });
  assert.deepEqual(command("/ban 192.0.2.0/24"), { type: "ban", address: "192.0.2.0/24" });
  assert.deepEqual(command("/ban 2001:db8::1 1d"), { type: "ban", address: "2001:db8::1", seconds: 86400 });
  assert.deepEqual(command("/ban bead"), { type: "ban", name: "bead" });
  assert.deepEqual(command("/mute bob"), { type: "mute", name: "bob" });
  assert.deepEqual(command("/max"), { type: "places" });
  assert.deepEqual(command("/max 7"), { type: "max", max: 7 });
  assert.deepEqual(command("/wall hi all"), { type: "notice", text: "hi all" });
});

test("what makes no sense is explained", () => {
  for (const [line, words] of [["/dance", /no such command/], ["/msg bob", /like this: \/msg NAME TEXT/], ["/who me", /\/who/],
    ["/name a b", /NEW/], ["/me", /TEXT/], ["/max x", /N/], ["/ban bob 10", /no time/], ["/kick", /NAME/]]) {
    assert.throws(() => typed(/** @type {string} */ (line)), { message: /** @type {RegExp} */ (words) });
  }
});

test("every command of the table can be typed, by each of its names", () => {
  for (const { word, arguments: args, aliases } of allCommands(true)) {
    const rest = args.includes("TEXT") ? " bob x" : args && !args.startsWith("[") ? " 7" : "";
    for (const one of [word, ...aliases]) assert.doesNotThrow(() => typed(one + rest), one);
  }
});

const AROUND = { people: ["bob", "Bea", "carol"], rooms: ["lobby", "dev"], operator: false };
/** @param {string} before @param {object} [around] */
const next = (before, around) => new Completer().next(before, { ...AROUND, ...around });

test("Tab completes names, rooms and commands", () => {
  assert.equal(next("b"), "bob: ");
  assert.equal(next("hi B"), "hi bob ");
  assert.equal(next("hi @c"), "hi @carol ");
  assert.equal(next("/jo"), "/join ");
  assert.equal(next("/nick"), "/nick ");
  assert.equal(next("/join d"), "/join dev");
  assert.equal(next("/msg c"), "/msg carol ");
  assert.equal(next("/me hugs c"), "/me hugs carol ");
  assert.equal(next("/ki"), "/ki");
  assert.equal(next("/ki", { operator: true }), "/kick ");
  assert.equal(next("hi "), "hi ");
});

test("Tab goes through the candidates and back", () => {
  const completer = new Completer();
  const steps = [completer.next("b", AROUND), completer.next("bob: ", AROUND), completer.next("Bea: ", AROUND),
    completer.next("bob: ", AROUND, -1)];
  assert.deepEqual(steps, ["bob: ", "Bea: ", "bob: ", "Bea: "]);
  completer.stop();
  assert.equal(completer.next("c", AROUND), "carol: ");
});

test("commands are explained while they are typed", () => {
  assert.deepEqual(hints("/top", false).map(({ word }) => word), ["/topic"]);
  assert.deepEqual(hints("/ban x", true).map(({ word }) => word), ["/ban"]);
  assert.deepEqual(hints("//x", true), []);
  assert.ok(hints("/", false).length > 3);
});

test("answers are lines for a person", () => {
  const now = new Date(2026, 10, 22, 12);
  assert.deepEqual(linesOf({ type: "who", room: "lobby", count: 2, members: [{ name: "a", since: "" },
    { name: "b", since: "", address: "192.0.2.1" }] }, "/who"), ["Here are 2: a, b (192.0.2.1)."]);
  assert.deepEqual(linesOf({ type: "rooms", count: 1, rooms: [{ room: "dev", count: 3, topic: "code" }] }, "/rooms"), ["dev (3): code"]);
  assert.deepEqual(linesOf({ type: "ok", text: "bob was kicked." }, "/kick"), ["bob was kicked."]);
  assert.deepEqual(linesOf({ type: "bans", count: 1, bans: [{ name: "bob", by: "op", text: "spam" }] }, "/bans", now),
    ["bob is banned for ever, by op: spam"]);
  assert.deepEqual(linesOf({ type: "places", max: 9, count: 2 }, "/max"), ["2 of 9 places are taken."]);
});
