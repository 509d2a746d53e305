"""
The life of a chat, and the pipe that feeds it: it logs in, comes back, and ends.
"""

import json

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.error import (
    ConnectError,
    ConnectionDone,
    ConnectionRefusedError,
    DNSLookupError,
)
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransportWithDisconnection
from twisted.python.failure import Failure

from groupchat.cli.exit import DONE, LOST, TURNED_AWAY, UNREACHABLE, USAGE
from groupchat.cli.failures import exit_for
from groupchat.cli.input import MAX_UNSTORED, InputParser
from groupchat.cli.password import PasswordDialog
from groupchat.cli.pipe import DELIVERY_TIMEOUT, Pipe, Source
from groupchat.client.chat import TIMEOUT, Chat
from groupchat.client.errors import CertificateError, NotTLS, OutboxUnusable
from groupchat.client.model import Model
from groupchat.client.outbox import Outbox
from groupchat.client.reconnect import NAME_TIMEOUT, Backoff, NameRetry
from groupchat.wire import events
from tests.client.fakes import FakeDisplay, line, message, state, welcome


class Transport(StringTransportWithDisconnection):
    def abortConnection(self):
        self.loseConnection()


class Endpoint:
    """Where tests connect or fail the client."""

    def __init__(self):
        self.asked = []

    def connect(self, factory):
        self.asked.append((factory, Deferred()))
        return self.asked[-1][1]


class FakeInput:
    reading = False

    def pause(self):
        self.reading = False

    def resume(self):
        self.reading = True


class World:
    """A client with everything around it."""

    def __init__(
        self, stay=False, random=0.5, on_first_event=None, asker=None, source=Source.PERSON, persistent=False, client_ids=None,
        where="localhost, port 1",
    ):  # fmt: skip
        self.clock, self.endpoint, self.display, self.input = (
            Clock(),
            Endpoint(),
            FakeDisplay(),
            FakeInput(),
        )
        self.outbox = Outbox()
        self.outbox.persistent = persistent
        self.model = Model("alice", "s" * 16, ["lobby"], self.display, self.outbox, self.clock)
        self.parser = InputParser(self.model, self.display)
        names = NameRetry(self.clock, client_ids) if source is Source.SCRIPT else None
        backoff = Backoff(lambda: random)
        self.chat = Chat(
            self.endpoint, where, self.model, self.clock, names, backoff, on_first_event
        )
        dialog = PasswordDialog(asker, self.chat, self.model) if asker else None
        self.pipe = Pipe(
            self.chat, self.model, self.parser, self.input, self.clock, source, stay, dialog
        )
        self.endings = []
        self.chat.start().addCallback(exit_for).addCallback(self.endings.append)

    def accept(self):
        factory, waiting = self.endpoint.asked[-1]
        self.transport = Transport()
        self.transport.protocol = factory.buildProtocol(None)
        self.transport.protocol.makeConnection(self.transport)
        waiting.callback(self.transport.protocol)
        return self

    def refuse(self, reason):
        self.endpoint.asked[-1][1].errback(Failure(reason))
        return self

    def hear(self, *heard):
        self.transport.protocol.dataReceived(b"".join(line(event) + b"\n" for event in heard))
        return self

    def enter(self, head=0, said=0):
        return self.accept().hear(
            welcome(), state(head=head, said=said), events.Catchup(room="lobby", through=head)
        )

    def lose(self):
        self.transport.protocol.connectionLost(Failure(ConnectionDone()))
        return self

    def type(self, *lines, end=False):
        for typed in lines:
            self.parser.type(typed.encode())
        self.parser.ended = self.parser.ended or end
        self.pipe.check()
        return self

    def sent(self):
        data = self.transport.value()
        self.transport.clear()
        return [json.loads(one)["type"] for one in data.splitlines()]

    @property
    def ending(self):
        ((ending),) = self.endings
        assert not self.clock.getDelayedCalls(), "an ended client waits for nothing"
        return ending.status, ending.text


def ok(n, number):
    return events.Ok(n=n, room="lobby", id=number)


BYE = events.Bye(code="quit", text="Bye.")


# Logging in.


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (DNSLookupError(), "There is no such host: localhost, port 1. Check its name."),
        (
            ConnectionRefusedError(),
            "Connection refused by localhost, port 1. Is the server running, ",
        ),
        (
            ConnectError(string="No route"),
            "Cannot reach localhost, port 1: An error occurred while conn",
        ),
    ],
)
def test_a_server_that_cannot_be_reached_ends_it_at_once(reason, text):
    status, told = World().refuse(reason).ending
    assert (status, told[: len(text)]) == (UNREACHABLE, text)


