"""
The start: its output, its addresses and its questions.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_twisted

from tests.e2e.support import Daemon, Program, Sandbox


def invitations(daemon: Daemon) -> list[str]:
    """The commands that the log names."""
    lines = re.findall(r"Join from (?:this machine|the network): +(.+) +or: +(.+)", daemon.out.text)
    return [command.strip() for line in lines for command in line]


@pytest_twisted.ensureDeferred
async def test_every_line_with_which_to_join_works_as_it_is_printed(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    here = f"localhost {daemon.port}"
    await daemon.line(
        f".*Join from this machine: +groupchat-connect YOUR_NAME {here} +or: +nc {here}"
    )
    for number, command in enumerate(invitations(daemon)):
        name = f"guest-{number}"
        guest = sandbox.start(
            *shlex.split(command.replace("YOUR_NAME", name)), terminal=not command.startswith("nc")
        )
        if command.startswith("nc"):
            guest.send(name)
        await daemon.line(f".*{name} joined from .*")


@pytest_twisted.ensureDeferred
async def test_the_network_is_told_real_addresses(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    joined = " ".join(invitations(daemon))
    assert "0.0.0.0" not in joined
    assert "::1" not in joined
    assert "127.0.0.1" not in joined


@pytest_twisted.ensureDeferred
async def test_port_says_where_it_listens(sandbox: Sandbox):
    free = await sandbox.daemon()
    await free.stop()
    daemon = await sandbox.again(free)
    assert daemon.port == free.port


@pytest_twisted.ensureDeferred
async def test_one_port_is_reached_by_ipv4_and_ipv6(sandbox: Sandbox):
    if not Path("/proc/net/if_inet6").exists():
        pytest.skip("this machine has no IPv6")
    daemon = await sandbox.daemon()
    for name, host in (("alice", "127.0.0.1"), ("bob", "::1")):
        socket = await sandbox.socket(daemon.port, host)
        socket.send(name)
        await socket.line(f"-- Welcome to lobby, {name}.*")
        await daemon.line(f".*{name} joined from {host} .*")


@pytest_twisted.ensureDeferred
async def test_an_endpoint_of_one_interface_is_not_offered_to_the_network(sandbox: Sandbox):
    daemon = await sandbox.daemon("--listen", "tcp:0:interface=127.0.0.1", port=None)
    assert daemon.port
    await daemon.line(f".*Join from this machine: .*nc 127.0.0.1 {daemon.port}")
    await sandbox.nc("alice", daemon, "127.0.0.1")
    assert len(invitations(daemon)) == 2


@pytest_twisted.ensureDeferred
async def test_a_unix_socket_is_listened_on(sandbox: Sandbox):
    daemon = await sandbox.daemon("--listen", "unix:chat.sock", port=None)
    await daemon.line(
        ".*Join from this machine: +groupchat-connect YOUR_NAME unix:/.*/chat.sock "
        "+or: +nc -U /.*/chat.sock"
    )
    nc = sandbox.start("nc", "-U", "chat.sock")
    nc.send("alice")
    await nc.line("-- Welcome to lobby, alice.*")
    await sandbox.start("groupchat-connect", "bob", "unix:chat.sock", "--show").line(
        "-- Welcome to lobby, bob.*"
    )


@pytest_twisted.ensureDeferred
async def test_several_endpoints_lead_to_one_room(sandbox: Sandbox):
    daemon = await sandbox.daemon(
        "--listen", "unix:chat.sock", "--listen", "tcp:0:interface=127.0.0.1"
    )
    other = await daemon.line(r".*Listening on port (\d+) .*")
    people = [
        await sandbox.socket(daemon.port),
        await sandbox.socket(int(other[1])),
        await sandbox.socket(sandbox.directory / "chat.sock"),
    ]
    for number, person in enumerate(people):
        person.send(f"guest-{number}")
        await person.says("-- You are up to date.")
    people[0].send("hello, all of you")
    for other_one in people[1:]:
        await other_one.says("guest-0: hello, all of you")


@pytest_twisted.ensureDeferred
async def test_a_motd_and_the_server_s_name_are_told(sandbox: Sandbox):
    (sandbox.directory / "motd").write_text("Be kind.\n")
    daemon = await sandbox.daemon("--motd", "motd", "--server-name", "the tea room")
    await (await sandbox.json("alice", daemon)).event(
        "welcome", server="the tea room", motd="Be kind."
    )
    bob = await sandbox.nc("bob", daemon)
    assert "-- Be kind." in bob.out.lines


@pytest_twisted.ensureDeferred
async def test_help_tells_every_option_with_its_default(sandbox: Sandbox):
    daemon = sandbox.twistd("--help")
    assert await daemon.ended() == 0
    text = " ".join(daemon.out.text.split())
    for option in (
        "port listen max ledger replay keep rate burst per-address show-addresses server-name motd"
    ).split():
        assert f"--{option}=" in text


@pytest_twisted.ensureDeferred
async def test_twist_runs_it_as_twistd_does(sandbox: Sandbox):
    twist = sandbox.start("twist", "groupchat", "--port", "0", "--max", "5")
    await twist.line(".*Listening on port .*")
    twist.signal(signal.SIGTERM)
    assert await twist.ended(5) == 0


# How many?


@pytest.mark.parametrize(("typed", "places"), [("", 100), ("7", 7)])
@pytest_twisted.ensureDeferred
async def test_a_person_at_the_terminal_is_asked_how_many(
    sandbox: Sandbox, typed: str, places: int
):
    daemon = sandbox.twistd("--port", "0", terminal=True)
    await daemon.prompt("How many clients at most? [100] ")
    daemon.send(typed)
    await daemon.line(f".*Listening on port .* \\({places} places\\)\\.")


@pytest_twisted.ensureDeferred
async def test_who_types_nonsense_is_asked_again(sandbox: Sandbox):
    daemon = sandbox.twistd("--port", "0", terminal=True)
    await daemon.prompt("How many clients at most? [100] ")
    daemon.send("lots")
    await daemon.line('.*whole number.*"lots".*')
    await daemon.prompt("How many clients at most? [100] ")
    daemon.send("3")
    await daemon.line(r".*Listening on port .* \(3 places\)\.")


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["Ctrl-C", "Ctrl-D"])
@pytest_twisted.ensureDeferred
async def test_who_would_rather_not_say_starts_nothing(sandbox: Sandbox, key: str):
    daemon = sandbox.twistd("--port", "0", terminal=True)
    await daemon.prompt("How many clients at most? [100] ")
    for _ in range(5):
        # Python takes no notice of a Ctrl-C that comes just before it begins to wait for the
        # answer, and a second one would kill it while it ends
        daemon.press(key)
        if await daemon.ended_within(2) or "not started" in daemon.out.text:
            break
    assert await daemon.ended() == 1
    assert "groupchat: not started." in daemon.out.text


@pytest_twisted.ensureDeferred
async def test_who_said_how_many_is_not_asked(sandbox: Sandbox):
    daemon = sandbox.twistd("--port", "0", "--max", "5", terminal=True)
    await daemon.line(r".*Listening on port .* \(5 places\)\.")
    assert "How many" not in daemon.out.text


@pytest_twisted.ensureDeferred
async def test_without_a_terminal_there_are_100_places(sandbox: Sandbox):
    daemon = sandbox.twistd("--port", "0")
    await daemon.line(r".*Listening on port .* \(100 places\)\.")


STARTER = """
import sys
from groupchat import prompt
prompt.ANSWER_TIMEOUT = float(sys.argv.pop(1))
from twisted.scripts.twistd import run
run()
"""
OPTIONS = "-n --pidfile= groupchat --port 0 --ledger memory"


@asynccontextmanager
async def in_a_shell(sandbox: Sandbox, script: str, *arguments: str) -> AsyncIterator[Program]:
    """
    A shell with job control, on a terminal. Its script leaves the number of a daemon in a file
    called pid.
    """
    shell = sandbox.start("sh", "-c", script, "sh", *arguments, terminal=True)
    try:
        yield shell
    finally:
        os.kill(int((sandbox.directory / "pid").read_text()), signal.SIGTERM)


@pytest_twisted.ensureDeferred
async def test_a_server_in_the_background_of_a_terminal_asks_nobody_and_is_not_stopped(
    sandbox: Sandbox,
):
    script = f"set -m; twistd {OPTIONS} & echo $! > pid; wait"
    async with in_a_shell(sandbox, script) as shell:
        await shell.line(r".*Listening on port .* \(100 places\)\.")
        assert "How many" not in shell.out.text


@pytest_twisted.ensureDeferred
async def test_a_server_that_leaves_the_terminal_asks_nobody(sandbox: Sandbox):
    script = (
        "twistd --pidfile=pid -l log groupchat --port 0 --ledger memory; "
        "tail -n 99 -f --pid=$(cat pid) log"
    )
    async with in_a_shell(sandbox, script) as shell:
        await shell.line(r".*Listening on port .* \(100 places\)\.")
        assert "How many" not in shell.out.text


@pytest_twisted.ensureDeferred
async def test_a_server_whose_question_nobody_answers_starts_with_100_places(sandbox: Sandbox):
    daemon = sandbox.groupchat(
        sys.executable, "-c", STARTER, "0.2", *OPTIONS.split(), terminal=True
    )
    await daemon.line(r".*Listening on port .* \(100 places\)\.")
    assert daemon.out.lines[:2] == ["How many clients at most? [100] ", "No answer: 100."]


@pytest_twisted.ensureDeferred
async def test_a_server_that_is_put_into_the_background_while_it_asks_starts_with_100_places(
    sandbox: Sandbox,
):
    script = f'set -m; echo $$ > pid; "$@" {OPTIONS}; jobs -p > pid; bg; wait'
    async with in_a_shell(sandbox, script, sys.executable, "-c", STARTER, "1") as shell:
        await shell.prompt("How many clients at most? [100] ")
        shell.press("\x1a")
        await shell.line(r".*Listening on port .* \(100 places\)\.")
