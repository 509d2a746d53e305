"""
The commands of docs/cluster.rst that back up a database and restore it, run as they stand there.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import pytest_twisted

from tests.e2e.support import Daemon, Sandbox, Socket
from tests.engine import Engine

PAGE = Path(__file__).parents[2] / "docs" / "cluster.rst"
DATABASE = "chat"  #: as the page calls it
CLIENT = "a" * 22
PASSWORD = "correct horse"


def commands() -> list[str]:
    """Those of the page: the first block backs up, and the second one restores."""
    section = PAGE.read_text().partition("\nBackup and restore\n")[2].partition("\nUpgrades\n")[0]
    found = re.findall(r"(?<=::\n\n)(?:    .+\n)+", section)
    assert len(found) == 2
    return [dedent(block) for block in found]


@pytest.fixture
def here(sandbox: Sandbox, engine: Engine) -> Any:
    """The machine of the database is this one, where the tests' engine runs."""
    sandbox.environment |= {
        "PATH": os.pathsep.join([str(engine.programs), sandbox.environment["PATH"]]),
        "PGHOST": str(engine.folder),
        "PGPORT": str(engine.port),
        "PGUSER": "chat",
    }
    engine.create(DATABASE)
    yield engine
    engine.drop(DATABASE)


async def run(sandbox: Sandbox, block: str, engine: Engine) -> None:
    await sandbox.run("sh", "-ec", block.replace("-h db1", f"-h {engine.folder}"))


async def serve(sandbox: Sandbox, engine: Engine) -> Daemon:
    return await sandbox.daemon("--ledger", engine.uri(DATABASE))


async def certificate(daemon: Daemon) -> str:
    """The certificate's fingerprint, as a server's log tells it soon after its start."""
    return (await daemon.line(r".*Encrypted with the certificate (\S+)"))[1]


async def comes_back(sandbox: Sandbox, daemon: Daemon, epoch: str, after: int) -> Socket:
    """A client that knows a log up to there comes back."""
    known = {"lobby": {"epoch": epoch, "after": after}}
    return await sandbox.member(
        "alice", daemon, tls=True, client=CLIENT, password=PASSWORD, rooms=known
    )


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_a_copy_is_restored_with_all_that_was_in_it_and_clients_notice_its_age(
    sandbox: Sandbox, here: Engine
):
    back_up, restore = commands()
    first = await serve(sandbox, here)
    theirs = await certificate(first)
    alice = await sandbox.member("alice", first, tls=True, client=CLIENT)
    epoch = alice.events("room")[0]["epoch"]
    alice.send({"type": "register", "password": PASSWORD, "ref": "r"})
    await alice.event("ok", ref="r")
    alice.say("one", "two", first=1)
    await alice.event("ok", n=2)
    await run(sandbox, back_up, here)
    alice.say("too late for the copy", first=3)
    await alice.event("ok", n=3)
    await first.stop()

    here.drop(DATABASE)
    await run(sandbox, restore, here)
    second = await serve(sandbox, here)
    assert await certificate(second) == theirs
    assert await sandbox.kept(second) == ["one", "two"]
    alice = await comes_back(sandbox, second, epoch, 3)
    (reset,) = alice.events("reset")
    assert (reset["first"], reset["head"]) == (1, 2) and reset["epoch"] != epoch
    for text in ("one", "two"):
        await alice.event("message", text=text)
    alice.say("another third", first=3)
    await alice.event("ok", n=3, id=3)
    bob = await sandbox.json("alice", second, tls=True)
    await bob.event("error", code="bad-password")