@pytest.mark.parametrize(
    ("where", "what"), [("localhost, port 1", "port"), ("unix:/run/chat.sock", "socket")]
)
def test_a_refused_connection_asks_after_the_port_or_the_socket(where, what):
    told = World(where=where).refuse(ConnectionRefusedError()).ending[1]
    assert told == f"Connection refused by {where}. Is the server running, and is that its {what}?"


def test_a_connection_that_takes_too_long_ends_it():
    world = World()
    world.clock.advance(TIMEOUT)
    status, text = world.ending
    assert (status, text[:40]) == (UNREACHABLE, "No answer from localhost, port 1 within ")


def test_a_server_without_a_welcome_ends_it():
    world = World().accept()
    world.clock.advance(TIMEOUT)
    assert world.ending == (
        UNREACHABLE, "No welcome from localhost, port 1 within 10 s. Is that a groupchat server?"
    )  # fmt: skip


def test_a_server_that_hangs_up_without_a_word_ends_it():
    status, text = World().accept().lose().ending
    assert (status, "without a word" in text) == (UNREACHABLE, True)


def test_a_refused_hello_ends_it():
    assert World().accept().hear(events.Error(code="name-taken", text="Taken.")).ending == (
        TURNED_AWAY,
        "Taken.",
    )


def test_a_full_server_ends_it_the_first_time():
    full = events.Bye(code="full", text="The server is full.", retry=30)
    assert World().accept().hear(full).ending == (TURNED_AWAY, "The server is full.")


def test_nothing_is_read_before_it_is_in():
    world = World().accept()
    assert not world.input.reading
    world.hear(welcome())
    assert world.input.reading


# Ending.


def test_the_end_of_input_quits_when_all_is_stored():
    world = World().enter().type("a", end=True)
    assert world.sent() == ["hello", "say"]
    world.hear(ok(1, 1))
    assert world.sent() == ["quit"]
    assert world.hear(BYE).ending == (DONE, "")


def test_the_end_of_input_waits_for_answers():
    world = World().enter().type("/who", end=True)
    assert world.sent() == ["hello", "who"]
    world.hear(events.Who(room="lobby", members=[], count=0, ref="/who"))
    assert world.sent() == ["quit"]


def test_the_end_of_input_waits_for_history():
    world = World().enter().hear(message(1)).lose()
    world.clock.advance(1)
    world.type("a", end=True).enter(head=2)
    world.hear(ok(1, 3))
    assert world.sent() == ["hello", "say"]
    world.hear(message(2))
    assert world.sent() == ["quit"]


def test_where_there_may_be_no_history_none_is_waited_for():
    assert World().type(end=True).enter(head=9).sent() == ["hello", "quit"]


def test_answers_that_never_come_are_not_waited_for_long():
    world = World().enter().type("/who", end=True)
    world.clock.advance(TIMEOUT)
    assert world.sent() == ["hello", "who", "quit"]
    world.clock.advance(TIMEOUT)
    assert world.ending == (DONE, "")


def test_one_who_stays_does_not_quit_at_the_end_of_input():
    world = World(stay=True).enter().type(end=True)
    assert world.sent() == ["hello"]
    assert world.type("/quit").sent() == ["quit"]


def test_quit_waits_until_all_is_stored():
    world = World().enter().type("a", "/quit")
    assert world.sent() == ["hello", "say"]
    assert world.hear(ok(1, 1)).sent() == ["quit"]


def test_output_that_nobody_reads_ends_a_person_quietly():
    world = World().enter()
    world.pipe.stopProducing()
    assert world.ending == (DONE, "")
    assert not world.transport.connected


@pytest.mark.parametrize("source", [Source.SCRIPT, Source.PROGRAM])
@pytest.mark.parametrize("stay", [False, True])
def test_output_that_nobody_reads_costs_a_script_no_word(source, stay):
    world = World(source=source, stay=stay).enter().type("a")
    world.pipe.pauseProducing()
    world.pipe.stopProducing()
    assert not world.endings and world.transport.producerState == "producing"
    world.hear(ok(1, 1)).type("b", end=True).hear(ok(2, 2))
    assert world.sent() == ["hello", "say", "say", "quit"]
    assert world.hear(BYE).ending == (DONE, "")


def test_a_signal_ends_it():
    world = World().enter()
    world.pipe.stop()
    assert world.ending == (DONE, "")


def test_a_signal_that_leaves_something_unsaid_is_no_good_end():
    world = World().enter().type("a")
    world.pipe.stop()
    assert world.ending[0] == LOST


