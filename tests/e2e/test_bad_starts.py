"""
A start that can't succeed says why in one line on stderr, without a traceback, and with the right
exit status.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import sqlite3
import sys
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.protocol import Factory, Protocol

from tests.e2e.support import Daemon, Program, Sandbox

PATIENT = """
from groupchat.cli.main import main
main(timeout=0.5)
"""


def the_line(program: Program) -> str:
    """All that a program has to say."""
    assert len(program.err.lines) == 1, program.err.text
    return program.err.lines[0]


async def refuses(daemon: Daemon, status: int = 1) -> str:
    """The line with which the daemon does not start; 75: as it can't start yet."""
    assert await daemon.ended() == status
    assert "Listening" not in daemon.out.text
    line = the_line(daemon)
    assert line.startswith("groupchat: ")
    return line.removeprefix("groupchat: ")


# The daemon: options.


def whole(option: str, least: int, most: int, *values: str) -> dict[str, str]:
    """Returns the errors for values that are no whole number in this range."""
    return {
        f"--{option} {value}": f"--{option} takes a whole number "
        f'from {least} to {most}, not "{value}".'
        for value in values
    }


@pytest.mark.parametrize(
    "refused",
    [
        whole("port", 0, 65535, "abc", "70000", "-1"),
        whole("max", 1, 1_000_000, "0", "-3", "x"),
        {
            "--listen nonsense": '--listen "nonsense": ',
            "--listen tcp:abc": '--listen "tcp:abc": ',
            "--listen ''": '--listen "": ',
        },
        {
            f"--ledger {it}": '--ledger takes "memory", "sqlite:PATH" or'
            f' "postgresql://HOST/DATABASE", not "{it}".'
            for it in ("postgres:x", "sqlite:")
        },
        {
            f"--keep {it}": f'--keep takes "all", "90d" or "100000 messages", not "{it}".'
            for it in ("forever", "0d")
        },
        {
            "--rate -1": "--rate takes a number from 0 (no limit) to 1000000, ",
            "--motd missing": "--motd missing cannot be read: ",
        },
        {
            "--frobnicate": "option --frobnicate ",
            "--max": "option --max requires argument",
            "9000": '"9000" is not an option.',
        },
    ],
    ids=lambda refused: ", ".join(refused),
)
@pytest_twisted.ensureDeferred
async def test_the_daemon_refuses(sandbox: Sandbox, refused: dict[str, str]):
    daemons = [sandbox.twistd(*shlex.split(options)) for options in refused]
    for daemon, told in zip(daemons, refused.values(), strict=True):
        line = await refuses(daemon)
        assert line.startswith(told)
        assert len(line) > len(told)


# The daemon: ports.


