"""
People with nc and telnet, scripts and programs in one room, and the log that the operator reads.
"""

from __future__ import annotations

import os

import pytest_twisted

from tests.e2e.support import Sandbox, numbered, until


@pytest_twisted.ensureDeferred
async def test_two_people_with_nc_talk(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    alice = await sandbox.nc("alice", daemon)
    bob = await sandbox.nc("bob", daemon)
    await alice.says("-- bob joined.")
    alice.send("hello")
    await bob.says("alice: hello")
    bob.send("hello yourself")
    await alice.says("bob: hello yourself")
    assert "alice: hello" not in alice.out.lines


@pytest_twisted.ensureDeferred
async def test_nc_is_asked_for_a_name_and_told_what_is_wrong_with_it(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    await sandbox.nc("alice", daemon)
    guest = sandbox.start("nc", "localhost", str(daemon.port))
    await guest.says("What is your name?")
    for name in ("", "not a name", "root", "Alice"):
        guest.send(name)
        await guest.line("! .*")
    guest.send("bob")
    await guest.line(r"-- Welcome to lobby, bob\. 2 here: alice, bob\. .*")


@pytest_twisted.ensureDeferred
async def test_telnet_talks(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    bob = await sandbox.nc("bob", daemon)
    alice = sandbox.start("telnet", "localhost", str(daemon.port), terminal=True)
    await alice.says("What is your name?")
    alice.send("alice")
    await alice.says("-- You are up to date.")
    alice.send("hello from telnet")
    await bob.says("alice: hello from telnet")
    bob.send("hello from nc")
    await alice.says("bob: hello from nc")
    alice.send("/quit")
    await alice.says("-- Bye.")
    await alice.ended()


@pytest_twisted.ensureDeferred
async def test_ctrl_c_in_telnet_makes_nobody_deaf_and_ctrl_d_ends(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    bob = await sandbox.nc("bob", daemon)
    alice = sandbox.start("telnet", "localhost", str(daemon.port), terminal=True)
    await alice.says("What is your name?")
    alice.send("alice")
    await alice.says("-- You are up to date.")
    for word in ("one", "two"):
        alice.press("\x03")
        bob.send(word)
        await alice.line(rf"(\^C)?bob: {word}")
    alice.send("still here")
    await bob.says("alice: still here")
    alice.press("\x04")
    await bob.says("-- alice left.")
    await alice.ended()


@pytest_twisted.ensureDeferred
async def test_a_script_s_last_word_is_said_though_it_ends_at_once(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    bob = await sandbox.nc("bob", daemon)
    script = sandbox.shell(
        "printf '%s\\n' cron 'the backup is done' 'good night' | nc -N localhost $1",
        str(daemon.port),
    )
    await bob.says("cron: the backup is done")
    await bob.says("cron: good night")
    await bob.says("-- cron left.")
    assert await script.ended() == 0
    assert script.out.lines[-1] == "-- Bye."


@pytest_twisted.ensureDeferred
async def test_every_kind_of_client_meets_in_one_room(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    nc = await sandbox.nc("anna", daemon)
    connect = sandbox.connect("berta", daemon, "--stay")
    await connect.says("-- You are up to date.")
    program = await sandbox.member("carla", daemon)
    nc.send("grüß euch 👋")
    await connect.says("anna: grüß euch 👋")
    await program.event("message", from_="anna", text="grüß euch 👋")
    connect.send("/me waves")
    await nc.says("* berta waves")
    program.say("beep")
    await nc.says("carla: beep")
    await connect.says("carla: beep")


@pytest_twisted.ensureDeferred
async def test_what_was_said_is_there_after_a_restart(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    alice = await sandbox.member("alice", daemon)
    alice.send({"type": "topic", "room": "lobby", "text": "tea at four"})
    alice.say("remember this")
    await alice.event("message")
    await daemon.stop()
    bob = await sandbox.nc("bob", await sandbox.again(daemon))
    assert "-- The topic is: tea at four" in bob.out.lines
    assert [line[19:] for line in bob.out.lines if line.startswith("[")] == ["alice: remember this"]


@pytest_twisted.ensureDeferred
async def test_the_memory_ledger_forgets_and_leaves_no_file(sandbox: Sandbox):
    daemon = await sandbox.daemon("--ledger", "memory")
    alice = await sandbox.member("alice", daemon)
    alice.say("forget this")
    await alice.event("message", text="forget this")
    await daemon.stop()
    assert await sandbox.kept(await sandbox.again(daemon, "--ledger", "memory")) == []
    assert [path.name for path in sandbox.directory.iterdir()] == ["home"]


# The log.


@pytest_twisted.ensureDeferred
async def test_the_log_tells_who_came_and_went_from_where_and_how_many_are_in(sandbox: Sandbox):
    daemon = await sandbox.daemon("--max", "2")
    alice = await sandbox.nc("alice", daemon, "127.0.0.1")
    await daemon.line(r".*alice joined from 127\.0\.0\.1 \(1 of 2\)")
    await sandbox.nc("bob", daemon, "127.0.0.1")
    await daemon.line(r".*bob joined from 127\.0\.0\.1 \(2 of 2\)")
    carol = await sandbox.json("carol", daemon)
    await daemon.line(r".*carol from 127\.0\.0\.1 was refused: full \(2 of 2\)")
    await carol.event("bye", code="full", retry=30)
    await alice.kill()
    await daemon.line(r".*alice left, from 127\.0\.0\.1 \(1 of 2\)")


@pytest_twisted.ensureDeferred
async def test_a_full_server_says_so_and_has_a_place_again_when_somebody_leaves(sandbox: Sandbox):
    daemon = await sandbox.daemon("--max", "1")
    alice = await sandbox.nc("alice", daemon)
    bob = sandbox.start("nc", "-N", "localhost", str(daemon.port))
    bob.send("bob")
    await bob.says("! The server is full (1 of 1). Try again later.")
    bob.close_input()
    assert await bob.ended() == 0
    alice.send("/quit")
    await alice.says("-- Bye.")
    await sandbox.nc("bob", daemon)


@pytest_twisted.ensureDeferred
async def test_nothing_that_is_said_or_borne_as_a_name_acts_on_the_log_or_the_terminals(
    sandbox: Sandbox,
):
    daemon = await sandbox.daemon()
    bob = await sandbox.nc("bob", daemon)
    mallory = await sandbox.socket(daemon.port)
    mallory.send("\x1b[31m{log_source} {0!r}\u202e", "mallory")
    await mallory.says("-- You are up to date.")
    mallory.send("\x1b]0;owned\x07 {log_source.__class__}")
    await bob.says("mallory: ␛]0;owned␇ {log_source.__class__}")
    await daemon.line(r".*␛\[31m\{log_source\} \{0!r\}\ufffd from .* was refused: bad-name .*")
    assert "\x1b" not in daemon.out.text


@pytest_twisted.ensureDeferred
async def test_addresses_are_shown_to_those_who_may_see_them(sandbox: Sandbox):
    shown = await sandbox.nc(
        "alice", await sandbox.daemon("--show-addresses", "everyone"), "127.0.0.1"
    )
    shown.send("/who")
    await shown.says("-- Here is 1: alice (127.0.0.1).")
    hidden = await sandbox.nc("alice", await sandbox.daemon("--ledger", "memory"), "127.0.0.1")
    hidden.send("/who")
    await hidden.says("-- Here is 1: alice.")


@pytest_twisted.ensureDeferred
async def test_one_address_can_be_kept_from_taking_every_place(sandbox: Sandbox):
    daemon = await sandbox.daemon("--per-address", "1")
    await sandbox.nc("alice", daemon, "127.0.0.1")
    bob = await sandbox.json("bob", daemon)
    await bob.event("bye", code="too-many-connections")


@pytest_twisted.ensureDeferred
async def test_a_browser_is_told_how_to_join(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    browser = await sandbox.socket(daemon.port)
    browser.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r")
    await browser.says("HTTP/1.1 200 OK")
    await browser.line(".*groupchat-connect YOUR_NAME localhost .*")


@pytest_twisted.ensureDeferred
async def test_those_who_hang_up_without_a_word_leave_nothing_behind(sandbox: Sandbox):
    daemon = await sandbox.daemon()

    def open_files() -> int:
        return len(os.listdir(f"/proc/{daemon.pid}/fd"))

    before = open_files()
    for _ in range(20):
        (await sandbox.socket(daemon.port)).transport.loseConnection()
    await until(lambda: open_files() == before, "the end of the connections", 2)


@pytest_twisted.ensureDeferred
async def test_a_person_who_comes_back_to_the_terminal_reads_all_that_was_missed(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    bob = await sandbox.member("bob", daemon)
    bob.say("seen", first=1)
    await bob.event("ok", n=1)
    first = sandbox.connect("alice", daemon, terminal=True)
    await first.says("-- You are up to date.")
    first.send("/quit")
    assert await first.ended() == 0
    bob.say(*numbered("missed", 60), first=2)
    await bob.event("ok", n=61)
    await daemon.stop()
    daemon = await sandbox.again(daemon)
    again = sandbox.connect("alice", daemon, terminal=True)
    await again.says("-- You are up to date.")
    shown = [line.partition("bob: ")[2] for line in again.out.lines if "bob: " in line]
    assert shown == numbered("missed", 60)
    piped = sandbox.connect("alice2", daemon, "--stay")
    await piped.says("-- You are up to date.")
    assert not list((sandbox.home / ".local/state/groupchat").glob("alice2*.cursors"))
