"""A node whose ledger can't be reached, or that the others have taken for dead."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred

from groupchat.core.admission import MAX_LATE
from groupchat.core.entries import MessageEntry
from groupchat.core.group_entries import LoginEntry, LogoutEntry
from groupchat.core.login import client_digest
from groupchat.core.outage import MAX_SECONDS_WAITED
from groupchat.core.search import SearchQuery
from groupchat.core.seat import NODE_SHIFT
from groupchat.gateways.calls import Calls
from groupchat.wire.errors import Unavailable
from tests.cluster.group import Group
from tests.core.accounts import PASSWORD
from tests.gateways.web.support import Browser
from tests.support import both_wires, codes, kinds, secret


@pytest.fixture
def group(tmp_path):
    group = Group(accounts=str(tmp_path / "accounts.db"))
    yield group
    group.run(1)
    group.check()


def test_what_is_said_meanwhile_waits_and_is_stored_once_the_ledger_is_back(group):
    ann, ben = group.nodes[0].json("ann"), group.nodes[1].json("ben")
    ann.heard()
    group.order.leave()
    ann.say("hi", n=1)
    group.run(MAX_SECONDS_WAITED - 1)
    assert ann.events() == ben.events() == []
    group.order.come_back()
    group.run()
    assert kinds(ann.events()) == ["ok", "message"]
    assert ben.heard() == ["ann: hi"]


def test_pings_and_reading_go_on(group):
    ann = group.nodes[0].json("ann")
    ann.say("hi", n=1)
    group.run()
    ann.heard()
    group.order.leave()
    ann.say("held", n=2)
    ann.do("ping", ref="1")
    ann.do("history", room="lobby", ref="2")
    ann.do("who", room="lobby", ref="3")
    ann.do("rooms", ref="4")
    group.run(1)
    assert kinds(ann.events()) == ["pong", "history", "who", "rooms"]
    group.order.come_back()


# A log that can't be read either.


@pytest.fixture
def unread(group):
    """Ann has said 1 to 9 before Ben joined, and then 10 to 19; now the log can't be read."""
    ann = group.nodes[0].json("ann")
    for n in range(1, 10):
        ann.say(str(n), n=n)
    group.run()
    ben = group.nodes[1].json("ben")
    for n in range(10, 20):
        ann.say(str(n), n=n)
    group.run()
    ben.events()
    group.order.leave()
    group.order.unreadable = True
    yield ben
    group.order.come_back()


def history(client, **asked):
    """Returns the ids of a page of history, and whether there are more."""
    (page,) = client.ask("history", room="lobby", **asked)
    return [message["id"] for message in page["messages"]], page["more"]


def test_history_is_then_what_the_node_has_in_memory(unread):
    assert history(unread) == (list(range(10, 20)), True)
    assert history(unread, limit=3) == ([17, 18, 19], True)
    assert history(unread, before=13, limit=50) == ([10, 11, 12], True)
    assert history(unread, after=9, limit=4) == ([10, 11, 12, 13], True)
    assert history(unread, after=15, before=18) == ([16, 17], False)
    assert history(unread, after=19) == ([], False)


def test_a_room_that_was_in_memory_from_its_beginning_has_nothing_older(group):
    ann = group.nodes[0].json("ann")
    group.order.unreadable = True
    assert history(ann) == ([], False)
    for n in range(1, 6):
        ann.say(str(n), n=n)
    group.run()
    ann.events()
    assert history(ann) == ([1, 2, 3, 4, 5], False)
    assert history(ann, limit=2) == ([4, 5], True)
    group.order.unreadable = False


def test_what_was_removed_is_in_no_history_from_memory_either(group):
    ann = group.nodes[0].json("ann")
    ann.say("secret", n=1)
    ann.do("say", room="lobby", redacts=1, n=2)
    group.run()
    ann.events()
    group.order.unreadable = True
    (page,) = ann.ask("history", room="lobby")
    assert page["messages"][0]["redacted"] and "secret" not in str(page)
    group.order.unreadable = False


