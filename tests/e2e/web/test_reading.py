"""
Reading in the page: back to the first message, by search, on every screen, by keyboard.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.web.support import Open, Screen, Server, person

pytestmark = pytest.mark.slow

MESSAGES = 5000
MAX_NODES = 1500
MIN_TARGET = 40  #: pixels
AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
PHONE = {"viewport": {"width": 390, "height": 780}, "is_mobile": True, "has_touch": True}


@pytest.fixture(scope="module")
def long_room(shared: Server) -> str:
    """A room with many messages."""
    with person(shared, "writer", rooms={"long": None}) as writer:
        writer.say(*(f"message {number}" for number in range(1, MESSAGES + 1)), room="long")
    return "long"


def _enter(screen: Screen, room: str) -> Screen:
    screen.say(f"/join {room}")
    screen.page.wait_for_selector(f"h1:text-is('{room}')")
    return screen


def _nodes(screen: Screen) -> int:
    count: int = screen.page.evaluate("document.querySelectorAll('#lines *').length")
    return count


def test_the_first_of_many_messages_is_reached_by_scrolling(
    shared: Server, new_screen: Open, long_room: str
) -> None:
    screen = _enter(new_screen(shared).join("scroller"), long_room)
    screen.sees(f"message {MESSAGES}")
    found = screen.probe("scrollToOldest", "message 1")
    screen.sees("message 1")
    assert found["elements"] <= MAX_NODES
    assert found["seen"] == MESSAGES, "no message was passed over"
    screen.page.click("#newest")
    screen.sees(f"message {MESSAGES}")


def test_what_is_read_stays_where_it_is(shared: Server, new_screen: Open, long_room: str) -> None:
    screen = _enter(new_screen(shared).join("reader"), long_room)
    screen.sees(f"message {MESSAGES}")
    screen.page.focus("#log")
    screen.page.press("#log", "Home")
    screen.sees("message 1")
    screen.wait("document.querySelector('.line.found .text')?.textContent === 'message 1'")
    line = screen.page.locator(
        ".line", has=screen.page.locator(".text", has_text="message 12")
    ).first
    before = line.bounding_box()
    with person(shared, "other", rooms={long_room: None}) as other:
        other.say("one more", "and another", room=long_room)
        screen.page.wait_for_selector("#newest-text:has-text('2 new')")
    assert line.bounding_box() == before
    screen.page.press("#log", "End")
    screen.sees("and another")


def test_a_room_opens_at_the_first_unread_line(shared: Server, new_screen: Open) -> None:
    screen = _enter(_enter(new_screen(shared).join("late"), "unread"), "elsewhere")
    with person(shared, "early", rooms={"unread": None}) as early:
        early.say(*(f"unread {number}" for number in range(60)), room="unread")
        screen.page.wait_for_selector("[data-room=unread] .badge:has-text('60')")
    screen.page.click("[data-room=unread]")
    screen.page.wait_for_selector("#newest-text:has-text('60 new')")
    assert screen.page.locator(".line", has_text="unread 0").is_visible()
    screen.page.click("#newest")
    screen.sees("unread 59")
    screen.page.wait_for_selector("#newest", state="hidden")
    screen.page.keyboard.press("Alt+ArrowUp")
    screen.page.wait_for_selector("[data-room=unread] .badge", state="detached")


def test_a_message_is_found_and_shown_in_its_place(
    shared: Server, new_screen: Open, long_room: str
) -> None:
    screen = _enter(new_screen(shared).join("seeker"), long_room)
    screen.page.keyboard.press("Alt+f")
    screen.page.keyboard.type("message 1234")
    screen.page.keyboard.press("Enter")
    screen.page.wait_for_selector("dialog .found-list button")
    screen.page.click("dialog .found-list button")
    found = screen.page.locator(".line.found", has_text="message 1234")
    found.wait_for()
    around = screen.page.locator(".line.message .text").all_text_contents()
    assert {"message 1230", "message 1233", "message 1235", "message 1238"} <= set(around)
    screen.page.click("#newest")
    screen.wait("!document.querySelector('.line.found')")


def test_history_of_a_large_room_stays_fast(own: Server, new_screen: Open) -> None:
    screen = new_screen(own).join("alice")
    with person(own, "bob") as bob:
        bob.say(*(f"message {number}" for number in range(3000)))
        screen.sees("message 2999")
    assert _nodes(screen) <= MAX_NODES
    # From a key to the screen, while somebody else goes on talking.
    milliseconds = screen.probe("keyDelay")
    assert milliseconds < 200, "p95 of a key press, on a busy machine"


@pytest.mark.parametrize(
    "text",
    ["שלום, מה שלומך היום?", "مرحبا بالعالم", "👩‍👩‍👧‍👦 family 🇪🇺", "𝕬𝖇 ẍ̷ y", "日本語のメッセージ"],
)
def test_words_of_all_scripts_are_shown_as_they_are(
    shared: Server, new_screen: Open, text: str
) -> None:
    screen = new_screen(shared).join("polyglot")
    screen.say(text).stored(text)
    assert screen.texts[-1] == text
    direction = (
        screen.sees(text).locator(".text").evaluate("one => getComputedStyle(one).direction")
    )
    assert direction == ("rtl" if text[0] in "שم" else "ltr")


def test_a_phone_has_one_column_and_large_targets(shared: Server, new_screen: Open) -> None:
    screen = new_screen(shared, **PHONE).join("phone")
    page = screen.page
    page.fill("#say", "from the bus")
    page.tap("#send")
    screen.stored("from the bus")
    assert not page.is_visible("#rooms")
    page.tap("#show-rooms")
    page.wait_for_selector("#rooms >> text=lobby")
    page.tap("#shade", position={"x": 350, "y": 400})
    page.wait_for_selector("#rooms", state="hidden")
    page.tap("#show-members")
    page.tap("#member-list >> text=phone")
    page.tap("role=menuitem[name=Keys]")
    page.wait_for_selector("dialog >> text=completes")
    page.keyboard.press("Escape")
    page.tap("#hide-members")
    assert screen.probe("smallTargets", MIN_TARGET) == []
    size = page.eval_on_selector("#say", "one => parseFloat(getComputedStyle(one).fontSize)")
    assert size >= 16, "a phone zooms at smaller fields"
    line = page.locator(".line", has_text="from the bus").last
    line.tap()
    line.locator(".more").tap()
    page.wait_for_selector("role=menuitem[name=Correct]")


def test_everything_can_be_done_by_keyboard(shared: Server, new_screen: Open) -> None:
    screen = new_screen(shared).open()
    keyboard, page = screen.page.keyboard, screen.page
    page.wait_for_selector("#login-name:focus")
    page.wait_for_selector("#login-form button:enabled")
    keyboard.type("keys")
    keyboard.press("Enter")
    page.wait_for_selector("#say:focus")
    keyboard.type("/jo")
    keyboard.press("Tab")
    keyboard.type("keyroom")
    keyboard.press("Enter")
    page.wait_for_selector("h1:text('keyroom')")
    keyboard.type("tea at for")
    keyboard.press("Enter")
    screen.stored("tea at for")
    keyboard.press("Alt+l")
    keyboard.press("ArrowUp")
    page.wait_for_selector(".line:focus >> text=tea at for")
    keyboard.press("Enter")
    page.wait_for_selector("role=menuitem[name=Quote] >> visible=true")
    page.wait_for_selector("[role=menuitem]:focus")
    for _ in range(2):
        keyboard.press("ArrowDown")
    keyboard.press("Enter")
    page.wait_for_selector("#editing:not([hidden])")
    keyboard.press("End")
    keyboard.press("Backspace")
    keyboard.type("ur")
    keyboard.press("Enter")
    screen.sees("tea at four")
    keyboard.press("Alt+ArrowUp")
    page.wait_for_selector("h1:text('lobby')")
    keyboard.press("Alt+2")
    page.wait_for_selector("h1:text('keyroom')")
    keyboard.press("Alt+r")
    page.wait_for_selector("dialog input:focus")
    keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")
    page.wait_for_selector("#say:focus")
    keyboard.press("Alt+1")
    page.wait_for_selector("h1:text('lobby')")
    keyboard.press("Alt+r")
    page.wait_for_selector("dialog input:focus")
    keyboard.type("eyroo")  # and Enter before the rooms are there
    keyboard.press("Enter")
    page.wait_for_selector("h1:text('keyroom')")
    keyboard.press("Alt+f")
    page.wait_for_selector("dialog input:focus")
    keyboard.type("tea")
    keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")
    page.wait_for_selector("#say:focus")
    keyboard.press("Tab")
    keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") != "say", "Tab leaves an empty line"


def test_notices_tell_of_mentions_only(shared: Server, new_screen: Open) -> None:
    screen = new_screen(shared, permissions=["notifications"])
    screen.page.add_init_script(
        """
        window.told = [];
        window.Notification = class {
          static permission = "granted";
          static requestPermission = async () => "granted";
          constructor(title, { body }) { window.told.push(`${title}: ${body}`); }
        };
        document.hasFocus = () => false;
        """
    )
    screen.join("nora")
    with person(shared, "teller") as teller:
        teller.say("nora: before they are on")
        screen.sees("before they are on")
        screen.say("/notify on")
        screen.sees("The browser tells you")
        teller.say("not for her", "nora: look")
        teller.send(type="tell", to="nora", text="psst")
        screen.sees("psst")
    assert screen.page.evaluate("window.told") == [
        "teller in lobby: nora: look",
        "teller to you: psst",
    ]
    assert screen.page.title().startswith("(2)")


# Accessibility.


def _violations(screen: Screen) -> Any:
    if not AXE.exists():
        pytest.skip("axe-core is missing: npm ci --prefix tests/web brings it")
    screen.page.evaluate(AXE.read_text(encoding="utf-8"))
    return screen.probe("findings")


@pytest.fixture(scope="module")
def full_room(shared: Server) -> str:
    """A room with lines of every kind."""
    with person(shared, "full-of-it", rooms={"full": None}) as one:
        one.do(type="topic", room="full", text="tea at four, or a little later " * 8)
        for number in range(20):
            with person(shared, f"person{number}", rooms={"full": None}) as other:
                other.say(f"words of {number}", "see https://example.org/a and `code`", room="full")
        one.say("axel: look here", "x" * 900, "https://example.org/" + "y" * 300, room="full")
        one.say("waves", room="full", act=True)
    return "full"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280, 3840])
def test_assistive_technology_finds_nothing_wrong(
    shared: Server, new_screen: Open, full_room: str, scheme: str, width: int
) -> None:
    screen = new_screen(
        shared,
        color_scheme=scheme,
        viewport={"width": width, "height": 800},
        reduced_motion="reduce",
    ).open()
    found = {"login": _violations(screen)}
    screen.join("axel")
    screen.say("/join full")
    screen.page.wait_for_selector("h1:text('full')")
    screen.say("mine", "/help", "/nonsense").sees("There is no such command")
    with person(shared, "guest", rooms={full_room: None}) as guest:
        guest.say("axel: and here", room=full_room)
    screen.sees("axel: and here")
    found["room"] = _violations(screen)
    assert screen.probe("tooWide") == []
    screen.page.keyboard.press("Alt+r")
    screen.page.wait_for_selector("dialog .found-list button")
    found["dialog"] = _violations(screen)
    screen.page.keyboard.press("Escape")
    screen.sees("axel: and here").click()
    screen.page.click(".line .more")
    screen.page.wait_for_selector("[role=menu]")
    found["menu"] = _violations(screen)
    screen.page.keyboard.press("Escape")
    if width < 672:
        screen.page.click("#show-rooms")
        found["rooms"] = _violations(screen)
        assert screen.probe("tooWide") == []
    screen.page.keyboard.press("Escape")
    assert {where: some for where, some in found.items() if some} == {}