def test_a_signal_while_connecting_ends_it():
    world = World()
    world.pipe.stop()
    assert world.accept().ending == (DONE, "")


def test_an_outbox_that_cannot_be_written_ends_it():
    world = World().enter()

    def full():
        raise OutboxUnusable("box", "disk full")

    world.outbox.commit = full
    assert world.type("a").ending == (USAGE, "--outbox box: disk full")


# Coming back.


def test_a_lost_connection_is_told_and_made_again():
    world = World().enter().lose()
    assert world.display.told == ["Connection lost. Trying again …"]
    world.clock.advance(0.5)
    assert len(world.endpoint.asked) == 2
    world.enter()
    assert world.display.told[1:] == ["Connected again."]


def test_attempts_become_rarer_up_to_a_bound():
    world = World(random=1.0).enter().lose()
    waits = []
    for _ in range(8):
        (call,) = world.clock.getDelayedCalls()
        waits.append(call.getTime() - world.clock.seconds())
        world.clock.advance(waits[-1])
        world.refuse(ConnectionRefusedError())
    assert waits == [1, 2, 4, 8, 16, 30, 30, 30]


def test_a_good_connection_makes_attempts_frequent_again():
    world = World(random=1.0).enter().lose()
    for _ in range(3):
        world.clock.advance(30)
        world.refuse(ConnectionRefusedError())
    world.clock.advance(30)
    world.enter().lose()
    assert world.clock.getDelayedCalls()[0].getTime() - world.clock.seconds() == 1


def test_the_server_says_how_long_to_wait_at_least():
    world = World(random=0.5).enter().hear(events.Bye(code="stopping", text="Stopping.", retry=7))
    world.clock.advance(7.9)
    assert len(world.endpoint.asked) == 1
    world.clock.advance(0.2)
    assert len(world.endpoint.asked) == 2


def test_a_full_server_is_waited_for_by_one_who_was_in():
    world = World().enter().lose()
    world.clock.advance(1)
    world.accept().hear(events.Bye(code="full", text="Full.", retry=30))
    world.clock.advance(31)
    assert len(world.endpoint.asked) == 3


@pytest.mark.parametrize("code", ["replaced", "kicked", "banned", "bad-json"])
def test_a_farewell_for_good_ends_it(code):
    assert World().enter().hear(events.Bye(code=code, text="Go.")).ending == (TURNED_AWAY, "Go.")


def test_a_name_that_was_taken_meanwhile_ends_it():
    world = World().enter().lose()
    world.clock.advance(1)
    assert world.accept().hear(events.Error(code="name-taken", text="Taken.")).ending == (
        TURNED_AWAY,
        "Taken.",
    )


def test_what_was_not_answered_is_said_again():
    world = World().enter().type("a", end=True).lose()
    world.clock.advance(1)
    world.enter()
    assert world.sent() == ["hello", "say"]
    assert world.hear(ok(1, 1), BYE).ending == (DONE, "")


def test_with_nothing_left_to_say_a_lost_connection_is_an_end():
    assert World().enter(head=9).type(end=True).lose().ending == (DONE, "")


