"""
HTTP on the chat's port: how it is recognised, its limits and deadlines, and what a client that
breaks its rules gets. Nobody else notices any of it.
"""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from groupchat.gateways.web.assets import Assets
from groupchat.gateways.web.http import BODY_TIMEOUT, KEEP_ALIVE
from groupchat.gateways.web.parsing import MAX_BODY, MAX_HEADERS
from groupchat.gateways.web.reading import MAX_HEAD
from groupchat.server.outbound import LINGER
from groupchat.server.pending import GREETING_DELAY
from groupchat.server.tls import Certificate
from groupchat.server.turns import REQUESTS_PER_TURN
from tests.gateways.web.support import Browser, raw, status
from tests.support import Encrypted, Server

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def server():
    server = Server()
    server.serve_web()
    return server


@pytest.fixture
def browser(server):
    return Browser(server)


# Detection.


@pytest.mark.parametrize("first", [GET, b"\r\n" + GET, b"\r\n\r\n" + GET])
def test_a_request_is_answered_wherever_it_is_cut(server, first):
    client = server.connect("plain")
    for byte in first:
        client.send(bytes([byte]))
        server.run()
    assert client.read().startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize("method", [b"get", b"PROPFIND", b"X-9"])
def test_a_request_of_any_method_is_one_and_methods_are_told_apart_by_case(server, method):
    request = method + b" / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    assert status(raw(server, request)) == 405
    client = server.connect("plain")
    for byte in request:
        client.send(bytes([byte]))
        server.run()
    assert status(bytes(client.transport.taken)) == 405


@pytest.mark.parametrize(
    "line", ["get lost", "post / haste", "al", "GETALONG", "a b HTTP", "x" * 9000]
)
def test_what_people_type_is_no_request(server, line):
    person = server.connect("plain")
    for part in (line[:3], line[3:], "\n"):
        person.send(part.encode())
        server.run()
    assert b"HTTP/1.1" not in person.transport.taken and person.transport.taken


def test_a_blank_line_of_a_person_waits_for_more(server):
    person = server.connect("plain")
    person.send(b"\r\n")
    server.run(GREETING_DELAY)
    assert person.lines() == ["What is your name?"]
    person.send(b"alice\r\n")
    server.run()
    assert "Welcome" in person.lines()[1]  # after what a blank line is answered with


@pytest.fixture
def encrypted():
    certificate = Certificate(None, own=True)
    certificate.open()
    server = Server(certificate=certificate, tls_share=0)
    server.serve_web()
    return server


