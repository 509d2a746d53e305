"""
The screen's chat on the client library.
"""

import json

import msgspec
import pytest
from twisted.internet.task import Clock

from groupchat.cli.failures import exit_for
from groupchat.cli.terminal.link import Link, Marks
from groupchat.cli.terminal.talk import Phase
from groupchat.client import AnswerLost, Chat, Ending, Policy, Refused
from groupchat.client.access import Access
from groupchat.client.outbox import Entry, Outbox
from groupchat.client.parts import fixed_identity, make_parts
from groupchat.wire import commands, events
from groupchat.wire.commands import Position
from tests.cli.environment import BYE, Endpoint, Transport
from tests.client.fakes import line, state, welcome


class Listener:
    def __init__(self):
        self.events, self.notices, self.changes = [], [], 0

    def on_event(self, event, past, mine):
        self.events.append((event, past, mine))

    def on_notice(self, text):
        self.notices.append(text)

    def on_change(self):
        self.changes += 1

    @property
    def messages(self):
        return [
            (event.id, event.text, mine)
            for event, _, mine in self.events
            if isinstance(event, events.Message)
        ]


class LeftOutbox(Outbox):
    """Holds a message of an earlier run."""

    def entries(self):
        return [Entry("lobby", b'{"type":"say","room":"lobby","text":"left"}')]


class Linked:
    """A link with a server that says what the test says."""

    def __init__(self, outbox=None):
        self.clock, self.endpoint, self.listener = Clock(), Endpoint(), Listener()
        parts = make_parts(
            self.clock,
            Access("alice", "localhost", 1),
            ["lobby"],
            outbox or Outbox(),
            fixed_identity("s" * 16),
            endpoint=self.endpoint,
            since={},
            policy=Policy(random=lambda: 0.5),
        )
        self.model = parts.model
        self.chat = Chat.of(parts)
        self.link = Link(self.chat, parts.lifecycle, self.clock)
        self.link.listener = self.listener
        self.endings, self.results, self.failures = [], [], []
        self.chat.start().addErrback(lambda failure: failure.trap(Ending))
        self.chat.closed.addCallback(lambda ending: self.endings.append(exit_for(ending.reason)))

    def accept(self):
        factory, waiting = self.endpoint.attempts[-1]
        self.transport = Transport()
        self.transport.protocol = factory.buildProtocol(None)
        self.transport.protocol.makeConnection(self.transport)
        waiting.callback(self.transport.protocol)
        return self

    def hear(self, *heard):
        self.transport.protocol.dataReceived(b"".join(line(event) + b"\n" for event in heard))
        self.clock.advance(0)

    def enter(self, said=0, head=0):
        self.accept().hear(
            welcome(), state(head=head, said=said), events.Catchup(room="lobby", through=head)
        )
        self.sent()
        return self

    def lose(self):
        self.transport.loseConnection()
        self.clock.advance(0)

    def sent(self):
        data = self.transport.value()
        self.transport.clear()
        return [json.loads(one) for one in data.splitlines()]

    def wait(self, answer):
        answer.addCallbacks(
            self.results.append, lambda failure: self.failures.append(failure.value)
        )
        self.clock.advance(0)


@pytest.fixture
def linked():
    return Linked().enter()


def ok(n, number):
    return events.Ok(n=n, room="lobby", id=number)


def message(number, text, sender="alice"):
    return events.Message(
        room="lobby", id=number, at="2026-11-27T12:24:00.000Z", sender=sender, text=text
    )


def test_what_is_said_fires_with_its_id_once_it_is_stored(linked):
    linked.wait(linked.link.say("lobby", "one"))
    linked.wait(linked.link.say("lobby", "two", act=True))
    assert [(one["text"], one["n"]) for one in linked.sent()] == [("one", 1), ("two", 2)]
    assert linked.results == []
    linked.hear(ok(1, 1), message(1, "one"), ok(2, 2))
    assert linked.results == [1, 2]
    assert linked.listener.messages == [(1, "one", True)]


def test_what_is_said_before_the_first_connection_goes_with_it():
    linked = Linked()
    assert linked.link.connection.phase is Phase.CONNECTING
    linked.wait(linked.link.say("lobby", "early"))
    linked.accept().hear(welcome(), state(), events.Catchup(room="lobby", through=0))
    assert [one.get("text") for one in linked.sent()] == [None, "early"]
    assert linked.link.connection.phase is Phase.ONLINE