def test_delivery_is_given_up_at_last():
    world = World().enter().type("a", end=True).lose()
    for _ in range(int(DELIVERY_TIMEOUT // 30) + 2):
        if world.endings:
            break
        world.clock.advance(30)
        if not world.endings and not world.endpoint.asked[-1][1].called:
            world.refuse(ConnectionRefusedError())
    assert world.ending == (LOST, "The connection is lost and does not come back.")


def test_a_silent_server_is_left_and_tried_again():
    world = World().enter()
    world.clock.pump([5] * 13)
    assert world.display.told[:1] == ["Connection lost. Trying again …"]


# A script.


TAKEN = events.Error(code="name-taken", text="Taken.")


def test_a_script_is_read_ahead_while_it_is_not_in():
    world = World(source=Source.SCRIPT)
    world.pipe.check()
    assert world.input.reading
    world.type(*("x" for _ in range(MAX_UNSTORED + 1)))
    assert not world.input.reading


def test_a_script_waits_until_its_name_is_free():
    world = World(source=Source.SCRIPT).type("a", end=True)
    for _ in range(3):
        world.accept().hear(TAKEN).clock.advance(1)
    world.enter()
    assert world.sent() == ["hello", "say"]
    assert world.hear(ok(1, 1), BYE).ending == (DONE, "")
    assert world.display.told == []


def test_a_script_waits_for_its_name_only_so_long():
    world = World(source=Source.SCRIPT)
    for _ in range(int(NAME_TIMEOUT) * 2):
        world.accept().hear(TAKEN)
        assert not world.endings
        world.clock.advance(0.5)
    assert world.accept().hear(TAKEN).ending == (TURNED_AWAY, "Taken.")


def test_what_else_turns_a_script_away_meanwhile_ends_it():
    world = World(source=Source.SCRIPT).accept().hear(TAKEN)
    world.clock.advance(1)
    assert world.accept().hear(events.Bye(code="banned", text="Go.")).ending == (TURNED_AWAY, "Go.")


def test_a_script_that_was_in_waits_for_its_name_too():
    world = World(source=Source.SCRIPT).enter().type("a", end=True).lose()
    world.clock.advance(1)
    world.accept().hear(TAKEN)
    world.clock.advance(1)
    assert world.enter().hear(ok(1, 1), BYE).ending == (DONE, "")


class Spare:
    """A further client secret, until the first one is free."""

    secondary = True

    def take(self):
        return "s" * 16 if self.secondary else "first" * 4


def test_a_script_whose_name_is_registered_waits_for_the_secret_that_the_server_knows():
    turn = Spare()
    world = World(source=Source.SCRIPT, client_ids=turn).type("a", end=True).accept().hear(WHOSE)
    world.clock.advance(1)
    world.accept().hear(WHOSE)
    turn.secondary = False
    world.clock.advance(1)
    world.enter()
    assert json.loads(world.transport.value().splitlines()[0])["client"] == "first" * 4
    assert world.hear(ok(1, 1), BYE).ending == (DONE, "")


def test_a_script_that_has_that_secret_needs_the_password():
    turn = Spare()
    turn.secondary = False
    status, text = World(source=Source.SCRIPT, client_ids=turn).accept().hear(WHOSE).ending
    assert (status, "--password-file" in text) == (TURNED_AWAY, True)


@pytest.mark.parametrize("source", [Source.PERSON, Source.PROGRAM])
def test_nobody_else_waits_for_a_name(source):
    assert World(source=source).accept().hear(TAKEN).ending == (TURNED_AWAY, "Taken.")


@pytest.mark.parametrize("source", [Source.SCRIPT, Source.PROGRAM])
@pytest.mark.parametrize("stay", [False, True])
def test_all_that_is_typed_goes_into_a_lasting_outbox_before_an_absent_server_ends_it(source, stay):
    world = World(source=source, stay=stay, persistent=True).refuse(ConnectionRefusedError())
    assert not world.endings
    world.type(*("x" for _ in range(2 * MAX_UNSTORED)))
    assert world.input.reading
    world.clock.advance(1)
    world.refuse(ConnectionRefusedError())
    assert not world.endings
    world.type("x", end=True)
    assert (world.ending[0], world.outbox.count) == (UNREACHABLE, 2 * MAX_UNSTORED + 1)


def test_a_server_that_comes_while_a_lasting_outbox_fills_gets_it():
    world = World(source=Source.SCRIPT, persistent=True).type("a").refuse(ConnectionRefusedError())
    world.clock.advance(1)
    world.enter().type("b", end=True)
    assert world.sent() == ["hello", "say", "say"]


def test_a_command_that_cannot_be_kept_is_not_waited_for():
    world = (
        World(source=Source.SCRIPT, persistent=True)
        .refuse(ConnectionRefusedError())
        .type("a", "/who")
    )
    assert (world.ending[0], world.outbox.count, world.parser.waiting) == (UNREACHABLE, 1, 1)


# Holding back.


def test_reading_stops_while_too_much_is_not_stored():
    world = World().enter().type(*("x" for _ in range(MAX_UNSTORED + 1)))
    assert not world.input.reading
    world.hear(ok(1, 1))
    assert world.input.reading


def test_output_that_is_full_holds_the_server_and_the_next_connection_back():
    world = World().enter()
    world.pipe.pauseProducing()
    assert world.transport.producerState == "paused"
    world.lose()
    world.clock.advance(1)
    world.accept()
    assert world.transport.producerState == "paused"
    world.pipe.resumeProducing()
    assert world.transport.producerState == "producing"


# The server's identity.


def test_one_who_should_not_be_talked_to_ends_it_at_any_time():
    another = CertificateError("Another certificate.")
    assert World().refuse(another).ending == (TURNED_AWAY, "Another certificate.")
    world = World().enter().lose()
    world.clock.advance(1)
    assert world.refuse(another).ending == (TURNED_AWAY, "Another certificate.")


def test_one_without_tls_ends_it_the_first_time():
    assert World().refuse(NotTLS(spoke_first=False)).ending == (
        UNREACHABLE, "localhost, port 1 does not speak TLS. If you trust the network: --no-tls"
    )  # fmt: skip


def test_one_that_wants_tls_is_told_in_its_words():
    bye = events.Bye(code="tls-required", text="Come back with TLS.")
    assert World().accept().hear(bye).ending == (TURNED_AWAY, "Come back with TLS.")


def test_the_first_sensible_word_of_each_connection_counts():
    heard = []
    world = World(
        on_first_event=lambda: heard.append("heard") or ("Told." if len(heard) == 1 else "")
    ).accept()
    world.transport.protocol.dataReceived(b'What is your name?\n{"type":"unheard of"}\n{broken\n')
    assert heard == [] and world.display.told == []
    world.hear(welcome(), state())
    assert heard == ["heard"] and world.display.told == ["Told."]
    world.lose()
    world.clock.advance(1)
    world.enter()
    assert heard == ["heard"] * 2


# The password.


class Asker:
    """A person who is asked."""

    def __init__(self):
        self.questions = []
        self.stopped = False

    def ask(self, question, answered):
        self.questions.append(question)
        self.answer = answered

    def stop(self):
        self.stopped = True


WHOSE = events.Error(code="bad-password", text='"alice" is registered. Its password?')
WRONG = events.Error(code="bad-password", text="That is not its password.")
LATE = events.Bye(code="idle", text="Too late.", retry=0)


@pytest.fixture
def person():
    return Asker()


@pytest.fixture
def asked(person):
    """A client whose user is being asked."""
    world = World(asker=person).accept()
    world.sent()
    return world.hear(WHOSE)


def passwords(world):
    hellos = [json.loads(one) for one in world.transport.value().splitlines()]
    world.transport.clear()
    return [hello.get("password") for hello in hellos if hello["type"] == "hello"]


def test_a_password_is_asked_of_the_person_and_sent(asked, person):
    assert person.questions == ["Password for alice: "] and asked.input.reading
    person.answer("hush")
    assert passwords(asked) == ["hush"] and not asked.input.reading
    asked.hear(welcome())
    assert asked.input.reading and asked.display.complaints == []


def test_a_wrong_password_is_told_and_asked_again_until_the_server_has_enough(asked, person):
    for _ in range(4):
        person.answer("guess")
        asked.hear(WRONG)
    assert asked.display.complaints == [WRONG.text] * 4
    asked.hear(events.Bye(code="bad-password", text="Too many wrong passwords."))
    assert asked.ending == (TURNED_AWAY, "Too many wrong passwords.")
    assert person.stopped


def test_one_may_take_long_to_remember_it(asked, person):
    asked.clock.advance(TIMEOUT)
    asked.hear(LATE)
    asked.clock.advance(100)
    assert not asked.endings and len(asked.endpoint.asked) == 1
    person.answer("hush")
    assert passwords(asked.accept()) == ["hush"]


def test_an_answer_while_the_connection_is_being_closed_is_for_the_next(asked, person):
    asked.transport.loseConnection = lambda: None
    asked.hear(LATE)
    person.answer("hush")
    assert passwords(asked) == [] and len(asked.endpoint.asked) == 1
    asked.lose()
    assert passwords(asked.accept()) == ["hush"]
    assert not asked.endings


def test_a_connection_lost_at_the_question_is_made_again_at_the_answer(asked, person):
    asked.lose()
    person.answer("hush")
    assert passwords(asked.accept()) == ["hush"]


def test_a_password_is_not_asked_again_after_a_lost_connection(asked, person):
    person.answer("hush")
    asked.hear(welcome(), state(), events.Catchup(room="lobby", through=0)).lose()
    asked.clock.advance(1)
    assert passwords(asked.accept()) == ["hush"]


def test_one_who_does_not_answer_is_turned_away(asked, person):
    person.answer(None)
    assert asked.ending == (TURNED_AWAY, WHOSE.text + " Give it with --password-file.")


def test_a_signal_at_the_question_ends_it(asked, person):
    asked.pipe.stop()
    assert asked.ending == (DONE, "") and person.stopped


def test_where_nobody_can_be_asked_one_is_turned_away():
    assert World().accept().hear(WHOSE).ending == (
        TURNED_AWAY,
        WHOSE.text + " Give it with --password-file.",
    )


def test_a_password_that_is_known_is_sent_at_once():
    world = World()
    world.model.password = "hush"
    assert passwords(world.accept()) == ["hush"]
    assert world.hear(WRONG).ending == (TURNED_AWAY, WRONG.text)
