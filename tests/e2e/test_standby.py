"""
Three nodes on a primary and a synchronous standby, as docs/cluster.rst sets them up. The primary is
killed, and its standby takes over; then the old primary comes back, at first as what it was.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import pytest_twisted
from twisted.internet.threads import deferToThread

from tests.e2e.support import Sandbox
from tests.e2e.talkers import check_promise, talkers
from tests.engine import Engine
from tests.standby import Pair

#: ends the connections of all nodes
CUT = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'groupchat'
"""


@pytest.fixture
def pair(engine: Engine) -> Iterator[Pair]:
    """A primary, and its standby."""
    pair = Pair(engine.programs, safe=True)
    try:
        pair.start()
        yield pair
    finally:
        pair.stop()


def address(pair: Pair, database: str) -> str:
    hosts = ",".join(str(one.folder) for one in pair.engines)
    ports = ",".join(str(one.port) for one in pair.engines)
    return f"postgresql:///{database}?host={hosts}&port={ports}&user=chat"


@pytest.mark.slow
@pytest.mark.limit(150)
@pytest_twisted.ensureDeferred
async def test_a_standby_takes_over_and_no_message_is_lost(sandbox: Sandbox, pair: Pair):
    pair.primary.create("chat")
    options = ("--no-tls", "--ledger", address(pair, "chat"), "--admin-socket")
    nodes = [await sandbox.daemon(*options, f"{number}.sock") for number in range(3)]
    assert "Commits wait for a standby." in nodes[0].out.text
    clients = talkers([node.port for node in nodes])
    for talker in clients:
        await talker.begin()
    for talker in clients:
        await talker.goes_on(20)
    pair.primary.kill()
    await deferToThread(pair.promote)
    for talker in clients:
        await talker.goes_on(20)
    pair.standby.start()  # as it was: a primary, with the messages up to its death
    pair.primary.execute(CUT)
    await nodes[2].stop()
    nodes[2] = await sandbox.again(nodes[2], *options, "2.sock")
    for talker in clients:
        await talker.goes_on(20)
    pair.standby.kill()
    await deferToThread(pair.restore)
    await nodes[0].stop()
    nodes[0] = await sandbox.again(nodes[0], *options, "0.sock")
    assert "Commits wait for a standby." in nodes[0].out.text
    for talker in clients:
        await talker.goes_on(20)
        await talker.stop()
    await check_promise(clients, await sandbox.kept(nodes[0]))
    for talker in clients:
        await talker.leave()