@pytest_twisted.ensureDeferred
async def test_a_port_that_is_taken_is_refused(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    line = await refuses(sandbox.twistd("--port", str(daemon.port), "--ledger", "memory"), 75)
    assert line.startswith(f"cannot listen on port {daemon.port}: Address already in use.")


@pytest_twisted.ensureDeferred
async def test_an_endpoint_that_is_taken_is_refused(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    endpoint = f"tcp:{daemon.port}:interface=127.0.0.1"
    line = await refuses(sandbox.twistd("--listen", endpoint, "--ledger", "memory"), 75)
    assert line.startswith(f"cannot listen on {endpoint}: Address already in use.")


@pytest.mark.parametrize(
    ("endpoint", "status"), [("unix:missing/chat.sock", 1), ("tcp:0:interface=192.0.2.77", 75)]
)
@pytest_twisted.ensureDeferred
async def test_an_endpoint_that_can_t_be_had_is_refused(
    sandbox: Sandbox, endpoint: str, status: int
):
    line = await refuses(sandbox.twistd("--listen", endpoint), status)
    assert line.startswith(f"cannot listen on {endpoint}: ")


def without(right: str) -> tuple[str, ...]:
    """Returns the command that starts a program without this capability."""
    return (
        ("setpriv", "--bounding-set", f"-{right}", "--inh-caps", f"-{right}")
        if os.geteuid() == 0
        else ()
    )


@pytest_twisted.ensureDeferred
async def test_a_port_that_is_not_allowed_is_refused(sandbox: Sandbox):
    if int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) <= 1:
        pytest.skip("everyone may listen on any port here")
    line = await refuses(sandbox.twistd("--port", "1", through=without("net_bind_service")))
    assert line.startswith("cannot listen on port 1: not allowed")


# The daemon: ledgers.


@pytest_twisted.ensureDeferred
async def test_a_ledger_in_use_is_refused(sandbox: Sandbox):
    await sandbox.daemon()
    line = await refuses(sandbox.twistd("--port", "0"), 75)
    assert line.startswith("the ledger groupchat.db is in use by another daemon.")


@pytest_twisted.ensureDeferred
async def test_a_ledger_in_use_is_refused_by_whichever_path(sandbox: Sandbox):
    await sandbox.daemon()
    (sandbox.directory / "other.db").symlink_to("groupchat.db")
    line = await refuses(sandbox.twistd("--port", "0", "--ledger", "sqlite:other.db"), 75)
    assert line.startswith("the ledger other.db is in use by another daemon.")


@pytest_twisted.ensureDeferred
async def test_another_program_may_write_to_the_ledger_for_a_while(sandbox: Sandbox):
    daemon = await sandbox.daemon("--ledger", "sqlite:chat.db")
    alice = await sandbox.member("alice", daemon)
    alice.say("before", first=1)
    await alice.event("ok", n=1)
    other = sqlite3.connect(sandbox.directory / "chat.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    alice.say("meanwhile", first=2)
    await daemon.line(
        ".*Another program has locked the ledger chat.db: messages wait, for 10 s at most."
    )
    alice.send({"type": "ping", "ref": "still there"})
    await alice.event("pong", ref="still there")
    daemon.signal(signal.SIGTERM)
    other.execute("COMMIT")
    other.close()
    await alice.event("ok", n=2, id=2)
    assert await daemon.ended(5) == 0


@pytest_twisted.ensureDeferred
async def test_a_ledger_of_a_daemon_that_was_killed_is_no_longer_in_use(sandbox: Sandbox):
    await (await sandbox.daemon()).kill()
    await sandbox.daemon()


@pytest_twisted.ensureDeferred
async def test_a_ledger_that_another_program_locks_is_refused_for_now(sandbox: Sandbox):
    await (await sandbox.daemon()).stop()
    other = sqlite3.connect(sandbox.directory / "groupchat.db", isolation_level=None)
    with contextlib.closing(other):
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        line = await refuses(sandbox.twistd("--port", "0"), 75)
    assert line.startswith("the ledger groupchat.db: another program has locked it.")


FULL = """
mkdir disk && mount -t tmpfs -o size=1m tmpfs disk && cp old.db disk/x.db || exit 99
cat /dev/zero > disk/filler 2>/dev/null
truncate -s -$0k disk/filler
exec "$@"
"""


@pytest.mark.parametrize("left", [0, 8, 36], ids="{} KiB left".format)
@pytest_twisted.ensureDeferred
async def test_a_full_disk_is_called_so_and_is_no_end_for_good(sandbox: Sandbox, left: int):
    if os.geteuid() != 0:
        pytest.skip("only root can make a small disk")
    await (await sandbox.daemon("--ledger", "sqlite:old.db")).stop()
    through = ("unshare", "--mount", "sh", "-c", FULL, str(left))
    line = await refuses(
        sandbox.twistd("--port", "0", "--ledger", "sqlite:disk/x.db", through=through), 75
    )
    assert line.startswith("the ledger disk/x.db: the disk is full. Make room, ")


@pytest.mark.parametrize("locked", ["directory", "file", "directory around a file"])
@pytest_twisted.ensureDeferred
async def test_a_ledger_that_can_t_be_written_is_refused(sandbox: Sandbox, locked: str):
    directory = sandbox.directory / "locked"
    directory.mkdir()
    if locked == "file":
        (directory / "x.db").touch(0o400)
    else:
        if locked == "directory around a file":
            (directory / "x.db").touch(0o600)
        directory.chmod(0o500)
    options = ("--port", "0", "--ledger", "sqlite:locked/x.db")
    line = await refuses(sandbox.twistd(*options, through=without("dac_override")))
    what = f"{directory}/x.db-lock: " if locked == "directory around a file" else ""
    assert line.startswith(f"the ledger locked/x.db: {what}Permission denied. Make it writable,")
    line = await refuses(sandbox.twistd(*options, "--check", through=without("dac_override")))
    assert line.startswith("the ledger locked/x.db: ") and "can" in line, "--check says so, too"


@pytest.mark.parametrize(
    ("path", "told"), [("missing/x.db", "No such file or directory."), ("home", "Is a directory.")]
)
@pytest_twisted.ensureDeferred
async def test_a_ledger_that_can_t_be_there_is_refused(sandbox: Sandbox, path: str, told: str):
    line = await refuses(sandbox.twistd("--port", "0", "--ledger", f"sqlite:{path}"))
    assert line.startswith(f"the ledger {path}: {told}")


@pytest_twisted.ensureDeferred
async def test_what_is_no_database_is_refused_and_left_as_it_is(sandbox: Sandbox):
    file = sandbox.directory / "x.db"
    file.write_text("Dear diary,\n" * 1000)
    line = await refuses(sandbox.twistd("--port", "0", "--ledger", "sqlite:x.db"))
    assert line.startswith("the ledger x.db: it is damaged, or no ledger at all.")
    assert file.read_text() == "Dear diary,\n" * 1000


@pytest_twisted.ensureDeferred
async def test_another_program_s_database_is_refused_and_left_as_it_is(sandbox: Sandbox):
    file = sandbox.directory / "x.db"
    with sqlite3.connect(file) as database:
        database.execute("CREATE TABLE bookmarks (url)")
    database.close()
    before = file.read_bytes()
    line = await refuses(sandbox.twistd("--port", "0", "--ledger", "sqlite:x.db"))
    assert line.startswith("the ledger x.db belongs to another program.")
    assert file.read_bytes() == before


@pytest_twisted.ensureDeferred
async def test_a_ledger_of_a_newer_version_is_refused(sandbox: Sandbox):
    await (await sandbox.daemon()).stop()
    with sqlite3.connect(sandbox.directory / "groupchat.db") as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    line = await refuses(sandbox.twistd("--port", "0"))
    assert line.startswith("the ledger groupchat.db was written by a newer groupchat (version 99, ")


# The daemon: certificates.


@pytest.mark.parametrize("content", [None, "Dear diary,"])
@pytest.mark.parametrize("ledger", ["memory", "sqlite:x.db"])
@pytest_twisted.ensureDeferred
async def test_a_certificate_that_is_none_is_refused(
    sandbox: Sandbox, content: str | None, ledger: str
):
    if content is not None:
        (sandbox.directory / "x.pem").write_text(content)
    told = (
        "it does not hold a certificate and its key, without a passphrase, in PEM."
        if content
        else "No such file or directory."
    )
    line = await refuses(
        sandbox.twistd("--port", "0", "--certificate", "x.pem", "--ledger", ledger)
    )
    assert line == f"the certificate x.pem: {told} Name another by --certificate."


# groupchat-connect.


async def ends(connect: Program, status: int) -> str:
    """The line with which groupchat-connect ends."""
    assert await connect.ended() == status
    assert connect.out.lines == []
    line = the_line(connect)
    assert line.startswith("groupchat-connect: ")
    return line.removeprefix("groupchat-connect: ")


@pytest.mark.parametrize(
    "refused",
    [
        {
            f"'{name}' localhost 9000": f'"{name}" can\'t be your name: '
            for name in ("a b", "", "root")
        },
        {f"alice localhost {port}": f'"{port}" is no port: ' for port in ("0", "70000", "http")},
        {
            "alice localhost 1 more": '"more" has no port: ',
            "alice a:b:c": '"a:b:c" is no host. ',
            "alice h:1 2": "The port ",
        },
        {"alice unix:/no/such": "Cannot reach unix:/no/such: No such file or directory. "},
        {
            "--frobnicate alice localhost 9000": "unrecognized arguments: --frobnicate",
            "alice localhost 9000 --frobnicate": "unrecognized arguments: --frobnicate",
        },
        {
            "alice localhost 9000 --room 'a b'": '"a b" is no room: ',
            "alice localhost 9000 --room": "argument --room: expected one argument",
        },
    ],
    ids=lambda refused: ", ".join(refused),
)
@pytest_twisted.ensureDeferred
async def test_groupchat_connect_refuses(sandbox: Sandbox, refused: dict[str, str]):
    programs = [
        sandbox.start("groupchat-connect", *shlex.split(arguments)) for arguments in refused
    ]
    for connect, told in zip(programs, refused.values(), strict=True):
        assert (await ends(connect, 3 if told.startswith("Cannot reach ") else 2)).startswith(told)


@pytest_twisted.ensureDeferred
async def test_an_unknown_host_is_unreachable(sandbox: Sandbox):
    connect = sandbox.start("groupchat-connect", "alice", "no-such-host.invalid", "9000")
    assert (await ends(connect, 3)).startswith(
        "There is no such host: no-such-host.invalid, port 9000."
    )


@pytest_twisted.ensureDeferred
async def test_a_port_where_nobody_listens_is_unreachable(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    await daemon.stop()
    line = await ends(sandbox.connect("alice", daemon), 3)
    assert line.startswith(f"Connection refused by localhost, port {daemon.port}.")


@pytest_twisted.ensureDeferred
async def test_a_server_that_is_silent_is_unreachable(sandbox: Sandbox):
    silent = sandbox.start("nc", "-v", "-l", "127.0.0.1", "0")
    port = (await silent.err.line(r"Listening on \S+ (\d+)"))[1]
    connect = sandbox.start(sys.executable, "-c", PATIENT, "alice", "127.0.0.1", port)
    assert (await ends(connect, 3)).startswith(f"No answer from 127.0.0.1, port {port} within ")


class Mail(Protocol):
    """A server of another kind."""

    def connectionMade(self) -> None:
        self.transport.write(b"220 mail.example.org ESMTP\r\n")  # type: ignore[union-attr]
        self.transport.loseConnection()  # type: ignore[union-attr]


@pytest_twisted.ensureDeferred
async def test_a_server_of_another_kind_is_unreachable(sandbox: Sandbox):
    other = reactor.listenTCP(0, Factory.forProtocol(Mail), interface="127.0.0.1")  # type: ignore[attr-defined]
    try:
        connect = sandbox.start(
            "groupchat-connect", "alice", "127.0.0.1", str(other.getHost().port)
        )
        assert "Is that a groupchat server?" in await ends(connect, 3)
    finally:
        await other.stopListening()


@pytest_twisted.ensureDeferred
async def test_a_full_server_turns_one_away(sandbox: Sandbox):
    daemon = await sandbox.daemon("--max", "1")
    await sandbox.nc("alice", daemon)
    assert (
        await ends(sandbox.connect("bob", daemon), 4)
        == "The server is full (1 of 1). Try again later."
    )


# A daemon in the background.


@pytest.mark.parametrize("what", ["port", "ledger"])
@pytest_twisted.ensureDeferred
async def test_a_daemon_in_the_background_that_can_t_start_tells_all_on_stderr_and_in_the_log(
    sandbox: Sandbox, what: str
):
    daemon = await sandbox.daemon()
    options = (
        ["--port", str(daemon.port), "--ledger", "memory"] if what == "port" else ["--port", "0"]
    )
    second = sandbox.start(
        "twistd", "--pidfile=second.pid", "-l", "second.log", "groupchat", *options
    )
    assert await second.ended() == 1
    whole = second.err.lines[0]
    assert whole.startswith("groupchat: ")
    assert whole.endswith(
        "choose another with --port." if what == "port" else "choose another with --ledger."
    )
    assert "see the line above" in second.err.lines[1]
    assert (
        f"Cannot start: {whole.removeprefix('groupchat: ')}\n"
        in (sandbox.directory / "second.log").read_text()
    )


@pytest_twisted.ensureDeferred
async def test_a_daemon_in_the_background_lets_go_of_the_streams_that_it_was_started_with(
    sandbox: Sandbox,
):
    shell = sandbox.start("sh", "-c", "twistd --pidfile=pid -l log groupchat --port 0 --max 3")
    try:
        assert await shell.ended() == 0  # which is seen only once nobody holds its pipes any more
    finally:
        os.kill(int((sandbox.directory / "pid").read_text()), signal.SIGTERM)
