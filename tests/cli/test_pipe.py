"""The pipe that feeds a chat: when it reads on, asks for a password, and ends the run."""

import json

import pytest
from twisted.internet.error import (
    ConnectionRefusedError,
)

from groupchat.cli.exit import DONE, LOST, TURNED_AWAY, UNREACHABLE, USAGE
from groupchat.cli.input import MAX_UNSTORED
from groupchat.cli.pipe import Source
from groupchat.client.connector import TIMEOUT
from groupchat.client.errors import OutboxUnusable
from groupchat.client.reconnect import NAME_TIMEOUT
from groupchat.wire import events
from tests.cli.environment import (
    BYE,
    REGISTERED,
    TAKEN,
    Asker,
    Environment,
    ok,
)
from tests.client.fakes import message, state, welcome

# Ending.


def test_the_end_of_input_quits_when_all_is_stored():
    env = Environment().enter().type("a", end=True)
    assert env.sent() == ["hello", "say"]
    env.hear(ok(1, 1))
    assert env.sent() == ["quit"]
    assert env.hear(BYE).ending == (DONE, "")


def test_the_end_of_input_waits_for_answers():
    env = Environment().enter().type("/who", end=True)
    assert env.sent() == ["hello", "who"]
    env.hear(events.Who(room="lobby", members=[], count=0, ref="/who"))
    assert env.sent() == ["quit"]


def test_the_end_of_input_waits_for_history():
    env = Environment().enter().hear(message(1)).lose()
    env.clock.advance(1)
    env.type("a", end=True).enter(head=2)
    env.hear(ok(1, 3))
    assert env.sent() == ["hello", "mark", "say"]
    env.hear(message(2))
    assert env.sent() == ["mark", "quit"]


def test_where_there_may_be_no_history_none_is_waited_for():
    assert Environment().type(end=True).enter(head=9).sent() == ["hello", "quit"]


def test_answers_that_never_come_are_not_waited_for_long():
    env = Environment().enter().type("/who", end=True)
    env.clock.advance(TIMEOUT)
    assert env.sent() == ["hello", "who", "quit"]
    env.clock.advance(TIMEOUT)
    assert env.ending == (DONE, "")


def test_a_client_that_stays_does_not_quit_at_the_end_of_input():
    env = Environment(stay=True).enter().type(end=True)
    assert env.sent() == ["hello"]
    assert env.type("/quit").sent() == ["quit"]


def test_quit_waits_until_all_is_stored():
    env = Environment().enter().type("a", "/quit")
    assert env.sent() == ["hello", "say"]
    assert env.hear(ok(1, 1)).sent() == ["quit"]


def test_output_that_nobody_reads_ends_a_person_quietly():
    env = Environment().enter()
    env.pipe.stopProducing()
    assert env.ending == (DONE, "")
    assert not env.transport.connected


@pytest.mark.parametrize("source", [Source.SCRIPT, Source.PROGRAM])
@pytest.mark.parametrize("stay", [False, True])
def test_output_that_nobody_reads_costs_a_script_no_line(source, stay):
    env = Environment(source=source, stay=stay).enter().type("a")
    env.pipe.pauseProducing()
    env.pipe.stopProducing()
    assert not env.endings and env.transport.producerState == "producing"
    env.hear(ok(1, 1)).type("b", end=True).hear(ok(2, 2))
    assert env.sent() == ["hello", "say", "say", "quit"]
    assert env.hear(BYE).ending == (DONE, "")


def test_a_signal_ends_it():
    env = Environment().enter()
    env.pipe.stop()
    assert env.ending == (DONE, "")


def test_a_signal_that_leaves_something_unsaid_is_no_good_end():
    env = Environment().enter().type("a")
    env.pipe.stop()
    assert env.ending[0] == LOST


def test_a_signal_while_connecting_ends_it():
    env = Environment()
    env.pipe.stop()
    assert env.accept().ending == (DONE, "")


