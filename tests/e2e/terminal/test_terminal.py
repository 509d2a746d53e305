"""
The full-screen client in a real terminal.
"""

from __future__ import annotations

import os
import signal
import termios
from collections.abc import Awaitable, Callable

import pytest
import pytest_twisted
from twisted.internet.threads import deferToThread

from tests.e2e.support import Daemon, Program, Sandbox, numbered, until
from tests.e2e.terminal.tmux import Terminal

EMOJI = "a 👩‍👩‍👧 b 🇨🇦 c ❤️ d 👋🏻 e é f 早上好 g שלום h"


def command(daemon: Daemon, name: str = "alice", *options: str) -> list[str]:
    return ["groupchat-connect", name, "localhost", str(daemon.port), *options]


async def told(terminal: Terminal) -> None:
    """Wait until the client is in its room."""
    await terminal.until(lambda rows: "lobby" in rows[-2] and "connecting" not in rows[-2], "lobby")


@pytest_twisted.ensureDeferred
async def test_two_people_talk(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    bob = await sandbox.nc("bob", daemon)
    async with Terminal(sandbox, command(daemon)) as terminal:
        await told(terminal)
        await terminal.type("hello from a terminal", "Enter")
        await bob.says("alice: hello from a terminal")
        bob.send("alice: hello from nc")
        await terminal.shows("bob  alice: hello from nc")
        found = await terminal.asks("#{alternate_on} #{pane_title}")
        assert found.startswith("1 groupchat: lobby")
        await terminal.press("C-d")
        await terminal.shows("ended with 0")
        await terminal.shows("echoes")
        assert await terminal.asks("#{alternate_on} #{cursor_flag}") == "0 1"


@pytest_twisted.ensureDeferred
async def test_a_flood_does_not_touch_the_line_that_is_typed(sandbox: Sandbox):
    daemon = await sandbox.daemon("--rate", "0")
    bob = await sandbox.member("bob", daemon)
    async with Terminal(sandbox, command(daemon)) as terminal:
        await told(terminal)
        words = "the line stays as it is while the others talk".split()
        for number, word in enumerate(words):
            bob.say(*numbered(f"flood {number}", 300), first=1 + 300 * number)
            await terminal.type(f"{word} ")
        await bob.event("message", id=300 * len(words))
        await terminal.shows(f"flood {len(words) - 1}")
        await terminal.line("alice> the line stays as it is while the others talk")
        x, y = (await terminal.asks("#{cursor_x} #{cursor_y}")).split()
        assert (int(x), int(y)) == (len("alice> ") + len(" ".join(words)) + 1, 23)


@pytest_twisted.ensureDeferred
async def test_the_window_may_have_any_size(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    bob = await sandbox.nc("bob", daemon)
    sizes = [90, 80, 70, 60, 50, 40, 30, 20, 19, 40, 60, 90, 120, 100]
    async with Terminal(sandbox, command(daemon)) as terminal:
        await told(terminal)
        bob.send("a text that is long enough to need two rows in a narrow window")
        await terminal.shows("a text")
        await terminal.type("begun")
        for width in sizes:
            await terminal.resize(width, 20)
            if width < 20:
                await terminal.shows("Make the window la")
            else:
                await terminal.line("alice> begun")
        screen = await terminal.shows("a text that is long enough to need two rows in a narrow")
        assert len([row for row in screen if "alice>" in row]) == 1
        await terminal.resize(100, 4)
        await terminal.shows("Make the window larger.")


@pytest_twisted.ensureDeferred
async def test_pasted_lines_go_into_the_line(sandbox: Sandbox):
    daemon = await sandbox.daemon("--rate", "0")
    bob = await sandbox.nc("bob", daemon)
    async with Terminal(sandbox, command(daemon)) as terminal:
        await told(terminal)
        await terminal.paste("one\ntwo\nthree")
        await terminal.line("alice> one⏎two⏎three")
        await terminal.press("Enter")
        for text in ("one", "two", "three"):
            await bob.says(f"alice: {text}")
        await terminal.paste("\n".join(numbered("line", 300)))
        await terminal.shows("line 299")
        await terminal.press("Enter")
        await terminal.line("Say 300 lines? y, n, or e to edit them:")
        await terminal.type("y")
        for text in numbered("line", 300):
            await bob.says(f"alice: {text}")


@pytest_twisted.ensureDeferred
async def test_letters_of_several_characters_keep_their_cells_however_often_they_are_painted(
    sandbox: Sandbox,
):
    daemon = await sandbox.daemon()
    bob = await sandbox.nc("bob", daemon)
    async with Terminal(sandbox, command(daemon)) as terminal:
        await told(terminal)
        bob.send(EMOJI)
        row = (await terminal.shows("bob  a 👩"))[-3]
        assert row.endswith(f"bob  {EMOJI}")
        for number in range(10):
            bob.send(f"repaint {number}")
            await terminal.shows(f"repaint {number}")
        await terminal.press("C-l")
        assert row in await terminal.shows("repaint 9")
        await terminal.type(EMOJI, "C-l")
        await terminal.line(f"alice> {EMOJI}")
        await terminal.press("BSpace", "BSpace", "Enter")
        await bob.says(f"alice: {EMOJI[:-2]}")


@pytest_twisted.ensureDeferred
async def test_a_killed_server_costs_nothing_that_is_typed(sandbox: Sandbox):
    daemon = await sandbox.daemon("--ledger", "sqlite:chat.db")
    async with Terminal(sandbox, command(daemon)) as terminal:
        await told(terminal)
        await terminal.type("before", "Enter")
        await terminal.until(lambda rows: "…" not in rows[-3], "a stored line")
        await daemon.kill()
        await terminal.type("said while it is away", "Enter")
        await terminal.shows("1 line waits")
        await terminal.type("half a li")
        again = await sandbox.again(daemon, "--ledger", "sqlite:chat.db")
        await terminal.press("C-l")
        await terminal.until(lambda rows: "waits" not in rows[-2] and "again" not in rows[-2], "it")
        await terminal.line("alice> half a li")
        assert await sandbox.kept(again) == ["before", "said while it is away"]


@pytest_twisted.ensureDeferred
async def test_leaving_with_a_line_that_is_not_stored_is_asked_about(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    async with Terminal(sandbox, command(daemon)) as terminal:
        await told(terminal)
        await daemon.kill()
        await terminal.type("too late", "Enter")
        await terminal.press("C-c", "C-c")
        await terminal.line("1 line is not stored. Leave? y or n:")
        await terminal.type("y")
        await terminal.shows("groupchat-connect: 1 line was not said.")
        await terminal.shows("ended with 6")


@pytest_twisted.ensureDeferred
async def test_ctrl_c_clears_the_line_and_twice_leaves(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    async with Terminal(sandbox, command(daemon)) as terminal:
        await told(terminal)
        await terminal.type("begun")
        await terminal.press("C-c")
        await terminal.line("alice>")
        await terminal.press("C-c", "C-c")
        await terminal.shows("ended with 0")


@pytest.mark.parametrize("term", ["linux", "vt100", "ansi", "screen", "xterm-256color"])
@pytest_twisted.ensureDeferred
async def test_terminals_of_all_kinds(sandbox: Sandbox, term: str):
    daemon = await sandbox.daemon()
    bob = await sandbox.nc("bob", daemon)
    async with Terminal(sandbox, command(daemon), environment={"TERM": term}) as terminal:
        await told(terminal)
        bob.send("alice: hello")
        await terminal.shows("bob  alice: hello")
        await terminal.press("C-d")
        await terminal.shows("ended with 0")


@pytest.mark.parametrize("term", ["dumb", ""])
@pytest_twisted.ensureDeferred
async def test_a_terminal_without_a_cursor_shows_lines(sandbox: Sandbox, term: str):
    daemon = await sandbox.daemon()
    async with Terminal(sandbox, command(daemon), environment={"TERM": term}) as terminal:
        await terminal.shows("-- You are up to date.")
        await terminal.press("C-d")
        await terminal.shows("ended with 0")


@pytest.mark.parametrize("options", [["--no-color"], []])
@pytest_twisted.ensureDeferred
async def test_without_colours_there_are_none(sandbox: Sandbox, options: list[str]):
    daemon = await sandbox.daemon()
    bob = await sandbox.nc("bob", daemon)
    environment = {"TERM": "xterm-256color"} | ({} if options else {"NO_COLOR": "1"})
    async with Terminal(
        sandbox, command(daemon, "alice", *options), environment=environment
    ) as terminal:
        await told(terminal)
        bob.send("alice: hello")
        await terminal.shows("bob  alice: hello")
        colours = [
            row for row in await terminal.screen("-e") if "\033[3" in row.replace("\033[39", "")
        ]
        assert colours == []


@pytest_twisted.ensureDeferred
async def test_names_have_colours(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    bob = await sandbox.nc("bob", daemon)
    async with Terminal(
        sandbox, command(daemon), environment={"TERM": "xterm-256color"}
    ) as terminal:
        await told(terminal)
        bob.send("hello")
        await terminal.shows("bob  hello")
        assert any("\033[38;5;" in row and "bob" in row for row in await terminal.screen("-e"))


@pytest_twisted.ensureDeferred
async def test_ctrl_z_suspends_and_fg_goes_on(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    bob = await sandbox.nc("bob", daemon)
    async with Terminal(sandbox, ["bash", "--norc", "-i"]) as terminal:
        await terminal.shows("bash-")
        await terminal.type(" ".join(command(daemon)), "Enter")
        await told(terminal)
        await terminal.type("begun")
        await terminal.press("C-z")
        await terminal.shows("Stopped")
        assert await terminal.asks("#{alternate_on}") == "0"
        bob.send("hello meanwhile")
        await terminal.type("echo sh''ell; fg", "Enter")
        await terminal.shows("hello meanwhile")
        await terminal.line("alice> begun")


@pytest_twisted.ensureDeferred
async def test_a_long_text_is_written_in_an_editor(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    bob = await sandbox.nc("bob", daemon)
    editor = sandbox.directory / "editor"
    editor.write_text('#!/bin/sh\nprintf " in an editor" >> "$1"\n')
    editor.chmod(0o755)
    async with Terminal(sandbox, command(daemon), environment={"VISUAL": str(editor)}) as terminal:
        await told(terminal)
        await terminal.type("written")
        await terminal.press("M-e")
        await terminal.line("alice> written in an editor")
        await terminal.press("Enter")
        await bob.says("alice: written in an editor")


@pytest_twisted.ensureDeferred
async def test_plain_lines_are_for_the_terminal_s_own_selection(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    bob = await sandbox.nc("bob", daemon)
    async with Terminal(sandbox, command(daemon)) as terminal:
        await told(terminal)
        bob.send("hello")
        await terminal.shows("bob  hello")
        await terminal.press("M-l")
        await terminal.shows("] bob: hello")
        assert await terminal.asks("#{alternate_on}") == "0"
        await terminal.press("Enter")
        await terminal.shows("bob  hello")
        assert await terminal.asks("#{alternate_on}") == "1"


@pytest_twisted.ensureDeferred
async def test_a_second_terminal_of_a_guest_needs_another_name(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    async with Terminal(sandbox, command(daemon)) as first:
        await told(first)
        async with Terminal(sandbox, command(daemon), "second") as second:
            await second.until(lambda rows: rows[-1].endswith("Another name:"), "a question")
            await second.type("alice2", "Enter")
            await first.shows("alice2 joined.")
            await second.line("alice2>")


@pytest_twisted.ensureDeferred
async def test_a_server_that_is_not_there_leaves_the_terminal_as_it_was(sandbox: Sandbox):
    async with Terminal(sandbox, ["groupchat-connect", "alice", "localhost", "1"]) as terminal:
        await terminal.shows("ended with 3")
        await terminal.shows("echoes")
        assert await terminal.asks("#{alternate_on}") == "0"


@pytest_twisted.ensureDeferred
async def test_a_changed_certificate_is_told_below_a_terminal_as_it_was(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    host_key = f"0.0.0.0:{daemon.port}"  # this machine, by an address that could be another's
    known = sandbox.home / ".local/state/groupchat/known_hosts"
    known.parent.mkdir(parents=True)
    known.write_text(f"{host_key} SHA256:{'A' * 43}\n")
    line = ["groupchat-connect", "alice", "0.0.0.0", str(daemon.port)]
    async with Terminal(sandbox, line, size=(200, 24)) as terminal:
        await terminal.shows("ended with 4")
        rows = await terminal.shows("echoes")
        assert await terminal.asks("#{alternate_on}") == "0"
    said = "".join(rows)
    assert f"The certificate of {host_key} is SHA256:" in said
    assert "Somebody may be in between, or the server was set up again." in said
    assert "If you know that it was: remove line 1 of" in said and "--fingerprint" in said
    assert known.read_text() == f"{host_key} SHA256:{'A' * 43}\n"


@pytest_twisted.ensureDeferred
async def test_words_of_a_muted_member_are_back_in_the_line(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    async with Terminal(sandbox, command(daemon)) as terminal:
        await told(terminal)
        await sandbox.run("groupchat-admin", "mute", "alice", "1h")
        await terminal.type("what I have to say", "Enter")
        await terminal.shows("Not said, and back in your line: You are muted")
        await terminal.line("alice> what I have to say")
        await sandbox.run("groupchat-admin", "unmute", "alice")
        await terminal.press("Enter")
        await terminal.line("alice>")
        await terminal.shows("alice  what I have to say")


# A terminal whose other end the test holds.


class Pty:
    """A terminal that nobody reads but the test."""

    def __init__(self) -> None:
        self.ours, self.theirs = os.openpty()
        termios.tcsetwinsize(self.ours, (24, 80))
        self.before = termios.tcgetattr(self.theirs)

    def __enter__(self) -> Pty:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.theirs)
        if self.ours >= 0:
            os.close(self.ours)

    def start(self, sandbox: Sandbox, daemon: Daemon) -> Program:
        with open(os.dup(self.theirs), "r+b", buffering=0) as tty:
            return sandbox.start(*command(daemon), files={0: tty, 1: tty, 2: tty})

    @property
    def restored(self) -> bool:
        return termios.tcgetattr(self.theirs) == self.before


#: Seconds that nobody reads the terminal. 70 are longer than the client and the server wait for
#: each other: GROUPCHAT_UNREAD_SECONDS=70.
UNREAD = float(os.environ.get("GROUPCHAT_UNREAD_SECONDS", "0"))


@pytest.mark.slow
@pytest.mark.limit(120 + UNREAD)
@pytest_twisted.ensureDeferred
async def test_a_terminal_that_nobody_reads_costs_frames_and_not_the_connection(sandbox: Sandbox):
    daemon = await sandbox.daemon("--rate", "0", "--idle-timeout", "3")
    with Pty() as pty:
        alice = pty.start(sandbox, daemon)
        await daemon.line(".*alice joined from.*")
        bob = await sandbox.member("bob", daemon)  # it has 3 s for each of its next lines
        for batch in range(20):
            bob.say(*numbered(f"line {batch}", 500), first=1 + 500 * batch)
            await bob.event("message", id=500 * (batch + 1))
        for _ in range(max(3, int(UNREAD / 2))):  # the server asks every two seconds
            await bob.event("ping")
            bob.send({"type": "pong"})
        os.write(pty.ours, b"still here\r")
        await bob.event("message", from_="alice", text="still here")
        assert alice.memory < 100 << 10
        alice.signal(signal.SIGTERM)
        assert await alice.ended() == 0
        assert pty.restored and os.get_blocking(pty.theirs)


async def terminate(program: Program, pty: Pty) -> int:
    program.signal(signal.SIGTERM)
    return await program.ended()


async def hang_up(program: Program, pty: Pty) -> int:
    program.signal(signal.SIGHUP)
    return await program.ended()


async def stop_and_continue(program: Program, pty: Pty) -> int:
    program.signal(signal.SIGSTOP)
    program.signal(signal.SIGCONT)
    os.write(pty.ours, b"\x04")
    return await program.ended()


@pytest.mark.parametrize("end", [terminate, hang_up, stop_and_continue])
@pytest_twisted.ensureDeferred
async def test_a_signal_leaves_the_terminal_as_it_was(
    sandbox: Sandbox, end: Callable[[Program, Pty], Awaitable[int]]
):
    daemon = await sandbox.daemon()
    with Pty() as pty:
        alice = pty.start(sandbox, daemon)
        await until(lambda: "alice" in daemon.out.text, "alice")
        assert not pty.restored
        assert await end(alice, pty) == 0
        assert pty.restored


@pytest_twisted.ensureDeferred
async def test_a_terminal_that_closes_ends_the_client(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    with Pty() as pty:
        alice = pty.start(sandbox, daemon)
        await until(lambda: "alice joined" in daemon.out.text, "alice")
        os.close(pty.ours)
        pty.ours = -1
        assert await alice.ended() == 0
        await daemon.line(".*alice left, .*")


@pytest_twisted.ensureDeferred
async def test_a_first_run_asks_and_a_second_one_offers_the_answer(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    async with Terminal(sandbox, ["groupchat-connect"], "first") as first:
        await first.shows("Your name")
        await first.type("carol", "Enter")
        await first.shows("Server, as HOST or HOST:PORT")
        await first.type(f"localhost:{daemon.port}", "Enter")
        await first.line("carol>")
        await told(first)
        await first.press("C-d")
        await first.shows("ended with 0")
    async with Terminal(sandbox, ["groupchat-connect"], "second") as second:
        await second.shows(f"1  carol at localhost, port {daemon.port}")
        await second.press("Enter")
        await second.line("carol>")


@pytest_twisted.ensureDeferred
async def test_a_registered_name_is_on_two_terminals_at_once(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    async with Terminal(sandbox, command(daemon)) as first:
        await told(first)
        await first.type("/register tea-at-four-with-cake", "Enter")
        await first.shows("/register: done.")
        environment = {"XDG_STATE_HOME": str(sandbox.directory / "another machine")}
        async with Terminal(sandbox, command(daemon), "second", environment=environment) as second:
            await second.line("Password for alice:")
            await second.type("tea-at-four-with-cake", "Enter")
            await second.line("alice>")
            await second.type("from the second", "Enter")
            await first.shows("alice  from the second")
            await first.type("/edit corrected on the first", "Enter")
            await second.shows("alice  corrected on the first (edited)")


@pytest_twisted.ensureDeferred
async def test_a_program_of_the_person_s_own_tells_of_a_mention(sandbox: Sandbox):
    settings = sandbox.home / ".config" / "groupchat" / "connect.toml"
    settings.parent.mkdir(parents=True)
    script = 'cat > told; echo "$GROUPCHAT_FROM in $GROUPCHAT_ROOM" >> told; exit 3'
    settings.write_text(f"notify = \"command\"\ncommand = ['sh', '-c', '{script}']\n")
    daemon = await sandbox.daemon()
    bob = await sandbox.member("bob", daemon, rooms={"dev": None})
    rooms = ["--room", "lobby", "--room", "dev"]
    async with Terminal(sandbox, command(daemon, "alice", *rooms)) as terminal:
        await bob.event("presence", joined=["alice"])
        bob.say("alice: $(touch never)", room="dev")
        await terminal.shows("The program that notifies you, sh, ended with 3.")
        told = (sandbox.directory / "told").read_text()
        assert told == "alice: $(touch never)\nbob in dev\n"
        assert not (sandbox.directory / "never").exists()


@pytest_twisted.ensureDeferred
async def test_links_are_links_of_the_terminal(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    sandbox.environment["TERM_PROGRAM"] = "WezTerm"
    with Pty() as pty:
        alice = pty.start(sandbox, daemon)
        await daemon.line(".*alice joined from.*")
        bob = await sandbox.member("bob", daemon)
        bob.say("see https://a.example/x, and javascript:alert(1)")
        shown = ""
        while "https://a.example/x\033\\" not in shown:
            shown += await deferToThread(lambda: os.read(pty.ours, 1 << 16).decode())
        assert "]8;id=" in shown and ";javascript" not in shown
        alice.signal(signal.SIGTERM)
        assert await alice.ended() == 0
