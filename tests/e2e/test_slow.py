"""
A reader that takes nothing, and a disk without space.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import pytest_twisted

from tests.e2e.support import Sandbox, Socket

KIB = "x" * 1024
STEP = 200  #: messages of 4 KiB that are said at once


async def say_four_kib(speaker: Socket, times: int, start: int = 0) -> None:
    """Say `times` messages of the greatest length."""
    for number in range(start, start + times, STEP):
        speaker.say(*[KIB * 4] * STEP)
        await speaker.event("message", id=number + STEP)


@pytest.mark.limit(60)
@pytest.mark.parametrize("tls", [False, True])
@pytest_twisted.ensureDeferred
async def test_one_who_does_not_read_holds_nobody_up_and_costs_little_and_loses_nothing(
    sandbox: Sandbox, tls: bool
):
    daemon = await sandbox.daemon("--rate", "0")
    stalled = await sandbox.member("stalled", daemon, tls=tls)
    stalled.stall()
    reader = await sandbox.member("reader", daemon)
    speaker = await sandbox.member("speaker", daemon)
    await say_four_kib(speaker, 1000)
    before = daemon.memory
    await say_four_kib(speaker, 5000, 1000)
    await reader.event("message", id=6000)
    grown = daemon.memory - before
    print(f"grown by {grown} KiB")
    assert grown < 700
    stalled.go_on()
    await stalled.event("message", id=6000)
    assert [message["id"] for message in stalled.events("message")] == list(range(1, 6001))


# A disk that is full.

SMALL = 'mount -t tmpfs -o size=1m tmpfs small && exec "$@"'


@pytest_twisted.ensureDeferred
async def test_a_full_disk_is_told_and_outlived(sandbox: Sandbox):
    (sandbox.directory / "small").mkdir()
    own_mounts = ("unshare", "-m" if os.geteuid() == 0 else "-mr", "sh", "-c", SMALL, "sh")
    if await sandbox.start(*own_mounts, "true").ended() != 0:
        pytest.skip("no file system of its own can be mounted here")
    daemon = await sandbox.daemon(
        "--rate", "0", "--ledger", "sqlite:small/x.db", through=own_mounts
    )
    disk = Path(f"/proc/{daemon.pid}/root{sandbox.directory}/small")
    alice = await sandbox.member("alice", daemon)
    alice.say("stored", first=1)
    await alice.event("ok", n=1)
    filler = disk / "filler"
    with pytest.raises(OSError, match="No space left"), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    refused = await until_refused(alice)
    bob = await sandbox.json("bob", daemon, rooms={"lobby": {"after": 0}})
    await bob.event("message", id=1, text="stored")
    filler.unlink()
    alice.say("again", first=refused)
    await alice.event("ok", n=refused, id=refused)
    await bob.event("message", id=refused, text="again")
    await daemon.stop()
    assert "storage-full" not in daemon.err.text


async def until_refused(speaker: Socket) -> int:
    """Say one thing after the other until one is refused. Returns its number."""
    for number in range(2, 1000):
        speaker.say(KIB, first=number)
        answer = await speaker.received.line(rf'.*"type":"(ok|error)".*"n":{number}\b.*')
        if answer[1] == "error":
            assert '"code":"storage-full"' in answer[0]
            return number
    raise AssertionError("the disk is never full")
