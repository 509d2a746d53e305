"""
The pictures of the page in README.rst: ``python -m tests.e2e.web.screenshots`` takes them again.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.e2e.web.support import Person, Screen, Server, person

DOCS = Path(__file__).parents[3] / "docs"
BASE = {"locale": "en-GB", "timezone_id": "UTC"}
DESKTOP = {**BASE, "viewport": {"width": 1120, "height": 640}, "color_scheme": "light"}
PHONE = {
    **BASE,
    "viewport": {"width": 360, "height": 640},
    "color_scheme": "dark",
    "is_mobile": True,
    "has_touch": True,
}


def main() -> None:
    chromium = shutil.which("chromium")
    with tempfile.TemporaryDirectory() as directory, sync_playwright() as playwright:
        server = Server(Path(directory))
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        with person(server, "bob", rooms={"lobby": None, "dev": None}) as bob:
            _talk(server, browser, bob)
        browser.close()
        server.stop()


def _talk(server: Server, browser: Any, bob: Person) -> None:
    """Let people talk, and take a picture of it on either screen."""
    carol, dave, erin = (Person(server, name) for name in ("carol", "dave", "erin"))
    alice = Screen(browser.new_context(**DESKTOP).new_page(), server).join("alice")
    bob.do(type="topic", room="lobby", text="tea at four")
    bob.say("morning! the build is green since 08:12", "https://ci.example.org/job/groupchat/1123/")
    carol.say("puts the kettle on", act=True)
    erin.say("has anyone tried `make check` on the new machine?")
    dave.say("yes: 40 s instead of two minutes")
    alice.say("/join ops", "/join dev")
    alice.page.wait_for_selector("h1:text('dev')")
    alice.page.click("[data-room=lobby]")
    with person(server, "frank", rooms={"ops": None}) as frank:
        frank.say("alice: the disk is at 91 %", room="ops")
        bob.say("the migration is in review", "nothing urgent", room="dev")
    bob.say("alice: can you look at the migration once more, it touches two tables")
    alice.sees("touches two tables")
    alice.say("yes, after the tea").stored("after the tea")
    alice.page.fill("#say", "unless it is urg")
    alice.page.wait_for_selector(".room[data-room=dev] .badge:has-text('2')")
    phone = Screen(browser.new_context(**PHONE).new_page(), server).join("zoe")
    phone.sees("after the tea")
    phone.say("I am on the train").stored("on the train")
    alice.sees("on the train")
    _take(alice, "page-desktop.png")
    _take(phone, "page-phone.png")
    for one in (carol, dave, erin):
        one.leave()


def _take(screen: Screen, name: str) -> None:
    screen.page.screenshot(path=DOCS / name)
    screen.check()
    screen.page.context.close()


if __name__ == "__main__":
    main()
