"""
The Debian package, built by its one command, and installed, upgraded, removed and purged on a
machine with a real systemd.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from groupchat import __version__
from tests.e2e.booted import ROOT, Done, boot, prepare
from tests.e2e.building import extract, is_known
from tests.e2e.killed.sitecustomize import COPY, MOMENTS

LIMIT = 130.0  #: seconds for what is done with the package
EARLIER = "0.0.9-1"
BEFORE = "1cfbda8"  #: the last commit with the schema of the ledger before the present one

#: prints the messages of a ledger, each with its room
TEXTS = """
import sqlite3, sys
for key, text in sqlite3.connect(sys.argv[1]).execute("SELECT key, text FROM messages"):
    print(key >> 40, text)
"""

pytestmark = [pytest.mark.limit(2 * LIMIT), pytest.mark.slow]


def run(*command: str | Path, **options: Any) -> None:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr


def earlier(package: Path, place: Path) -> Path:
    """
    The package with a lower version, and with the code from before the present schema of the
    ledger, if the checkout knows it.
    """
    run("dpkg-deb", "--raw-extract", package, place)
    if is_known(BEFORE):
        (installed,) = place.rglob("site-packages/groupchat")
        launch = (installed / "launch.py").read_bytes()  # the commands of the package begin there
        shutil.rmtree(installed)
        extract(BEFORE, installed.parent, "groupchat")
        (installed / "launch.py").write_bytes(launch)
    control = place / "DEBIAN/control"
    text = re.sub("^Version: .*$", f"Version: {EARLIER}", control.read_text(), flags=re.MULTILINE)
    control.write_text(text)
    old = place.with_suffix(".deb")
    run("dpkg-deb", "-Znone", "--root-owner-group", "--build", place, old)
    return old


@pytest.fixture(scope="module")
def package(tmp_path_factory: Any, needs: Callable[..., str], built: tuple[Path, Path]) -> Path:
    """The package."""
    needs("dpkg-deb", "dpkg")
    folder: Path = tmp_path_factory.mktemp("package")
    run(ROOT / "etc/debian/build", built[0], cwd=folder)
    (package,) = folder.iterdir()
    return package


@pytest.fixture(scope="module")
def done(tmp_path_factory: Any, needs: Callable[..., str], package: Path) -> Iterator[Done]:
    place = tmp_path_factory.mktemp("debian")
    results = prepare(place, needs, "inside-debian.sh")
    earlier(package, place / "old").rename(results / "old.deb")
    package.rename(results / "new.deb")
    shutil.copytree(ROOT / "tests/e2e/killed", results / "killed")
    (results / "texts.py").write_text(TEXTS)
    with boot(results, LIMIT) as booted:
        yield booted


def test_one_command_builds_it(package: Path):
    assert package.name.startswith(f"groupchat_{__version__}-1_")


def test_it_installs_and_starts_the_service(done: Done):
    assert done.status("install") == 0, done.said("install")
    assert done.state("started")["ActiveState"] == "active"
    assert done.said("enabled") == "enabled\n"
    assert done.said("version") == f"groupchat {__version__}\n"
    assert "-- Welcome to lobby, bob." in done.said("plain")


def test_the_programs_have_their_manuals_and_completions(done: Done):
    assert re.search(r"^members +0$", done.said("status"), re.MULTILINE)
    assert ".SH VERBS" in done.said("manual")
    assert done.status("completion") == 0, done.said("completion")


def test_talk_goes_on_across_an_upgrade_and_changed_options_stay(done: Done):
    assert done.status("upgrade") == 0, done.said("upgrade")
    assert done.said("upgraded") == f"groupchat\t{__version__}-1\n"
    assert done.status("talked") == 0, done.said("talked")
    heard = re.findall(r"talker: (line \d+)$", done.said("heard"), re.MULTILINE)
    assert heard == [f"line {number}" for number in range(1, 41)]
    assert done.status("places") == 0
    assert ("groupchat.db.v5" in done.said("ledgers")) == is_known(BEFORE)


@pytest.mark.skipif(not is_known(BEFORE), reason=f"the checkout lacks commit {BEFORE}")
def test_an_upgrade_that_is_killed_at_any_step_goes_on_and_loses_nothing(done: Done):
    kills = [json.loads(line) for line in done.said("deaths").splitlines()]
    assert [moment for moment, _ in kills] == list(MOMENTS)
    assert int(done.said("kills")) == len(MOMENTS), "systemd has started it again after each"
    copying, stepping, *_ = (sizes for _, sizes in kills)
    assert copying[COPY] < copying["groupchat.db"], "only a part was copied"
    assert stepping[f"{COPY}-journal"] > 0, "the transaction was open"
    assert done.said("attic").count("xxxx\n") == 1000
    assert len(re.findall(r"talker: line \d+$", done.said("lobby"), re.MULTILINE)) == 40
    assert not re.search(r"upgrading", done.said("ledgers")), "no half copy is left"


@pytest.mark.skipif(not is_known(BEFORE), reason=f"the checkout lacks commit {BEFORE}")
def test_the_ledger_before_such_an_upgrade_is_kept_whole(done: Done):
    assert done.status("check") == 0, done.said("check")
    lines = done.said("backup").splitlines()
    assert sum(line.endswith("xxxx") for line in lines) == 1000
    said = re.findall(r"^\d+ (line \d+)$", done.said("backup"), re.MULTILINE)
    assert said == [f"line {number}" for number in range(1, len(said) + 1)] != []


def test_after_a_kill_it_runs_again_and_nothing_is_lost(done: Done):
    assert done.status("again") == 0
    assert "talker: line 40" in done.said("history")


def test_a_removal_keeps_the_messages_and_a_purge_leaves_nothing(done: Done):
    assert (done.status("remove"), done.status("purge")) == (0, 0), done.said("purge")
    assert done.said("kept") == "/var/lib/private/groupchat/groupchat.db\n"
    assert done.said("after") == done.said("before")
    assert done.status("gone") != 0
