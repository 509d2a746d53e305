/** Names of people and rooms: comparing them, their colours, and whether a text mentions one. */

/** The number of colours that style.css has for names. */
export const COLOURS = 16;

/**
 * Returns the form in which names are compared.
 * @param {string} name
 */
export function key(name) {
  return name.normalize("NFC").toLowerCase();
}

/**
 * Returns the colour of a name: a number below `COLOURS`, the same on every machine.
 * @param {string} name
 */
export function colourOf(name) {
  let hash = 0x811c9dc5;
  for (const letter of key(name)) {
    hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  }
  // Short names differ in few bits: mix them, so that they differ in colour.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % COLOURS;
}

/**
 * Returns where a text names somebody, as a word of its own: pairs of a begin and an end.
 * @param {string} text
 * @param {string} name
 * @returns {[number, number][]}
 */
export function mentionsIn(text, name) {
  if (!name || text.length < name.length) return [];
  // A name may have dots and dashes: "bob-2" names bob-2, and not bob; "bob." ends a sentence.
  const escaped = name.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
  const word = "[\\p{L}\\p{M}\\p{N}_";
  const pattern = new RegExp(`(?<!${word}.-])@?${escaped}(?!${word}-]|\\.${word}])`, "giu");
  return [...text.matchAll(pattern)].map((found) => [found.index, found.index + found[0].length]);
}

/**
 * Returns whether a text names somebody.
 * @param {string} text
 * @param {string} name
 */
export function mentions(text, name) {
  return mentionsIn(text, name).length > 0;
}

/**
 * Returns whether a room is the room of two people.
 * @param {string} room
 */
export function isDirect(room) {
  return room.startsWith("@");
}

/**
 * Returns the name of a room as a person types it: without "#", in lower case.
 * @param {string} typed
 */
export function roomName(typed) {
  const name = typed.trim().replace(/^#/, "");
  return isDirect(name) ? name : name.toLowerCase();
}
