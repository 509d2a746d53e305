"""
The metrics of a real server, as docs/monitoring.rst reads them.
"""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path

import pytest
import pytest_twisted
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.support import Sandbox, until

DOCUMENT = Path(__file__).parents[2] / "docs" / "monitoring.rst"


def shown(start: str) -> str:
    """The line of the document that begins like this, for a socket in the present directory."""
    found = re.search(rf"^    ({re.escape(start)}.*)$", DOCUMENT.read_text(), re.MULTILINE)
    assert found
    return found[1].replace("/run/groupchat/", "")


async def curl(sandbox: Sandbox, page: str) -> list[str]:
    command = shown("curl --unix-socket ").replace("healthz", page).split()
    return await sandbox.run(*command, "--silent", "--show-error")


def values(lines: list[str]) -> dict[str, float]:
    """The samples without labels, by name."""
    text = "\n".join(lines) + "\n"
    return {
        sample.name: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.labels
    }


@pytest_twisted.ensureDeferred
async def test_what_a_server_did_can_be_read_and_it_says_that_it_is_well(sandbox: Sandbox):
    daemon = await sandbox.daemon(*shown("--metrics unix:").split())
    alice = await sandbox.nc("alice", daemon)
    bob = await sandbox.nc("bob", daemon)
    alice.send("hello")
    await bob.line("alice: hello|.*alice.*hello")
    found = values(await curl(sandbox, "metrics"))
    assert found["groupchat_members"] == 2
    assert found["groupchat_messages_total"] == 1
    assert found["groupchat_commit_seconds_count"] >= 2
    assert found["groupchat_commit_seconds_sum"] > 0
    assert found["groupchat_ledger_size_bytes"] > 0
    assert found["groupchat_healthy"] == 1
    assert found["process_resident_memory_bytes"] > 0
    assert await curl(sandbox, "healthz") == ["ok"]
    await daemon.stop()
    assert not (sandbox.directory / "metrics").exists()


@pytest_twisted.ensureDeferred
async def test_a_server_that_was_stopped_for_a_while_lagged(sandbox: Sandbox):
    daemon = await sandbox.daemon("--metrics", "unix:metrics")
    assert await curl(sandbox, "healthz") == ["ok"]
    daemon.signal(signal.SIGSTOP)
    end = time.monotonic() + 2.5
    await until(lambda: time.monotonic() > end, "the end of the pause")
    daemon.signal(signal.SIGCONT)
    lines = await curl(sandbox, "healthz")
    assert re.fullmatch(r"The reactor lags: it was \d\.\d s late\.", lines[0])


@pytest.mark.parametrize("where", ["127.0.0.1:{port}", "tcp:{port}:interface=127.0.0.1"])
@pytest_twisted.ensureDeferred
async def test_an_address_that_is_taken_is_told_in_one_line(sandbox: Sandbox, where: str):
    daemon = await sandbox.daemon("--ledger", "memory")
    where = where.format(port=daemon.port)
    second = sandbox.twistd("--port", "0", "--ledger", "memory", "--metrics", where)
    assert await second.ended() == 75
    assert second.err.lines == [
        f"groupchat: cannot listen on metrics {where}: Address already in use."
        " Stop the program that uses it, or choose another with --metrics."
    ]
