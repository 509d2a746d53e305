/** Times as people write them: 90s, 10 min, 2h, 1h30m, 6mo; as groupchat.wire.durations reads them. */

const WORDS = {
  1: "s sec secs second seconds",
  60: "m min mins minute minutes",
  3600: "h hr hrs hour hours",
  86400: "d day days",
  604800: "w wk wks week weeks",
  2592000: "mo mon month months",
  31536000: "y yr yrs year years",
};
/** @type {Map<string, number>} */
const UNITS = new Map(
  Object.entries(WORDS).flatMap(([seconds, words]) => words.split(" ").map((word) => [word, Number(seconds)])),
);
const PART = /(\d{1,9})\s*([a-z]+)(?=[\d\s]|$)/iy;
const FOREVER = /^(?:for\s?ever|permanent(?:ly)?)(?:\s+|$)/i;
const HOW = 'Write a time like 90s, 10m, 2h, 7d, 2w, 6mo or 1h30m, or "forever".';

/**
 * Splits a text into the time that it begins with, in seconds, and the rest.
 * @param {string} text
 * @returns {{seconds?: number, rest: string}} no seconds: for ever.
 */
export function splitTime(text) {
  const forever = FOREVER.exec(text);
  if (forever) return { rest: text.slice(forever[0].length) };
  const begin = /^for\s+(?=\d)/i.exec(text)?.[0].length ?? 0;
  let [at, seconds, smallest] = [begin, 0, Infinity];
  for (let part; (part = partAt(text, at)) && part.unit < smallest; ) {
    seconds += part.count * part.unit;
    smallest = part.unit;
    at = part.end;
  }
  const rest = text.slice(at);
  if (at === begin) {
    if (/^[-+.]?\d/.test(rest)) throw new Error(`"${rest.split(/\s/, 1)[0]}" is no time. ${HOW}`);
    return { rest: text };
  }
  if ((rest && !/\s$/.test(text.slice(0, at))) || /^\d+\s*$/.test(rest)) {
    throw new Error(`"${text.slice(0, 24).trim()}" is no time. ${HOW}`);
  }
  if (!seconds) throw new Error("A time of 0 is none. Leave it out for one that has no end.");
  return { seconds, rest };
}

/** @param {string} text @param {number} at */
function partAt(text, at) {
  PART.lastIndex = at;
  const found = PART.exec(text);
  if (!found) return null;
  let end = at + found[0].length;
  while (/\s/.test(text[end] ?? "")) end += 1;
  return { count: Number(found[1]), unit: UNITS.get(found[2].toLowerCase()) ?? Infinity, end };
}
