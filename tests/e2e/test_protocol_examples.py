"""
Plays every example of docs/protocol.rst against the daemon.

An example is a literal block of lines that begin with a connection's name and ``>`` (sent) or ``<``
(received; with nothing behind it: closed). A connection opens where it is first named. ``…`` stands
for anything.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import pytest_twisted
from twisted.internet import defer, endpoints, protocol, reactor
from twisted.protocols.basic import LineOnlyReceiver

PROTOCOL = Path(__file__).parents[2] / "docs" / "protocol.rst"
STEP = re.compile(r"^    (\w+)([<>]) ?(.*)$")


# Reading the examples.


class Step(NamedTuple):
    who: str
    sends: bool
    line: str


def examples(text: str) -> Iterator[list[Step]]:
    """The examples in a page, each a list of steps."""
    block: list[Step] = []
    for line in text.splitlines():
        step = STEP.match(line)
        if step:
            block.append(Step(step[1], step[2] == ">", step[3]))
        elif block and line.startswith("     "):
            block[-1] = block[-1]._replace(line=f"{block[-1].line} {line.strip()}")
        elif block:
            yield block
            block = []


def matches(expected: Any, found: Any) -> bool:
    """Whether two JSON values are the same, where "…" is the same as anything."""
    if expected == "…":
        return True
    if isinstance(expected, dict) and isinstance(found, dict):
        return expected.keys() == found.keys() and all(
            matches(expected[key], found[key]) for key in expected
        )
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(map(matches, expected, found))
    return type(expected) is type(found) and expected == found


def is_as_shown(shown: str, line: str) -> bool:
    if shown.startswith("{"):
        return line.startswith("{") and matches(json.loads(shown), json.loads(line))
    return re.fullmatch(".*".join(map(re.escape, shown.split("…"))), line) is not None


def test_an_example_is_read_line_by_line():
    page = (
        'So. ::\n\n    alice> {"a":\n             1}\n    bob< -- x\n    bob<\n\n'
        "Next. ::\n\n    alice> hi\n\nEnd.\n"
    )
    assert list(examples(page)) == [
        [Step("alice", True, '{"a": 1}'), Step("bob", False, "-- x"), Step("bob", False, "")],
        [Step("alice", True, "hi")],
    ]


@pytest.mark.parametrize(
    ("shown", "line", "same"),
    [
        ("bob: hi", "bob: hi", True),
        ("bob: hi", "bob: ho", False),
        ("[… …] bob: hi", "[2026-11-22 14:03] bob: hi", True),
        ('{"a": "…", "b": [1]}', '{"b":[1],"a":{"c":2}}', True),
        ('{"a": "…"}', '{"a":1,"b":2}', False),
        ('{"a": 1}', '{"a":true}', False),
        ('{"a": 1}', "a: 1", False),
    ],
)
def test_what_is_shown_is_compared_where_it_is_not_left_open(shown, line, same):
    assert is_as_shown(shown, line) is same


# Playing them.


class Connection(LineOnlyReceiver):
    """One end of a conversation. Received lines wait until they are asked for; None is the end."""

    delimiter = b"\n"
    MAX_LENGTH = 1 << 20

    def __init__(self) -> None:
        self._lines: defer.DeferredQueue[str | None] = defer.DeferredQueue()
        self.gone: defer.Deferred[None] = defer.Deferred()

    def lineReceived(self, line: bytes) -> None:
        self._lines.put(line.decode())

    def connectionLost(self, reason: Any = None) -> None:
        self._lines.put(None)
        self.gone.callback(None)

    def send(self, line: str) -> None:
        self.sendLine(line.encode())

    def next(self) -> defer.Deferred[str | None]:
        """The next line, once it is there."""
        return self._lines.get()


async def play(example: list[Step], connect: Callable[[], Awaitable[Connection]]) -> None:
    """Play an example's steps one after the other."""
    connections: dict[str, Connection] = {}
    try:
        for step in example:
            if step.who not in connections:
                connections[step.who] = await connect()
            await _play(step, connections[step.who])
    finally:
        for connection in connections.values():
            connection.transport.abortConnection()
            await connection.gone


async def _play(step: Step, connection: Connection) -> None:
    if step.sends:
        connection.send(step.line)
        return
    line = await connection.next()
    if step.line:
        assert line is not None, f"closed where {step} was expected"
        assert is_as_shown(step.line, line), f"{line!r} where {step} was expected"
    else:
        assert line is None, f"{line!r} where {step.who} was expected to be closed"


class Daemon(protocol.ProcessProtocol):
    """A daemon in a process of its own."""

    def __init__(self) -> None:
        self._said = b""
        self.listening: defer.Deferred[int] = defer.Deferred()
        self.ended: defer.Deferred[None] = defer.Deferred()

    def outReceived(self, data: bytes) -> None:
        self._said += data
        found = re.search(rb"Listening on port (\d+)", self._said)
        if found and not self.listening.called:
            self.listening.callback(int(found[1]))

    errReceived = outReceived

    def processEnded(self, reason: Any) -> None:
        if not self.listening.called:
            self.listening.errback(AssertionError(self._said.decode()))
        self.ended.callback(None)


@pytest_twisted.async_yield_fixture
async def connect():
    """Opens connections to a fresh daemon."""
    daemon = Daemon()
    twistd = str(Path(sys.executable).with_name("twistd"))
    command = [
        twistd,
        "--nodaemon",
        "--pidfile=",
        "groupchat",
        "--port",
        "0",
        "--ledger",
        "memory",
        "--max",
        "20",
    ]
    process = reactor.spawnProcess(daemon, twistd, command, env=None)
    port = await daemon.listening
    endpoint = endpoints.HostnameEndpoint(reactor, "localhost", port)
    yield lambda: endpoints.connectProtocol(endpoint, Connection())
    process.signalProcess("TERM")
    await daemon.ended


EXAMPLES = list(examples(PROTOCOL.read_text()))


def test_the_page_has_its_examples():
    assert len(EXAMPLES) == 14


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example[0].line[:30])
@pytest_twisted.ensureDeferred
async def test_the_daemon_does_as_the_page_says(example, connect):
    await play(example, connect)
