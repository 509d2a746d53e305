"""
The configuration file of docs/operating.rst, checked, started with and read again by a real server.
"""

from __future__ import annotations

import re
import signal
from pathlib import Path
from textwrap import dedent

import pytest_twisted

from tests.e2e.support import Sandbox

DOCUMENT = Path(__file__).parents[2] / "docs" / "operating.rst"


def examples() -> list[str]:
    """The blocks of the section: the file, options of the service, a command, and lines logged."""
    section = DOCUMENT.read_text().partition("\nThe configuration file\n")[2]
    section = section.partition("\n\n\n")[0]
    return [dedent(block) for block in re.findall(r"(?<=::\n\n)((?:    .*\n)+)", section + "\n")]


@pytest_twisted.ensureDeferred
async def test_the_file_is_checked_started_with_and_read_again(sandbox: Sandbox):
    file, _, check, logged = examples()
    config = sandbox.directory / "chat.toml"
    file = file.replace("tcp:9000", "tcp:0")
    config.write_text(file)
    (sandbox.directory / "motd.txt").write_text("hello")
    assert await sandbox.run(*check.split()) == [
        "groupchat: these options and their files can be used."
    ]
    assert {path.name for path in sandbox.directory.iterdir()} == {"chat.toml", "motd.txt", "home"}
    daemon = sandbox.twistd("--config", "chat.toml", through=("setsid",))
    await daemon.listens()
    await sandbox.nc("alice", daemon)
    config.write_text(file.replace("200", "250") + "port = 9001\n")
    assert await sandbox.run(*check.split()), "while it runs"
    daemon.signal(signal.SIGHUP)
    for line in logged.splitlines():
        await daemon.line(f".*{re.escape(line)}")
    await daemon.line(".*The accounts file groupchat.accounts is read.")
    config.write_text("mxa = 1")
    daemon.signal(signal.SIGHUP)
    await daemon.line(
        r'.*"mxa" is not an option. Did you mean "max"\? The options before are kept.'
    )
    await sandbox.nc("bob", daemon)
    await daemon.line(r".*bob joined from 127.0.0.1 \(2 of 250\)")
    await daemon.stop()


@pytest_twisted.ensureDeferred
async def test_a_check_that_fails_ends_with_1_and_one_line(sandbox: Sandbox):
    (sandbox.directory / "chat.toml").write_text("mxa = 1")
    daemon = sandbox.twistd("--config", "chat.toml", "--check")
    assert await daemon.ended() == 1
    assert daemon.err.lines == [
        'groupchat: --config chat.toml: "mxa" is not an option. Did you mean "max"?'
        " (twistd groupchat --help lists the options.)"
    ]
    assert not daemon.out.lines
