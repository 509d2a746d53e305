/** Names, links, times, presence: what the page reads in texts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { barText } from "../../groupchat/gateways/web/static/bar.js";
import { splitTime } from "../../groupchat/gateways/web/static/durations.js";
import { parts, safeUrl } from "../../groupchat/gateways/web/static/links.js";
import { COLOURS, colourOf, key, mentions, roomName } from "../../groupchat/gateways/web/static/names.js";
import { PresenceChanges } from "../../groupchat/gateways/web/static/presence.js";
import { parse } from "../../groupchat/gateways/web/static/wire.js";

/** @param {string} text @param {string} [name] */
const links = (text, name) => parts(text, name).filter(({ kind }) => kind === "link").map((part) => part.text);

test("lines of the server are read, and what is none is left out", () => {
  assert.deepEqual(parse('What is your name?\n{"type":"pong"}\n{"type":"dance"}\n{"type"\nnull\n'), [{ type: "pong" }]);
});

test("a name keeps its colour whatever its capitals", () => {
  for (const name of ["alice", "bob", "Zoë", "名前", ""]) {
    assert.equal(colourOf(name), colourOf(name.toUpperCase()));
    assert.ok(Number.isInteger(colourOf(name)) && colourOf(name) >= 0 && colourOf(name) < COLOURS);
  }
  assert.ok(new Set("abcdefghijklmnopqrstuvwxyz".split("").map(colourOf)).size > COLOURS / 2);
});

test("a name is mentioned as a word of its own", () => {
  for (const text of ["alice: look", "thanks, Alice.", "@alice", "(alice)", "ALICE!", "go to alice"]) {
    assert.ok(mentions(text, "alice"), text);
  }
  for (const text of ["malice", "alice2", "alice-2", "alice.b", "alices", "", "alicé"]) {
    assert.ok(!mentions(text, "alice"), text);
  }
  assert.ok(mentions("a.b: hi", "a.b"));
  assert.ok(mentions("thanks, bob-2.", "bob-2"));
  assert.ok(!mentions("axb: hi", "a.b"));
});

test("names of rooms are written as the server does", () => {
  assert.equal(roomName("#Dev "), "dev");
  assert.equal(roomName("@Bob"), "@Bob");
  assert.equal(key("Ａ"), "ａ");
});

test("the parts of a text are the text", () => {
  for (const text of ["", "plain", "see https://a.b/c, and `code` alice", "`a` `b`", "https://a.b https://c.d"]) {
    assert.equal(parts(text, "alice").map((part) => part.text).join(""), text);
  }
});

test("a link ends before what belongs to the sentence", () => {
  assert.deepEqual(links("see https://a.example/b."), ["https://a.example/b"]);
  assert.deepEqual(links("(https://a.example/b)"), ["https://a.example/b"]);
  assert.deepEqual(links("https://a.example/b_(c)!"), ["https://a.example/b_(c)"]);
  assert.deepEqual(links("<https://a.example/>"), ["https://a.example/"]);
  assert.deepEqual(links('"mailto:a@b.example"'), ["mailto:a@b.example"]);
});

test("nothing but the web and mail becomes a link", () => {
  for (const scheme of ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "vbscript:x", "blob:https://a/b",
    "ftp://a/b", "view-source:https://a", "about:blank", "intent://a#Intent;end", "//a.example/b", "https:", "http://"]) {
    assert.deepEqual(links(`see ${scheme} now`).filter((link) => !/^https:\/\/a(\/b)?$/.test(link)), [], scheme);
  }
});

test("a link that hides something is no link", () => {
  for (const url of ["https://a.example\u202e/b", "https://a\u200b.example", "https://bank.example@evil.example/",
    "https://u:p@a.example/", "https://a.example/\u2066x", "https://a\u00ad.example"]) {
    assert.equal(safeUrl(url), null, url);
  }
});

test("a host that is not ASCII is told as the browser asks for it", () => {
  const [odd] = parts("https://www.аpple.example/login");
  assert.equal(odd.kind, "link");
  assert.equal(odd.kind === "link" && odd.host, "www.xn--pple-43d.example");
  const [plain] = parts("https://apple.example/ä");
  assert.equal(plain.kind === "link" && plain.host, "");
});

test("times are read as the server reads them", () => {
  assert.deepEqual(splitTime("10m be nice"), { seconds: 600, rest: "be nice" });
  assert.deepEqual(splitTime("1h30m"), { seconds: 5400, rest: "" });
  assert.deepEqual(splitTime("for 2 days spam"), { seconds: 172800, rest: "spam" });
  assert.deepEqual(splitTime("forever and ever"), { rest: "and ever" });
  assert.deepEqual(splitTime("be nice"), { rest: "be nice" });
  assert.throws(() => splitTime("10 apples"), /no time/);
  assert.throws(() => splitTime("0s"), /0 is none/);
});

test("members that joined and left again have done neither", () => {
  const changes = new PresenceChanges();
  changes.add({ joined: ["a", "b", "c", "d"] });
  assert.equal(changes.text, "a, b and 2 more joined.");
  changes.add({ left: ["a", "e"], renamed: { b: "bb", f: "g" } });
  assert.equal(changes.text, "f is now g; bb, c and 1 more joined; e left.");
  changes.add({ left: ["bb", "c", "d"], joined: ["e"], renamed: { g: "f" } });
  assert.equal(changes.text, "");
});

test("the bar says when the next attempt comes and how much waits", () => {
  const state = { phase: /** @type {const} */ ("waiting"), reason: "", code: "", retryAt: 3000, waiting: 2 };
  assert.equal(barText(state, 500), "The connection is lost. Again in 3\u00a0s, 2 messages wait.");
  assert.equal(barText({ ...state, waiting: 1, reason: "The server is stopping." }, 9000),
    "The server is stopping. Again in 1\u00a0s, 1 message waits.");
  assert.equal(barText({ ...state, phase: "online" }, 0), "");
  assert.equal(barText({ ...state, phase: "ended", reason: "You were kicked.", waiting: 0 }, 0), "You were kicked.");
});
