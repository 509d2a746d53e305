"""Hostile cases: HTTP, its API and WebSocket."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from groupchat.gateways.web.frames import IDLE_FRAMES
from groupchat.testing.websocket import HANDSHAKE, masked
from tests.hostile.case import ME, Case, Do, Send, Wait, hello, line, web

HOST = b"Host: localhost\r\n"
GET = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"
SAY = "/api/rooms/lobby/messages"
SAY_AS_ME = f"{SAY}?name={ME}"


def get(target: str | bytes, *headers: bytes, method: bytes = b"GET") -> bytes:
    """A request without a body."""
    target = target.encode() if isinstance(target, str) else target
    lines = b"".join(header + b"\r\n" for header in headers)
    return method + b" " + target + b" HTTP/1.1\r\n" + HOST + lines + b"\r\n"


def post(body: bytes, *headers: bytes, target: str = SAY_AS_ME) -> bytes:
    """A request with a body, of which the length is right."""
    length = b"Content-Length: %d" % len(body)
    return get(target, length, *headers, method=b"POST") + body


JSON = b"Content-Type: application/json"
TEXT = b"Content-Type: text/plain"


def is_open(name: str, request: bytes, answer: str, **more: Any) -> Case:
    """A request whose refusal ends nothing."""
    return web(name, request, answer, "open", **more)


# Heads.

HEADS = {
    "a target of 20 KiB": (get("/" + "x" * 20_480), "431 too-large"),
    "a header of 20 KiB": (get("/", b"X: " + b"x" * 20_480), "431 too-large"),
    "ten thousand headers": (get("/", *[b"X: y"] * 10_000), "431 too-large"),
    "101 headers": (get("/", *[b"X: y"] * 100), "431 too-large"),
    "a header that is folded": (get("/", b"X: y", b" z"), "200"),
    "a header without a name": (get("/", b": y"), "400 bad-request"),
    "a header without a colon": (get("/", b"X"), "400 bad-request"),
    "a space before a colon": (get("/", b"X : y"), "400 bad-request"),
    "a NUL in a header": (get("/", b"X: \0"), "400 bad-request"),
    "an escape in a header": (get("/", b"X: \x1b[2J"), "200"),
    "a CR alone in a header": (get("/", b"X: a\rb"), "400 bad-request"),
    "a NUL in a target": (get(b"/\0"), "400 bad-request"),
    "a space in a target": (get(b"/a b"), "400 bad-request"),
    "two hosts": (get("/", b"Host: localhost"), "400 bad-request"),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", "400 bad-request"),
    "HTTP 2.0 in words": (b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", "505 bad-version"),
    "HTTP 0.9": (b"GET /\r\n\r\n", "400 bad-request"),
    "a negative length": (get("/", b"Content-Length: -1"), "400 bad-request"),
    "a length that is no number": (get("/", b"Content-Length: 1x"), "400 bad-request"),
    "two lengths": (get("/", b"Content-Length: 1", b"Content-Length: 2"), "400 bad-request"),
    "a length of 5000 digits": (get("/", b"Content-Length: " + b"9" * 5000), "400 bad-request"),
    "a length beyond 64 bits": (get("/", b"Content-Length: 18446744073709551616"), "413 too-large"),
    "a length and chunks": (
        get("/", b"Content-Length: 5", b"Transfer-Encoding: chunked") + b"0\r\n\r\n" + GET,
        "400 bad-request",
    ),
    "an encoding that nobody knows": (get("/", b"Transfer-Encoding: gzip"), "501 bad-request"),
    "chunked twice": (get("/", b"Transfer-Encoding: chunked, chunked"), "501 bad-request"),
    "chunks in HTTP 1.0": (
        b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "400 bad-request",
    ),
    "a chunk of a size that is no number": (
        get("/", b"Transfer-Encoding: chunked") + b"xyz\r\n", "400 bad-request"),
    "a chunk of a size beyond all bounds": (
        get("/", b"Transfer-Encoding: chunked") + b"f" * 30 + b"\r\n", "400 bad-request"),
    "a body of 64 KiB and a byte": (post(b"x" * 65_537), "413 too-large"),
}  # fmt: skip


def heads():
    for name, (data, answer) in HEADS.items():
        yield web(name, data, answer, "open" if answer == "200" else "closed")
    yield web("a head in pieces of a byte", Send(GET, 1), "200", "open")
    yield web("a head and gone", [GET[:20], Do.ABORT], ())
    yield web("a head and no more to say", [GET[:20], Do.HALF_CLOSE], ())
    yield web("half a head and silence", [GET[:20], Wait(11)], "408 timeout")
    yield web("half a body and silence", [post(b"abc")[:-1], Wait(31)], "408 timeout")
    yield web("silence after an answer", [GET, Wait(16)], "200")
    yield web("a hundred requests at once", GET * 100, ["200"] * 100, "open")
    yield web(
        "a hundred requests, and gone before the answers", [GET * 100, Do.ABORT], ["200"] * 100
    )
    yield web(
        "requests by a client that does not read",
        [Do.STOP_READING, GET * 1000, Wait(40)],
        (),
        "open",
        memory=True,
        lives=False,
    )


# Targets, hosts and origins.

TARGETS = {
    "a path that leaves the folder": (get("/../../etc/passwd"), "404 not-found"),
    "a path that leaves the folder, encoded": (get("/assets/..%2f..%2fetc/passwd"), "404 not-found"),
    "a path of an asset with a NUL": (get("/assets/x%00.js"), "404 not-found"),
    "a path that is not there": (get("/admin"), "404 not-found"),
    "a target that is no path": (get("lobby"), "400 bad-request"),
    "a hundred thousand slashes, nearly": (get("/" * 16_000), "404 not-found"),
    "a method that is not for it": (get("/", method=b"DELETE"), "405 bad-method"),
    "a target of a proxy for another host": (get("http://evil.example/"), "421 bad-host"),
    "a host of another": (b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", "421 bad-host"),
    "a host of another that begins like ours": (
        b"GET / HTTP/1.1\r\nHost: localhost.evil.example\r\n\r\n", "421 bad-host"),
    "a host with a user": (b"GET / HTTP/1.1\r\nHost: a@localhost\r\n\r\n", "421 bad-host"),
    "an empty host": (b"GET / HTTP/1.1\r\nHost: \r\n\r\n", "421 bad-host"),
    "too many parameters": (get("/?" + "&".join(["x=y"] * 33)), "400 bad-request"),
    "a parameter that is no UTF-8": (get(b"/?x=%ff"), "400 bad-request"),
    "a range of the page": (get("/", b"Range: bytes=0-1,5-9,0-"), "200"),
}  # fmt: skip

SAID_BY_OTHERS = {
    "another page says something": (b"Origin: http://evil.example", "403 bad-origin"),
    "a page from a file says something": (b"Origin: null", "403 bad-origin"),
    "a page on another port says something": (b"Origin: http://localhost:1", "403 bad-origin"),
    "a page of another site says something": (b"Sec-Fetch-Site: cross-site", "403 bad-origin"),
}  # fmt: skip


def targets():
    for name, (data, answer) in TARGETS.items():
        yield is_open(name, data, answer)
    for name, (header, answer) in SAID_BY_OTHERS.items():
        yield is_open(name, post(b"hi", TEXT, header), answer)
    for name, (header, answer) in SAID_BY_OTHERS.items():
        yield is_open(
            f"{name}, by WebSocket",
            HANDSHAKE.replace(b"Origin: http://localhost:9000", header),
            answer,
        )


# The API.

BODIES = {
    "no text": (b"", TEXT, "400 text-empty"),
    "a text of spaces": (b"   ", TEXT, "400 text-empty"),
    "a text that is no UTF-8": (b"\xff", TEXT, "400 bad-utf8"),
    "a text of 4097 bytes": (b"x" * 4097, TEXT, "400 text-too-long"),
    "JSON that is none": (b"{", JSON, "400 bad-json"),
    "JSON that is a list": (b"[]", JSON, "400 bad-field"),
    "JSON without a text": (b"{}", JSON, "400 bad-field"),
    "JSON with a text that is a number": (b'{"text":1}', JSON, "400 bad-field"),
    "JSON nested ten thousand times": (b"[" * 10_000, JSON, "400 bad-field"),
    "half an emoji in JSON": (b'{"text":"\\ud83d"}', JSON, "400 bad-json"),
}  # fmt: skip

ROOMS = {
    "a room whose name leaves the path": ("/api/rooms/..%2f..%2fx/messages", "400 bad-name"),
    "a room whose name has a NUL": ("/api/rooms/x%00/messages", "400 bad-name"),
    "a room whose name is no UTF-8": ("/api/rooms/%ff/messages", "400 bad-utf8"),
    "a room whose name is too long": (f"/api/rooms/{'x' * 33}/messages", "400 bad-name"),
    "a number that is too long": (f"{SAY}?before={'9' * 4000}", "400 bad-field"),
    "a number that is negative": (f"{SAY}?before=-1", "400 bad-field"),
    "a limit of a million": (f"{SAY}?limit=1000000", "400 bad-field"),
}  # fmt: skip


AUTHORIZATIONS = {
    b"Bearer x": "401 bad-password",
    b"Bearer " + b"x" * 8000: "401 bad-password",
    b"Basic x": "400 bad-field",
    b"Basic bWFsbG9yeQ==": "400 bad-field",  # a name without a password
    b"Basic " + b64encode(b"mallory:wrong"): "401 bad-password",
    b"Digest x": "401 hello-first",
    b"x" * 8000: "401 hello-first",
}


def api():
    for name, (body, header, answer) in BODIES.items():
        yield is_open(f"a request with {name}", post(body, header), answer)
    for name, (target, answer) in ROOMS.items():
        yield is_open(f"a request for {name}", get(target), answer)
    yield is_open("a request by nobody", post(b"hi", TEXT, target=SAY), "401 hello-first")
    yield is_open(
        "a request by somebody who is here",
        post(b"hi", TEXT, target=f"{SAY}?name=amy"),
        "409 name-taken",
    )
    yield is_open(
        "a request with a name that is none",
        post(b"hi", TEXT, target=f"{SAY}?name=%1b"),
        "400 bad-name",
    )
    for given, answer in AUTHORIZATIONS.items():
        yield is_open(
            f"a request with the authorization {given[:20]!r}",
            post(b"hi", TEXT, b"Authorization: " + given, target=SAY),
            answer,
        )


# WebSocket.

JOIN = masked(hello())
CONT, BINARY, CLOSE, PING = 0x80, 0x82, 0x88, 0x89
WELCOME = (
    f"welcome name={ME} operator=False",
    f"room room=lobby first=1 head=0 said=0 topic= members=amy,ben,{ME} count=3 mark=0",
    "catchup room=lobby through=0",
)
BROKEN = {
    "a frame without a mask": (b"\x81\x02{}", 1002),
    "a reserved bit": (masked(b"{}", 0xC1), 1002),
    "a reserved opcode": (masked(b"{}", 0x83), 1002),
    "the end of a message that has not begun": (masked(b"{}", CONT), 1002),
    "a message within a message": (masked(b"{", 0x01) + masked(b"}"), 1002),
    "a ping in pieces": (masked(b"", 0x09), 1002),
    "a ping that is too long": (masked(b"x" * 126, PING), 1002),
    "a close of a byte": (masked(b"\x03", CLOSE), 1002),
    "a close with a code that nobody may send": (masked(b"\x03\xed", CLOSE), 1002),
    "a message of bytes": (masked(b"{}", BINARY), 1003),
    "a message that is no UTF-8": (masked(b"\xff"), 1007),
    "a message of 2 to the 62 bytes": (b"\x81\xff\x40" + bytes(7), 1009),
    "a message of 32 KiB and a byte": (masked(b"x" * 32_769), 1009),
    "five thousand empty messages at once": (masked(b"") * 5000, 1008),
    "five thousand empty pieces at once": (masked(b"{", 1) + masked(b"", 0) * 5000, 1008),
}  # fmt: skip


def websocket():
    for name, (data, code) in BROKEN.items():
        told: tuple[str, ...] = ("101", f"close {code}")
        yield web(f"{name}, before login", [HANDSHAKE, data], told)
    for name in ("a reserved opcode", "a message that is no UTF-8", "a frame without a mask"):
        data, code = BROKEN[name]
        yield web(
            f"{name}, in a room",
            [HANDSHAKE + JOIN, Wait(1), data],
            ("101", *WELCOME, f"close {code}"),
            heard=[f"{ME} joined.", f"{ME} left."],
        )
    yield web(
        "five thousand pings at once",
        [HANDSHAKE, masked(b"", PING) * 5000],
        ("101", *["frame 8a b''"] * IDLE_FRAMES[1], "close 1008"),
    )
    yield web(
        "a WebSocket without a word",
        [HANDSHAKE, Wait(11)],
        ("101", "bye idle retry=0", "close 1000"),
    )
    yield web(
        "a WebSocket whose client is gone",
        [HANDSHAKE + JOIN, Wait(1), Do.ABORT],
        ("101", *WELCOME),
        heard=[f"{ME} joined.", f"{ME} left."],
    )
    yield web(
        "a WebSocket of another version",
        HANDSHAKE.replace(b"Version: 13", b"Version: 8"),
        "400 bad-request",
        "open",
    )
    yield web(
        "a WebSocket without a key",
        HANDSHAKE.replace(b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n", b""),
        "400 bad-request",
        "open",
    )
    yield web("a WebSocket by a plain GET", get("/ws"), "426 bad-request", "open")


# The stream and the posts of a page without WebSocket.


def fallback():
    session = "a" * 32
    yield is_open(
        "lines for a session that is not there",
        post(line("say", room="lobby", text="hi"), target=f"/lines?session={session}"),
        "404 not-found",
    )
    yield is_open("lines without a session", post(b"{}\n", target="/lines"), "400 bad-field")
    yield is_open("a stream without a session", get("/stream"), "400 bad-field")
    yield is_open(
        "lines for a session of 8000 letters",
        post(b"{}\n", target=f"/lines?session={'a' * 8000}"),
        "400 bad-field",
    )


CASES = [*heads(), *targets(), *api(), *websocket(), *fallback()]
