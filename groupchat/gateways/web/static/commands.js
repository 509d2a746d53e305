/**
 * Reads typed lines: each is something to say, or a command of the closed table.
 *
 * @typedef {{word: string, arguments: string, help: string, aliases: string[], operator: boolean,
 *   more: string[]}} CommandHelp
 * @typedef {{kind: "say", text: string, act?: boolean} | {kind: "edit", text: string}
 *   | {kind: "remove"} | {kind: "search", text: string, from?: string}
 *   | {kind: "request", word: string, command: import("./wire.js").Command}
 *   | {kind: "page", word: string, rest: string}} Typed `page`: the page itself does it.
 */
import { COMMANDS } from "./command-table.js";
import { splitTime } from "./durations.js";
import { roomName } from "./names.js";

/** Commands that mean more in the page, or exist only here. @type {CommandHelp[]} */
const OWN = [
  help("/join", "ROOM", "enters another room, and keeps the others", ["/j", "/room"]),
  help("/leave", "[ROOM]", "leaves this room, or another", ["/part"]),
  help("/register", "[PASSWORD]", "makes your name your own: from now on it needs the password"),
  help("/notify", "[on|off]", "whether the browser tells you of messages that name you"),
  help("/reconnect", "", "connects again at once"),
  help("/keys", "", "lists the keys"),
];
const PAGE_WORDS = new Set("/help /join /leave /history /notify /reconnect /keys /quit".split(" "));

/** @param {string} word @param {string} args @param {string} text @param {string[]} [aliases] */
function help(word, args, text, aliases = []) {
  return { word, arguments: args, help: text, aliases, operator: false, more: [] };
}

/**
 * Returns the commands, in the order in which help lists them.
 * @param {boolean} operator whether commands of operators are among them.
 */
export function allCommands(operator) {
  const own = new Map(OWN.map((command) => [command.word, command]));
  const shared = COMMANDS.filter((one) => operator || !one.operator).map((one) => own.get(one.word) ?? one);
  return [...shared, ...OWN.filter((one) => !shared.includes(one))];
}

/**
 * Returns the command that a word, with its slash, stands for.
 * @param {string} word
 */
export function find(word) {
  const typed = word.toLowerCase();
  return [...OWN, ...COMMANDS].find((one) => one.word === typed || one.aliases.includes(typed));
}

/** @param {CommandHelp} command */
export const usage = (command) => `${command.word} ${command.arguments}`.trim();

/**
 * Returns what a line means.
 * @param {string} line
 * @param {string} room the room in view.
 * @returns {Typed}
 * @throws {Error} it makes no sense; the error is for a person.
 */
export function parseTyped(line, room) {
  const text = line.trimStart();
  if (!text.startsWith("/")) return { kind: "say", text: line };
  if (text.startsWith("//")) return { kind: "say", text: text.slice(1) };
  const [typed, rest] = cut(text);
  const command = find(typed);
  if (!command) {
    throw new Error("There is no such command. /help lists them; // says a line that begins with /.");
  }
  if (PAGE_WORDS.has(command.word)) return { kind: "page", word: command.word, rest };
  const parsed = PARSERS[command.word]?.(rest, room);
  if (!parsed) throw new Error(`Type it like this: ${usage(command)}`);
  return "type" in parsed ? { kind: "request", word: command.word, command: parsed } : parsed;
}

/** Returns the first word and the rest. @param {string} text @returns {[string, string]} */
function cut(text) {
  const found = /^(\S*)\s*([^]*)$/.exec(text);
  return [found?.[1] ?? "", (found?.[2] ?? "").trim()];
}

/** @param {string} name */
const bare = (name) => name.replace(/^@/, "");

/** @typedef {Typed | import("./wire.js").Command | null} Parsed */

/**
 * Returns the parser of a command about one person.
 * @param {string} type
 * @param {"none" | "text" | "time"} [more] what may follow the name.
 * @returns {(rest: string) => Parsed}
 */
function onPerson(type, more = "none") {
  return (rest) => {
    const [name, words] = cut(rest);
    if (!name || (more === "none" && words)) return null;
    if (more === "text") return { type, name: bare(name), text: words || undefined };
    const time = splitTime(words);
    return { type, ...target(type, name), seconds: time.seconds, text: time.rest || undefined };
  };
}

/** @param {string} type @param {string} typed */
function target(type, typed) {
  const address = /^[\d.]+(\/\d+)?$|^[\da-f:.]*:[\da-f:.]*(\/\d+)?$/i.test(typed);
  return address && /ban$/.test(type) ? { address: typed } : { name: bare(typed) };
}

/** @param {(room: string) => Parsed} make @returns {(rest: string, room: string) => Parsed} */
const alone = (make) => (rest, room) => (rest ? null : make(room));
/** @param {(word: string, room: string) => Parsed} make @returns {(rest: string, room: string) => Parsed} */
const oneWord = (make) => (rest, room) => (/^\S+$/.test(rest) ? make(rest, room) : null);
/** @param {(text: string) => Parsed} make @returns {(rest: string) => Parsed} */
const someText = (make) => (rest) => (rest ? make(rest) : null);

/** @type {Record<string, (rest: string, room: string) => Parsed>} */
const PARSERS = {
  "/me": someText((text) => ({ kind: "say", text, act: true })),
  "/edit": someText((text) => ({ kind: "edit", text })),
  "/remove": alone(() => ({ kind: "remove" })),
  "/search": search,
  "/who": alone((room) => ({ type: "who", room })),
  "/rooms": alone(() => ({ type: "rooms" })),
  "/msg": (rest) => {
    const [to, text] = cut(rest);
    return text ? { type: "tell", to: bare(to), text } : null;
  },
  "/name": oneWord((name) => ({ type: "rename", name })),
  "/topic": (text, room) => ({ type: "topic", room, text: text || undefined }),
  "/private": alone((room) => ({ type: "private", room, private: true })),
  "/open": (rest, room) => ({ type: "private", room: rest ? roomName(rest) : room, private: false }),
  "/invite": oneWord((name, room) => ({ type: "invite", room, name: bare(name) })),
  "/uninvite": oneWord((name, room) => ({ type: "uninvite", room, name: bare(name) })),
  "/register": (password) => (password ? { type: "register", password } : { kind: "page", word: "/register", rest: "" }),
  "/token": (name) => (name ? oneWord((word) => ({ type: "token", name: word }))(name, "") : { type: "tokens" }),
  "/revoke": oneWord((name) => ({ type: "revoke", name })),
  "/kick": onPerson("kick", "text"),
  "/ban": onPerson("ban", "time"),
  "/unban": oneWord((word) => ({ type: "unban", ...target("unban", word) })),
  "/bans": alone(() => ({ type: "bans" })),
  "/mute": onPerson("mute", "time"),
  "/unmute": onPerson("unmute"),
  "/mutes": alone(() => ({ type: "mutes" })),
  "/max": (rest) => (!rest ? { type: "places" } : /^[1-9]\d*$/.test(rest) ? { type: "max", max: Number(rest) } : null),
  "/close": oneWord((word) => ({ type: "close", room: roomName(word) })),
  "/op": onPerson("op"),
  "/deop": onPerson("deop"),
  "/say": someText((text) => ({ type: "notice", text })),
};

/** @param {string} rest @returns {Parsed} */
function search(rest) {
  const words = rest.split(/\s+/);
  const senders = words.filter((word) => /^from:./.test(word));
  const text = words.filter((word) => !senders.includes(word)).join(" ");
  const from = senders.at(-1)?.slice("from:".length).replace(/^@/, "");
  return text ? { kind: "search", text, from } : null;
}
