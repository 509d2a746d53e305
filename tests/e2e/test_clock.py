"""
The system's clock is set while people are in: nothing notices.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import pytest_twisted

from tests.e2e.support import Sandbox


class SystemClock:
    """The clock of the system, as the programs of a place see it."""

    def __init__(self, sandbox: Sandbox) -> None:
        faketime = Path(sandbox.needs("faketime"))
        found = list(faketime.parents[1].glob("lib/**/faketime/libfaketimeMT.so.1"))
        if not found:
            pytest.skip("needs libfaketime")
        self._file = sandbox.directory / "clock"
        self.set("+0")
        sandbox.environment |= {
            "LD_PRELOAD": str(found[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, ahead: str) -> None:
        """Set it so much ahead of what it is ("-1h": behind)."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(ahead)
        fresh.replace(self._file)


@pytest_twisted.ensureDeferred
async def test_nobody_notices_that_the_clock_is_set(sandbox: Sandbox):
    clock = SystemClock(sandbox)
    daemon = await sandbox.daemon("--idle-timeout", "3")
    alice = await sandbox.member("alice", daemon)
    bob = sandbox.connect("bob", daemon)
    await bob.says("-- You are up to date.")
    for ahead in ("-1h", "+2h", "+0"):
        clock.set(ahead)
        alice.send({"type": "ping", "ref": ahead})
        await alice.event("pong", ref=ahead)
        alice.say(f"it is {ahead}")
        await bob.says(f"alice: it is {ahead}")
        bob.send(f"so it is {ahead}")
        await alice.event("message", text=f"so it is {ahead}")
        await alice.event("ping")  # a second of silence is a second
        alice.send({"type": "pong"})
    assert not alice.events("bye")
    times = [message["at"] for message in alice.events("message")]
    assert len(times) == 6 and times == sorted(times)