def test_a_refusal_for_good_fails_it_and_one_that_passes_does_not(linked):
    linked.wait(linked.link.say("lobby", "one"))
    linked.wait(linked.link.say("lobby", "two"))
    linked.hear(events.Error(code="muted", text="You are muted.", n=1, room="lobby"))
    linked.hear(events.Error(code="out-of-order", text="…", n=2, room="lobby", want=1))
    (refused,) = linked.failures
    assert isinstance(refused, Refused) and refused.code == "muted"
    linked.clock.advance(2)
    linked.hear(ok(1, 1))
    assert linked.results == [1]


def test_storage_that_is_full_is_told_once_and_tried_again(linked):
    linked.wait(linked.link.say("lobby", "one"))
    linked.hear(events.Error(code="storage-full", text="Full.", n=1, room="lobby"))
    assert isinstance(linked.listener.events[-1][0], events.Error)
    linked.sent()
    linked.clock.advance(2)
    assert [one["text"] for one in linked.sent()] == ["one"]
    linked.hear(ok(1, 1))
    assert linked.results == [1]


def test_nothing_is_lost_or_doubled_over_a_lost_connection(linked):
    linked.wait(linked.link.say("lobby", "one"))
    linked.wait(linked.link.say("lobby", "two"))
    linked.lose()
    connection = linked.link.connection
    assert connection.phase is Phase.WAITING and 0 <= connection.seconds <= 1
    linked.wait(linked.link.say("lobby", "three"))
    linked.link.reconnect()
    linked.accept().hear(
        welcome(),
        state(head=1, said=1),
        events.Catchup(room="lobby", through=1),
        message(1, "one"),
    )
    assert [one["text"] for one in linked.sent() if one["type"] == "say"] == ["one", "two", "three"]
    linked.hear(ok(1, 1), ok(2, 2), ok(3, 3))
    assert linked.results == [1, 2, 3]
    assert linked.listener.messages == [(1, "one", True)]


def test_messages_of_an_earlier_run_do_not_take_the_answers_of_this_one():
    linked = Linked(LeftOutbox()).enter()
    linked.wait(linked.link.say("lobby", "new"))
    linked.hear(ok(1, 1))
    assert linked.results == []
    linked.hear(ok(2, 2))
    assert linked.results == [2]


def test_a_request_fires_with_its_answer_and_others_are_told(linked):
    linked.wait(linked.link.request(commands.AskWho(room="lobby")))
    (asked,) = linked.sent()
    answer = events.Who(room="lobby", members=[], count=0, ref=asked["ref"])
    linked.hear(answer, events.Topic(room="lobby", text="tea", sender="bob"))
    assert linked.results == [answer]
    assert [type(event) for event, _, _ in linked.listener.events[-1:]] == [events.Topic]


def test_a_refused_request_fails(linked):
    linked.wait(linked.link.request(commands.Tell(to="bbo", text="hi")))
    (asked,) = linked.sent()
    linked.hear(events.Error(code="no-such-name", text="Nobody.", ref=asked["ref"]))
    assert isinstance(linked.failures[0], Refused) and str(linked.failures[0]) == "Nobody."


def test_requests_are_lost_with_the_connection_and_refused_without_one(linked):
    linked.wait(linked.link.request(commands.AskRooms()))
    linked.lose()
    linked.wait(linked.link.request(commands.AskRooms()))
    assert [type(one) for one in linked.failures] == [AnswerLost, AnswerLost]
    assert "Ask again" in str(linked.failures[0])


def test_a_room_that_is_joined_is_told_and_answered(linked):
    linked.wait(linked.link.request(commands.Join(room="dev")))
    (asked,) = linked.sent()
    joined = msgspec.structs.replace(state(room="dev"), ref=asked["ref"])
    linked.hear(joined, events.Catchup(room="dev", through=0))
    assert linked.results == [joined] and linked.link.is_in("dev")
    assert (joined, False, False) in linked.listener.events


