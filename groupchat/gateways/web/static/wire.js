/**
 * The JSON wire: the lines of the server as objects, and ours as text.
 *
 * @typedef {{type: "message", room: string, id: number, at: string, from: string, text: string,
 *   act?: boolean, replaces?: number, redacts?: number, redacted?: boolean}} Message
 * @typedef {{type: "welcome", name: string, server: string, max: number, operator: boolean,
 *   motd?: string}} Welcome
 * @typedef {{type: "room", room: string, epoch: string, first: number, head: number, said: number,
 *   topic: string, members: string[], count: number, mark?: number, ref?: string}} RoomState
 * @typedef {{type: "presence", room: string, count: number, left?: string[],
 *   renamed?: Record<string, string>, joined?: string[]}} Presence
 * @typedef {{type: "gap", room: string, after: number, before: number}} Gap
 * @typedef {{type: "reset", room: string, epoch: string, first: number, head: number}} Reset
 * @typedef {{type: "catchup", room: string, through: number}} Catchup
 * @typedef {{type: "ok", n?: number, room?: string, id?: number, ref?: string, text?: string}} Ok
 * @typedef {{type: "error", code: string, text: string, n?: number, room?: string, ref?: string,
 *   want?: number, retry?: number}} Refusal
 * @typedef {{type: "bye", code: string, text: string, retry?: number, until?: string}} Bye
 * @typedef {{type: "topic", room: string, text: string, from: string, ref?: string}} Topic
 * @typedef {{type: "tell", from: string, to: string, text: string, at: string}} Tell
 * @typedef {{type: "notice", text: string, from: string}} Notice
 * @typedef {{type: "mark", room: string, id: number}} Mark
 * @typedef {{type: "direct", rooms: Record<string, {head: number, mark: number}>}} Direct
 * @typedef {{type: "history", room: string, messages: Message[], more: boolean, ref?: string}} History
 * @typedef {{type: "found", room: string, messages: Message[], more: boolean, before?: number,
 *   ref?: string}} Found
 * @typedef {{name: string, since: string, address?: string, addresses?: string[]}} Member
 * @typedef {{type: "who", room: string, members: Member[], count: number, ref?: string}} Who
 * @typedef {{type: "rooms", rooms: {room: string, count: number, topic: string}[], count: number,
 *   ref?: string}} RoomList
 * @typedef {{name?: string, address?: string, by: string, until?: string, text?: string}} Ban
 * @typedef {{type: "bans", bans: Ban[], count: number, ref?: string}} Bans
 * @typedef {{type: "mutes", mutes: Ban[], count: number, ref?: string}} Mutes
 * @typedef {{type: "places", max: number, count: number, ref?: string}} Places
 * @typedef {{type: "token", name: string, token: string, ref?: string}} Token
 * @typedef {{type: "tokens", tokens: {name: string, made: string}[], ref?: string}} Tokens
 * @typedef {{type: "ping", heads?: Record<string, number>}} Ping
 * @typedef {{type: "pong", ref?: string}} Pong
 * @typedef {Ok | Refusal | Topic | History | Found | Who | RoomList | Bans | Mutes | Places | Pong |
 *   Token | Tokens | RoomState} Answer
 * @typedef {Message | Presence | RoomState | Gap | Reset | Catchup | Topic} RoomEvent
 * @typedef {Answer | RoomEvent | Welcome | Bye | Tell | Notice | Mark | Direct | Ping} ServerLine
 * @typedef {{type: string, room?: string, ref?: string} & Record<string, unknown>} Command
 * @typedef {{epoch?: string, after: number}} Position
 */

const KNOWN = new Set(
  ("message welcome room presence gap reset catchup ok error bye topic tell notice mark direct " +
    "history found who rooms bans mutes places token tokens ping pong").split(" "),
);

/**
 * Returns the lines in a text of the server. Lines that this page does not know are left out.
 * @param {string} text one or several lines.
 * @returns {ServerLine[]}
 */
export function parse(text) {
  const lines = [];
  for (const line of text.split("\n")) {
    const known = line.startsWith("{") ? parseLine(line) : null;
    if (known) lines.push(known);
  }
  return lines;
}

/**
 * @param {string} line
 * @returns {ServerLine | null}
 */
function parseLine(line) {
  try {
    const value = JSON.parse(line);
    return KNOWN.has(value.type) ? value : null;
  } catch {
    return null;
  }
}

/**
 * Returns commands as lines.
 * @param {Command[]} commands
 */
export function encode(commands) {
  return commands.map((command) => JSON.stringify(command)).join("\n");
}
