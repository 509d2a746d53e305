"""
groupchat-connect in a pipe, with files, in a terminal, and when the daemon dies under it.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import time
from pathlib import Path

import pytest
import pytest_twisted

from tests.e2e.support import LIMIT, Daemon, Sandbox, numbered, until


@pytest_twisted.ensureDeferred
async def test_each_line_is_said_and_stored_before_it_ends(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    lines = "printf '%s\\n' one /dev/vda '' /quit '//two' '/kick bob'; printf three"
    script = sandbox.shell(f"({lines}) | groupchat-connect alice localhost $1", str(daemon.port))
    assert await script.ended() == 0
    assert script.out.text == script.err.text == ""
    await daemon.kill()
    assert await sandbox.kept(await sandbox.again(daemon)) == [
        "one",
        "/dev/vda",
        "/quit",
        "//two",
        "/kick bob",
        "three",
    ]


@pytest_twisted.ensureDeferred
async def test_what_is_not_said_is_counted_in_one_line_and_has_a_status(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    lines = [
        "good",
        b"caf\xe9".decode(errors="surrogateescape"),
        "x" * 5000,
        "\u3000",
        "y" * (1 << 21),
        "better",
    ]
    (sandbox.directory / "in").write_bytes("\n".join(lines).encode(errors="surrogateescape"))
    with open(sandbox.directory / "in") as said:
        script = sandbox.pipe("alice", daemon, files={0: said})
        assert await script.ended() == 6
    assert script.out.text == ""
    assert script.err.text.startswith(
        "groupchat-connect: 3 lines were not said. The first: That line is"
    )
    assert len(script.err.lines) == 1
    assert await sandbox.kept(daemon) == ["good", "better"]


@pytest_twisted.ensureDeferred
async def test_quiet_says_nothing_at_all(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    script = sandbox.shell(
        "printf 'good\\n\\377\\n' | groupchat-connect --quiet alice localhost $1", str(daemon.port)
    )
    assert await script.ended() == 6
    await daemon.stop()
    other = sandbox.shell(
        "echo lost | groupchat-connect --quiet alice localhost $1", str(daemon.port)
    )
    assert await other.ended() == 3
    wrong = sandbox.start("groupchat-connect", "--quiet", "a b", "localhost", "1")
    assert await wrong.ended() == 2
    assert [program.out.text + program.err.text for program in (script, other, wrong)] == [""] * 3


@pytest_twisted.ensureDeferred
async def test_commands_in_a_pipe_get_their_answers_and_nothing_else(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    script = sandbox.shell(
        "printf '/who\\nhello\\n' | groupchat-connect --commands alice localhost $1",
        str(daemon.port),
    )
    assert await script.ended() == 0
    assert (script.out.lines, script.err.text) == (["-- Here is 1: alice."], "")


@pytest_twisted.ensureDeferred
async def test_scripts_under_one_name_wait_their_turn(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    first = sandbox.pipe("alice", daemon)
    first.send("first")
    watcher = await sandbox.member("watcher", daemon, rooms={"lobby": {"after": 0}})
    await watcher.event("message", text="first")
    others = [
        sandbox.shell(
            f"echo other {number} | groupchat-connect alice localhost $1", str(daemon.port)
        )
        for number in range(3)
    ]
    await until(
        lambda: len(list((sandbox.home / ".local/state/groupchat").glob("alice@*.[123]"))) == 3,
        "all at once",
    )
    first.close_input()
    assert [await script.ended(25) for script in (first, *others)] == [0] * 4
    assert [script.out.text + script.err.text for script in (first, *others)] == [""] * 4
    assert sorted(await sandbox.kept(daemon)) == ["first", "other 0", "other 1", "other 2"]


@pytest_twisted.ensureDeferred
async def test_scripts_under_one_registered_name_wait_their_turn(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    register = sandbox.shell(
        "echo /register hush | groupchat-connect --commands alice localhost $1", str(daemon.port)
    )
    assert await register.ended() == 0, register.err.text
    command = "for line in 1 2 3; do echo $line | groupchat-connect alice localhost $1 & done; wait"
    script = sandbox.shell(command, str(daemon.port))
    await script.ended(25)
    assert script.out.text + script.err.text == ""
    assert sorted(await sandbox.kept(daemon)) == ["1", "2", "3"]


@pytest_twisted.ensureDeferred
async def test_what_was_piped_to_a_server_that_is_down_is_counted(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    await daemon.stop()
    script = sandbox.shell("seq 5000 | groupchat-connect alice localhost $1", str(daemon.port))
    assert await script.ended() == 3
    assert script.err.text.strip().endswith("5000 lines were not said.")


@pytest_twisted.ensureDeferred
async def test_it_prints_what_others_say_as_on_the_plain_wire_but_not_its_own_lines(
    sandbox: Sandbox,
):
    daemon = await sandbox.daemon()
    bob = await sandbox.nc("bob", daemon)
    bob.send("early")
    alice = sandbox.connect("alice", daemon)
    await alice.line(r"-- Welcome to lobby, alice\. 2 here: alice, bob\. .*")
    await alice.line(r"\[.*\] bob: early")
    await alice.says("-- You are up to date.")
    alice.send("hello", "/msg bob psst")
    await bob.says("alice: hello")
    await bob.says("alice (to you): psst")
    bob.send("hello yourself", "/me waves")
    await alice.says("bob: hello yourself")
    await alice.says("* bob waves")
    bob.send("/msg alice hm?")
    await alice.says("bob (to you): hm?")
    alice.close_input()
    assert await alice.ended() == 0
    assert "alice: hello" not in alice.out.text


@pytest_twisted.ensureDeferred
async def test_a_line_with_a_slash_can_be_a_command(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    script = sandbox.shell(
        "printf '%s\\n' '/topic tea at four' /who /frobnicate '/name ally' /quit 'too late' |"
        " groupchat-connect --show --commands alice localhost $1",
        str(daemon.port),
    )
    assert await script.ended() == 6, "as one of them is none"
    for line in (
        "-- alice set the topic: tea at four",
        "-- Here is 1: alice.",
        "-- alice is now ally.",
        "-- Bye.",
    ):
        assert line in script.out.lines
    assert "! There is no such command." in script.out.text
    await daemon.line(".*ally left, .*")
    assert await sandbox.kept(daemon) == []


@pytest.mark.parametrize("options", [["--room", "dev"], ["--room=dev"]])
@pytest_twisted.ensureDeferred
async def test_room_is_where_it_talks(sandbox: Sandbox, options: list[str]):
    daemon = await sandbox.daemon()
    member = await sandbox.member("bob", daemon, rooms={"dev": None, "lobby": None})
    script = sandbox.connect("alice", daemon, *options)
    script.send("hello")
    script.close_input()
    assert await script.ended() == 0
    await member.event("message", room="dev", text="hello")
    assert await sandbox.kept(daemon) == []


@pytest_twisted.ensureDeferred
async def test_options_stand_before_or_after_name_host_and_port(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    before = sandbox.start(
        "groupchat-connect", "--room", "dev", "--stay", "alice", "localhost", str(daemon.port)
    )
    between = sandbox.start(
        "groupchat-connect", "bob", "--stay", "localhost", "--room=dev", str(daemon.port)
    )
    for program in (before, between):
        await program.line("-- Welcome to dev, .*")


# Its input.


@pytest_twisted.ensureDeferred
async def test_nothing_to_say_is_a_good_end(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    with open("/dev/null") as nothing:
        connect = sandbox.connect("alice", daemon, files={0: nothing})
    assert await connect.ended() == 0
    assert connect.out.lines[-2:] == ["-- You are up to date.", "-- Bye."]


@pytest_twisted.ensureDeferred
async def test_a_file_is_said_line_by_line_and_the_answers_go_to_another(sandbox: Sandbox):
    daemon = await sandbox.daemon("--rate", "0")
    texts = numbered("line", 2000)
    (sandbox.directory / "in").write_text("\n".join(texts))
    with open(sandbox.directory / "in") as said, open(sandbox.directory / "out", "w") as received:
        connect = sandbox.connect("alice", daemon, files={0: said, 1: received})
        assert await connect.ended() == 0
    assert (sandbox.directory / "out").read_text().endswith("-- You are up to date.\n-- Bye.\n")
    assert await sandbox.kept(daemon) == texts


@pytest_twisted.ensureDeferred
async def test_a_fast_talker_is_slowed_and_loses_nothing(sandbox: Sandbox):
    daemon = await sandbox.daemon("--rate", "500", "--burst", "10")
    texts = numbered("line", 600)
    connect = sandbox.connect("alice", daemon)
    connect.send(*texts)
    connect.close_input()
    assert await connect.ended() == 0
    assert await sandbox.kept(daemon) == texts


@pytest_twisted.ensureDeferred
async def test_stay_listens_when_its_input_has_ended(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    with open("/dev/null") as nothing:
        alice = sandbox.connect("alice", daemon, "--stay", files={0: nothing})
    await alice.says("-- You are up to date.")
    bob = await sandbox.member("bob", daemon)
    bob.say("are you still there?")
    await alice.says("bob: are you still there?")
    alice.signal(signal.SIGTERM)
    assert await alice.ended() == 0


@pytest_twisted.ensureDeferred
async def test_everything_is_said_though_nobody_reads_and_the_status_tells(sandbox: Sandbox):
    daemon = await sandbox.daemon("--rate", "0")
    read, write = os.pipe()
    os.close(read)
    with open(write, "wb") as unread, open("/dev/full", "wb") as full:
        scripts = [
            sandbox.pipe("alice", daemon, "--show", "--stay", files={1: unread}),
            sandbox.pipe("bob", daemon, "--show", files={1: full}),
            sandbox.shell("exec groupchat-connect --show carol localhost $1 >&-", str(daemon.port)),
        ]
    for script, why in zip(
        scripts, ("Broken pipe", "No space left on device", "Bad file descriptor"), strict=True
    ):
        script.send(*numbered(why, 3000))
        script.close_input()
        assert await script.ended() == 8
        assert (
            script.err.text.strip()
            == f"groupchat-connect: Standard output can't be written: {why}."
        )
    kept = await sandbox.kept(daemon)
    for why in ("Broken pipe", "No space left on device", "Bad file descriptor"):
        assert [text for text in kept if text.startswith(why)] == numbered(why, 3000)


@pytest_twisted.ensureDeferred
async def test_it_ends_when_nobody_reads_it_any_more(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    script = sandbox.shell(
        "groupchat-connect --stay alice localhost $1 </dev/null | head -n 1", str(daemon.port)
    )
    await script.line("-- Welcome to lobby, alice.*")
    await daemon.line(".*alice left, .*")
    assert await script.ended() == 0


# Programs.


@pytest_twisted.ensureDeferred
async def test_json_passes_lines_through_both_ways(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    bob = await sandbox.member("bob", daemon)
    bot = sandbox.connect("bot", daemon, "--json")
    await bot.event("catchup", room="lobby")
    bot.send('{"type": "who", "room": "lobby", "ref": "r1"}', "plain words")
    bot.send('{"type": "say", "room": "lobby", "text": "json words"}')
    await bot.event("who", ref="r1", count=2)
    for number, text in enumerate(["plain words", "json words"], 1):
        await bot.event("ok", n=number)
        await bob.event("message", text=text)
    bob.say("hello, bot")
    await bot.event("message", from_="bob", text="hello, bot")
    bot.send('{"type": "say", "room": 5}')
    await bot.event("error", code="bad-field")
    bot.close_input()
    await bot.event("bye", code="quit")
    assert await bot.ended() == 0
    assert all(json.loads(line)["type"] for line in bot.out.lines)


@pytest_twisted.ensureDeferred
async def test_a_bot_can_be_in_several_rooms(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    bot = sandbox.connect("bot", daemon, "--json", "--room", "lobby", "--room", "dev")
    await bot.event("catchup", room="dev")
    member = await sandbox.member("alice", daemon, rooms={"dev": None})
    await bot.event("presence", room="dev", joined=["alice"])
    member.say("hello", room="dev")
    await bot.event("message", room="dev", text="hello")


# Its secret.


def secrets(sandbox: Sandbox) -> list[Path]:
    return sorted((sandbox.home / ".local" / "state" / "groupchat").glob("*@*"))


@pytest_twisted.ensureDeferred
async def test_a_second_terminal_is_somebody_else(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    first = sandbox.connect("alice", daemon, "--stay")
    await first.says("-- You are up to date.")
    second = sandbox.connect("alice", daemon, terminal=True)
    assert await second.ended() == 4
    one, other = secrets(sandbox)
    assert one.read_text() != other.read_text()
    assert {path.stat().st_mode & 0o777 for path in (one, other)} == {0o600}
    bob = await sandbox.nc("bob", daemon)
    bob.send("alice, are you there?")
    await first.says("bob: alice, are you there?")


@pytest_twisted.ensureDeferred
async def test_the_secret_is_kept_from_one_run_to_the_next(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    for _ in range(2):
        with open("/dev/null") as nothing:
            assert await sandbox.connect("alice", daemon, files={0: nothing}).ended() == 0
    (kept,) = secrets(sandbox)
    member = await sandbox.member("alice", daemon, client=kept.read_text().strip())
    connect = sandbox.connect("alice", daemon)
    await connect.says("-- You are up to date.")
    await member.event("bye", code="replaced")


# The daemon dies.


async def restarted(sandbox: Sandbox, daemon: Daemon) -> Daemon:
    await daemon.kill()
    return await sandbox.again(daemon, "--rate", "0")


@pytest_twisted.ensureDeferred
async def test_nothing_said_is_lost_or_said_twice_when_the_daemon_is_killed(sandbox: Sandbox):
    daemon = await sandbox.daemon("--rate", "0")
    watcher = await sandbox.member("watcher", daemon)
    texts = numbered("line", 4000)
    (sandbox.directory / "in").write_text("\n".join(texts))
    with open(sandbox.directory / "in") as said:
        alice = sandbox.connect("alice", daemon, files={0: said})
    await watcher.event("message", id=500)
    daemon = await restarted(sandbox, daemon)
    assert alice.status is None
    assert await alice.ended() == 0
    assert alice.err.text == ""
    assert await sandbox.kept(daemon) == texts


@pytest_twisted.ensureDeferred
async def test_nothing_heard_is_lost_or_heard_twice_when_the_daemon_is_killed(sandbox: Sandbox):
    daemon = await sandbox.daemon("--rate", "0")
    listener = sandbox.connect("listener", daemon, "--stay")
    await listener.says("-- You are up to date.")
    texts = numbered("line", 1000)
    speaker = await sandbox.member("speaker", daemon)
    speaker.say(*texts[:600], first=1)
    await listener.says("speaker: line 200")
    daemon = await restarted(sandbox, daemon)
    stored = len(await sandbox.kept(daemon))
    speaker = await sandbox.member("speaker", daemon)
    speaker.say(*texts[stored:], first=1)
    await listener.line(".*speaker: line 1000")
    assert re.findall("speaker: (.*)", listener.out.text) == texts
    assert listener.out.lines.count("-- Connected again.") == 1


@pytest_twisted.ensureDeferred
async def test_it_comes_back_from_a_restart_and_the_room_is_told_once(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    alice = sandbox.connect("alice", daemon, "--stay")
    await alice.says("-- You are up to date.")
    daemon = await restarted(sandbox, daemon)
    await alice.says("-- Connected again.")
    alice.send("I am back")
    bob = await sandbox.nc("bob", daemon)
    alice.send("hello, bob")
    await bob.says("alice: hello, bob")
    assert alice.out.text.count("Welcome to lobby") == 1


@pytest_twisted.ensureDeferred
async def test_what_could_not_be_delivered_is_kept_in_its_outbox_for_the_next_run(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    alice = sandbox.connect("alice", daemon, "--outbox", "outbox")
    await alice.says("-- You are up to date.")
    await daemon.kill()
    await alice.line("-- Connection lost.*")
    alice.send(*numbered("line", 3))
    await until(
        lambda: any(b"line 3" in file.read_bytes() for file in sandbox.directory.glob("outbox*")),
        "the last line there",
    )
    await alice.kill()
    daemon = await sandbox.again(daemon)
    with open("/dev/null") as nothing:
        assert (
            await sandbox.connect("alice", daemon, "--outbox", "outbox", files={0: nothing}).ended()
            == 0
        )
    assert await sandbox.kept(daemon) == numbered("line", 3)


@pytest_twisted.ensureDeferred
async def test_what_is_piped_to_an_outbox_is_kept_for_a_server_that_is_down(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    await daemon.stop()
    for text in ("one", "/two"):
        script = sandbox.shell(
            f"echo {text} | groupchat-connect --outbox outbox alice localhost $1", str(daemon.port)
        )
        assert await script.ended() == 7
    assert script.err.text.startswith("groupchat-connect: Connection refused ")
    assert script.err.text.endswith(" 2 lines are kept in outbox for the next run.\n")
    daemon = await sandbox.again(daemon)
    script = sandbox.shell(
        "echo three | groupchat-connect --outbox outbox alice localhost $1", str(daemon.port)
    )
    assert await script.ended() == 0
    assert await sandbox.kept(daemon) == ["one", "/two", "three"]


@pytest_twisted.ensureDeferred
async def test_scripts_with_one_outbox_wait_their_turn(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    command = (
        "for line in 1 2 3; do "
        "echo $line | groupchat-connect --outbox outbox alice localhost $1 & done; wait"
    )
    script = sandbox.shell(command, str(daemon.port))
    await script.ended(25)
    assert script.out.text + script.err.text == ""
    assert sorted(await sandbox.kept(daemon)) == ["1", "2", "3"]


# Terminals and pipes that others share.


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGTERM])
@pytest_twisted.ensureDeferred
async def test_terminals_and_pipes_stay_as_they_are_for_all_who_share_them(
    sandbox: Sandbox, signal_number: int
):
    daemon = await sandbox.daemon()
    ours, terminal = os.openpty()
    read, write = os.pipe()
    with (
        open(ours, "r+b", buffering=0),
        open(terminal, "r+b", buffering=0) as tty,
        open(read, "rb") as source,
        open(write, "wb"),
    ):
        person = sandbox.connect("alice", daemon, files={0: tty, 1: tty, 2: tty})
        script = sandbox.connect("bob", daemon, "--stay", files={0: source, 1: tty, 2: tty})
        await until(lambda: "alice" in daemon.out.text and "bob" in daemon.out.text, "both")
        for program in (person, script):
            assert os.get_blocking(terminal) and os.get_blocking(read) and os.get_blocking(write)
            program.signal(signal_number)
            await program.ended()
            assert os.get_blocking(terminal) and os.get_blocking(read) and os.get_blocking(write)


@pytest_twisted.ensureDeferred
async def test_a_terminal_that_nobody_reads_stops_nobody(sandbox: Sandbox):
    daemon = await sandbox.daemon("--rate", "0", "--idle-timeout", "3")
    bob = await sandbox.member("bob", daemon)
    ours, terminal = os.openpty()
    with open(ours, "r+b", buffering=0) as keys, open(terminal, "r+b", buffering=0) as tty:
        alice = sandbox.start(
            "groupchat-connect",
            "alice",
            "localhost",
            str(daemon.port),
            "--line",
            files={0: tty, 1: tty, 2: tty},
        )
        await bob.event("presence", joined=["alice"])
        bob.say(*numbered("line", 5000))
        await bob.event("message", id=5000)
        for _ in range(3):
            await bob.event("ping")
            bob.send({"type": "pong"})
        keys.write(b"still here\n")
        await bob.event("message", from_="alice", text="still here")
        await daemon.kill()
        keys.write(b"lost\n")
        alice.signal(signal.SIGTERM)
        assert await alice.ended() in (0, 5), "and it can be ended, whatever it still has to say"


# A terminal.


class Tmux:
    """A terminal in which a command runs."""

    def __init__(self, sandbox: Sandbox, command: list[str]) -> None:
        self._place = sandbox
        self._command = f"{shlex.join(command)}; printf '\\nended with %d\\n' $?; exec cat"

    async def __aenter__(self) -> Tmux:
        await self._tmux(
            "-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "30", self._command
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._tmux("kill-server")

    async def _tmux(self, *arguments: str) -> list[str]:
        return await self._place.run("tmux", *arguments)

    async def type(self, *keys: str) -> None:
        await self._tmux("send-keys", *keys)

    async def shows(self, line: str) -> None:
        """Wait until this line is on the screen."""
        end = time.monotonic() + LIMIT
        while line not in (screen := await self._tmux("capture-pane", "-p")):
            assert time.monotonic() < end, f"{line!r} is not on the screen:\n" + "\n".join(screen)


@pytest_twisted.ensureDeferred
async def test_a_person_at_a_terminal_types_and_reads(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    bob = await sandbox.nc("bob", daemon)
    async with Tmux(
        sandbox, ["groupchat-connect", "alice", "localhost", str(daemon.port), "--line"]
    ) as terminal:
        await terminal.shows("-- You are up to date.")
        await terminal.type("hello from a terminal", "Enter")
        await bob.says("alice: hello from a terminal")
        bob.send("hello from nc")
        await terminal.shows("bob: hello from nc")
        await terminal.type("C-d")
        await terminal.shows("ended with 0")


@pytest.mark.parametrize("keys", [["/quit", "Enter"], ["C-c"]])
@pytest_twisted.ensureDeferred
async def test_a_person_at_a_terminal_leaves(sandbox: Sandbox, keys: list[str]):
    daemon = await sandbox.daemon()
    async with Tmux(
        sandbox, ["groupchat-connect", "alice", "localhost", str(daemon.port), "--line"]
    ) as terminal:
        await terminal.shows("-- You are up to date.")
        await terminal.type(*keys)
        await terminal.shows("ended with 0")
        await daemon.line(".*alice left, .*")
