"""
The log of a real server as JSON, in the foreground and in a file; it holds no message and no
password.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest_twisted

from tests.e2e.support import Sandbox, until

DOCUMENT = Path(__file__).parents[2] / "docs" / "operating.rst"


def example() -> dict[str, Any]:
    (line,) = re.findall(r"^    (\{.*\})$", DOCUMENT.read_text(), re.MULTILINE)
    found: dict[str, Any] = json.loads(line)
    return found


@pytest_twisted.ensureDeferred
async def test_each_line_is_an_object_like_the_one_in_the_document(sandbox: Sandbox):
    daemon = sandbox.twistd("--port", "0", "--max", "20", "--log-format", "json")
    found = await daemon.line(r'\{.*"message": "Listening on port (\d+) .*')
    daemon.port = int(found[1])
    alice = await sandbox.nc("alice", daemon)
    alice.send("a secret of ours", "/register a password", "/msg alice another secret")
    await alice.line(".*another secret")
    await daemon.stop()
    lines = [json.loads(line) for line in daemon.out.lines]
    (joined,) = [line for line in lines if line["event"] == example()["event"]]
    assert {**joined, "time": ""} == {**example(), "time": ""}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", joined["time"])
    assert not re.search("secret|password", daemon.out.text)


@pytest_twisted.ensureDeferred
async def test_a_file_is_written_as_json_too(sandbox: Sandbox):
    daemon = sandbox.groupchat(
        "twistd", "-n", "--pidfile=", "--logfile=chat.log",
        "groupchat", "--port=0", "--ledger=memory", "--log-format=json",
    )  # fmt: skip
    file = sandbox.directory / "chat.log"
    await until(lambda: file.exists() and "Encrypted with" in file.read_text(), "its last line")
    await daemon.stop()
    assert {json.loads(line)["level"] for line in file.read_text().splitlines()} == {"info"}
    assert not daemon.out.lines
