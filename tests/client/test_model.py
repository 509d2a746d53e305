"""
The client's model: the lines it sends, the events it shows, and that nothing is lost or doubled
over lost connections.
"""

import json

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from twisted.internet.task import Clock

from groupchat.client.model import Model
from groupchat.client.outbox import Entry, Outbox
from groupchat.client.requests import FILL_REF
from groupchat.client.session import Session
from groupchat.wire import commands, events, jsonlines
from groupchat.wire.commands import Position
from groupchat.wire.errors import NotInRoom
from tests.client.fakes import FakeDisplay, Server, SessionListener, line, message, state, welcome

SECRET = "s" * 16


class ModelDriver:
    """A model, and what it sends, as dicts."""

    def __init__(self, *rooms, outbox=None, read=None):
        self.display = FakeDisplay()
        self.listener = SessionListener()
        self.clock = Clock()
        session = Session("alice", SECRET)
        session.listener = self.listener
        self.model = Model(
            session, rooms or ["lobby"], self.display, outbox or Outbox(), self.clock, read
        )
        self.lines_sent = []

    def connect(self):
        self.model.connect(self.lines_sent.append)
        return self

    def hear(self, *on_head):
        for event in on_head:
            self.model.receive(event, line(event))
        self.model.flush()
        return self

    def enter(self, room="lobby", said=0, head=0):
        self.hear(state(room, said=said, head=head), events.Catchup(room=room, through=head))
        return self

    def say(self, *texts):
        for text in texts:
            self.model.say(text)
        self.model.flush()
        return self

    def sent(self):
        data, self.lines_sent[:] = b"".join(self.lines_sent), []
        return [json.loads(one) for one in data.splitlines()]

    def said(self):
        return [(one["n"], one["text"]) for one in self.sent() if one["type"] == "say"]


@pytest.fixture
def driver():
    """A model that is in the lobby."""
    driver = ModelDriver().connect().hear(welcome()).enter()
    driver.sent()
    return driver


def ok(n, number, room="lobby"):
    return events.Ok(n=n, room=room, id=number)


# Logging in.


def test_a_person_goes_on_reading_where_an_earlier_run_was():
    driver = ModelDriver(
        read={"lobby": Position(epoch="e0", after=7), "dev": Position(epoch="e0", after=2)}
    ).connect()
    assert driver.sent()[0]["rooms"] == {"lobby": {"epoch": "e0", "after": 7}}
    driver.hear(welcome()).enter(head=8).hear(message(8))
    assert driver.model.positions == {
        "lobby": Position(epoch="e1", after=8),
        "dev": Position(epoch="e0", after=2),
    }
    driver.model.disconnect()
    assert driver.model.positions["lobby"] == Position(epoch="e1", after=8)


def test_a_person_goes_on_reading_in_a_room_that_is_joined_again():
    driver = ModelDriver(read={}).connect().hear(welcome()).enter(head=1).hear(message(1))
    driver.model.switch_room("dev")
    driver.enter("dev")
    driver.model.switch_room("lobby")
    join = driver.sent()[-1]
    assert (join["room"], join["epoch"], join["after"]) == ("lobby", "e1", 1)


def test_a_program_begins_at_the_newest_few_of_a_room_that_it_joins_again():
    driver = ModelDriver().connect().hear(welcome()).enter(head=1).hear(message(1))
    driver.model.switch_room("dev")
    driver.enter("dev")
    driver.model.switch_room("lobby")
    assert "after" not in driver.sent()[-1]
    assert driver.model.positions == {"dev": Position(epoch="e1", after=0)}


def test_it_says_hello_first():
    assert ModelDriver().connect().sent() == [
        {"type": "hello", "name": "alice", "client": SECRET, "rooms": {"lobby": None}}
    ]


def test_nothing_is_said_before_the_room_is_open():
    driver = ModelDriver().connect()
    driver.say("early").hear(welcome(), state(said=4))
    assert driver.said() == []
    driver.hear(events.Catchup(room="lobby", through=0))
    assert driver.said() == [(5, "early")]


def test_a_rejected_hello_reaches_the_listener():
    driver = ModelDriver().connect().hear(events.Error(code="name-taken", text="Taken."))
    assert driver.listener.told == ["name-taken"]


