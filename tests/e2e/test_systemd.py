"""
The service as README.rst sets it up, under a real systemd: one boot, in which an administrator does
one thing after the other.
"""

from __future__ import annotations

import re
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from tests.e2e.booted import ROOT, Done, boot, prepare

LIMIT = 130.0  #: seconds for everything
TOOLS = ("admin", "connect", "passwd")

pytestmark = pytest.mark.limit(LIMIT + 20)


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
        for name in ["twistd", "groupchat", *(f"groupchat-{one}" for one in TOOLS)]
    }
    return {
        name: re.sub("^#!.*", "#!/opt/groupchat/bin/python3", text) for name, text in found.items()
    }


@pytest.fixture(scope="module")
def done(tmp_path_factory: Any, needs: Callable[..., str]) -> Iterator[Done]:
    results = prepare(tmp_path_factory.mktemp("systemd"), needs, "inside.sh")
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
    with boot(results, LIMIT) as booted:
        yield booted


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
