"""
The service unit and its file of options, as systemd and the daemon read them.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from groupchat.errors import CannotStart, CannotStartYet
from groupchat.service import EXIT_LEDGER_FAILED
from groupchat.tap import Options

ROOT = Path(__file__).parents[1]
UNIT = ROOT / "etc" / "groupchat.service"
SOCKET = ROOT / "etc" / "groupchat.socket"
WITHOUT_NETWORK = ROOT / "etc" / "groupchat-socket.conf"
DEFAULT = ROOT / "etc" / "groupchat.default"


@pytest.fixture
def analyze(needs):
    """Runs systemd-analyze; its exit status and all that it said."""
    program = needs("systemd-analyze", "systemd")
    version = subprocess.run(
        [program, "--version"], capture_output=True, text=True, check=True
    ).stdout
    if int(version.split()[1]) < 250:
        pytest.skip("needs systemd 250 or later")

    def analyze(*arguments: str) -> tuple[int, str]:
        done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    return analyze


def test_systemd_finds_no_fault_with_the_unit(analyze, tmp_path):
    """It looks whether the program is there, so it gets the unit with a program that is."""
    text = UNIT.read_text().replace("/opt/groupchat/bin/twistd", sys.executable)
    copy = tmp_path / UNIT.name
    copy.write_text(text)
    socket = tmp_path / SOCKET.name
    socket.write_text(SOCKET.read_text())
    assert analyze("verify", "--man=no", str(copy), str(socket)) == (0, "")


def exposure(analyze, unit, most):
    """Fails if the exposure level is above this."""
    threshold = f"--threshold={round(most * 10)}"
    status, said = analyze("security", "--offline=true", threshold, "--no-pager", str(unit))
    assert status == 0, said


def test_the_service_is_exposed_to_little(analyze):
    exposure(analyze, UNIT, 1.2)


def test_with_the_socket_the_service_is_exposed_to_still_less(analyze, tmp_path):
    unit, dropins = tmp_path / UNIT.name, tmp_path / f"{UNIT.name}.d"
    unit.write_text(UNIT.read_text())
    dropins.mkdir()
    (dropins / "socket.conf").write_text(WITHOUT_NETWORK.read_text())
    exposure(analyze, unit, 0.5)


def test_the_port_of_the_socket_is_that_of_the_options():
    (port,) = re.findall(r"^ListenStream=(.*)$", SOCKET.read_text(), re.MULTILINE)
    assert f"--port {port} " in DEFAULT.read_text()


def offered() -> dict[str, str | None]:
    """The daemon's options and their defaults."""
    flags = [name for name, *_ in Options.optFlags]
    return {name: default for name, _, default, *_ in Options.optParameters} | dict.fromkeys(
        [*flags, "listen", "auth", "host", "trusted-proxy"]
    )


def test_the_file_of_options_shows_each_with_its_default():
    shown = dict(re.findall(r"^#   --([a-z-]+) (.*)$", DEFAULT.read_text(), re.MULTILINE))
    assert set(shown) == set(offered())
    for name, default in offered().items():
        if default is not None:
            assert shown[name].split()[0] == default


def test_the_readme_shows_each_option_with_its_default():
    table = dict(
        re.findall(
            r"^``--([a-z-]+)(?: [^`]*)?``  +(.*)$", (ROOT / "README.rst").read_text(), re.MULTILINE
        )
    )
    assert set(table) == set(offered())
    for name, default in offered().items():
        if default is not None:
            assert f"``{default}``" in table[name]


def test_the_daemon_takes_the_options_in_the_file():
    (line,) = re.findall(r"^GROUPCHAT_OPTIONS=(.*)$", DEFAULT.read_text(), re.MULTILINE)
    (value,) = shlex.split(line)
    options = Options()
    options.parseOptions(shlex.split(value))
    assert (options["port"], options["max"]) == (9000, 100)


# Exit statuses.

STOPPED = 0


def test_every_exit_status_of_the_daemon_is_in_both_documents():
    statuses = {STOPPED, CannotStart.status, CannotStartYet.status, EXIT_LEDGER_FAILED}
    readme = (
        (ROOT / "README.rst")
        .read_text()
        .partition("Exit statuses\n---")[2]
        .partition("``groupchat-connect``")[0]
    )
    assert {
        int(number) for number in re.findall(r"^(?:``twistd``|\.\.) +(\d+)  ", readme, re.MULTILINE)
    } == statuses
    operating = (
        (ROOT / "docs" / "operating.rst").read_text().partition("Signals and exit statuses")[2]
    )
    assert {
        int(number) for number in re.findall(r"^(\d+) +\S", operating, re.MULTILINE)
    } == statuses


def test_only_what_can_pass_by_itself_is_tried_again():
    assert re.findall(r"^RestartPreventExitStatus=(.*)$", UNIT.read_text(), re.MULTILINE) == [
        str(CannotStart.status)
    ]
