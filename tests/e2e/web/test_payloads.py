"""
Messages, topics, names of people and rooms: all of them are text, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from groupchat.wire import names
from tests.e2e.web.payloads import LINKS, NAMES, PAYLOADS
from tests.e2e.web.support import Open, Person, Screen, Server, person

pytestmark = pytest.mark.slow

MAX_TOPIC = 512


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, chromium: object) -> Iterator[Server]:
    """A server with an operator that admits names of all scripts."""
    server = Server(tmp_path_factory.mktemp("payloads"), "--names", "unicode", "--rate", "0")
    with person(server, "bob") as bob:
        bob.do(type="register", password="open sesame")
    server.passwd("--operator", "bob")
    yield server
    server.kill()


@pytest.fixture
def screen(server: Server, new_screen: Open, request: pytest.FixtureRequest) -> Iterator[Screen]:
    screen = new_screen(server)
    screen.page.add_init_script("window.alert = () => (window.ran = 1)")
    yield screen.join(_reader(request))
    assert screen.page.evaluate("window.ran") is None
    assert screen.probe("strangers", "#chat") != [], "the page itself has other elements"
    assert len(screen.page.context.pages) == 1


def _reader(request: pytest.FixtureRequest) -> str:
    """Return a name for the reader of a test: the last one may not be free yet."""
    return request.node.name.removeprefix("test_")[:30]


@pytest.fixture
def bob(server: Server) -> Iterator[Person]:
    with person(server, "bob", password="open sesame") as bob:
        yield bob


def test_there_are_enough_payloads() -> None:
    assert len(set(PAYLOADS)) >= 80


def test_messages_are_text(screen: Screen, bob: Person) -> None:
    for begin in range(0, len(PAYLOADS), 40):
        some = [text for text in PAYLOADS[begin : begin + 40] if names.visible(text).strip()]
        bob.say(*some)
        bob.say("done", act=True)
        screen.page.locator(".line.act", has_text="done").nth(begin // 40).wait_for()
        drawn = screen.texts[-len(some) :]
        assert [_plain(text) for text in drawn] == [_plain(names.visible(text)) for text in some]
    assert screen.probe("strangers", "#lines .text") == []


def _plain(text: str) -> str:
    """Return a text without what the page leaves out or adds: backticks, and the host of a link."""
    return re.sub(r" \[[\w.-]*xn--[^]]*\]$", "", text.replace("`", "")).lstrip("\ufeff")


def test_links_lead_only_where_they_say(screen: Screen, bob: Person) -> None:
    bob.say(*LINKS, "https://fine.example/ and done")
    screen.sees("and done")
    links: list[dict[str, Any]] = screen.probe("links")
    assert links
    for link in links:
        assert link["rel"] == "noopener noreferrer nofollow", link
        assert link["target"] == "_blank", link
        assert link["href"].startswith(("https://", "mailto:")), link
        assert "@" not in link["href"].split("/")[2:3], link
        assert names.visible(link["text"]) == link["text"], link
    texts = [link["text"] for link in links]
    for bad in ("user:password", "bank.example@", "\ufffd", "exa\u00admple", "exam\u200bple"):
        assert not any(bad in text for text in texts), bad
    odd = screen.page.locator(".line", has_text="аррӏе.com").last
    assert "xn--" in odd.locator(".host").text_content()


def test_topics_acts_and_private_words_are_text(
    screen: Screen, bob: Person, request: pytest.FixtureRequest
) -> None:
    for text in PAYLOADS[::4]:
        if not names.visible(text).strip() or len(names.visible(text).encode()) > MAX_TOPIC:
            continue
        bob.do(type="topic", room="lobby", text=text)
        screen.wait(
            "text => document.getElementById('topic').textContent === text", names.visible(text)
        )
        bob.say(text, act=True)
        bob.do(type="tell", to=_reader(request), text=text)
    bob.say("done")
    screen.sees("done")
    assert screen.page.evaluate("document.getElementById('topic').children.length") == 0
    assert screen.probe("strangers", "#lines .text") == []


def test_own_words_and_found_words_are_text(screen: Screen) -> None:
    for text in PAYLOADS[::6]:
        if names.visible(text).strip() and "\n" not in names.visible(text):
            screen.say(f"/{text}" if text.startswith("/") else text)
    screen.say("done").stored("done")
    assert screen.probe("strangers", "#lines .text") == []
    screen.say("/search ran")
    screen.page.wait_for_selector("dialog .found-list button")
    assert screen.probe("strangers", "dialog .found-list .text") == []


def test_names_and_rooms_are_text(server: Server, screen: Screen) -> None:
    for name in NAMES:
        with person(server, name, rooms={"lobby": None}) as one:
            one.say(f"I am {name}")
            screen.sees(f"I am {name}")
            screen.page.locator("#member-list button", has_text=name).wait_for()
            shown = screen.page.locator(".line .who", has_text=name).last
            assert shown.evaluate("one => getComputedStyle(one).unicodeBidi") == "isolate"
        screen.say(f"/join {name}")
        screen.page.locator("h1", has_text=name.lower()).wait_for()
        screen.page.keyboard.press("Alt+1")
    made = "document.querySelectorAll('#room-list script, #member-list img').length"
    assert screen.page.evaluate(made) == 0


def test_a_reason_is_text(screen: Screen, bob: Person, request: pytest.FixtureRequest) -> None:
    bob.do(type="notice", text="<img src=x onerror=window.ran=1>")
    screen.sees("<img src=x")
    reason = "<b>out</b><img src=x onerror=window.ran=1>"
    bob.do(type="kick", name=_reader(request), text=reason)
    screen.page.wait_for_selector("#bar.shown >> text=<b>out</b>")
    assert screen.page.evaluate("document.querySelectorAll('#bar img, #bar b').length") == 0


def test_the_policy_of_the_page_holds(screen: Screen) -> None:
    """The page could not make elements of texts even if it tried."""
    assert screen.probe("makeElements") == "TypeError"
    assert screen.page.query_selector("#made") is None
    screen.page.evaluate("window.violations.length = 0")


def test_the_page_asks_no_other_server(server: Server, new_screen: Open) -> None:
    screen = new_screen(server)
    asked: list[str] = []
    screen.page.on("request", lambda request: asked.append(request.url))
    screen.join("asker").say("https://example.org/ <img src=https://evil.example/x>").stored("evil")
    assert asked
    assert [url for url in asked if not url.startswith(server.url)] == []