def test_the_name_is_the_one_that_the_server_gives():
    assert ModelDriver().connect().hear(welcome("Alice")).model.session.name == "Alice"


def test_a_hello_after_a_lost_connection_tells_the_position_in_each_room(driver):
    driver.hear(message(1), message(2))
    driver.model.disconnect()
    assert driver.connect().sent()[0]["rooms"] == {"lobby": {"epoch": "e1", "after": 2}}


def test_a_hello_after_a_rename_has_the_new_name(driver):
    driver.hear(events.Presence(room="lobby", count=1, renamed={"alice": "alicia"}))
    driver.model.disconnect()
    assert driver.connect().sent()[0]["name"] == "alicia"


# Saying.


def test_what_was_said_is_numbered_in_order(driver):
    assert driver.say("a", "b").said() == [(1, "a"), (2, "b")]


def test_it_is_busy_until_all_is_stored(driver):
    assert not driver.model.busy
    driver.say("a")
    assert driver.model.busy
    driver.hear(ok(1, 1))
    assert not driver.model.busy


def test_our_own_messages_are_not_shown_again(driver):
    driver.say("a").hear(ok(1, 1), message(1, "a", "alice"), message(2, "b"))
    assert driver.display.texts() == ["b"]


def test_our_own_messages_whose_ok_was_lost_are_not_shown_again(driver):
    driver.say("a")
    driver.model.disconnect()
    driver.connect().hear(welcome(), state(head=1, said=1), events.Catchup(room="lobby", through=1))
    driver.hear(message(1, "a", "alice"), ok(1, 1), message(2, "a", "alice"))
    assert [event.id for event, _ in driver.display.shown if isinstance(event, events.Message)] == [
        2
    ]


def test_our_own_correction_whose_ok_was_lost_is_not_shown_again(driver):
    line = b'{"type":"say","room":"lobby","text":"tea","replaces":1}'
    driver.say("te").hear(ok(1, 1), message(1, "te", "alice"))
    driver.model.say_line("lobby", line)
    driver.model.flush()
    driver.model.disconnect()
    driver.connect().hear(welcome(), state(head=3, said=2), events.Catchup(room="lobby", through=3))
    corrected = msgspec.structs.replace(message(3, "tea", "alice"), replaces=1)
    driver.hear(message(2, "tea", "alice"), corrected)
    assert driver.display.texts() == ["tea"] and driver.display.ids() == [1, 2, 3]


def test_our_own_removal_whose_ok_was_lost_is_not_shown_again(driver):
    driver.say("te").hear(ok(1, 1), message(1, "te", "alice"))
    driver.model.say_line("lobby", b'{"type":"say","room":"lobby","redacts":1}')
    driver.model.flush()
    driver.model.disconnect()
    driver.connect().hear(welcome(), state(head=2, said=2), events.Catchup(room="lobby", through=2))
    driver.hear(msgspec.structs.replace(message(2, "", "alice"), redacts=1))
    assert driver.display.texts() == [] and driver.display.ids() == [1, 2]
    assert driver.model.rooms["lobby"].own.newest is None


def test_a_correction_keeps_its_number_over_a_lost_connection(driver):
    driver.say("te").hear(ok(1, 1))
    driver.model.say_line("lobby", b'{"type":"say","room":"lobby","redacts":1}')
    driver.model.flush()
    driver.model.disconnect()
    driver.sent()
    driver.connect().hear(welcome()).enter(said=1, head=1)
    assert driver.sent()[-1] == {"type": "say", "room": "lobby", "redacts": 1, "n": 2}


def test_it_is_known_what_a_message_says_now(driver):
    corrected = msgspec.structs.replace(message(2, "tea"), replaces=1)
    driver.hear(message(1, "te"), corrected)
    assert driver.model.rooms["lobby"].corrections.apply(message(1, "te")).text == "tea"


def test_another_log_has_other_corrections(driver):
    driver.say("te").hear(ok(1, 1), message(1, "te", "alice"))
    driver.hear(msgspec.structs.replace(message(2, "tea", "alice"), replaces=1))
    driver.hear(events.Reset(room="lobby", epoch="e2", first=1, head=9))
    room = driver.model.rooms["lobby"]
    assert room.corrections.apply(message(1, "te")).text == "te" and room.own.newest is None