@pytest.fixture
def alpn(monkeypatch):
    """A client that offers only HTTP."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])
    monkeypatch.setattr(Encrypted, "context", context)


def test_where_alpn_has_agreed_on_http_there_is_no_greeting_and_nothing_else(encrypted, alpn):
    silent, person = encrypted.connect("plain, tls"), encrypted.connect("plain, tls")
    for client in (silent, person):
        client.shake()
    assert silent.tls.selected_alpn_protocol() == "http/1.1"
    encrypted.run(GREETING_DELAY + 1)
    assert silent.read() == b"" and len(encrypted.factory.visitors) == 2
    person.send(b"alice\n\n")
    encrypted.run()
    person.turn()
    assert status(bytes(person.clear)) == 400
    encrypted.run(KEEP_ALIVE + LINGER)
    assert silent.transport.lost


def test_within_tls_it_is_the_same(encrypted):
    server = encrypted
    client = server.connect("plain, tls")
    client.send(GET)
    client.shake()
    client.turn()
    assert client.clear.startswith(b"HTTP/1.1 200 OK\r\n") and b"https://localhost" in client.clear


# One request after the other.


def test_a_connection_is_kept_for_the_next_request(browser):
    for _ in range(3):
        assert browser.get("/").status == 200
    assert not browser.gone


def test_a_client_that_asks_for_it_is_disconnected_after_its_answer(browser):
    assert browser.get("/", Connection="close").headers["connection"] == "close"
    assert browser.gone


def test_http_1_0_is_answered_and_closed(server):
    browser = Browser(server)
    browser.send(b"GET / HTTP/1.0\r\n\r\n")
    assert status(bytes(browser.client.transport.taken)) == 200
    assert browser.gone


def test_head_is_the_same_without_the_body(server):
    head = raw(server, b"HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert status(head) == 200 and head.endswith(b"\r\n\r\n")
    assert int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0]) > 0


def test_a_thousand_requests_at_once_are_answered_one_after_the_other(server):
    alice = server.json("alice")
    browser = Browser(server)
    browser.client.send(GET * 1000)
    for _ in range(10):
        server.reactor.turn()
    assert 0 < bytes(browser.client.transport.taken).count(b"HTTP/1.1 200") < 200
    assert alice.ask("ping") == [{"type": "pong"}]
    server.run()
    assert bytes(browser.client.transport.taken).count(b"HTTP/1.1 200") == 1000


def test_a_client_that_reads_no_answers_gets_no_more_of_them(server):
    browser = Browser(server)
    browser.client.stall(1000)
    browser.client.send(GET * 2000)
    server.run(5)
    assert browser.client.transport.waiting < 100_000
    assert browser.client.transport.incoming, "the rest is not read"
    browser.client.flow()
    server.run(5)
    assert bytes(browser.client.transport.taken).count(b"HTTP/1.1 200") == 2000


def test_a_last_answer_is_read_to_its_end_however_slowly(server):
    folder = Path(__file__).parents[3] / "groupchat" / "gateways" / "web" / "static"
    files = Assets(folder).files.values()
    longest = max(files, key=lambda asset: len(asset.body))
    browser = Browser(server)
    browser.client.stall(1000)
    browser.send(
        f"GET /{longest.path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    )
    for _ in range(10):
        server.run(5)
        browser.client.stall(len(longest.body) // 8)
    server.run()
    assert browser.gone
    assert bytes(browser.client.transport.taken).endswith(longest.body)


def test_a_client_that_has_said_all_gets_its_answer(server):
    browser = Browser(server)
    browser.client.send(GET)
    browser.client.end()
    server.run()
    assert status(bytes(browser.client.transport.taken)) == 200
    assert browser.gone


# Bounds.


def test_a_head_without_an_end_is_refused(server):
    answer = raw(server, b"GET / HTTP/1.1\r\nX: " + b"x" * (MAX_HEAD + 8192))
    assert status(answer) == 431


def test_a_head_that_is_too_long_is_refused_where_it_comes_in_one_piece(server):
    answer = raw(server, b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 40_000 + b"\r\n\r\n")
    assert status(answer) == 431


def test_too_many_headers_are_refused(server):
    headers = b"X: y\r\n" * MAX_HEADERS
    answer = raw(server, b"GET / HTTP/1.1\r\nHost: localhost\r\n" + headers + b"\r\n")
    assert status(answer) == 431


def test_a_body_in_tiny_chunks_delays_nobody(server):
    alice = server.json("alice")
    browser = Browser(server)
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    browser.client.send(head, b"1\r\nx\r\n" * 5000, b"0\r\n\r\n")
    for _ in range(3):
        server.reactor.turn()
    assert not browser.client.transport.taken
    assert alice.ask("ping") == [{"type": "pong"}]
    server.run()
    assert status(bytes(browser.client.transport.taken)) == 405


def test_many_requests_at_once_take_turns(server):
    browsers = [Browser(server) for _ in range(50)]
    for browser in browsers:
        browser.client.send(GET)
    server.reactor.turn()
    server.reactor.turn()
    answered = sum(bool(browser.client.transport.taken) for browser in browsers)
    assert 0 < answered <= 2 * REQUESTS_PER_TURN
    server.run()
    assert all(browser.client.transport.taken for browser in browsers)


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Length: %d\r\n\r\n" % (MAX_BODY + 1),
        b"Content-Length: 99999999999999999999\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n10001\r\n" + b"x" * 65_537,
    ],
)
def test_a_body_that_is_too_long_is_refused_and_not_read(server, rest):
    answer = raw(server, b"POST / HTTP/1.1\r\nHost: localhost\r\n" + rest)
    assert status(answer) == 413 and b"Connection: close" in answer


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", 505),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"GET foo HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET http://localhost/ HTTP/1.1\r\nHost: evil.example\r\n\r\n", 200),
        (b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 421),
        (b"GET /..%2f..%2fetc HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
        (b"GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
        (b"GET /?a=%ff HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET /?" + b"a&" * 40 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", 405),
    ],
)
def test_what_makes_no_sense_has_its_status(server, request_, expected):
    assert status(raw(server, request_)) == expected


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: 4\r\nContent-Length: 5\r\n",
        b"Content-Length: 4, 5\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: +4\r\n",
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n",
        b"Transfer-Encoding: identity\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b"Transfer-Encoding: \x0bchunked\r\n",
    ],
)
def test_no_request_can_be_hidden_in_the_body_of_another(server, headers):
    hidden = b"0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n"
    answer = raw(server, b"POST / HTTP/1.1\r\nHost: localhost\r\n" + headers + b"\r\n" + hidden)
    assert status(answer) in (400, 501)
    assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    "chunks", [b"x\r\n", b"-1\r\n", b"5\r\nabcdeXX", b"5;" + b"x" * 20_000, b"0x5\r\nabcde\r\n"]
)
def test_bad_chunks_are_refused(server, chunks):
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = raw(server, head + chunks)
    assert status(answer) in (400, 431)
    assert answer.count(b"HTTP/1.1 ") == 1


# Deadlines.


@pytest.mark.parametrize("first", [b"GET / HT", b"GET / HTTP/1.1\r\nHost: localhost\r\n"])
def test_a_head_has_to_come_in_time(first):
    server = Server(login_timeout=10)
    browser = Browser(server)
    browser.send(first)
    server.run(9)
    assert not browser.gone
    server.run(2)
    assert status(bytes(browser.client.transport.taken)) == 408 and browser.gone
    server.run(LINGER)
    assert browser.client.transport.lost and not len(server.factory.visitors)


def test_a_byte_now_and_then_does_not_help(server):
    browser = Browser(server)
    browser.send(b"GET / HTTP/1.1\r\n")
    for _ in range(12):
        browser.send(b"X: y\r\n")
        server.run(1)
    assert browser.gone


def test_a_body_has_to_come_in_time(server):
    browser = Browser(server)
    browser.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc")
    server.run(BODY_TIMEOUT - 1)
    assert not browser.gone
    server.run(2)
    assert status(bytes(browser.client.transport.taken)) == 408 and browser.gone


def test_an_idle_connection_is_closed_without_a_word(browser, server):
    browser.get("/")
    server.run(KEEP_ALIVE - 1)
    assert not browser.gone
    server.run(2)
    assert browser.gone and browser.client.transport.taken == b""


# Visitors.


def test_a_visitor_is_no_pending_login(server, browser):
    browser.get("/")
    assert not server.factory.pending and len(server.factory.visitors) == 1
    browser.client.close()
    server.run()
    assert not len(server.factory.visitors) and not server.factory.connections


def test_the_oldest_idle_visitor_makes_room(server):
    server.hub.settings.max_visitors = 2
    first, second, third = Browser(server), Browser(server), Browser(server)
    for browser in (first, second, first, third):
        assert browser.get("/").status == 200
    assert second.gone and not first.gone and not third.gone


def test_visitors_that_wait_for_an_answer_make_no_room(server):
    server.hub.settings.max_visitors = 2
    browsers = [Browser(server) for _ in range(20)]
    for browser in browsers:
        browser.client.send(GET)
    server.run()
    answers = [bytes(browser.client.transport.taken) for browser in browsers]
    assert [status(answer) for answer in answers] == [200] * 20


def test_served_requests_are_no_failed_logins():
    server = Server(connect_rate=1)
    for _ in range(50):
        browser = Browser(server)
        assert browser.get("/", Connection="close").status == 200
    for _ in range(10):
        refused = Browser(server)
        if refused.client.gone:
            return
        refused.get("/nothing", Connection="close")
    pytest.fail("requests for nothing are not limited")


def test_addresses_that_visited_are_not_greeted(server, browser):
    browser.get("/")
    spare = server.connect("plain")
    other = server.connect("plain", "198.51.100.7")
    server.run(GREETING_DELAY)
    assert spare.lines() == [] and other.lines() == ["What is your name?"]
    server.run(61)
    again = server.connect("plain")
    server.run(GREETING_DELAY)
    assert again.lines() == ["What is your name?"]


def test_where_the_server_stops_visitors_are_disconnected(server, browser):
    browser.get("/")
    server.factory.emptied()
    server.run(LINGER)
    assert browser.client.transport.lost