def test_an_outbox_that_cannot_be_written_ends_it():
    env = Environment().enter()

    def full():
        raise OutboxUnusable("box", "disk full")

    env.outbox.commit = full
    assert env.type("a").ending == (USAGE, "--outbox box: disk full")


def test_a_person_who_types_has_read_what_was_there_and_a_script_reads_nothing():
    for source, sent in (Source.PERSON, ["say", "mark"]), (Source.SCRIPT, ["say"]):
        env = Environment(source=source).accept().hear(welcome(), state(head=1, mark=0))
        env.hear(events.Catchup(room="lobby", through=1), message(1))
        assert env.sent() == ["hello"]
        env.type("a")
        assert sorted(env.sent()) == sorted(sent)
        env.pipe.stop()


def test_a_person_who_ends_the_input_has_read_what_was_there():
    env = Environment().accept().hear(welcome(), state(head=1))
    env.hear(events.Catchup(room="lobby", through=1), message(1)).type(end=True)
    assert env.sent() == ["hello", "mark", "quit"]


# A script.


def test_a_script_is_read_ahead_while_it_is_not_logged_in():
    env = Environment(source=Source.SCRIPT)
    env.pipe.check()
    assert env.input.reading
    env.type(*("x" for _ in range(MAX_UNSTORED + 1)))
    assert not env.input.reading


def test_a_script_waits_until_its_name_is_free():
    env = Environment(source=Source.SCRIPT).type("a", end=True)
    for _ in range(3):
        env.accept().hear(TAKEN).clock.advance(1)
    env.enter()
    assert env.sent() == ["hello", "say"]
    assert env.hear(ok(1, 1), BYE).ending == (DONE, "")
    assert env.display.told == []


def test_a_script_waits_for_its_name_only_so_long():
    env = Environment(source=Source.SCRIPT)
    for _ in range(int(NAME_TIMEOUT) * 2):
        env.accept().hear(TAKEN)
        assert not env.endings
        env.clock.advance(0.5)
    assert env.accept().hear(TAKEN).ending == (TURNED_AWAY, "Taken.")


def test_any_other_rejection_ends_a_waiting_script():
    env = Environment(source=Source.SCRIPT).accept().hear(TAKEN)
    env.clock.advance(1)
    assert env.accept().hear(events.Bye(code="banned", text="Go.")).ending == (TURNED_AWAY, "Go.")


def test_a_script_that_was_in_waits_for_its_name_too():
    env = Environment(source=Source.SCRIPT).enter().type("a", end=True).lose()
    env.clock.advance(1)
    env.accept().hear(TAKEN)
    env.clock.advance(1)
    assert env.enter().hear(ok(1, 1), BYE).ending == (DONE, "")


class Spare:
    """A further client secret, until the first one is free."""

    secondary = True

    def take(self):
        return "s" * 16 if self.secondary else "first" * 4


def test_a_script_whose_name_is_registered_waits_for_the_secret_that_the_server_knows():
    turn = Spare()
    env = (
        Environment(source=Source.SCRIPT, client_ids=turn)
        .type("a", end=True)
        .accept()
        .hear(REGISTERED)
    )
    env.clock.advance(1)
    env.accept().hear(REGISTERED)
    turn.secondary = False
    env.clock.advance(1)
    env.enter()
    assert json.loads(env.transport.value().splitlines()[0])["client"] == "first" * 4
    assert env.hear(ok(1, 1), BYE).ending == (DONE, "")


def test_a_script_that_has_that_secret_needs_the_password():
    turn = Spare()
    turn.secondary = False
    status, text = (
        Environment(source=Source.SCRIPT, client_ids=turn).accept().hear(REGISTERED).ending
    )
    assert (status, "--password-file" in text) == (TURNED_AWAY, True)


@pytest.mark.parametrize("source", [Source.PERSON, Source.PROGRAM])
def test_only_scripts_wait_for_a_name(source):
    assert Environment(source=source).accept().hear(TAKEN).ending == (TURNED_AWAY, "Taken.")


