"""
The line in ``systemctl status``: true, short, and told only when it has changed.
"""

from __future__ import annotations

import pytest

from groupchat.ops.health import Health
from groupchat.ops.status import INTERVAL, Status
from tests.support import Server


class Watched:
    """A server in memory, and the lines that systemd was told."""

    def __init__(self):
        self.server = Server(max=20)
        self.health = Health(self.server.ledger, self.server.reactor)
        self.told = []
        self.status = Status(self.server.hub, self.health, self.server.reactor, self.told.append)
        self.status.start()

    def say(self, count):
        for number in range(count):
            self.alice.say(f"line {number}")

    def join(self):
        self.alice = self.server.json("alice")


@pytest.fixture
def watched():
    return Watched()


def test_it_tells_members_rooms_and_messages_a_second(watched):
    watched.join()
    watched.say(20)
    watched.server.run(INTERVAL)
    watched.say(1)
    watched.server.run(INTERVAL)
    watched.say(1000)
    watched.server.run(INTERVAL)
    assert watched.told == [
        "0 of 20 members, 0 rooms, 0 messages/s",
        "1 of 20 members, 1 room, 4 messages/s",
        "1 of 20 members, 1 room, 0.2 messages/s",
        "1 of 20 members, 1 room, 200 messages/s",
    ]


def test_what_did_not_change_is_told_once(watched):
    watched.server.run(INTERVAL * 10)
    assert watched.told == ["0 of 20 members, 0 rooms, 0 messages/s"]


def test_it_tells_what_is_wrong(watched):
    watched.health.problems = lambda: ["The ledger refuses messages: the disk is full."]
    watched.server.run(INTERVAL)
    assert watched.told[1:] == [
        "0 of 20 members, 0 rooms, 0 messages/s. The ledger refuses messages: the disk is full."
    ]


def test_once_stopped_it_tells_nothing(watched):
    watched.status.stop()
    watched.status.stop()
    watched.join()
    watched.server.run(INTERVAL * 2)
    assert len(watched.told) == 1
