"""
The client library beside a real daemon: the examples of docs/api.rst as programs, and a reader
that is too slow.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest_twisted
from twisted.internet import reactor
from twisted.internet.endpoints import TCP4ClientEndpoint

from groupchat.client import Chat
from tests.e2e.support import Daemon, Program, Sandbox, until

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


def example(sandbox: Sandbox, name: str, *arguments: str) -> Program:
    return sandbox.start("python", str(EXAMPLES / name), *arguments)


def dicebot(sandbox: Sandbox, daemon: Daemon) -> Program:
    """The bot as it is printed, but for the port."""
    source = (EXAMPLES / "dicebot.py").read_text()
    assert len(source.splitlines()) <= 20
    copy = sandbox.directory / "dicebot.py"
    copy.write_text(source.replace("9000", str(daemon.port)))
    return sandbox.start("python", str(copy))


@pytest_twisted.ensureDeferred
async def test_the_bot_answers_through_a_crash_of_the_server_and_leaves_when_told(
    sandbox: Sandbox,
):
    daemon = await sandbox.daemon()
    bot = dicebot(sandbox, daemon)
    alice = await sandbox.member("alice", daemon)
    await alice.event("presence", joined=["dicebot"])
    alice.say("roll 2d6")
    answer = (await alice.event("message", from_="dicebot"))["text"]
    assert re.fullmatch(r"alice: \d+ \[\d, \d\]", answer)
    await daemon.kill()
    daemon = await sandbox.again(daemon)
    alice = await sandbox.member("alice", daemon)
    alice.say("roll 3d6", "goodbye, dicebot")
    answer = (await alice.event("message", from_="dicebot"))["text"]
    while not re.fullmatch(r"alice: \d+ \[\d, \d, \d\]", answer):  # the history
        answer = (await alice.event("message", from_="dicebot"))["text"]
    assert await bot.ended() == 0
    assert bot.err.text == ""


@pytest_twisted.ensureDeferred
async def test_the_script_prints_the_id_of_what_it_has_said(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    alice = await sandbox.member("alice", daemon)
    alice.say("first")
    await alice.event("message", text="first")
    script = example(sandbox, "say.py", "localhost", str(daemon.port), "lobby", "the second")
    assert await script.ended() == 0
    assert script.out.text.split() == ["2"]
    await alice.event("message", id=2, text="the second")


@pytest_twisted.ensureDeferred
async def test_the_script_ends_with_one_line_if_there_is_no_server(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    await daemon.stop()
    script = example(sandbox, "say.py", "localhost", str(daemon.port), "lobby", "text")
    assert await script.ended() == 1
    assert script.err.lines == [
        f"say.py: Connection refused by localhost, port {daemon.port}. "
        "Is the server running, and is that its port?"
    ]


@pytest_twisted.ensureDeferred
async def test_the_bot_that_keeps_its_place_misses_nothing_between_two_runs(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    alice = await sandbox.member("alice", daemon)
    alice.say("before its first run")
    log = sandbox.directory / "lobby.log"

    def logged() -> list[str]:
        lines = log.read_text().splitlines() if log.exists() else []
        return [line.partition(" ")[2] for line in lines]

    for run in range(3):
        bot = example(sandbox, "logbot.py", "localhost", str(daemon.port))
        await alice.event("presence", joined=["logbot"])
        alice.say(*(f"{run}: {number}" for number in range(300)))
        await until(lambda run=run: f"alice: {run}: 100" in logged(), "the 100th message")
        await bot.kill()  # in the middle of it
        alice.say(f"after run {run}")
        await alice.event("presence", left=["logbot"])
    example(sandbox, "logbot.py", "localhost", str(daemon.port))
    await until(lambda: logged()[-1:] == ["alice: after run 2"], "the last message")
    said = [
        [*(f"{run}: {number}" for number in range(300)), f"after run {run}"] for run in range(3)
    ]
    once = list(dict.fromkeys(logged()))
    assert once == [f"alice: {text}" for texts in said for text in texts]
    assert len(logged()) - len(once) <= 3  # what was written, but not yet noted, at each kill


@pytest_twisted.ensureDeferred
async def test_a_slow_reader_leaves_messages_at_the_server_and_reads_each_later(sandbox: Sandbox):
    count, words = 20_000, "x" * 500
    daemon = await sandbox.daemon("--rate", "0")
    alice = await sandbox.member("alice", daemon)
    endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", daemon.port)
    async with Chat(reactor, "slow", endpoint=endpoint, since={}) as chat:  # type: ignore[arg-type]
        for first in range(0, count, 1000):
            alice.say(*(f"{number} {words}" for number in range(first, first + 1000)))
            await alice.event("ok", id=first + 1000)
        assert chat.rooms["lobby"].head < count / 2
        read = 0
        async for message in chat:
            assert message.text.startswith(f"{read} ")
            read += 1
            if read == count:
                break
