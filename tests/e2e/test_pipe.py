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

from tests.e2e.support import LIMIT, Daemon, Place, numbered, until


@pytest_twisted.ensureDeferred
async def test_each_line_is_said_and_stored_before_it_ends(place: Place):
    daemon = await place.daemon()
    lines = "printf '%s\\n' one /dev/vda '' /quit '//two' '/kick bob'; printf three"
    script = place.shell(f"({lines}) | groupchat-connect alice localhost $1", str(daemon.port))
    assert await script.ended() == 0
    assert script.out.text == script.err.text == ""
    await daemon.kill()
    assert await place.kept(await place.again(daemon)) == [
        "one",
        "/dev/vda",
        "/quit",
        "//two",
        "/kick bob",
        "three",
    ]


@pytest_twisted.ensureDeferred
async def test_what_is_not_said_is_counted_in_one_line_and_has_a_status(place: Place):
    daemon = await place.daemon()
    lines = [
        "good",
        b"caf\xe9".decode(errors="surrogateescape"),
        "x" * 5000,
        "\u3000",
        "y" * (1 << 21),
        "better",
    ]
    (place.directory / "in").write_bytes("\n".join(lines).encode(errors="surrogateescape"))
    with open(place.directory / "in") as said:
        script = place.pipe("alice", daemon, files={0: said})
        assert await script.ended() == 6
    assert script.out.text == ""
    assert script.err.text.startswith(
        "groupchat-connect: 3 lines were not said. The first: That line is"
    )
    assert len(script.err.lines) == 1
    assert await place.kept(daemon) == ["good", "better"]


@pytest_twisted.ensureDeferred
async def test_quiet_says_nothing_at_all(place: Place):
    daemon = await place.daemon()
    script = place.shell(
        "printf 'good\\n\\377\\n' | groupchat-connect --quiet alice localhost $1", str(daemon.port)
    )
    assert await script.ended() == 6
    await daemon.stop()
    other = place.shell(
        "echo lost | groupchat-connect --quiet alice localhost $1", str(daemon.port)
    )
    assert await other.ended() == 3
    wrong = place.start("groupchat-connect", "--quiet", "a b", "localhost", "1")
    assert await wrong.ended() == 2
    assert [program.out.text + program.err.text for program in (script, other, wrong)] == [""] * 3


@pytest_twisted.ensureDeferred
async def test_commands_in_a_pipe_get_their_answers_and_nothing_else(place: Place):
    daemon = await place.daemon()
    script = place.shell(
        "printf '/who\\nhello\\n' | groupchat-connect --commands alice localhost $1",
        str(daemon.port),
    )
    assert await script.ended() == 0
    assert (script.out.lines, script.err.text) == (["-- Here is 1: alice."], "")


@pytest_twisted.ensureDeferred
async def test_scripts_under_one_name_wait_their_turn(place: Place):
    daemon = await place.daemon()
    first = place.pipe("alice", daemon)
    first.send("first")
    watcher = await place.member("watcher", daemon, rooms={"lobby": {"after": 0}})
    await watcher.event("message", text="first")
    others = [
        place.shell(f"echo other {number} | groupchat-connect alice localhost $1", str(daemon.port))
        for number in range(3)
    ]
    await until(
        lambda: len(list((place.home / ".local/state/groupchat").glob("alice@*.[123]"))) == 3,
        "all at once",
    )
    first.close_input()
    assert [await script.ended(25) for script in (first, *others)] == [0] * 4
    assert [script.out.text + script.err.text for script in (first, *others)] == [""] * 4
    assert sorted(await place.kept(daemon)) == ["first", "other 0", "other 1", "other 2"]


@pytest_twisted.ensureDeferred
async def test_scripts_under_one_registered_name_wait_their_turn(place: Place):
    daemon = await place.daemon()
    register = place.shell(
        "echo /register hush | groupchat-connect --commands alice localhost $1", str(daemon.port)
    )
    assert await register.ended() == 0, register.err.text
    command = "for line in 1 2 3; do echo $line | groupchat-connect alice localhost $1 & done; wait"
    script = place.shell(command, str(daemon.port))
    await script.ended(25)
    assert script.out.text + script.err.text == ""
    assert sorted(await place.kept(daemon)) == ["1", "2", "3"]


@pytest_twisted.ensureDeferred
async def test_what_was_piped_to_a_server_that_is_down_is_counted(place: Place):
    daemon = await place.daemon()
    await daemon.stop()
    script = place.shell("seq 5000 | groupchat-connect alice localhost $1", str(daemon.port))
    assert await script.ended() == 3
    assert script.err.text.strip().endswith("5000 lines were not said.")