def test_our_own_messages_of_an_earlier_run_are_history():
    driver = (
        ModelDriver()
        .connect()
        .hear(welcome())
        .enter(said=1, head=1)
        .hear(message(1, "before", "alice"))
    )
    assert (message(1, "before", "alice"), True) in driver.display.shown


def test_after_a_reset_unanswered_messages_get_new_numbers(driver):
    driver.hear(message(1)).say("a", "b")
    driver.model.disconnect()
    driver.sent()
    driver.connect().hear(welcome(), state(epoch="e2", said=7, head=9))
    assert driver.said() == []
    driver.hear(
        events.Reset(room="lobby", epoch="e2", first=1, head=9),
        events.Catchup(room="lobby", through=9),
    )
    assert driver.said() == [(8, "a"), (9, "b")]


def test_a_refusal_that_mends_itself_costs_no_word(driver):
    driver.say("a").hear(
        events.Error(code="out-of-order", text="Number 4.", n=1, room="lobby", want=4)
    )
    assert driver.model.unsaid == 0


def test_a_refused_or_unanswered_command_counts_as_unsaid(driver):
    driver.model.request(commands.Tell(to="bob", text="psst", ref="/msg"))
    driver.hear(events.Error(code="no-such-name", text="Nobody.", ref="/msg"))
    assert driver.model.unsaid == 1
    driver.model.request(commands.AskRooms(ref="/rooms"))
    driver.model.disconnect()
    driver.model.fail_requests()
    assert driver.model.unsaid == 2


def test_a_refused_text_is_reported_and_given_up(driver):
    driver.say("a").hear(events.Error(code="muted", text="You are muted.", n=1, room="lobby"))
    assert driver.display.shown[-1][0].text == "You are muted."
    assert driver.model.unsaid == 1
    assert not driver.model.busy


def test_a_full_storage_is_reported_once_and_tried_again(driver):
    full = events.Error(code="storage-full", text="No room.", n=1, room="lobby")
    driver.say("a").hear(full)
    driver.sent()
    for _ in range(3):
        driver.clock.advance(1)
        assert driver.said() == [(1, "a")]
        driver.hear(full)
    assert [event for event, _ in driver.display.shown].count(full) == 1


def test_a_person_need_not_try_again_what_is_tried_again_by_itself(driver):
    text = "The server's disk is full. It was not stored; try again later."
    driver.say("a").hear(events.Error(code="storage-full", text=text, n=1, room="lobby", retry=5))
    assert (
        driver.display.shown[-1][0].text
        == "The server's disk is full. It was not stored; it is tried again by itself."
    )


def test_a_refusal_because_of_a_number_is_not_reported(driver):
    driver.say("a").hear(events.Error(code="out-of-order", text="No.", n=1, room="lobby", want=3))
    assert driver.said()[-1:] == [(3, "a")]
    assert not any(isinstance(event, events.Error) for event, _ in driver.display.shown)


def test_what_an_earlier_run_has_left_is_said_where_it_belongs():
    class Left(Outbox):
        def entries(self):
            self.count = 2
            say = b'{"type":"say","room":"%s","text":"x"}'
            return [Entry(room, say % room.encode(), 3) for room in ("lobby", "dev")]

        def position(self, room):
            return commands.Position(epoch="e0", after=5)

    driver = ModelDriver(outbox=Left()).connect()
    position = {"epoch": "e0", "after": 5}
    assert driver.sent()[0]["rooms"] == {"lobby": position, "dev": position}
    driver.hear(welcome()).enter("lobby", said=2, head=5).enter("dev", said=2, head=5)
    assert driver.said() == [(3, "x"), (3, "x")]
    driver.hear(ok(3, 6, "dev"))
    assert driver.sent() == [{"type": "leave", "room": "dev", "ref": "groupchat-connect leaves"}]
    assert {
        event.room for event, _ in driver.display.shown if isinstance(event, events.RoomState)
    } == {"lobby"}


