"""
The page in other places: behind a proxy under a path, on an insecure origin, with other names.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.web.support import Open, Screen, Server, person

pytestmark = pytest.mark.slow

PREFIX = b"/chat/"


@pytest.fixture(scope="module")
def proxied(shared: Server) -> Iterator[int]:
    """The port of a proxy that serves the page under a path."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    host = f"localhost:{port}".encode()

    def relay(source: socket.socket, target: socket.socket, outwards: bool) -> None:
        with source, target:
            while data := source.recv(65536):
                if outwards:
                    data = data.replace(b" " + PREFIX, b" /").replace(host, b"localhost")
                target.sendall(data)

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", shared.port))
            for pair in ((client, server, True), (server.dup(), client.dup(), False)):
                threading.Thread(target=_quietly, args=(relay, *pair), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    yield port
    listener.close()


def _quietly(act: object, *arguments: object) -> None:
    """Call this; a connection that is reset is no news."""
    assert callable(act)
    with contextlib.suppress(OSError):
        act(*arguments)


def test_the_page_works_under_a_path(shared: Server, proxied: int, new_screen: Open) -> None:
    screen = new_screen(shared)
    asked: list[str] = []
    screen.page.on("request", lambda request: asked.append(request.url))
    screen.page.goto(f"http://localhost:{proxied}/chat/")
    screen.enter("pathfinder").say("from under a path").stored("from under a path")
    assert asked
    assert [url for url in asked if "/chat/" not in url] == []


def test_the_page_works_where_the_browser_trusts_nothing(
    tmp_path: Path, new_screen: Open, chromium: object
) -> None:
    server = Server(tmp_path, "--host", "chat.example")
    first = new_screen(server)
    second = new_screen(server, beside=first)
    for screen, name in ((first, "anna"), (second, "otto")):
        screen.page.goto(f"http://chat.example:{server.port}/")
        assert screen.page.evaluate("isSecureContext") is False
        assert screen.page.evaluate("navigator.locks === undefined")
        screen.enter(name)
    first.say("plain http").stored("plain http")
    second.sees("plain http")
    second.sees("plain http").hover()
    second.page.click(".line .more")
    second.page.click("role=menuitem[name='Copy the text']")
    first.say("/notify on")
    first.sees("only for pages over https")
    for screen in (first, second):
        screen.page.reload()
        screen.sees("plain http")
    assert first.page.text_content("#me") == "anna"
    assert second.page.text_content("#me") == "otto"
    server.kill()


def test_another_name_is_kept_over_a_lost_connection(own: Server, new_screen: Open) -> None:
    alice = new_screen(own).join("alice").say("/name eve")
    alice.page.wait_for_selector("#me:text('eve')")
    own.kill()
    alice.say("still here")
    own.start()
    alice.stored("still here")
    assert alice.page.text_content("#me") == "eve"
    alice.page.reload()
    alice.sees("still here")
    assert alice.page.text_content("#me") == "eve"


def test_somebody_who_is_put_out_of_the_only_room_is_in_the_lobby(
    shared: Server, new_screen: Open
) -> None:
    guest = new_screen(shared).join("guest-out").say("/join tearoom")
    guest.page.wait_for_selector("h1:text('tearoom')")
    guest.say("/leave lobby")
    guest.page.wait_for_selector("[data-room=lobby]", state="detached")
    with person(shared, "tea-owner", rooms={"tearoom": None}) as owner:
        owner.do(type="register", password="open sesame")
        owner.do(type="private", room="tearoom", private=True)
        guest.page.wait_for_selector("h1:text('lobby')")
        guest.sees("You are no longer in tearoom")
    guest.say("hello, lobby").stored("hello, lobby")


def test_words_of_a_tab_that_is_gone_are_said_by_the_next(own: Server, new_screen: Open) -> None:
    first = new_screen(own).join("anna")
    second = new_screen(own, beside=first).join("otto")
    own.kill()
    second.say("not lost")
    second.page.wait_for_selector(".line.waiting")
    for screen in (first, second):
        screen.page.close()
    own.start()
    third: Screen = new_screen(own, beside=first)
    third.page.goto(own.url)
    third.stored("not lost")
    assert third.page.text_content("#me") == "otto"
