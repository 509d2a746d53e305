"""
The documentation builds without a warning, and shows every option.
"""

from __future__ import annotations

import html
import re
import subprocess
import sys
from pathlib import Path

import pytest

from groupchat.options.table import VALUES
from groupchat.tap import Options

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The documentation in HTML."""
    pytest.importorskip("sphinx")
    place = tmp_path_factory.mktemp("site")
    build = f"-m sphinx -q -W --keep-going -n -E -b html -d {place}/trees docs {place}/html"
    done = subprocess.run(
        [sys.executable, *build.split()], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return place / "html"


def test_every_page_is_in_the_index(site):
    index = (site / "index.html").read_text()
    pages = {page.stem for page in (ROOT / "docs").glob("*.rst")} - {"index"}
    assert pages == {page for page in pages if f'href="{page}.html"' in index}


def test_the_page_of_options_shows_each_with_its_default(site):
    page = html.unescape(re.sub(r"<[^>]+>", "", (site / "options.html").read_text()))
    flags = [name for name, *_ in Options.optFlags]
    parameters = {name: default for name, _, default, *_ in Options.optParameters}
    for name in [*flags, *parameters, "listen", "auth"]:
        assert f"--{name}" in page
    for name, default in parameters.items():
        if default is not None:
            shown = f"--{name} {VALUES[name].metavar}"
            assert re.search(rf"{shown}[^-]*?[\s\S]{{0,300}}?Default: {re.escape(default)}\.", page)