@pytest.mark.parametrize("source", [Source.SCRIPT, Source.PROGRAM])
@pytest.mark.parametrize("stay", [False, True])
def test_all_input_goes_into_a_persistent_outbox_before_an_absent_server_ends_it(source, stay):
    env = Environment(source=source, stay=stay, persistent=True).refuse(ConnectionRefusedError())
    assert not env.endings
    env.type(*("x" for _ in range(2 * MAX_UNSTORED)))
    assert env.input.reading
    env.clock.advance(1)
    env.refuse(ConnectionRefusedError())
    assert not env.endings
    env.type("x", end=True)
    assert (env.ending[0], env.outbox.count) == (UNREACHABLE, 2 * MAX_UNSTORED + 1)


def test_a_server_that_appears_while_a_persistent_outbox_fills_gets_it():
    env = (
        Environment(source=Source.SCRIPT, persistent=True)
        .type("a")
        .refuse(ConnectionRefusedError())
    )
    env.clock.advance(1)
    env.enter().type("b", end=True)
    assert env.sent() == ["hello", "say", "say"]


def test_a_command_that_cannot_be_kept_is_not_waited_for():
    env = (
        Environment(source=Source.SCRIPT, persistent=True)
        .refuse(ConnectionRefusedError())
        .type("a", "/who")
    )
    assert (env.ending[0], env.outbox.count, env.parser.waiting) == (UNREACHABLE, 1, 1)


# Holding back.


def test_reading_stops_while_too_much_is_not_stored():
    env = Environment().enter().type(*("x" for _ in range(MAX_UNSTORED + 1)))
    assert not env.input.reading
    env.hear(ok(1, 1))
    assert env.input.reading


def test_output_that_is_full_holds_the_server_and_the_next_connection_back():
    env = Environment().enter()
    env.pipe.pauseProducing()
    assert env.transport.producerState == "paused"
    env.lose()
    env.clock.advance(1)
    env.accept()
    assert env.transport.producerState == "paused"
    env.pipe.resumeProducing()
    assert env.transport.producerState == "producing"


# The password.


WRONG = events.Error(code="bad-password", text="That is not its password.")
LATE = events.Bye(code="idle", text="Too late.", retry=0)


@pytest.fixture
def person():
    return Asker()


@pytest.fixture
def asked(person):
    """A client whose user is being asked."""
    env = Environment(asker=person).accept()
    env.sent()
    return env.hear(REGISTERED)


def passwords(env):
    hellos = [json.loads(one) for one in env.transport.value().splitlines()]
    env.transport.clear()
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


def test_a_person_may_take_long_to_remember_the_password(asked, person):
    asked.clock.advance(TIMEOUT)
    asked.hear(LATE)
    asked.clock.advance(100)
    assert not asked.endings and len(asked.endpoint.attempts) == 1
    person.answer("hush")
    assert passwords(asked.accept()) == ["hush"]


def test_an_answer_while_the_connection_is_being_closed_is_for_the_next(asked, person):
    asked.transport.loseConnection = lambda: None
    asked.hear(LATE)
    person.answer("hush")
    assert passwords(asked) == [] and len(asked.endpoint.attempts) == 1
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


def test_a_person_who_does_not_answer_is_rejected(asked, person):
    person.answer(None)
    assert asked.ending == (TURNED_AWAY, REGISTERED.text + " Give it with --password-file.")


def test_a_signal_at_the_question_ends_it(asked, person):
    asked.pipe.stop()
    assert asked.ending == (DONE, "") and person.stopped


def test_a_client_that_can_ask_nobody_is_rejected():
    assert Environment().accept().hear(REGISTERED).ending == (
        TURNED_AWAY,
        REGISTERED.text + " Give it with --password-file.",
    )


def test_a_password_that_is_known_is_sent_at_once():
    env = Environment()
    env.model.session.password = "hush"
    assert passwords(env.accept()) == ["hush"]
    assert env.hear(WRONG).ending == (TURNED_AWAY, WRONG.text)
