/**
 * Completes names, rooms and commands with Tab.
 *
 * @typedef {object} Surroundings
 * @property {string[]} people the members of the room, those that spoke last first.
 * @property {string[]} rooms the rooms, those that the reader is in first.
 * @property {boolean} operator
 */
import { allCommands, find } from "./commands.js";
import { key } from "./names.js";

const MAX_HINTS = 6;

/**
 * Returns what the word before the cursor may become, and where it begins.
 * @param {string} before the text before the cursor.
 * @param {Surroundings} around
 * @returns {{start: number, candidates: string[]}}
 */
export function complete(before, around) {
  const start = Math.max(before.lastIndexOf(" "), before.lastIndexOf("\n")) + 1;
  const word = before.slice(start);
  const command = isCommand(before);
  if (command && start === 0) return { start, candidates: commands(word, around.operator) };
  if (command) return { start, candidates: args(before.slice(0, start), word, around) };
  const ending = before.slice(0, start).trim() ? " " : ": ";
  return { start, candidates: word ? names(word, around.people, ending) : [] };
}

/** @param {string} text */
const isCommand = (text) => text.startsWith("/") && !text.startsWith("//");

/** @param {string} word @param {boolean} operator */
function commands(word, operator) {
  return allCommands(operator).flatMap((command) => {
    const typed = [command.word, ...command.aliases].find((one) => one.startsWith(word.toLowerCase()));
    return typed ? [command.arguments ? `${typed} ` : typed] : [];
  });
}

/** @param {string} typed @param {string} word @param {Surroundings} around */
function args(typed, word, around) {
  const parts = typed.trim().split(/\s+/);
  const command = find(parts[0]);
  if (!command) return [];
  const wanted = kinds(command.arguments, parts.length - 1);
  const found = [];
  if (wanted.includes("NAME") || (wanted.includes("TEXT") && word)) {
    found.push(...names(word, around.people, " "));
  }
  if (wanted.includes("ROOM")) {
    found.push(...around.rooms.filter((room) => begins(room, word.replace(/^#/, ""))));
  }
  if (wanted.includes("COMMAND")) {
    found.push(...commands(`/${word.replace(/^\//, "")}`, around.operator).map((one) => one.trim()));
  }
  return found;
}

/**
 * Returns what may stand at a position of a command's arguments, like NAME or TEXT. The last
 * argument of a text is as long as people like.
 * @param {string} usage
 * @param {number} position
 */
function kinds(usage, position) {
  const all = usage.replace(/[[\]]/g, "").split(" ").filter(Boolean);
  if (!all.length || (position >= all.length && all.at(-1) !== "TEXT")) return [];
  return all[Math.min(position, all.length - 1)].replace("from:", "").split("|");
}

/** @param {string} word @param {string[]} people @param {string} ending */
function names(word, people, ending) {
  const at = word.startsWith("@") ? "@" : "";
  return people.filter((name) => begins(name, word.slice(at.length))).map((name) => `${at}${name}${ending}`);
}

/** @param {string} name @param {string} part */
const begins = (name, part) => key(name).startsWith(key(part));

/**
 * Returns the commands that are being typed, to be shown with their help.
 * @param {string} before
 * @param {boolean} operator
 */
export function hints(before, operator) {
  if (!isCommand(before)) return [];
  const [word, ...rest] = before.split(" ");
  if (rest.length) return [find(word)].flatMap((command) => command ?? []);
  const typed = word.toLowerCase();
  return allCommands(operator)
    .filter((command) => [command.word, ...command.aliases].some((one) => one.startsWith(typed)))
    .slice(0, MAX_HINTS);
}

/** Goes through the candidates, one after the other, until something else is typed. */
export class Completer {
  constructor() {
    /** @type {{prefix: string, candidates: string[], index: number} | null} */
    this._now = null;
  }

  /**
   * Returns the text before the cursor with its last word completed.
   * @param {string} before
   * @param {Surroundings} around
   * @param {1 | -1} step 1 for the next candidate, -1 for the one before.
   */
  next(before, around, step = 1) {
    if (!this._now) {
      const { start, candidates } = complete(before, around);
      if (!candidates.length) return before;
      this._now = { prefix: before.slice(0, start), candidates, index: step > 0 ? -1 : 0 };
    }
    const { prefix, candidates } = this._now;
    this._now.index = (this._now.index + step + candidates.length) % candidates.length;
    const completed = prefix + candidates[this._now.index];
    if (candidates.length === 1) this.stop();
    return completed;
  }

  /** Something else is typed: the next Tab begins again. */
  stop() {
    this._now = null;
  }
}
