/**
 * The two ways to the server: WebSocket, and, where that is blocked, events of the server with POSTs.
 *
 * @typedef {{opened: () => void, text: (text: string) => void, closed: () => void}} Handlers
 * @typedef {{send(text: string): void, close(): void}} Transport
 */

/**
 * @param {Handlers} handlers
 * @returns {Transport}
 */
export function webSocket(handlers) {
  const url = new URL("ws", document.baseURI);
  url.protocol = url.protocol.replace("http", "ws");
  const socket = new WebSocket(url);
  socket.onopen = handlers.opened;
  socket.onmessage = ({ data }) => handlers.text(String(data));
  socket.onclose = handlers.closed;
  return {
    send: (text) => socket.send(text),
    close: () => socket.close(),
  };
}

/**
 * @param {Handlers} handlers
 * @returns {Transport}
 */
export function eventStream(handlers) {
  const session = makeId(16, 16);
  const url = (/** @type {string} */ path) => new URL(`${path}?session=${session}`, document.baseURI);
  const source = new EventSource(url("stream"));
  const outgoing = new Posts(url("lines"), fail);
  source.onopen = handlers.opened;
  source.onmessage = ({ data }) => handlers.text(data);
  source.onerror = fail; // the browser would go on by itself, without a hello
  function fail() {
    if (outgoing.closed) return;
    close();
    handlers.closed();
  }
  function close() {
    source.close();
    outgoing.close();
  }
  return { send: (text) => outgoing.send(text), close };
}

/** Posts lines, one request after the other, so that none overtakes another. */
class Posts {
  /** @param {URL} url @param {() => void} fail */
  constructor(url, fail) {
    this._url = url;
    this._fail = fail;
    /** @type {string[]} */
    this._waiting = [];
    this._busy = false;
    this.closed = false;
  }

  /** @param {string} text */
  send(text) {
    this._waiting.push(text);
    if (!this._busy) this._post();
  }

  async _post() {
    this._busy = true;
    while (this._waiting.length && !this.closed) {
      const body = this._waiting.splice(0).join("\n") + "\n";
      const answer = await fetch(this._url, { method: "POST", body }).catch(() => null);
      if (!answer?.ok && !this.closed) this._fail();
    }
    this._busy = false;
  }

  close() {
    this.closed = true;
  }
}

/**
 * Returns random letters: `crypto.randomUUID` is missing where the page came over plain http.
 * @param {number} length in bytes.
 * @param {number} base of the numbers that they are written in.
 */
export function makeId(length, base = 36) {
  const bytes = crypto.getRandomValues(new Uint8Array(length));
  return [...bytes].map((byte) => byte.toString(base).padStart(2, "0")).join("");
}
