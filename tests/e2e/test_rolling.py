"""
Real nodes that are restarted one after the other, with the same program or a newer one, and clients
that know all of them.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import pytest_twisted

from groupchat import __version__
from groupchat.wire.events import Message, Presence
from tests.e2e.building import ROOT, extract, is_known
from tests.e2e.support import Daemon, Sandbox, Socket, until
from tests.e2e.talkers import talkers
from tests.engine import Engine

NODES = ("one", "two", "three")
BEFORE = "356b47a"  #: the last commit whose entries differ from the present ones
PARTS = ("groupchat", "twisted")

#: what a version may do to the schema of the one before
NEXT = """
    ALTER TABLE messages ADD COLUMN colour text;
    ALTER TABLE rooms ADD COLUMN colour text NOT NULL DEFAULT 'blue';
    ALTER TABLE bundles ADD COLUMN colour text;
    ALTER TABLE nodes ADD COLUMN colour text;
    ALTER TABLE accounts ADD COLUMN colour text;
    CREATE TABLE colours (name text PRIMARY KEY);
    CREATE INDEX messages_by_colour ON messages (colour) WHERE colour IS NOT NULL;
"""


class Program(NamedTuple):
    """
    A version of the server.

    :ivar version: as its log tells it.
    :ivar through: the beginning of its command.
    """

    version: str
    through: tuple[str, ...] = ()


THIS = Program(__version__)


def version(node: Daemon) -> str:
    """The version that runs."""
    found = re.search(r"groupchat (\S+) \(Twisted", node.out.text)
    assert found
    return found[1]


@pytest.fixture
def database(engine: Engine) -> Any:
    """The address of a new database."""
    yield engine.create("rolling")
    engine.drop("rolling")


def program(folder: Path, version: str) -> Program:
    """The program whose code is in a folder, as this version."""
    init = folder / "groupchat/__init__.py"
    init.write_text(re.sub('__version__ = ".*"', f'__version__ = "{version}"', init.read_text()))
    return Program(version, ("env", f"PYTHONPATH={folder}"))


@pytest.fixture
def before(tmp_path: Path) -> Program:
    """The program of an earlier version."""
    if not is_known(BEFORE):
        pytest.skip(f"the checkout lacks commit {BEFORE}")
    folder = tmp_path / "before"
    folder.mkdir()
    extract(BEFORE, folder, *PARTS)
    return program(folder, "before")


@pytest.fixture
def following(tmp_path: Path) -> Program:
    """A program with the schema of a version that follows."""
    folder = tmp_path / "next"
    for part in PARTS:
        shutil.copytree(ROOT / part, folder / part)
    schemas = folder / "groupchat/ledgers/postgresql/schema"
    newest = max(int(file.stem) for file in schemas.glob("*.sql"))
    (schemas / f"{newest + 1}.sql").write_text(NEXT)
    return program(folder, "next")


async def roll(sandbox: Sandbox, database: str, old: Program, new: Program) -> None:
    """
    Run three nodes with one program, and restart each with another, while clients talk. Nobody
    notices anything.
    """
    start: Callable[[str], tuple[str, ...]] = lambda name: (  # noqa: E731
        "--no-tls", "--ledger", database, "--admin-socket", f"{name}.sock"
    )  # fmt: skip
    nodes = {name: await sandbox.daemon(*start(name), through=old.through) for name in NODES}
    assert {version(node) for node in nodes.values()} == {old.version}
    clients = talkers([node.port for node in nodes.values()])
    for talker in clients:
        await talker.begin()
    for earlier in clients[:2]:
        await until(lambda seen=earlier: "cid" in seen.presence(), "cid is seen")
        earlier.seen.clear()
    for name in NODES:
        for talker in clients:
            await talker.goes_on(20)
        await nodes[name].stop()
        nodes[name] = await sandbox.daemon(*start(name), port=nodes[name].port, through=new.through)
    assert {version(node) for node in nodes.values()} == {new.version}
    for talker in clients:
        await talker.goes_on(20)
        await talker.stop()

    last = max(talker.said[-1] or 0 for talker in clients)
    for talker in clients:
        await until(lambda seen=talker: seen.of(Message)[-1].id == last, "it has seen all")
        told = talker.of(Message)
        assert [message.id for message in told] == sorted({message.id for message in told})
    kept = await sandbox.kept(nodes["one"])
    for talker in clients:
        mine = [text for text in kept if text.startswith(talker.name)]
        assert mine == [f"{talker.name} {number}" for number in range(len(talker.said))]
        assert [kept[(id or 0) - 1] for id in talker.said] == mine
    watcher = await sandbox.member("zoe", nodes["two"])
    watcher.send({"type": "who", "room": "lobby"})
    members = (await watcher.event("who"))["members"]
    assert sorted(one["name"] for one in members) == ["ann", "ben", "cid", "zoe"]
    for talker in clients:
        assert not talker.presence() & {"ann", "ben", "cid"}, talker.of(Presence)
    for talker in clients:
        await talker.leave()


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_a_rolling_restart_is_seen_by_nobody(sandbox: Sandbox, database: str):
    await roll(sandbox, database, THIS, THIS)


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_nor_is_a_rolling_upgrade(sandbox: Sandbox, database: str, before: Program):
    await roll(sandbox, database, before, THIS)


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_nor_is_one_that_changes_the_schema(
    sandbox: Sandbox, database: str, engine: Engine, following: Program
):
    await roll(sandbox, database, THIS, following)
    assert engine.execute("SELECT colour FROM groupchat.rooms", "rolling") == [("blue",)]


async def side_by_side(sandbox: Sandbox, database: str, one: Program, other: Program) -> None:
    """Let members of two nodes that run these programs do all that members can do."""
    options = ("--no-tls", "--ledger", database)
    nodes = {
        name: await sandbox.daemon(*options, "--admin-socket", name, through=program.through)
        for name, program in (("first.sock", one), ("second.sock", other))
    }
    assert [version(node) for node in nodes.values()] == [one.version, other.version]
    alice, bob = [
        await sandbox.member(name, node)
        for name, node in zip(("alice", "bob"), nodes.values(), strict=True)
    ]
    for here, there, admin in ((alice, bob, "first.sock"), (bob, alice, "second.sock")):
        await speaks(here, there)
        await walks(here, there, f"new-{admin[0]}")
        rules = ("groupchat-admin", "--admin-socket", admin)
        await sandbox.run(*rules, "say", f"hello from {admin}")
        await there.event("notice", text=f"hello from {admin}")
        for node in nodes.values():
            guest = await sandbox.member("guest", node)
            await there.event("presence", joined=["guest"])
            await sandbox.run(*rules, "kick", "guest")
            await guest.event("bye", code="kicked")
            await there.event("presence", left=["guest"])
        guest = await sandbox.member("guest", nodes[admin])
        guest.send({"type": "quit"})
        await there.event("presence", joined=["guest"])
        await there.event("presence", left=["guest"])


async def speaks(here: Socket, there: Socket) -> None:
    """A member says something, which a member of another node sees."""
    lobby = {"room": "lobby"}
    here.send({"type": "say", "text": "one", **lobby})
    one = (await there.event("message", text="one"))["id"]
    here.send({"type": "say", "text": "two", "replaces": one, **lobby})
    await there.event("message", text="two", replaces=one)
    here.send({"type": "say", "redacts": one, **lobby})
    await there.event("message", redacts=one)
    there.send({"type": "history", **lobby})
    assert (await there.event("history"))["messages"][-1]["redacts"] == one
    for text in ("tea", ""):
        here.send({"type": "topic", "text": text, **lobby})
        await there.event("topic", text=text)


async def walks(here: Socket, there: Socket, name: str) -> None:
    """A member takes another name and goes about, as a member of another node sees."""
    there.send({"type": "join", "room": "dev"})
    await there.event("catchup", room="dev")
    here.send({"type": "rename", "name": name}, {"type": "join", "room": "dev"})
    await there.event("presence", room="dev", joined=[name])
    here.send({"type": "leave", "room": "dev"})
    await there.event("presence", room="dev", left=[name])
    there.send({"type": "leave", "room": "dev"})


@pytest.mark.slow
@pytest.mark.parametrize("upgraded", [False, True], ids=["upgrade", "old-one-restarted"])
@pytest_twisted.ensureDeferred
async def test_nodes_of_two_versions_are_one_group(
    sandbox: Sandbox, database: str, before: Program, upgraded: bool
):
    programs = (THIS, before) if upgraded else (before, THIS)
    await side_by_side(sandbox, database, *programs)


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_a_node_can_be_restarted_where_another_has_the_next_schema(
    sandbox: Sandbox, database: str, following: Program
):
    await side_by_side(sandbox, database, following, THIS)