# Asking and moving.


def test_an_answer_is_waited_for(driver):
    driver.model.request(commands.AskWho(room="lobby", ref="/who"))
    assert driver.model.busy
    driver.hear(events.Who(room="lobby", members=[], count=0, ref="/who"))
    assert not driver.model.busy


def test_the_same_question_twice_waits_for_two_answers(driver):
    for _ in range(2):
        driver.model.request(commands.AskWho(room="lobby", ref="/who"))
    driver.hear(events.Who(room="lobby", members=[], count=0, ref="/who"))
    assert driver.model.busy


def test_a_request_that_lost_its_connection_is_reported(driver):
    driver.model.request(commands.Tell(to="bob", text="hi", ref="/msg"))
    driver.model.disconnect()
    driver.model.fail_requests()
    assert driver.display.complaints == [
        "/msg: The connection was lost before the answer came. Ask again."
    ]
    driver.sent()
    assert [one["type"] for one in driver.connect().sent()] == ["hello"]


def test_moving_leaves_the_old_room_when_the_new_is_open(driver):
    driver.model.switch_room("dev")
    assert driver.sent() == [{"type": "join", "room": "dev", "ref": "/join"}]
    assert driver.model.switching
    driver.enter("dev")
    assert [(one["type"], one["room"]) for one in driver.sent()] == [("leave", "lobby")]
    assert (driver.model.current_room, driver.model.switching) == ("dev", False)
    assert driver.say("a").sent()[0]["room"] == "dev"


def test_a_refused_join_changes_no_room(driver):
    driver.model.switch_room("dev")
    driver.hear(events.Error(code="too-many", text="Too many rooms.", room="dev", ref="/join"))
    assert (driver.model.current_room, driver.model.switching, driver.model.busy) == (
        "lobby",
        False,
        False,
    )
    assert driver.say("a").sent()[-1]["room"] == "lobby"


def test_a_move_outlives_its_connection(driver):
    driver.model.switch_room("dev")
    driver.model.disconnect()
    driver.connect().hear(welcome()).enter("lobby").enter("dev")
    assert driver.model.current_room == "dev"


def test_moving_to_the_present_room_asks_nobody(driver):
    driver.model.switch_room("lobby")
    assert driver.sent() == []
    assert driver.display.complaints == ["/join: You are in lobby already."]


def test_a_room_that_was_left_is_not_joined_again(driver):
    driver.model.request(commands.Leave(room="lobby"))
    driver.model.disconnect()
    driver.sent()
    assert driver.connect().sent()[0]["rooms"] == {}


# Being put out.


CLOSED = "There is no such room, or it is not open to you."


def put_out(room="lobby", **fields):
    return events.Error(code="not-allowed", text=CLOSED, room=room, **fields)


def test_a_room_that_we_are_put_out_of_is_left_and_its_messages_are_given_up(driver):
    driver.say("a", "b").hear(put_out())
    assert driver.display.shown[-1][0].text == CLOSED
    assert (driver.model.unsaid, driver.model.outbox.count, driver.model.busy) == (2, 0, False)
    driver.model.disconnect()
    driver.sent()
    assert driver.connect().sent()[0]["rooms"] == {}


def test_nothing_can_be_said_where_we_were_put_out(driver):
    driver.hear(put_out())
    with pytest.raises(NotInRoom):
        driver.say("a")
    driver.model.switch_room("dev")
    driver.enter("dev")
    assert [one["type"] for one in driver.say("a").sent()] == ["join", "say"]


def test_a_room_that_is_closed_when_we_come_back_is_left(driver):
    driver.model.disconnect()
    driver.connect().hear(welcome(), put_out())
    assert not driver.model.busy and not driver.model.is_in("lobby")


def test_a_refused_request_is_no_reason_to_leave(driver):
    driver.model.request(commands.Private(room="lobby", private=True))
    driver.hear(put_out())
    driver.model.request(commands.Private(room="lobby", private=True, ref="r"))
    driver.hear(put_out(ref="r"))
    assert driver.model.is_in("lobby")


# The rest.


