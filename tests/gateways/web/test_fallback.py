"""Events by a stream and lines by POST: the page's way where WebSocket is blocked."""

from __future__ import annotations

import pytest

from groupchat.gateways.web.fallback import COMMENT_INTERVAL
from tests.gateways.web.support import Browser
from tests.support import Server, codes, kinds

SESSION = "0123456789abcdef" * 2


@pytest.fixture
def server():
    return Server()


@pytest.fixture
def bob(server):
    return server.plain("bob")


@pytest.fixture
def alice(server, bob):
    alice = server.join("event stream", "alice")
    bob.heard()
    alice.answers()
    return alice


def test_the_whole_wire_is_spoken(server, alice, bob):
    alice.say("hi")
    server.run()
    bob.say("ho")
    server.run()
    assert alice.heard() == ["alice: hi", "bob: ho"] and bob.heard() == ["alice: hi"]
    assert alice.answers() == [204]


def test_a_post_may_have_several_lines_and_the_last_needs_no_end(server, alice, bob):
    line = b'{"type":"say","room":"lobby","text":"%d"}'
    alice.send(line % 1, b"\n", line % 2)
    server.run()
    assert bob.heard() == ["alice: 1", "alice: 2"]


def test_no_proxy_keeps_the_stream_back_or_closes_it(server, alice):
    assert b"Content-Type: text/event-stream\r\n" in alice.head
    assert b"X-Accel-Buffering: no\r\n" in alice.head and b"no-store" in alice.head
    alice.transport.taken.clear()
    server.run(COMMENT_INTERVAL + 1)
    assert alice.transport.taken == b":\n\n"


def test_before_its_hello_it_is_a_pending_login(server):
    client = server.connect("event stream")
    server.run()
    assert len(server.factory.pending) == 1
    server.run(server.hub.settings.login_timeout + 1)
    assert codes(client.events()) == ["idle"] and client.gone


def test_posts_show_that_the_client_is_there(server, alice, bob):
    for _ in range(20):
        server.run(server.hub.settings.idle_timeout / 4)
        alice.do("ping")
    server.run()
    assert kinds(alice.events()) == ["pong"] * 20 and not alice.gone


def test_a_silent_client_is_disconnected(server, alice, bob):
    server.run(server.hub.settings.idle_timeout + 2)
    assert kinds(alice.events()) == ["ping", "bye"] and alice.gone
    assert "alice left." in bob.heard()


def test_a_post_is_answered_once_its_lines_are_handled_and_another_waits():
    server = Server(rate=10, burst=1)
    alice = server.join("event stream", "alice")
    alice.send(b'{"type":"ping"}\n' * 20)
    server.run(1)
    assert alice.answers() == [204]  # that of the hello
    other = Browser(server)
    refused = other.ask("POST", f"/lines?session={alice.id}", body=b'{"type":"ping"}')
    assert refused.status == 429 and refused.headers["retry-after"] == "1"
    server.run(2)
    assert alice.answers() == [204]


def test_the_end_of_the_stream_ends_the_session(server, alice, bob):
    alice.transport.broken = True
    server.run()
    assert bob.heard() == ["alice left."]
    alice.say("still here?")
    server.run()
    assert alice.answers() == [404]


def test_after_a_bye_nothing_is_left(server, alice, bob):
    alice.quit()
    server.run()
    assert kinds(alice.events())[-1] == "bye"
    alice.close()
    server.run()
    again = server.connect("event stream")
    again.id = alice.id
    again.transport.incoming[:] = again.transport.incoming.replace(
        f"{int(alice.id, 16) + 1:032x}".encode(), alice.id.encode()
    )
    server.run()
    again.read()
    assert again.head.startswith(b"HTTP/1.1 200 ")


def test_a_session_is_found_by_its_id_alone(server, alice):
    browser = Browser(server)
    assert browser.ask("POST", f"/lines?session={SESSION}", body=b"{}").status == 404
    assert browser.ask("POST", "/lines", body=b"{}").status == 400
    assert browser.get("/stream?session=1").code == "bad-field"
    assert browser.get(f"/stream?session={alice.id}").status == 409
    assert browser.ask("HEAD", f"/stream?session={SESSION}").status == 405


def test_pages_of_others_may_not(server):
    browser = Browser(server)
    for method, target in (("GET", "/stream"), ("POST", "/lines")):
        answer = browser.ask(method, f"{target}?session={SESSION}", {"Origin": "http://evil"})
        assert answer.status == 403


def test_a_batch_is_the_same_bytes_for_all(server, alice, bob):
    carol = server.join("event stream", "carol")
    for client in (alice, carol):
        client.heard()
    for number in range(3):
        bob.say(str(number))
    server.run()
    taken = [bytes(client.transport.taken) for client in (alice, carol)]
    assert taken[0] == taken[1] and taken[0].count(b"\n\n") == 1
    assert alice.heard() == ["bob: 0", "bob: 1", "bob: 2"]
