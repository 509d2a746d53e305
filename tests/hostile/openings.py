"""Hostile cases: the openings of other protocols, and of none."""

from __future__ import annotations

from tests.hostile.case import BAD_NAME, Case, Do, Send, Wait, raw

SORRY = "This is a group chat. Join it with: groupchat-connect NAME HOST PORT"
HTTP = ("HTTP/1.0 400 Bad Request", "Content-Type: text/plain", "Connection: close", "", SORRY)
IRC = (f"ERROR :{SORRY}",)
SSH = (f"! {SORRY}",)
TLS = ("\x15\x03\x01\0\x02\x02(",)  #: a fatal alert; another where the door for TLS is open
IDLE = "! Nothing was heard from you for too long."
GREETING = "What is your name?"

METHODS = "GET POST PUT HEAD DELETE OPTIONS PATCH CONNECT TRACE".split()

KNOWN: dict[str, tuple[bytes, tuple[str, ...]]] = {
    **{
        f"{method} of HTTP": (f"{method} / HTTP/1.1\r\nHost: x\r\n\r\n".encode(), HTTP)
        for method in METHODS
    },
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", HTTP),
    "a web socket": (
        b"GET /chat HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        HTTP,
    ),
    "a GET with 60000 bytes of headers": (b"GET / HTTP/1.1\r\nX: " + b"x" * 60_000, HTTP),
    "a GET of a terminal's controls": (b"GET /\x1b[2J HTTP/1.1\r\n\r\n", HTTP),
    "CAP of IRC": (b"CAP LS 302\r\n", IRC),
    "NICK of IRC": (b"NICK amy\r\nUSER amy 0 * :amy\r\n", IRC),
    "USER of IRC": (b"USER amy 0 * :amy\r\n", IRC),
    "PASS of IRC": (b"PASS secret\r\n", IRC),
    "SSH": (b"SSH-2.0-OpenSSH_9.6\r\n", SSH),
    "TLS 1.0": (b"\x16\x03\x01\0\x05\x01\0\0\x01\0", TLS),
    "TLS 1.2": (b"\x16\x03\x03\0\x05\x01\0\0\x01\0", TLS),
    "SSL 3": (b"\x16\x03\0\0\x05\x01\0\0\x01\0", TLS),
    "a TLS record of the greatest length": (b"\x16\x03\x01\xff\xff" + b"\0" * 65_535, TLS),
    "TLS and a JSON hello": (b'\x16\x03{"type":"hello","name":"mal"}\n', TLS),
}

NO_UTF8 = "! That line is not UTF-8. Set your terminal to UTF-8."
FIVE = "! That was refused 5 times. Good-bye."

#: Other protocols that the server does not recognise: their first lines are invalid names.
STRANGE = {
    "get in small letters": b"get / HTTP/1.1\n",
    "GET and a tab": b"GET\t/ HTTP/1.1\n",
    "a method that HTTP has not": b"BREW / HTCPCP/1.0\n",
    "HTTP's answer": b"HTTP/1.1 200 OK\n",
    "SIP": b"INVITE sip:a@b SIP/2.0\n",
    "RTSP": b"DESCRIBE rtsp://a RTSP/1.0\n",
    "mail": b"EHLO example.com\n",
    "a mailbox": b"a001 LOGIN amy secret\n",
    "a file transfer": b"USERX amy\n",
    "a database of keys": b"*1\n",
    "a cache": b"get key 0\n",
    "a proxy's word": b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n",
    "Jabber": b"<?xml version='1.0'?><stream:stream>\n",
    "Gopher": b"/\n",
    "SSH 1": b"SSH-1.5-OpenSSH 3\n",
    "an IRC line with its source": b":amy!a@b PRIVMSG #x :hi\n",
    "a remote desktop": b"\x03\0\0\x13\x0e\n",
    "a shared folder": b"\0\0\0\x54\n",
    "a list for JSON-RPC": b'[{"jsonrpc":"2.0"}]\n',
    "a space before JSON": b' {"type":"hello","name":"mal"}\n',
    "a mark of zmodem": b"**\x18B00\n",
    "a C1 control": "\x9b6n\n".encode(),
}