def test_an_older_server_is_named_as_the_reason_why_it_does_not_know_a_command(driver):
    driver.model.request(commands.Search(room="lobby", text="tea", ref="/search"))
    driver.hear(events.Error(code="unknown-type", text="There is no such type.", ref="/search"))
    assert driver.display.shown[-1][0].text == (
        "This server is older than your client: it does not know that."
    )
    assert driver.model.unsaid == 1


def test_what_was_found_is_the_answer_to_a_search(driver):
    driver.model.request(commands.Search(room="lobby", text="tea", ref="/search"))
    found = events.Found(room="lobby", messages=[message(1)], more=False, ref="/search")
    assert driver.model.busy
    driver.hear(found)
    assert not driver.model.busy and driver.display.shown[-1] == (found, False)


def test_a_ping_is_answered(driver):
    driver.hear(events.Ping(heads={}))
    assert driver.sent() == [{"type": "pong"}]


def test_a_ping_that_knows_more_than_came_fills_the_hole(driver):
    driver.hear(events.Ping(heads={"lobby": 1}))
    assert driver.sent()[-1] == {
        "type": "history",
        "room": "lobby",
        "before": 2,
        "limit": 1,
        "ref": FILL_REF,
    }
    driver.hear(events.History(room="lobby", messages=[message(1)], more=False, ref=FILL_REF))
    assert driver.display.ids() == [1]


def test_a_hole_that_cannot_be_filled_is_named(driver):
    driver.hear(
        message(1),
        message(4),
        events.Error(code="unavailable", text="No.", room="lobby", ref=FILL_REF),
    )
    assert [event for event, _ in driver.display.shown][-2:] == [
        events.Gap(room="lobby", after=1, before=4),
        message(4),
    ]


def test_what_is_unknown_is_handed_on(driver):
    driver.model.receive(None, b'{"type":"new"}')
    assert driver.display.shown[-1] == (None, False)


def test_a_bye_reaches_the_listener(driver):
    driver.hear(events.Bye(code="stopping", text="Stop.", retry=2))
    assert driver.listener.told == ["welcomed", "stopping"]


# The promise, whatever happens to the connection.