def test_a_request_over_http_is_answered_from_memory_too(group, unread):
    hub, answers = group.nodes[1].hub, []
    calls, cron = Calls(hub, group.nodes[1].now), hub.callers.guest("cron", "192.0.2.1")
    group.run(2)
    for question in (
        calls.history(cron, "lobby", None, None, 2),
        calls.who(cron, "lobby", ""),
        calls.history(cron, "elsewhere", None, None, 2),
        calls.search(cron, "lobby", SearchQuery.parse("1", ""), None, 2),
    ):
        Deferred.fromCoroutine(question).addBoth(answers.append)
    history, who, *refused = answers
    assert [message.id for message in history.messages] == [18, 19]
    assert [member.name for member in who.members] == ["ann", "ben"]
    assert [failure.type for failure in refused] == [Unavailable] * 2


@pytest.mark.parametrize(
    "asked",
    [
        {"type": "history", "room": "lobby", "before": 10},
        {"type": "history", "room": "lobby", "after": 8},
        {"type": "search", "room": "lobby", "text": "1"},
        {"type": "rooms"},
    ],
)
def test_what_can_not_be_read_is_refused(unread, asked):
    (error,) = unread.ask(**asked)
    assert (error["type"], error["code"]) == ("error", "unavailable")


def test_a_client_that_lacks_what_can_not_be_read_is_sent_away_and_told_when_to_come_back(group):
    ann, ben = group.nodes[0].json("ann"), group.nodes[1].json("ben")
    ben.events()
    ben.stall()
    for n in range(1, 400):
        ann.say("x" * 2000, n=n)
        group.run()
    group.order.unreadable = True
    ben.flow()
    group.run()
    bye = ben.events()[-1]
    assert (bye["code"], bye["retry"]) == ("unavailable", 5) and ben.gone
    assert not ann.gone
    group.order.unreadable = False


def test_a_login_waits_too(group):
    group.order.leave()
    ann = group.nodes[0].connect()
    ann.hello("ann")
    group.run(5)
    assert ann.events() == []
    group.order.come_back()
    group.run()
    assert kinds(ann.events()) == ["welcome", "room", "catchup"]


@both_wires
def test_after_ten_seconds_everybody_is_sent_away_and_told_when_to_come_back(group, wire):
    ann = group.nodes[0].join(wire, "ann")
    late = group.nodes[0].connect()
    group.order.leave()
    late.hello("late")
    ann.say("hi")
    group.run(MAX_SECONDS_WAITED + 0.1)
    assert ann.gone
    (bye,) = late.events()
    assert (bye["type"], bye["code"], bye["retry"]) == ("bye", "unavailable", 5)
    if wire == "plain":
        assert ann.lines() == ["! The server can't reach its ledger just now. Come back in 5 s."]
    else:
        assert codes(ann.events()) == ["unavailable"]
    group.order.come_back()


def test_then_nobody_is_let_in(group):
    group.order.leave()
    group.run(MAX_SECONDS_WAITED + 1)
    ann = group.nodes[0].connect()
    ann.hello("ann")
    group.run()
    assert codes(ann.events()) == ["unavailable"]
    assert ann.gone
    group.order.come_back()


def test_it_comes_back_by_itself(group):
    ann, ben = group.nodes[0].json("ann"), group.nodes[1].json("ben")
    group.order.leave()
    ann.say("was it stored?", n=1)
    group.run(MAX_SECONDS_WAITED + 1)
    assert [node.hub.members.sessions for node in group.nodes] == [{}, {}]
    group.order.come_back()
    group.run()
    again = group.nodes[1].connect()
    again.hello("ann", rooms={"lobby": {"after": 0}})
    group.run()
    assert "past ann: was it stored?" in again.heard()
    again.say("was it stored?", n=1)
    group.run()
    assert again.events() == [{"type": "ok", "room": "lobby", "n": 1, "id": 1}]
    assert ann.gone and ben.gone
    assert [member.name for member in group.nodes[0].hub.members.all()] == ["ann"]


def test_short_outages_one_after_the_other_send_nobody_away(group):
    ann = group.nodes[0].json("ann")
    for _ in range(3):
        group.order.leave()
        group.run(MAX_SECONDS_WAITED - 1)
        group.order.come_back()
        group.run()
    assert not ann.gone


def test_who_waits_for_an_entry_is_told_that_nobody_knows_and_later_ones_at_once(group):
    hub = group.nodes[0].hub
    failures = []
    group.order.leave()
    hub.posted(MessageEntry("lobby", "ann", "hi", 1)).addErrback(failures.append)
    group.run(MAX_SECONDS_WAITED + 1)
    assert [failure.type for failure in failures] == [Unavailable]
    hub.posted(MessageEntry("lobby", "ann", "hi", 1)).addErrback(failures.append)
    assert [failure.type for failure in failures] == [Unavailable, Unavailable]
    group.order.come_back()
    group.run()
    assert hub.rooms == {}


