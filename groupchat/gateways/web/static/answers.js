/** Answers to typed commands, as lines for a person. */

/**
 * @param {import("./wire.js").Answer} answer
 * @param {string} word the command.
 * @param {Date} [now]
 * @returns {string[]}
 */
export function linesOf(answer, word, now = new Date()) {
  switch (answer.type) {
    case "ok": return answer.text ? [answer.text] : [`${word}: done.`];
    case "topic": return [answer.text ? `The topic is: ${answer.text}` : "There is no topic."];
    case "who": return who(answer);
    case "rooms": return rooms(answer);
    case "bans": return banned(answer.bans, "banned", now);
    case "mutes": return banned(answer.mutes, "muted", now);
    case "places": return [`${answer.count} of ${answer.max} places are taken.`];
    case "token": return [`The token ${answer.name}, shown only this time: ${answer.token}`];
    case "tokens": return tokens(answer, now);
    default: return [];
  }
}

/** @param {import("./wire.js").Who} answer */
function who({ members, count }) {
  const names = members.map(({ name, address, addresses }) => {
    const seen = addresses?.length ? addresses : address ? [address] : [];
    return seen.length ? `${name} (${seen.join(", ")})` : name;
  });
  const more = count - names.length;
  return [`Here ${count === 1 ? "is" : "are"} ${count}: ${names.join(", ")}${more > 0 ? ` and ${more} more` : ""}.`];
}

/** @param {import("./wire.js").RoomList} answer */
function rooms({ rooms: found, count }) {
  if (!found.length) return ["There are no rooms."];
  const lines = found.map(({ room, count: members, topic }) => `${room} (${members})${topic ? `: ${topic}` : ""}`);
  return count > found.length ? [...lines, `And ${count - found.length} more.`] : lines;
}

/** @param {import("./wire.js").Tokens} answer @param {Date} now */
function tokens({ tokens: found }, now) {
  if (!found.length) return ["You have no tokens."];
  return found.map(({ name, made }) => `${name}, made ${timeOf(new Date(made), now)}`);
}

/** @param {import("./wire.js").Ban[]} bans @param {string} what @param {Date} now */
function banned(bans, what, now) {
  if (!bans.length) return [`Nobody is ${what}.`];
  return bans.map(({ name, address, by, until, text }) => {
    const end = until ? `until ${timeOf(new Date(until), now)}` : "for ever";
    return `${name ?? address} is ${what} ${end}, by ${by}${text ? `: ${text}` : ""}`;
  });
}

/**
 * Returns a time, with its day if that is another one.
 * @param {Date} time
 * @param {Date} now
 */
export function timeOf(time, now) {
  const short = time.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  if (time.toDateString() === now.toDateString()) return short;
  return `${time.toLocaleDateString([], { day: "numeric", month: "short", year: "numeric" })} ${short}`;
}
