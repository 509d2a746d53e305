"""The recording of README.rst: it can be made again, and is safe to show."""

from __future__ import annotations

import re
import socket
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import pytest_twisted

from tests.e2e.support import Sandbox
from tests.recording.cells import PLAIN, Run, parse, with_cursor
from tests.recording.session import Session
from tests.recording.svg import Film, Frame

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "recording.svg"
NAMESPACE = "{http://www.w3.org/2000/svg}"


def texts_of(svg: str) -> str:
    """
    Returns all text that a picture ever shows, once it is checked: well-formed, small, no script
    and nothing from elsewhere.
    """
    root = ElementTree.fromstring(svg)
    tags = {element.tag for element in root.iter()}
    assert tags <= {NAMESPACE + tag for tag in ("svg", "style", "rect", "text", "path", "g")}
    for element in root.iter():
        assert not [name for name in element.attrib if "href" in name or name.startswith("on")]
    outside = svg.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"https?:|url\(|@import|<!", outside)
    assert len(svg.encode()) < 150_000
    return "\n".join("".join(element.itertext()) for element in root.iter(f"{NAMESPACE}g"))


def test_the_recording_shows_a_server_that_is_killed_and_a_line_that_waits():
    shown = texts_of(PICTURE.read_text(encoding="utf-8"))
    for text in ("kill -9 %1", "Killed", "again in", "1 line waits", "takes no word of mine"):
        assert text in shown


def test_readme_opens_with_the_recording():
    opening = (ROOT / "README.rst").read_text()[:1000]
    assert ".. image:: docs/recording.svg" in opening


@pytest.mark.slow
@pytest.mark.limit(90)
@pytest_twisted.ensureDeferred
async def test_the_session_can_be_recorded_again(tmp_path: Path, needs):
    needs("dash")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    sandbox = Sandbox(tmp_path, needs)
    try:
        film = await Session(sandbox, port, by_key=False).record()
    finally:
        await sandbox.end()
    assert texts_of(film.svg()).count("takes no word of mine") >= 2  # typed, and stored
    assert sum(frame.still for frame in film.frames) == 1


def test_styles_last_until_they_end_and_wide_letters_stand_alone():
    (first, second) = parse(["a\x1b[1;38;5;27mb早c", "d\x1b[0me"])
    strong = PLAIN._replace(bold=True, foreground="#005fff")
    assert first == (
        Run(0, 1, "a", PLAIN),
        Run(1, 1, "b", strong),
        Run(2, 2, "早", strong),
        Run(4, 1, "c", strong),
    )
    assert second == (Run(0, 1, "d", strong), Run(1, 1, "e", PLAIN))


def test_the_cursor_is_a_cell_in_reverse():
    (row,) = parse(["abc"])
    assert [(run.text, run.style.reverse) for run in with_cursor(row, 1)] == [
        ("a", False),
        ("b", True),
        ("c", False),
    ]
    assert with_cursor(row, 3)[-1] == Run(3, 1, " ", PLAIN._replace(reverse=True))


def test_a_row_is_in_the_picture_once_and_seen_at_its_times():
    film = Film(10, {0: "title"})
    for text, still in (("one", False), ("two", True), ("one", False)):
        film.frames.append(Frame(100, tuple(parse([text, "always"])), still))
    svg = film.svg()
    assert texts_of(svg) == "one\ntwo\nalways"
    one, two = re.findall(r"@keyframes k\d\{((?:[\d.]+%\{[a-z:]+\})+)\}", svg)
    assert one == ("0%{visibility:visible}33.33%{visibility:hidden}66.67%{visibility:visible}")
    assert two == "0%{visibility:hidden}33.33%{visibility:visible}66.67%{visibility:hidden}"
    assert ".k0{visibility:hidden;" in svg  # only the still is seen where nothing moves
    assert ".k1{animation" in svg
