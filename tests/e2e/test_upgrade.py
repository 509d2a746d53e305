"""
An upgrade under programs that run: what they may need later they have loaded at their start, since
its file may be gone by then, or that of another version.
"""

from __future__ import annotations

import signal
import sys

import pytest_twisted

from tests.e2e.support import Daemon, Program, Sandbox

#: Runs a program from whose start on nothing can be imported, and no file of Python or of a package
#: be opened.
GONE = """
import os, sys
from twisted.internet import reactor

FOLDERS = tuple(sorted({*map(os.path.realpath, sys.path), *sys.path} - {"", os.getcwd()}))

def refuse(event, arguments):
    if event == "import" or event == "open" and str(arguments[0]).startswith(FOLDERS):
        os.write(2, f"needed late: {event} {arguments[0]}\\n".encode())
        raise ImportError("it is gone")

def upgrade():
    sys.addaudithook(refuse)
    os.write(2, b"upgraded\\n")

reactor.callWhenRunning(lambda: reactor.callLater(0, upgrade))
"""
SERVER = GONE + "from twisted.scripts.twistd import run; run()"
CLIENT = GONE + "from groupchat.cli.main import main; main()"
OPTIONS = "-n --pidfile= groupchat --port 0 --max 10 --names unicode"


@pytest_twisted.ensureDeferred
async def test_a_server_that_is_upgraded_while_it_runs_does_all_that_it_did(sandbox: Sandbox):
    daemon = sandbox.groupchat(sys.executable, "-c", SERVER, *OPTIONS.split())
    await daemon.listens()
    await daemon.err.says("upgraded")
    zoe = await sandbox.socket(daemon.port)
    zoe.send(
        "Zoë",
        "/register secret",
        "/topic tea",
        "hello",
        "/history 5",
        "/join café",
        "/rooms",
        "/ban x",
        "/quit",
    )
    await zoe.line("-- Bye.*")
    passwd = sandbox.start("groupchat-passwd", "--operator", "root-of-all")
    passwd.send("secret")
    assert await passwd.ended() == 0
    operator = await sandbox.socket(daemon.port, tls=True)
    operator.send("root-of-all", "secret")
    await operator.says("-- You are up to date.")
    operator.send(
        "/ban 192.0.2.0/24 7d spam",
        "/ban zed 1h",
        "/unban zed",
        "/mute Zoë 1h",
        "/unmute Zoë",
        "/max 9",
        "/say all",
    )
    operator.send("/who")
    await operator.line("-- Here .*")
    for nonsense in ("GET / HTTP/1.0\n\n", "{\n", "\x16\x03\x01", "Zоë\n", "Zoë\nwrong\n"):
        (await sandbox.socket(daemon.port)).transport.write(nonsense.encode())
    bot = await sandbox.member("böt", daemon, tls=True, rooms={"lobby": {"after": 0}})
    bot.send(
        {"type": "history", "room": "lobby"},
        {"type": "say", "room": "lobby", "text": "…"},
        {"type": "nonsense"},
    )
    await bot.event("error", code="unknown-type")
    daemon.signal(signal.SIGHUP)
    await daemon.line(".*The certificate .* is read: .*")
    await daemon.stop()
    assert daemon.err.lines == ["upgraded"]


@pytest_twisted.ensureDeferred
async def test_a_client_that_is_upgraded_while_it_runs_comes_back_and_takes_every_name(
    sandbox: Sandbox,
):
    daemon = await sandbox.daemon("--names", "unicode")
    client = connect(sandbox, daemon, "--line")
    await client.line(".*You are up to date.*")
    client.send("/name Zoë", "/join café")
    await client.line(".*Welcome to café, Zoë.*")
    await daemon.stop()
    daemon = await sandbox.again(daemon, "--names", "unicode")
    await client.line(".*Connected again.*")
    client.send("good-bye", "/quit")
    assert await client.ended() == 0
    assert "needed late" not in client.out.text


@pytest_twisted.ensureDeferred
async def test_a_screen_that_is_upgraded_while_it_runs_comes_back_and_takes_every_name(
    sandbox: Sandbox,
):
    daemon = await sandbox.daemon("--names", "unicode")
    client = connect(sandbox, daemon)
    await daemon.line(".*alice joined from .*")
    bob = await sandbox.socket(daemon.port)
    bob.send("bob")
    await bob.says("-- You are up to date.")
    client.press("/name Zoë\rhello\r")
    await bob.says("Zoë: hello")
    client.press("/search hello\r")
    await client.out.wait(lambda: "1 found" in client.out.text or None, "what it found")
    await daemon.stop()
    daemon = await sandbox.again(daemon, "--names", "unicode")
    await daemon.line(".*Zoë joined from .*")
    client.press("\r/quit\r")
    assert await client.ended() == 0
    assert "needed late" not in client.out.text


def connect(sandbox: Sandbox, daemon: Daemon, *options: str) -> Program:
    """Start a client at a terminal that is upgraded while it runs."""
    here = ("alice", "localhost", str(daemon.port), "--tls")
    return sandbox.start(sys.executable, "-c", CLIENT, *here, *options, terminal=True)
