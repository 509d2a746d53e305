"""
Programs in strange surroundings: no home, no user, streams that are closed, full, or in an encoding
that lacks letters.

Each works, or says in one line why it can't; no traceback is left (which `Position` sees to).
"""

from __future__ import annotations

import shlex
import sys

import pytest
import pytest_twisted

from tests.e2e.support import Program, Sandbox, until

HOMELESS = """
import pwd, sys

def nobody(uid):
    raise KeyError(uid)

pwd.getpwuid = nobody
"""
PROGRAMS = {
    "twistd": "from twisted.scripts.twistd import run; run()",
    "groupchat-connect": "from groupchat.cli.main import main; main()",
    "groupchat-passwd": "from groupchat.accounts.passwd import main; main()",
}


async def refused(program: Program, status: int = 1) -> str:
    """The one line that a program has to say when it ends."""
    assert await program.ended() == status
    assert len(program.err.lines) == 1, program.err.text
    return program.err.lines[0]


def homeless(sandbox: Sandbox, program: str, *arguments: str) -> Program:
    """Start a program as a user of whom the machine knows no more than a number."""
    sandbox.environment.pop("HOME", None)
    return sandbox.groupchat(sys.executable, "-c", HOMELESS + PROGRAMS[program], *arguments)


@pytest_twisted.ensureDeferred
async def test_one_without_a_home_runs_a_server_joins_it_and_sets_a_password(sandbox: Sandbox):
    daemon = homeless(sandbox, "twistd", *"-n --pidfile= groupchat --port 0 --max 5".split())
    await daemon.listens()
    connect = homeless(
        sandbox, "groupchat-connect", "alice", "localhost", str(daemon.port), "--json"
    )
    await connect.event("welcome")
    encrypted = homeless(
        sandbox, "groupchat-connect", "bob", "127.0.0.1", str(daemon.port), "--json", "--tls"
    )
    await encrypted.event("welcome")
    passwd = homeless(sandbox, "groupchat-passwd", "carol")
    passwd.send("secret")
    assert await passwd.ended() == 0
    (line,) = await sandbox.run("groupchat-passwd", "--log")
    assert line.endswith(" password carol")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
@pytest_twisted.ensureDeferred
async def test_help_is_shown_in_every_encoding(sandbox: Sandbox, encoding: str):
    sandbox.environment["PYTHONIOENCODING"] = encoding
    for program in ("twistd groupchat", "groupchat", "groupchat-connect", "groupchat-passwd"):
        assert (await sandbox.run(*program.split(), "--help"))[0].lower().startswith("usage: ")


@pytest_twisted.ensureDeferred
async def test_the_log_shows_escaped_what_its_encoding_can_not_write(sandbox: Sandbox):
    sandbox.environment["PYTHONIOENCODING"] = "latin-1"
    daemon = await sandbox.daemon("--names", "unicode")
    await sandbox.nc("Ελένη", daemon)
    await daemon.line(r".*\\u0395\\u03bb\\u03ad\\u03bd\\u03b7 joined from .*")


# groupchat-passwd.


@pytest_twisted.ensureDeferred
async def test_a_password_that_is_not_utf8_is_refused(sandbox: Sandbox):
    passwd = sandbox.start("groupchat-passwd", "alice")
    passwd.transport.write(b"\xff\xfe\n")
    assert (
        await refused(passwd) == "groupchat-passwd: the password is not UTF-8. Nothing was changed."
    )


@pytest_twisted.ensureDeferred
async def test_what_can_not_be_stored_for_lack_of_room_is_said(sandbox: Sandbox):
    first = sandbox.start("groupchat-passwd", "alice")
    first.send("secret")
    assert await first.ended() == 0
    second = sandbox.start("sh", "-c", "ulimit -f 1; exec groupchat-passwd bob")
    second.send("secret")
    line = await refused(second)
    assert line.startswith("groupchat-passwd: the accounts file groupchat.accounts: ")
    assert line.endswith(". Nothing was changed.")
    assert await sandbox.run("groupchat-passwd", "--list") == ["alice"]


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("groupchat-passwd --log > /dev/full", "groupchat-passwd: No space left on device"),
        (
            "groupchat-passwd bob <&-",
            "groupchat-passwd: a password has 1 to 1024 bytes. Nothing was changed.",
        ),
        ("groupchat --help > /dev/full", "groupchat: No space left on device"),
        ("twistd groupchat --help > /dev/full", "groupchat: No space left on device"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_what_can_not_be_written_or_read_is_said_in_one_line(
    sandbox: Sandbox, command: str, told: str
):
    first = sandbox.start("groupchat-passwd", "alice")
    first.send("secret")
    assert await first.ended() == 0
    assert await refused(sandbox.start("sh", "-c", command)) == told


@pytest_twisted.ensureDeferred
async def test_who_reads_only_the_first_line_is_told_no_more(sandbox: Sandbox):
    for number in range(3):
        passwd = sandbox.start("groupchat-passwd", f"guest-{number}")
        passwd.send("secret")
        assert await passwd.ended() == 0
    for command in ("groupchat-passwd --list", "groupchat --help", "twistd groupchat --help"):
        shell = sandbox.start("sh", "-c", f"({command}; echo $? >&2) | true")
        assert await shell.ended() == 0
        assert shell.err.lines in (["1"], ["0"])


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest_twisted.ensureDeferred
async def test_a_server_whose_streams_are_closed_serves(sandbox: Sandbox, closed: str):
    for program in ("twistd -n --pidfile= groupchat", "groupchat"):
        socket = sandbox.directory / f"{len(program)}.sock"
        command = (
            f"exec {program} --listen unix:{shlex.quote(socket.name)} "
            f"--ledger memory --max 5 {closed}"
        )
        daemon = sandbox.groupchat("sh", "-c", command)
        await until(socket.exists, "its socket")
        guest = await sandbox.socket(socket)
        guest.send("alice")
        await guest.says("-- You are up to date.")
        await daemon.stop()