class Promise(RuleBasedStateMachine):
    """
    A server, a client and a connection that drops at any point: each thing said is stored once and
    in order, and each message is shown once and in order.
    """

    def __init__(self):
        super().__init__()
        self.server = Server()
        self.display = FakeDisplay()
        self.clock = Clock()
        session = Session("alice", SECRET)
        session.listener = SessionListener()
        self.model = Model(session, ["lobby"], self.display, Outbox(), self.clock)
        self.connected = False
        self.said = []

    @precondition(lambda self: not self.connected)
    @rule()
    def connect(self):
        self.connected = True
        self.model.connect(self.server.take)

    @precondition(lambda self: self.connected)
    @rule()
    def drop(self):
        self.connected = False
        self.server.drop()
        self.model.disconnect()

    @rule(
        kinds=st.lists(
            st.sampled_from(["new", "same", "correct", "remove"]), min_size=1, max_size=4
        )
    )
    def say(self, kinds):
        for kind in kinds:
            newest = self.model.rooms["lobby"].own.newest
            if newest is not None and kind in ("correct", "remove"):
                self.correct(newest, None if kind == "remove" else f"a{len(self.said)}")
            else:
                text = "again" if kind == "same" else f"a{len(self.said)}"
                self.said.append((text, None, None))
                self.model.say(text)
        self.model.flush()

    def correct(self, newest, text):
        about = {"redacts": newest} if text is None else {"replaces": newest}
        correction = commands.Correction(room="lobby", text=text, **about)
        self.said.append((text or "", correction.replaces, correction.redacts))
        self.model.say_line("lobby", jsonlines.encode_command(correction)[:-1])

    @rule()
    def other_says(self):
        self.server.append("bob", f"b{len(self.server.log)}")

    @rule()
    def other_device_says(self):
        self.server.append("alice", f"b{len(self.server.log)}")

    @precondition(lambda self: self.connected)
    @rule(count=st.integers(1, 5))
    def server_works(self, count):
        self.server.work(count)

    @precondition(lambda self: self.connected)
    @rule(count=st.integers(1, 5))
    def client_reads(self, count):
        self.server.give(self.model, count)

    @rule()
    def everything_arrives(self):
        if not self.connected:
            self.connect()
        for _ in range(3):
            self.server.work()
            self.server.give(self.model)

    # Only once something was shown: of the newest few, nobody knows how many there are.
    @precondition(
        lambda self: (
            self.display.ids() and b"".join(self.server.due[:1]).startswith(b'{"type":"message"')
        )
    )
    @rule()
    def a_message_goes_astray(self):
        del self.server.due[0]

    @precondition(lambda self: self.display.ids())
    @rule()
    def a_message_comes_again(self):
        self.server.due.insert(0, line(self.server.log[self.display.ids()[-1] - 1]))

    @rule()
    def storage_fills_or_empties(self):
        self.server.full = not self.server.full

    @rule(seconds=st.sampled_from([0.5, 1.0]))
    def time_passes(self, seconds):
        self.clock.advance(seconds)

    @invariant()
    def what_is_stored_was_said_once_and_in_order(self):
        stored = self.stored()
        assert stored == self.said[: len(stored)]

    @invariant()
    def what_is_shown_was_not_shown_before_and_leaves_no_hole(self):
        ids = self.display.ids()
        assert ids == list(range(ids[0], ids[0] + len(ids))) if ids else True

    @invariant()
    def own_words_are_not_shown(self):
        assert not [text for text in self.display.texts() if not text.startswith("b")]

    def stored(self):
        return [
            (one.text, one.replaces, one.redacts)
            for one in self.server.log
            if one.sender == "alice" and not one.text.startswith("b")
        ]

    def newest_own(self):
        """Returns the id of the newest message that can be corrected, of those that were shown."""
        removed = {one.redacts for one in self.server.log}
        shown = set(self.display.ids()) - removed
        own = [one.id for one in self.server.log if one.sender == "alice" and one.id in shown]
        return max((one for one in own if not self.is_correction(one)), default=None)

    def is_correction(self, message_id):
        message = self.server.log[message_id - 1]
        return message.replaces is not None or message.redacts is not None

    def teardown(self):
        self.server.full = False
        if not self.connected:
            self.connect()
        for _ in range(20 + len(self.said)):
            self.server.work()
            # A last message that went astray is named by the next ping.
            self.server.due.append(line(events.Ping(heads={"lobby": len(self.server.log)})))
            self.server.give(self.model)
            self.clock.advance(1)
        assert not self.model.busy
        self.what_is_stored_was_said_once_and_in_order()
        self.what_is_shown_was_not_shown_before_and_leaves_no_hole()
        assert self.stored() == self.said
        assert self.model.rooms["lobby"].own.newest == self.newest_own()
        assert self.display.ids()[-1:] == [one.id for one in self.server.log][-1:]


def test_the_promise_holds_for_a_client():
    run_state_machine_as_test(Promise, settings=settings(stateful_step_count=40))


def test_a_gap_is_shown_after_too_long_an_absence():
    server, driver = Server(), ModelDriver()
    driver.model.connect(server.take)
    server.work()
    server.append("bob", "b1")
    server.give(driver.model)
    server.drop()
    driver.model.disconnect()
    for number in range(2, 6):
        server.append("bob", f"b{number}")
    server.forget(2)
    driver.model.connect(server.take)
    server.work()
    server.give(driver.model)
    assert events.Gap(room="lobby", after=1, before=4) in [
        event for event, _ in driver.display.shown
    ]
    assert driver.display.ids() == [1, 4, 5]


def test_lines_that_are_no_saying_keep_their_bytes(driver):
    driver.model.request(commands.Ping(), b'{ "type": "ping" , "x": 1 }')
    assert driver.lines_sent == [b'{ "type": "ping" , "x": 1 }\n']


def test_a_numbered_line_keeps_its_other_fields(driver):
    driver.model.say_line("lobby", b'{"type":"say","room":"lobby","text":"x","mood":[1]}')
    driver.model.flush()
    assert driver.lines_sent == [b'{"type":"say","room":"lobby","text":"x","mood":[1],"n":1}\n']
    assert jsonlines.decode(driver.lines_sent[0]).n == 1
