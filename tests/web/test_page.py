"""
The page's own tests: its pure parts in Node, its types, its style, and what it is made of.
"""

from __future__ import annotations

import gzip
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.web.tables import STATIC, TABLE, table

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TOOLS = HERE / "node_modules" / ".bin"
MAX_WIRE = 120 * 1024  #: bytes of the whole page, as the server sends it
MIN_NODE = 20
SOURCES = sorted(STATIC.glob("*.js"))


def _run(*words: str | Path) -> None:
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-4000:]


def _tool(name: str) -> Path:
    """Return a tool of `package.json`; the test is skipped, or fails in CI, if it is missing."""
    if not (TOOLS / name).exists():
        reason = f"{name} is missing: npm ci --prefix tests/web brings it"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    return TOOLS / name


@pytest.mark.slow
def test_the_pure_parts_do_what_they_say(needs: Callable[..., str]) -> None:
    node = needs("node", package="nodejs")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version[1:].split(".")[0]) < MIN_NODE:
        pytest.skip(f"node is {version.strip()}: the tests need {MIN_NODE}")
    _run(node, "--test", "--test-reporter=dot", *sorted(HERE.glob("*.test.js")))


@pytest.mark.slow
def test_the_types_are_right() -> None:
    _run(_tool("tsc"), "--project", HERE)


@pytest.mark.slow
def test_the_style_is_right() -> None:
    _run(_tool("eslint"), "--config", HERE / "eslint.config.js", STATIC, *sorted(HERE.glob("*.js")))


def test_the_commands_of_the_page_are_those_of_the_server() -> None:
    assert TABLE.read_text(encoding="utf-8") == table(), "python -m tests.web.tables writes it"


def test_the_page_stays_small() -> None:
    sizes = [len(gzip.compress(file.read_bytes())) for file in STATIC.iterdir()]
    assert sum(sizes) < MAX_WIRE


def test_the_page_asks_no_other_server_for_anything() -> None:
    for file in [*SOURCES, *STATIC.glob("*.html"), *STATIC.glob("*.css")]:
        text = file.read_text(encoding="utf-8")
        found = re.findall(r"""(?:src|href|from|import|url)\s*[=(]?\s*["']?(https?:)?//""", text)
        assert not found, file


def test_each_file_that_the_page_names_is_there() -> None:
    for file in [*SOURCES, STATIC / "index.html", STATIC / "manifest.webmanifest"]:
        text = re.sub(r"/\*.*?\*/", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
        for name in re.findall(r"""["']\./([\w.-]+)["']""", text):
            assert (STATIC / name).is_file(), f"{file.name} names {name}"


def test_every_module_is_loaded_at_once() -> None:
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    preloaded = set(re.findall(r'rel="modulepreload" href="\./([\w.-]+)"', page))
    assert preloaded | {"main.js"} == {file.name for file in SOURCES}


def test_nothing_that_people_say_can_become_html() -> None:
    for file in SOURCES:
        text = file.read_text(encoding="utf-8")
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write\b|eval\(", text
        ), file
