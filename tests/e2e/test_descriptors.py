"""
At the limit of file descriptors the daemon waits until there is room, and all that is in goes on.
"""

from __future__ import annotations

import pytest_twisted

from groupchat.tap import RESERVED_DESCRIPTORS
from tests.e2e.support import Sandbox

MOST = 12
LIMITED = ("sh", "-c", f'ulimit -n {RESERVED_DESCRIPTORS + MOST} && exec "$@"', "sh")


@pytest_twisted.ensureDeferred
async def test_who_is_one_too_many_waits_and_comes_in_as_soon_as_one_has_left(sandbox: Sandbox):
    daemon = await sandbox.daemon("--ledger", "sqlite:kept.db", through=LIMITED)
    people = [await sandbox.member(f"n{number}", daemon) for number in range(MOST)]
    await daemon.line(f".*{MOST} connections are open, as many as can be: the next ones wait.")
    waiting = [await sandbox.json(f"w{number}", daemon) for number in range(20)]
    people[1].send({"type": "say", "room": "lobby", "text": "all goes on"})
    await people[2].event("message", text="all goes on")
    people[3].send({"type": "history", "room": "lobby"})
    assert [message["text"] for message in (await people[3].event("history"))["messages"]] == [
        "all goes on"
    ]
    assert not any(one.events("welcome") for one in waiting)
    for one, next_one in zip(people, waiting, strict=False):
        one.send({"type": "quit"})
        await next_one.event("welcome")
    await daemon.stop()
