"""
Three nodes on a primary and a synchronous standby, as docs/cluster.rst sets them up. The primary is
killed, and its standby takes over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.threads import deferToThread

from tests.e2e.support import Sandbox
from tests.e2e.talkers import check_promise, talkers
from tests.engine import Engine

PAGE = Path(__file__).parents[2] / "docs" / "cluster.rst"


def settings() -> dict[str, str]:
    """The settings of the engines, as the page gives them."""
    _, _, text = PAGE.read_text().partition("conf.d/chat.conf``")
    found = re.search(r"::\n\n((?:    [^\n]+\n)+)", text)
    assert found
    lines = dict(re.findall(r"(\w+) = '?([^'\n]*)'?", found[1]))
    return {name: text for name, text in lines.items() if name != "listen_addresses"}


@pytest.fixture
def engines(engine: Engine) -> Iterator[list[Engine]]:
    """A primary, and its standby."""
    programs = engine.programs
    primary = Engine(programs, safe=True)
    primary.start()
    standby = Engine(programs, safe=True, primary=primary, name="db2")
    standby.start()
    both = [primary, standby]
    for one in both:
        for name, text in settings().items():
            one.execute(f"ALTER SYSTEM SET {name} = '{text}'")
        one.execute("SELECT pg_reload_conf()")
    yield both
    for one in both:
        one.stop()


def address(engines: list[Engine], database: str) -> str:
    hosts = ",".join(str(one.folder) for one in engines)
    ports = ",".join(str(one.port) for one in engines)
    return f"postgresql:///{database}?host={hosts}&port={ports}&user=chat"


@pytest.mark.slow
@pytest.mark.limit(90)
@pytest_twisted.ensureDeferred
async def test_a_standby_takes_over_and_no_message_is_lost(sandbox: Sandbox, engines: list[Any]):
    primary, standby = engines
    primary.create("chat")
    nodes = [
        await sandbox.daemon(
            "--no-tls", "--ledger", address(engines, "chat"), "--admin-socket", f"{number}.sock"
        )
        for number in range(3)
    ]
    assert "Commits wait for a standby." in nodes[0].out.text
    clients = talkers([node.port for node in nodes])
    for talker in clients:
        await talker.begin()
    for talker in clients:
        await talker.goes_on(20)
    primary.kill()
    await deferToThread(standby.promote)
    standby.execute("ALTER SYSTEM SET synchronous_standby_names = ''")  # it has none yet
    standby.execute("SELECT pg_reload_conf()")
    for talker in clients:
        await talker.goes_on(20)
        await talker.stop()
    await check_promise(clients, await sandbox.kept(nodes[0]))
    for talker in clients:
        await talker.leave()
