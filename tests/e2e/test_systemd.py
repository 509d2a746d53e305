"""
The service as README.rst sets it up, under a real systemd: one boot, in which an administrator does
one thing after the other.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LIMIT = 130.0  #: seconds for everything
TOOLS = ("admin", "connect", "passwd")
PROGRAMS = {
    "systemd-nspawn": "systemd-container",
    "unshare": "util-linux",
    "ip": "iproute2",
    "openssl": "openssl",
    "nc": "netcat-openbsd",
}

pytestmark = pytest.mark.limit(LIMIT + 20)


class Done:
    """
    The results of the steps that were done in the container.

    :param directory: of the results, two files for each step.
    """

    def __init__(self, directory: Path, said: str) -> None:
        self._directory = directory
        self._said = said

    def status(self, step: str) -> int:
        file = self._directory / f"{step}.status"
        assert file.exists(), f"{step} was not done.\n{self._said}\n{self._log()}"
        return int(file.read_text())

    def said(self, step: str) -> str:
        return (self._directory / step).read_text()

    def state(self, step: str) -> dict[str, str]:
        """The properties of the unit that this step showed."""
        return dict(
            line.split("=", 1) for line in self.said(step).splitlines() if not line.startswith("+")
        )

    def journal(self) -> list[tuple[int, str]]:
        """The daemon's own lines, each with its priority."""
        entries = map(json.loads, self.said("journal").splitlines())
        return [
            (int(entry["PRIORITY"]), entry["MESSAGE"])
            for entry in entries
            if entry["_COMM"] == "twistd"
        ]

    def _log(self) -> str:
        log = self._directory / "log"
        return log.read_text() if log.exists() else ""


def commands() -> list[str]:
    """Those that README.rst names, one a line."""
    _, _, section = (ROOT / "README.rst").read_text().partition("\nAs a service\n")
    block = re.search(r"::\n\n((?:    .*\n)+)", section)
    assert block
    return [line.strip() for line in block[1].splitlines()]


def block(section: str) -> str:
    """The first block in a section of docs/operating.rst."""
    _, _, text = (ROOT / "docs" / "operating.rst").read_text().partition(f"\n{section}\n")
    found = re.search(r"::\n\n((?:    .*\n)+)", text)
    assert found
    return dedent(found[1])


def upgrade_check() -> str:
    """The commands of an upgrade but for those that install, which need a network."""
    _, *rest = block("Upgrade").splitlines(keepends=True)
    return "".join(rest)


def scripts() -> dict[str, str]:
    """The programs that the installation makes, for the virtual environment of the service."""
    folder = Path(sysconfig.get_path("scripts"))
    found = {
        name: (folder / name).read_text()
        for name in (
            "twistd",
            "groupchat",
            "groupchat-admin",
            "groupchat-connect",
            "groupchat-passwd",
        )
    }
    return {
        name: re.sub("^#!.*", "#!/opt/groupchat/bin/python3", text) for name, text in found.items()
    }


def remove_cgroups(name: str) -> None:
    for hierarchy in ("", "systemd", "unified"):
        top = Path("/sys/fs/cgroup", hierarchy, name)
        for folder in [*sorted(top.rglob("*/"), reverse=True), top]:
            with contextlib.suppress(OSError):
                folder.rmdir()


