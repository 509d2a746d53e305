"""A node that ends while others go on: its clients take over their seats there."""

from __future__ import annotations

import pytest

from tests.cluster.group import Group
from tests.support import kinds, secret


@pytest.fixture
def group():
    group = Group()
    yield group
    group.run(1)
    group.check()


def end(group, node):
    """Do what the service does at its end."""
    server = group.nodes[node]
    server.hub.stopping = True
    server.hub.hand_over()
    group.run()
    server.ledger.close()
    group.run()
    server.hub.stop()
    group.run()


def hello(node, name, **more):
    client = node.connect()
    client.hello(name, client=secret(name), **more)
    return client


def who(group, client):
    client.do("who", room="lobby")
    group.run()
    return sorted(one["name"] for one in client.events()[-1]["members"])


def test_nobody_is_told_that_a_client_goes_on_at_another_node(group):
    ann, ben = hello(group.nodes[0], "ann"), hello(group.nodes[1], "ben")
    group.run()
    ann.events(), ben.events()
    end(group, 1)
    (bye,) = ben.events()
    assert (bye["type"], bye["code"], bye["retry"]) == ("bye", "stopping", 0)
    assert who(group, ann) == ["ann", "ben"]
    again = hello(group.nodes[0], "ben")
    group.run()
    assert kinds(again.events()) == ["welcome", "room", "catchup"]
    group.order.lapse(2, by=1)
    group.run()
    assert ann.events() == [] and who(group, ann) == ["ann", "ben"]


def test_one_that_does_not_come_is_gone_after_a_while(group):
    ann = hello(group.nodes[0], "ann")
    hello(group.nodes[1], "ben")
    group.run()
    ann.events()
    end(group, 1)
    assert ann.events() == []
    group.order.lapse(2, by=1)
    group.run()
    assert ann.heard() == ["ben left."] and who(group, ann) == ["ann"]


def test_one_without_a_secret_can_come_again_at_once(group):
    ann, ben = hello(group.nodes[0], "ann"), group.nodes[1].join("plain", "ben")
    group.run()
    ann.events()
    ben.say("last words")
    group.run()
    ann.heard()
    end(group, 1)
    assert ben.lines()[-1] == (
        "-- This server is stopping, and others of the group go on. Come back at once."
    )
    assert ann.heard() == ["ben left."]
    group.nodes[0].join("plain", "ben")
    group.run()
    assert who(group, ann) == ["ann", "ben"]


def test_what_was_said_is_answered_before_the_end(group):
    ben = hello(group.nodes[1], "ben")
    group.run()
    ben.events()
    ben.say("one", n=1)
    group.reactor.turn()
    end(group, 1)
    assert kinds(ben.events()) == ["ok", "message", "bye"]


def test_the_last_node_asks_for_time(group):
    end(group, 1)
    ann = hello(group.nodes[0], "ann")
    group.run()
    ann.events()
    group.nodes[0].hub.hand_over()
    group.nodes[0].hub.stop()
    assert ann.events()[-1]["retry"] == 2


def test_a_node_that_can_not_reach_the_ledger_hands_nothing_over(group):
    ben = hello(group.nodes[1], "ben")
    group.run()
    ben.events()
    group.order.leave()
    server = group.nodes[1]
    server.hub.stopping = True
    assert server.hub.hand_over().called
    server.hub.stop()
    assert ben.events()[-1]["retry"] == 2
    group.order.come_back()
    server.hub.stopping = False
    group.order.reap(2, by=1)