@pytest_twisted.ensureDeferred
async def test_it_prints_what_others_say_as_on_the_plain_wire_but_not_its_own_lines(place: Place):
    daemon = await place.daemon()
    bob = await place.nc("bob", daemon)
    bob.send("early")
    alice = place.connect("alice", daemon)
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
async def test_a_line_with_a_slash_can_be_a_command(place: Place):
    daemon = await place.daemon()
    script = place.shell(
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
    assert await place.kept(daemon) == []


@pytest.mark.parametrize("options", [["--room", "dev"], ["--room=dev"]])
@pytest_twisted.ensureDeferred
async def test_room_is_where_it_talks(place: Place, options: list[str]):
    daemon = await place.daemon()
    member = await place.member("bob", daemon, rooms={"dev": None, "lobby": None})
    script = place.connect("alice", daemon, *options)
    script.send("hello")
    script.close_input()
    assert await script.ended() == 0
    await member.event("message", room="dev", text="hello")
    assert await place.kept(daemon) == []


@pytest_twisted.ensureDeferred
async def test_options_stand_before_or_after_name_host_and_port(place: Place):
    daemon = await place.daemon()
    before = place.start(
        "groupchat-connect", "--room", "dev", "--stay", "alice", "localhost", str(daemon.port)
    )
    between = place.start(
        "groupchat-connect", "bob", "--stay", "localhost", "--room=dev", str(daemon.port)
    )
    for program in (before, between):
        await program.line("-- Welcome to dev, .*")


# Its input.


@pytest_twisted.ensureDeferred
async def test_nothing_to_say_is_a_good_end(place: Place):
    daemon = await place.daemon()
    with open("/dev/null") as nothing:
        connect = place.connect("alice", daemon, files={0: nothing})
    assert await connect.ended() == 0
    assert connect.out.lines[-2:] == ["-- You are up to date.", "-- Bye."]


@pytest_twisted.ensureDeferred
async def test_a_file_is_said_line_by_line_and_the_answers_go_to_another(place: Place):
    daemon = await place.daemon("--rate", "0")
    texts = numbered("line", 2000)
    (place.directory / "in").write_text("\n".join(texts))
    with open(place.directory / "in") as said, open(place.directory / "out", "w") as heard:
        connect = place.connect("alice", daemon, files={0: said, 1: heard})
        assert await connect.ended() == 0
    assert (place.directory / "out").read_text().endswith("-- You are up to date.\n-- Bye.\n")
    assert await place.kept(daemon) == texts


@pytest_twisted.ensureDeferred
async def test_a_fast_talker_is_slowed_and_loses_nothing(place: Place):
    daemon = await place.daemon("--rate", "500", "--burst", "10")
    texts = numbered("line", 600)
    connect = place.connect("alice", daemon)
    connect.send(*texts)
    connect.close_input()
    assert await connect.ended() == 0
    assert await place.kept(daemon) == texts


@pytest_twisted.ensureDeferred
async def test_stay_listens_when_its_input_has_ended(place: Place):
    daemon = await place.daemon()
    with open("/dev/null") as nothing:
        alice = place.connect("alice", daemon, "--stay", files={0: nothing})
    await alice.says("-- You are up to date.")
    bob = await place.member("bob", daemon)
    bob.say("are you still there?")
    await alice.says("bob: are you still there?")
    alice.signal(signal.SIGTERM)
    assert await alice.ended() == 0


@pytest_twisted.ensureDeferred
async def test_everything_is_said_though_nobody_reads_and_the_status_tells(place: Place):
    daemon = await place.daemon("--rate", "0")
    read, write = os.pipe()
    os.close(read)
    with open(write, "wb") as unread, open("/dev/full", "wb") as full:
        scripts = [
            place.pipe("alice", daemon, "--show", "--stay", files={1: unread}),
            place.pipe("bob", daemon, "--show", files={1: full}),
            place.shell("exec groupchat-connect --show carol localhost $1 >&-", str(daemon.port)),
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
    kept = await place.kept(daemon)
    for why in ("Broken pipe", "No space left on device", "Bad file descriptor"):
        assert [text for text in kept if text.startswith(why)] == numbered(why, 3000)


@pytest_twisted.ensureDeferred
async def test_it_ends_when_nobody_reads_it_any_more(place: Place):
    daemon = await place.daemon()
    script = place.shell(
        "groupchat-connect --stay alice localhost $1 </dev/null | head -n 1", str(daemon.port)
    )
    await script.line("-- Welcome to lobby, alice.*")
    await daemon.line(".*alice left, .*")
    assert await script.ended() == 0


# Programs.


@pytest_twisted.ensureDeferred
async def test_json_passes_lines_through_both_ways(place: Place):
    daemon = await place.daemon()
    bob = await place.member("bob", daemon)
    bot = place.connect("bot", daemon, "--json")
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
async def test_a_bot_can_be_in_several_rooms(place: Place):
    daemon = await place.daemon()
    bot = place.connect("bot", daemon, "--json", "--room", "lobby", "--room", "dev")
    await bot.event("catchup", room="dev")
    member = await place.member("alice", daemon, rooms={"dev": None})
    await bot.event("presence", room="dev", joined=["alice"])
    member.say("hello", room="dev")
    await bot.event("message", room="dev", text="hello")


# Its secret.


def secrets(place: Place) -> list[Path]:
    return sorted((place.home / ".local" / "state" / "groupchat").glob("*@*"))


@pytest_twisted.ensureDeferred
async def test_a_second_terminal_is_somebody_else(place: Place):
    daemon = await place.daemon()
    first = place.connect("alice", daemon, "--stay")
    await first.says("-- You are up to date.")
    second = place.connect("alice", daemon, terminal=True)
    assert await second.ended() == 4
    one, other = secrets(place)
    assert one.read_text() != other.read_text()
    assert {path.stat().st_mode & 0o777 for path in (one, other)} == {0o600}
    bob = await place.nc("bob", daemon)
    bob.send("alice, are you there?")
    await first.says("bob: alice, are you there?")


@pytest_twisted.ensureDeferred
async def test_the_secret_is_kept_from_one_run_to_the_next(place: Place):
    daemon = await place.daemon()
    for _ in range(2):
        with open("/dev/null") as nothing:
            assert await place.connect("alice", daemon, files={0: nothing}).ended() == 0
    (kept,) = secrets(place)
    member = await place.member("alice", daemon, client=kept.read_text().strip())
    connect = place.connect("alice", daemon)
    await connect.says("-- You are up to date.")
    await member.event("bye", code="replaced")


# The daemon dies.


async def restarted(place: Place, daemon: Daemon) -> Daemon:
    await daemon.kill()
    return await place.again(daemon, "--rate", "0")


@pytest_twisted.ensureDeferred
async def test_nothing_said_is_lost_or_said_twice_when_the_daemon_is_killed(place: Place):
    daemon = await place.daemon("--rate", "0")
    watcher = await place.member("watcher", daemon)
    texts = numbered("line", 4000)
    (place.directory / "in").write_text("\n".join(texts))
    with open(place.directory / "in") as said:
        alice = place.connect("alice", daemon, files={0: said})
    await watcher.event("message", id=500)
    daemon = await restarted(place, daemon)
    assert alice.status is None
    assert await alice.ended() == 0
    assert alice.err.text == ""
    assert await place.kept(daemon) == texts


@pytest_twisted.ensureDeferred
async def test_nothing_heard_is_lost_or_heard_twice_when_the_daemon_is_killed(place: Place):
    daemon = await place.daemon("--rate", "0")
    listener = place.connect("listener", daemon, "--stay")
    await listener.says("-- You are up to date.")
    texts = numbered("line", 1000)
    speaker = await place.member("speaker", daemon)
    speaker.say(*texts[:600], first=1)
    await listener.says("speaker: line 200")
    daemon = await restarted(place, daemon)
    stored = len(await place.kept(daemon))
    speaker = await place.member("speaker", daemon)
    speaker.say(*texts[stored:], first=1)
    await listener.line(".*speaker: line 1000")
    assert re.findall("speaker: (.*)", listener.out.text) == texts
    assert listener.out.lines.count("-- Connected again.") == 1


@pytest_twisted.ensureDeferred
async def test_it_comes_back_from_a_restart_and_the_room_is_told_once(place: Place):
    daemon = await place.daemon()
    alice = place.connect("alice", daemon, "--stay")
    await alice.says("-- You are up to date.")
    daemon = await restarted(place, daemon)
    await alice.says("-- Connected again.")
    alice.send("I am back")
    bob = await place.nc("bob", daemon)
    alice.send("hello, bob")
    await bob.says("alice: hello, bob")
    assert alice.out.text.count("Welcome to lobby") == 1


@pytest_twisted.ensureDeferred
async def test_what_could_not_be_delivered_is_kept_in_its_outbox_for_the_next_run(place: Place):
    daemon = await place.daemon()
    alice = place.connect("alice", daemon, "--outbox", "outbox")
    await alice.says("-- You are up to date.")
    await daemon.kill()
    await alice.line("-- Connection lost.*")
    alice.send(*numbered("line", 3))
    await until(
        lambda: any(b"line 3" in file.read_bytes() for file in place.directory.glob("outbox*")),
        "the last line there",
    )
    await alice.kill()
    daemon = await place.again(daemon)
    with open("/dev/null") as nothing:
        assert (
            await place.connect("alice", daemon, "--outbox", "outbox", files={0: nothing}).ended()
            == 0
        )
    assert await place.kept(daemon) == numbered("line", 3)


@pytest_twisted.ensureDeferred
async def test_what_is_piped_to_an_outbox_is_kept_for_a_server_that_is_down(place: Place):
    daemon = await place.daemon()
    await daemon.stop()
    for text in ("one", "/two"):
        script = place.shell(
            f"echo {text} | groupchat-connect --outbox outbox alice localhost $1", str(daemon.port)
        )
        assert await script.ended() == 7
    assert script.err.text.startswith("groupchat-connect: Connection refused ")
    assert script.err.text.endswith(" 2 lines are kept in outbox for the next run.\n")
    daemon = await place.again(daemon)
    script = place.shell(
        "echo three | groupchat-connect --outbox outbox alice localhost $1", str(daemon.port)
    )
    assert await script.ended() == 0
    assert await place.kept(daemon) == ["one", "/two", "three"]


@pytest_twisted.ensureDeferred
async def test_scripts_with_one_outbox_wait_their_turn(place: Place):
    daemon = await place.daemon()
    command = "for line in 1 2 3; do echo $line | groupchat-connect --outbox outbox alice localhost $1 & done; wait"
    script = place.shell(command, str(daemon.port))
    await script.ended(25)
    assert script.out.text + script.err.text == ""
    assert sorted(await place.kept(daemon)) == ["1", "2", "3"]


# Terminals and pipes that others share.


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGTERM])
@pytest_twisted.ensureDeferred
async def test_terminals_and_pipes_stay_as_they_are_for_all_who_share_them(
    place: Place, signal_number: int
):
    daemon = await place.daemon()
    ours, terminal = os.openpty()
    read, write = os.pipe()
    with (
        open(ours, "r+b", buffering=0),
        open(terminal, "r+b", buffering=0) as tty,
        open(read, "rb") as source,
        open(write, "wb"),
    ):
        person = place.connect("alice", daemon, files={0: tty, 1: tty, 2: tty})
        script = place.connect("bob", daemon, "--stay", files={0: source, 1: tty, 2: tty})
        await until(lambda: "alice" in daemon.out.text and "bob" in daemon.out.text, "both")
        for program in (person, script):
            assert os.get_blocking(terminal) and os.get_blocking(read) and os.get_blocking(write)
            program.signal(signal_number)
            await program.ended()
            assert os.get_blocking(terminal) and os.get_blocking(read) and os.get_blocking(write)


@pytest_twisted.ensureDeferred
async def test_a_terminal_that_nobody_reads_stops_nobody(place: Place):
    daemon = await place.daemon("--rate", "0", "--idle-timeout", "3")
    bob = await place.member("bob", daemon)
    ours, terminal = os.openpty()
    with open(ours, "r+b", buffering=0) as keys, open(terminal, "r+b", buffering=0) as tty:
        alice = place.start(
            "groupchat-connect",
            "alice",
            "localhost",
            str(daemon.port),
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

    def __init__(self, place: Place, command: list[str]) -> None:
        self._place = place
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
async def test_a_person_at_a_terminal_types_and_reads(place: Place):
    daemon = await place.daemon()
    bob = await place.nc("bob", daemon)
    async with Tmux(
        place, ["groupchat-connect", "alice", "localhost", str(daemon.port)]
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
async def test_a_person_at_a_terminal_leaves(place: Place, keys: list[str]):
    daemon = await place.daemon()
    async with Tmux(
        place, ["groupchat-connect", "alice", "localhost", str(daemon.port)]
    ) as terminal:
        await terminal.shows("-- You are up to date.")
        await terminal.type(*keys)
        await terminal.shows("ended with 0")
        await daemon.line(".*alice left, .*")