def known():
    for name, (data, answer) in KNOWN.items():
        yield raw(name, data, answer)
    for name in ("GET of HTTP", "NICK of IRC", "SSH", "TLS 1.2"):
        data, answer = KNOWN[name]
        yield raw(f"{name} in pieces of one byte", Send(data, 1), answer)
    yield raw(
        "GET of HTTP after the greeting", [Wait(1), KNOWN["GET of HTTP"][0]], (GREETING, *HTTP)
    )
    yield raw(
        "GET of HTTP and more when it is over", [KNOWN["GET of HTTP"][0], b"x" * 100_000], HTTP
    )
    yield raw("GET of HTTP and gone", [KNOWN["GET of HTTP"][0], Do.ABORT], HTTP)
    yield raw("GET of HTTP and no more to say", [KNOWN["GET of HTTP"][0], Do.HALF_CLOSE], HTTP)
    yield raw(
        "GET of HTTP by one who does not read",
        [Do.STOP_READING, KNOWN["GET of HTTP"][0], Wait(3)],
        (),
        memory=True,
    )


def strange():
    for name, data in STRANGE.items():
        yield raw(name, data, BAD_NAME, "open")
    yield raw("SSL 2", b"\x80\x2e\x01\0\x02\n", NO_UTF8, "open")
    yield raw("a hundred bytes of noise", bytes(range(128, 228)) + b"\n", NO_UTF8, "open")
    yield raw(
        "get in small letters, with headers",
        b"get / HTTP/1.1\r\nHost: -\r\nA: b\r\nC: d\r\n\r\n",
        [BAD_NAME] * 5 + [FIVE],
    )
    yield raw(
        "a JSON object that is no hello",
        b"{}\n",
        (
            '{"type":"error","code":"bad-field","text":"A line needs a \\"type\\" that is a string."}',
        ),
        "open",
        lives=False,
    )
    for opening in (b"G", b"GE", b"GET", b"OPTION", b"SSH-2.0", b"\x16", b"CAP", b"NIC"):
        yield raw(f"{opening!r} and no more", [opening, Wait(11)], (GREETING, IDLE))
        if not opening.startswith(b"SSH"):
            yield raw(f"{opening!r} and a line end", opening + b":\n", BAD_NAME, "open")


# Half opens.


def silent() -> list[Case]:
    return [
        raw("silence for a second", [Wait(1)], GREETING, "open"),
        raw("silence for 9 seconds", [Wait(9)], GREETING, "open"),
        raw("silence for 11 seconds", [Wait(11)], (GREETING, IDLE)),
        raw("silence by one who does not read", [Do.STOP_READING, Wait(14)], (), memory=True),
        raw("a byte of a name a second", [step for _ in range(11) for step in (b"x", Wait(1))], IDLE),
        raw("a bracket a second", [step for _ in range(11) for step in (b"{", Wait(1))],
            '{"type":"bye","code":"idle","text":"Nothing was heard from you for too long.","retry":0}'),
        raw("a bad JSON line every 9 seconds", [step for _ in range(7) for step in (b"{\n", Wait(9))],
            ['{"type":"error","code":"bad-json","text":"That line is no JSON object."}'] * 7
            + ['{"type":"bye","code":"idle","text":"Nothing was heard from you for too long.","retry":0}']),
        raw("a bad name every 9 seconds", [step for _ in range(5) for step in (b"-\n", Wait(9))], [BAD_NAME] * 5 + [FIVE]),
        raw("a connection that is closed at once", [Do.ABORT], ()),
        raw("a connection that has nothing to say", [Do.HALF_CLOSE], ()),
        raw("a connection that has nothing to say after the greeting", [Wait(1), Do.HALF_CLOSE], GREETING),
        raw("half an opening and no more to say", [b"GE", Do.HALF_CLOSE], ()),
        raw("half an opening and gone", [b"GE", Do.ABORT], ()),
        raw("a name without a line end, and no more to say", [b"mallory", Do.HALF_CLOSE], "-- Bye."),
        raw("bad names without an end, and gone", [b"-\n-\n-\n-\n-", Do.ABORT], [BAD_NAME] * 4),
    ]  # fmt: skip


CASES = [*known(), *strange(), *silent()]