def test_an_operator_whose_kick_does_not_come_back_is_sent_away_like_all(group):
    group.register(operators=("op",))
    op = group.nodes[0].connect()
    op.hello("op", client=secret("op"), password=PASSWORD)
    ann = group.nodes[1].json("ann")
    op.events()
    group.order.leave()
    op.do("kick", name="ann")
    group.run(MAX_SECONDS_WAITED + 1)
    assert codes(op.events()) == codes(ann.events()) == ["unavailable"]
    group.order.come_back()


# A node that was taken for dead, and a log that is another one.


def test_a_node_that_was_taken_for_dead_sends_its_people_away_and_lives_on_as_another(group):
    ann, ben = group.nodes[0].json("ann"), group.nodes[1].json("ben")
    ann.heard()
    group.order.fence(group.ledger(1), by=1)
    ben.say("into the void")
    group.run()
    (bye,) = ben.events()
    assert (bye["code"], bye["retry"]) == ("unavailable", 1)
    assert ann.heard() == ["ben left."]
    again = group.nodes[1].json("ben")
    again.say("here I am")
    group.run()
    assert ann.heard() == ["ben joined.", "ben: here I am"]
    assert group.nodes[1].ledger.node == 3


def test_what_it_had_posted_is_not_stored(group):
    ann, ben = group.nodes[0].json("ann"), group.nodes[1].json("ben")
    ann.heard()
    ben.say("lost", n=1)
    group.reactor.turn()
    group.order.fence(group.ledger(1), by=1)
    group.run()
    assert ann.heard() == ["ben left."]
    assert group.nodes[0].hub.rooms["lobby"].head == 0


@pytest.mark.parametrize(
    ("late", "is_replaced"), [(1, False), (MAX_LATE, False), (0, True), (MAX_LATE + 1, True)]
)
def test_a_login_that_is_posted_late_does_not_replace_the_connection_made_since(
    group, late, is_replaced
):
    ann, ben = group.nodes[1].connect(), group.nodes[1].json("ben")
    ann.hello("ann", client=secret("ann"))
    group.run()
    ben.heard()
    node = group.nodes[0]
    (seat,) = node.hub.members.named("ann").seats
    number = node.ledger.node << NODE_SHIFT | 99
    client = client_digest(secret("ann"))
    node.hub.post(LoginEntry(number, "ann", client, since=seat.since - late))
    node.hub.post(LogoutEntry(number, "lost"))  # the client has long given it up
    group.run()
    assert ann.gone == is_replaced
    assert ben.heard() == (["ann left."] if is_replaced else [])


def test_who_is_logging_in_as_a_node_is_taken_for_dead_is_sent_away(group):
    ben = group.nodes[1].connect()
    ben.hello("ben")
    group.reactor.turn()
    group.order.fence(group.ledger(1), by=1)
    group.run()
    assert codes(ben.events()) == ["unavailable"]
    assert group.nodes[1].json("ben").events() == []


def test_a_stream_that_is_about_to_begin_as_a_node_is_taken_for_dead_ends(group):
    stream = Browser(group.nodes[1]).client
    stream.send(b"GET /api/rooms/lobby/stream HTTP/1.1\r\nHost: localhost:9000\r\n\r\n")
    while not stream.transport.taken:
        group.reactor.turn()  # the node knows the room's state, but not where the stream begins
    group.order.fence(group.ledger(1), by=1)
    group.run()
    assert b"event: bye" in stream.transport.taken
    assert stream.gone
    assert not group.nodes[1].hub.rooms.watchers()


def test_where_the_log_is_another_one_all_begin_anew(group):
    ann, ben = group.nodes[0].json("ann"), group.nodes[1].json("ben")
    ann.say("forgotten", n=1)
    group.run()
    epoch = group.ledger(0).epoch
    ann.heard()
    group.order.rewind()
    group.run()
    assert codes(ann.events()) == ["unavailable"]
    assert ben.gone
    again = group.nodes[1].connect()
    again.hello("ann", rooms={"lobby": {"epoch": epoch, "after": 1}})
    group.run()
    assert kinds(again.events()) == ["welcome", "room", "reset", "catchup"]