@pytest.fixture(scope="module")
def done(tmp_path_factory: Any, needs: Callable[..., str]) -> Iterator[Done]:
    if os.geteuid() != 0:
        pytest.skip("only root can boot a container")
    for program, package in PROGRAMS.items():
        needs(program, package)
    sandbox = tmp_path_factory.mktemp("systemd")
    room, results = sandbox / "room", sandbox / "results"
    for folder in (room, results, results / "bin"):
        folder.mkdir()
    shutil.copy(HERE / "inside.sh", results)
    install, *rest = commands()
    assert install == "python3 -m venv /opt/groupchat && /opt/groupchat/bin/pip install ."
    (results / "socket.sh").write_text(block("Restarts that refuse no connection"))
    (results / "night.sh").write_text(block("Called at night"))
    (results / "check.sh").write_text(upgrade_check())
    (results / "low.conf").write_text(block("Ports below 1024"))
    (results / "readme.sh").write_text("\n".join(rest) + "\n")
    for name, text in scripts().items():
        (results / "bin" / name).write_text(text)
        (results / "bin" / name).chmod(0o755)
    name = f"groupchat-trial-{os.getpid()}"
    arguments = [room, results, ROOT, sysconfig.get_path("purelib"), sys.base_prefix, name]
    command = ["unshare", "--mount", "--kill-child", "bash", HERE / "outside.sh", *arguments]
    try:
        ran = subprocess.run(
            list(map(str, command)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT,
            check=False,
        )
        yield Done(results, ran.stdout)
    finally:
        remove_cgroups(name)


def test_it_starts_as_the_readme_says(done: Done):
    assert done.status("readme") == 0, done.said("readme")
    assert done.state("started")["ActiveState"] == "active"


def test_what_an_administrator_does_at_night_shows_how_it_is(done: Done):
    assert done.status("night") == 0, done.said("night")
    shown = done.said("night")
    assert "Active: active (running)" in shown and "Filesystem" in shown
    assert re.search(r"^members +0$", shown, re.MULTILINE)


def test_an_upgrade_checks_the_options_before_it_restarts(done: Done):
    assert done.status("upgrade") == 0, done.said("upgrade")
    assert "groupchat: these options and their files can be used." in done.said("upgrade")


def test_people_join_with_tls_and_without(done: Done):
    for step, name in (("encrypted", "alice"), ("plain", "bob")):
        assert done.status(step) == 0, done.said(step)
        assert f"-- Welcome to lobby, {name}." in done.said(step)
        assert done.said(step).endswith("-- Bye.\n")


def test_a_reload_is_over_once_the_certificate_is_read(done: Done):
    assert (done.status("reload"), done.status("read")) == (0, 0)


def test_each_line_of_the_journal_has_its_priority_and_no_time_of_its_own(done: Done):
    lines = done.journal()
    assert (6, "Listening on port 9000 (100 places).") in lines
    assert [priority for priority, line in lines if line.endswith("The one before is kept.")] == [4]
    assert not [line for _, line in lines if re.match(r"\d{4}-\d\d|<\d>|\[", line)]


def test_a_unix_socket_in_its_own_directory_is_open_to_others(done: Done):
    assert (done.status("local"), done.status("local-socket")) == (0, 0)
    assert "-- Welcome to lobby, carol." in done.said("local-socket")


def test_after_a_kill_it_runs_again_with_what_that_left_behind(done: Done):
    assert done.status("restarted") == 0
    assert done.state("again")["NRestarts"] == "1"
    assert done.status("local-socket-again") == 0
    assert "alice: hello" in done.said("local-socket-again"), "what was said before"


def test_talk_goes_on_across_a_restart_and_a_kill_and_nothing_is_missed(done: Done):
    assert done.status("socket") == 0, done.said("socket")
    assert (done.status("socket-restart"), done.status("socket-kill")) == (0, 0)
    assert done.status("talked") == 0, done.said("talked")
    heard = re.findall(r"talker: (line \d+)$", done.said("heard"), re.MULTILINE)
    assert heard == [f"line {number}" for number in range(1, 61)]


def test_with_the_socket_no_connection_is_refused_meanwhile(done: Done):
    assert done.said("knocked") == ""


def test_a_connection_starts_the_service_again(done: Done):
    assert (done.status("socket-stop"), done.status("socket-start")) == (0, 0)
    assert "-- Welcome to lobby, gina." in done.said("socket-start")


def test_the_status_shows_what_it_does(done: Done):
    assert done.status("status-text") == 0
    assert re.fullmatch(r"\d of 100 members, \d rooms?, [\d.]+ messages/s\n", done.said("status"))


def test_a_server_that_hangs_is_ended_with_its_stacks_and_started_again(done: Done):
    assert done.state("fed")["NRestarts"] == "0", "the watchdog is fed while it is well"
    statuses = [done.status(step) for step in ("hung", "hung-restarted", "hung-active")]
    assert statuses == [0, 0, 0]
    assert [line for _, line in done.journal() if "Fatal Python error: Aborted" in line]


def test_systemd_opens_a_port_below_1024_for_it(done: Done):
    assert (done.status("low"), done.status("low-port")) == (0, 0)
    assert "-- Welcome to lobby, dave." in done.said("low-port")


def test_a_stop_is_a_good_end(done: Done):
    assert done.status("stop") == 0
    assert (
        done.state("stopped").items()
        >= {"ActiveState": "inactive", "Result": "success", "ExecMainStatus": "0"}.items()
    )


def test_what_is_set_up_wrongly_does_not_start_and_is_not_tried_again(done: Done):
    assert done.status("wrong") != 0
    assert (
        done.state("wrong-state").items()
        >= {"ActiveState": "failed", "ExecMainStatus": "1", "NRestarts": "0"}.items()
    )
    assert [
        priority for priority, line in done.journal() if "--max takes a whole number" in line
    ] == [3]


def test_an_address_that_is_not_there_yet_is_waited_for(done: Done):
    assert done.status("early") != 0
    assert done.status("early-status") == 0
    assert done.status("late") == 0
    assert int(done.state("late-state")["NRestarts"]) > 0
