"""
One browser and one server for all tests of the page.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.web.support import Open, Screen, Server

#: The settings of every context, so that no test depends on the machine.
SETTINGS = {"locale": "en-GB", "timezone_id": "UTC", "viewport": {"width": 1280, "height": 800}}

#: A name that is no secure context, as that of a machine on a local network.
ARGUMENTS = ["--no-sandbox", "--host-resolver-rules=MAP chat.example 127.0.0.1"]


@pytest.fixture(scope="session")
def chromium(needs: Callable[..., str]) -> Iterator[Any]:
    """Debian's Chromium; its type is not at hand where Playwright is missing."""
    program = needs("chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        reason = "needs playwright: pip install -e '.[browser]'"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, chromium: Any) -> Iterator[Server]:
    """A server that no test stops."""
    server = Server(tmp_path_factory.mktemp("web"), "--rate", "0", "--edit-within", "1h")
    yield server
    server.stop()


@pytest.fixture
def own(tmp_path: Path, chromium: Any) -> Iterator[Server]:
    """A server that the test may kill, and whose rooms are empty."""
    server = Server(tmp_path, "--rate", "0")
    yield server
    server.kill()


@pytest.fixture
def new_screen(chromium: Any) -> Iterator[Open]:
    """
    Call it with a server for a page in a context of its own, and with ``beside=SCREEN`` for a tab
    beside another. Other arguments are settings of the context. At the end each page is checked.
    """
    screens: list[Screen] = []

    def open_one(server: Server, beside: Screen | None = None, **settings: Any) -> Screen:
        context = (
            beside.page.context if beside else chromium.new_context(**{**SETTINGS, **settings})
        )
        screen = Screen(context.new_page(), server)
        screens.append(screen)
        return screen

    yield open_one
    for screen in screens:
        screen.check()
    for screen in screens:
        screen.page.context.close()
