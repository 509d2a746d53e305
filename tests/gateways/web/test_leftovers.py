"""However connections of the web end, nothing is left of them."""

from __future__ import annotations

import gc
import weakref

import pytest

from groupchat.gateways.web.http import BODY_TIMEOUT
from groupchat.server.outbound import LINGER
from groupchat.server.visitors import REMEMBERED
from groupchat.testing.websocket import masked
from tests.gateways.web.support import Browser
from tests.support import Server, collections

REQUESTS = [
    b"",
    b"GET",
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\nGET / HT",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc",
    b"GET / HTTP/1.0\r\n\r\n",
    b"nonsense / HTTP/7\r\n\r\n",
    b"GET /stream?session=" + b"a" * 32 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /api/rooms/lobby/stream HTTP/1.1\r\nHost: localhost\r\n\r\n",
]
MEMBERS = ["websocket", "event stream"]


def end(how, client):
    if how == "close":
        client.end()
    elif how == "reset":
        client.reset()


@pytest.mark.parametrize("how", ["close", "reset", "silence"])
def test_nothing_is_left_of_connections_however_they_end(how):
    server = Server()
    server.serve_web()
    alice = server.plain("alice")
    before = collections(server)
    browsers = [Browser(server) for _ in REQUESTS]
    members = [server.join(wire, wire.replace(" ", "")) for wire in MEMBERS]
    for browser, request in zip(browsers, REQUESTS, strict=True):
        browser.send(request)
    protocols = [weakref.ref(one.protocol) for one in (*members, *(b.client for b in browsers))]
    for client in (*members, *(browser.client for browser in browsers)):
        end(how, client)
    server.run(2 * server.hub.settings.idle_timeout + BODY_TIMEOUT + LINGER)
    if how != "reset":
        browsers.pop().client.close()  # whoever reads a stream of the API says nothing more
        server.run(LINGER)
    alice.heard()
    assert collections(server) == before
    del members, browsers, client, browser
    gc.collect()
    assert [one for one in protocols if one() is not None] == []


def test_nothing_is_left_of_members_that_break_the_protocol():
    server = Server()
    server.serve_web()
    server.plain("alice")
    before = collections(server)
    for frame in (b"\x81\x02{}", masked(b"\xff"), masked(b"\x03\xe8", 0x88), masked(b"", 0x82)):
        member = server.join("websocket", "bob")
        member.send_raw(frame)
        server.run(LINGER + REMEMBERED + 2)
    assert collections(server) == before