def test_a_room_that_cannot_be_joined_fails(linked):
    linked.wait(linked.link.request(commands.Join(room="dev")))
    (asked,) = linked.sent()
    linked.hear(events.Error(code="not-allowed", text="No.", room="dev", ref=asked["ref"]))
    assert isinstance(linked.failures[0], Refused) and not linked.link.is_in("dev")


def test_nothing_is_said_in_a_room_that_we_are_not_in(linked):
    linked.wait(linked.link.say("dev", "hi"))
    assert linked.failures[0].code == "not-in-room"


def test_a_password_goes_to_no_server_that_cannot_show_who_it_is(linked):
    linked.model.session.unproven = True
    linked.wait(linked.link.request(commands.Register(password="geheim")))
    assert isinstance(linked.failures[0], Refused) and linked.sent() == []


def test_the_reason_of_a_bye_is_told_with_the_time_to_wait(linked):
    linked.hear(events.Bye(code="full", text="The server is full.", retry=30))
    linked.lose()
    connection = linked.link.connection
    assert connection.reason == "The server is full." and 30 <= connection.seconds <= 32


def test_leaving_says_goodbye_or_ends_at_once(linked):
    linked.link.leave_server()
    assert [one["type"] for one in linked.sent()] == ["quit"]
    linked.hear(BYE)
    linked.lose()
    assert [one.status for one in linked.endings] == [0]
    alone = Linked()
    alone.link.leave_server()
    alone.clock.advance(0)
    assert [one.status for one in alone.endings] == [0]
    assert alone.link.connection.phase is Phase.ENDED


def test_the_end_answers_what_was_asked(linked):
    linked.wait(linked.link.request(commands.AskRooms()))
    linked.link.end()
    linked.clock.advance(0)
    assert isinstance(linked.failures[0], AnswerLost)


def test_who_we_are(linked):
    assert linked.link.name == "alice" and not linked.link.operator
    assert not linked.link.connection.encrypted


def test_notices_of_the_client_are_told_but_not_those_that_the_bar_shows(linked):
    linked.link.tell("Connection lost.")
    linked.link.warn("Another server.")
    linked.link.complain("No.")
    linked.link.show(None, b"{}", "alice")
    linked.link.show_elsewhere(message(1, "late"), b"")
    assert linked.listener.notices == ["Another server.", "No."]


def test_errors_before_the_login_are_nobody_s_business_here():
    linked = Linked().accept()
    linked.hear(events.Error(code="name-taken", text="Taken."))
    assert linked.listener.events == []


def test_marks_of_an_earlier_run_do_not_change_where_rooms_begin(linked):
    marks = {}
    user = Marks(linked.model, marks)
    user.identify("c" * 16, {"lobby": Position(epoch="e", after=3)})
    user.identify("d" * 16, None)
    user.set_unproven(True)
    assert marks == {"lobby": Position(epoch="e", after=3)}
    assert linked.model.session.client == "d" * 16 and linked.model.session.unproven


def test_a_correction_is_said_with_a_number_of_its_own():
    linked = Linked().accept()
    now = msgspec.structs.replace(state(), mark=0)
    linked.hear(welcome(), now, events.Catchup(room="lobby", through=0))
    linked.sent()
    assert linked.link.newest_own("lobby") is None and linked.link.newest_own("dev") is None
    linked.wait(linked.link.say("lobby", "helo"))
    linked.hear(ok(1, 1), message(1, "helo"))
    assert linked.link.newest_own("lobby") == 1
    linked.wait(linked.link.correct("lobby", 1, "hello"))
    linked.wait(linked.link.correct("lobby", 1, None))
    first, second = [one for one in linked.sent() if one["type"] == "say"][1:]
    assert (first["replaces"], first["text"], first["n"]) == (1, "hello", 2)
    assert (second["redacts"], second["n"]) == (1, 3)
    linked.hear(ok(2, 2), ok(3, 3))
    assert linked.results == [1, 2, 3]
    linked.link.mark_read("lobby")


def test_an_older_server_knows_no_corrections():
    linked = Linked().accept()
    older = msgspec.structs.replace(state(), mark=None)
    linked.hear(welcome(), older, events.Catchup(room="lobby", through=0))
    linked.wait(linked.link.correct("lobby", 1, "hello"))
    linked.wait(linked.link.correct("dev", 1, "hello"))
    assert [one.code for one in linked.failures] == ["unknown-type", "not-in-room"]
