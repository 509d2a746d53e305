"""
Any bytes, in any pieces: HTTP and WebSocket answer by their rules, the same however the bytes are
cut, and nobody else notices. An error that is logged fails the test.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groupchat.gateways.web.http import BODY_TIMEOUT
from groupchat.server.outbound import LINGER
from groupchat.testing.websocket import masked
from tests.gateways.web.support import Browser
from tests.support import Server

LINES = [
    b"GET / HTTP/1.1", b"POST /lines?session=" + b"a" * 32 + b" HTTP/1.1", b"HEAD / HTTP/1.0",
    b"GET /stream?session=" + b"b" * 32 + b" HTTP/1.1", b"GET /ws HTTP/1.1", b"PUT * HTTP/1.1",
    b"Host: localhost", b"Host: evil.example", b"Content-Length: 3", b"Content-Length: 03",
    b"Transfer-Encoding: chunked", b"Transfer-Encoding: x", b"Connection: close",
    b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13",
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", b"Expect: 100-continue", b"Origin: null",
    b" folded", b": no name", b"X: \x00", b"X: \xff", b"3", b"0", b"abc", b"", b"",
]  # fmt: skip
ENDS = [b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b""]
CLOSE, PONG = 0x88, 0x8A
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
BYTES_OF_HTTP = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(LINES), st.sampled_from(ENDS)).map(b"".join),
        st.just(REQUEST),
        st.binary(max_size=20),
    ),
    max_size=20,
).map(b"".join)
FRAMES = st.lists(
    st.one_of(
        st.builds(
            masked,
            st.one_of(st.binary(max_size=200), st.just(b'{"type":"ping"}'), st.just(b"\n")),
            st.integers(0, 255),
        ),
        st.builds(masked, st.just(b'{"type":"ping"}\n')),
        st.binary(max_size=10),
    ),
    max_size=12,
).map(b"".join)
CUTS = st.lists(st.integers(1, 60), max_size=30)


def pieces(data, sizes):
    for size in sizes:
        yield data[:size]
        data = data[size:]
    yield data


def without_dates(data):
    return re.sub(rb"Date: [^\r]*\r\n", b"", data)


def http_answers(data, sizes=()):
    """Everything that the server answers, until it has closed the connection."""
    server = Server()
    alice = server.plain("alice")
    browser = Browser(server)
    browser.client.send(REQUEST)
    for piece in pieces(data, sizes):
        browser.send(piece)
    server.run()
    assert alice.lines() == []
    server.run(BODY_TIMEOUT + LINGER + server.hub.settings.idle_timeout)
    assert browser.client.transport.lost
    assert not server.factory.pending and not len(server.factory.visitors)
    assert len(server.factory.connections) == 1
    return without_dates(bytes(browser.client.transport.taken))


@settings(deadline=None)
@given(BYTES_OF_HTTP, CUTS)
def test_http_answers_the_same_however_the_bytes_are_cut(data, sizes):
    whole = http_answers(data)
    assert whole.startswith(b"HTTP/1.1 200 OK\r\n")
    assert http_answers(data, sizes) == whole


def websocket_answers(data, sizes=()):
    """Everything that a member gets, and what the others are told of it."""
    server = Server()
    bob, alice = server.plain("bob"), server.join("websocket", "alice")
    bob.heard()
    alice.heard()
    alice.frames.clear()
    for piece in pieces(data, sizes):
        alice.send_raw(piece)
        server.run()
    told = bob.heard()
    server.run(2 * server.hub.settings.idle_timeout + LINGER)
    assert alice.transport.lost and not server.factory.pending
    alice.read()
    pongs = [frame for frame in alice.frames if frame[0] == PONG]
    return [frame for frame in alice.frames if frame[0] != PONG], pongs, told


@settings(deadline=None)
@given(FRAMES, CUTS)
def test_websocket_answers_the_same_however_the_frames_are_cut(data, sizes):
    frames, pongs, told = websocket_answers(data)
    assert frames and frames[-1][0] == CLOSE
    assert websocket_answers(data, sizes) == (frames, pongs, told)


@pytest.mark.parametrize("first", [*range(16), *range(0x80, 0x90), 0x91, 0xA1, 0xC1, 0xFF])
def test_every_first_byte_of_a_frame_has_its_answer(first):
    frames, *_ = websocket_answers(masked(b'{"type":"ping"}', first))
    assert frames[-1][0] == CLOSE
