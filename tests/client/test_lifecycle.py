"""The life of a chat: it logs in, connects again, and ends."""

import pytest
from twisted.internet.error import (
    ConnectError,
    ConnectionRefusedError,
    DNSLookupError,
)

from groupchat.cli.exit import DONE, LOST, TURNED_AWAY, UNREACHABLE
from groupchat.client.connector import TIMEOUT
from groupchat.client.departure import DELIVERY_TIMEOUT
from groupchat.client.errors import CertificateError, NotTLS
from groupchat.client.reconnect import LATE_HELLO
from groupchat.wire import events
from tests.cli.environment import BYE, Environment, ok
from tests.client.fakes import state, welcome

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
    status, told = Environment().refuse(reason).ending
    assert (status, told[: len(text)]) == (UNREACHABLE, text)


@pytest.mark.parametrize(
    ("where", "what"), [("localhost, port 1", "port"), ("unix:/run/chat.sock", "socket")]
)
def test_a_refused_connection_asks_after_the_port_or_the_socket(where, what):
    told = Environment(where=where).refuse(ConnectionRefusedError()).ending[1]
    assert told == f"Connection refused by {where}. Is the server running, and is that its {what}?"


def test_a_connection_that_takes_too_long_ends_it():
    env = Environment()
    env.clock.advance(TIMEOUT)
    status, text = env.ending
    assert (status, text[:40]) == (UNREACHABLE, "No answer from localhost, port 1 within ")


def test_a_server_without_a_welcome_ends_it():
    env = Environment().accept()
    env.clock.advance(TIMEOUT)
    assert env.ending == (
        UNREACHABLE,
        "No welcome from localhost, port 1 within 10 s. Is that a groupchat server?",
    )


def test_a_server_that_hangs_up_without_a_word_ends_it():
    status, text = Environment().accept().lose().ending
    assert (status, "without a word" in text) == (UNREACHABLE, True)


def test_a_refused_hello_ends_it():
    assert Environment().accept().hear(events.Error(code="name-taken", text="Taken.")).ending == (
        TURNED_AWAY,
        "Taken.",
    )


@pytest.mark.parametrize("addresses", [1, 3])
def test_a_full_server_ends_it_the_first_time(addresses):
    full = events.Bye(code="full", text="The server is full.", retry=30)
    env = Environment(addresses=addresses).accept().hear(full)
    assert env.ending == (TURNED_AWAY, "The server is full.")


def test_of_several_addresses_each_is_tried_before_it_ends():
    env = Environment(addresses=3).refuse(ConnectionRefusedError())
    env.clock.advance(0)
    env.accept().lose()
    env.clock.advance(0)
    assert len(env.endpoint.attempts) == 3
    status, text = env.refuse(ConnectionRefusedError()).ending
    assert status == UNREACHABLE
    assert text.startswith("None of the 3 addresses leads to a server. The last one: Connection re")


def test_a_node_that_stops_sends_a_newcomer_to_the_next_one():
    stopping = events.Bye(code="stopping", text="Stopping.", retry=0)
    env = Environment(addresses=2).accept().hear(stopping)
    env.clock.advance(2)
    env.enter()
    assert len(env.endpoint.attempts) == 2 and env.display.told == []


def test_another_certificate_at_one_address_ends_it_though_there_are_others():
    env = Environment(addresses=2).refuse(CertificateError("Another certificate."))
    assert env.ending[1] == "Another certificate."


def test_no_input_is_read_before_the_client_is_logged_in():
    env = Environment().accept()
    assert not env.input.reading
    env.hear(welcome())
    assert env.input.reading


# Coming back.


def test_a_lost_connection_is_reported_and_made_again():
    env = Environment().enter().lose()
    assert env.display.told == ["Connection lost. Trying again …"]
    env.clock.advance(0.5)
    assert len(env.endpoint.attempts) == 2
    env.enter()
    assert env.display.told[1:] == ["Connected again."]


def test_a_lost_node_is_left_for_the_next_one_at_once():
    env = Environment(addresses=2).enter().lose()
    env.clock.advance(0)
    env.enter()
    assert len(env.endpoint.attempts) == 2
    assert env.display.told == ["Connection lost. Trying again …", "Connected again."]


def test_attempts_become_rarer_up_to_a_bound():
    env = Environment(random=1.0).enter().lose()
    waits = []
    for _ in range(8):
        (call,) = env.clock.getDelayedCalls()
        waits.append(call.getTime() - env.clock.seconds())
        env.clock.advance(waits[-1])
        env.refuse(ConnectionRefusedError())
    assert waits == [1, 2, 4, 8, 16, 30, 30, 30]


def test_a_good_connection_makes_attempts_frequent_again():
    env = Environment(random=1.0).enter().lose()
    for _ in range(3):
        env.clock.advance(30)
        env.refuse(ConnectionRefusedError())
    env.clock.advance(30)
    env.enter().lose()
    assert env.clock.getDelayedCalls()[0].getTime() - env.clock.seconds() == 1


def test_the_server_says_how_long_to_wait_at_least():
    env = (
        Environment(random=0.5).enter().hear(events.Bye(code="stopping", text="Stopping.", retry=7))
    )
    env.clock.advance(7.9)
    assert len(env.endpoint.attempts) == 1
    env.clock.advance(0.2)
    assert len(env.endpoint.attempts) == 2


def test_a_client_that_has_joined_waits_for_a_full_server():
    env = Environment().enter().lose()
    env.clock.advance(1)
    env.accept().hear(events.Bye(code="full", text="Full.", retry=30))
    env.clock.advance(31)
    assert len(env.endpoint.attempts) == 3


@pytest.mark.parametrize("code", ["replaced", "kicked", "banned", "bad-json"])
def test_a_final_bye_ends_it(code):
    assert Environment().enter().hear(events.Bye(code=code, text="Go.")).ending == (
        TURNED_AWAY,
        "Go.",
    )


REPLACED = events.Bye(code="replaced", text="You logged in from another connection.")


def with_a_late_hello(silent: bool = False) -> Environment:
    """
    A client that is in, and before gave up a connection on which its hello was not answered: as the
    server was silent, or the connection was lost.
    """
    env = Environment(random=0.0).enter().lose()
    env.clock.advance(0)
    env.accept()
    if silent:
        env.clock.advance(TIMEOUT)
    else:
        env.lose()
    env.clock.advance(0)
    return env.enter()


@pytest.mark.parametrize("silent", [False, True])
def test_a_client_that_its_own_late_hello_replaced_comes_back_once(silent):
    env = with_a_late_hello(silent).hear(REPLACED)
    env.clock.advance(0)
    env.enter()
    assert env.display.told[-1] == "Connected again."
    assert env.hear(REPLACED).ending == (TURNED_AWAY, REPLACED.text)


def test_a_hello_that_is_too_late_explains_nothing():
    env = with_a_late_hello()
    for _ in range(int(LATE_HELLO // 5)):
        env.clock.advance(5)
        env.hear(events.Ping({}))
    assert env.hear(REPLACED).ending == (TURNED_AWAY, REPLACED.text)


def test_a_name_that_was_taken_meanwhile_ends_it():
    env = Environment().enter().lose()
    env.clock.advance(1)
    assert env.accept().hear(events.Error(code="name-taken", text="Taken.")).ending == (
        TURNED_AWAY,
        "Taken.",
    )


def test_what_was_not_answered_is_said_again():
    env = Environment().enter().type("a", end=True).lose()
    env.clock.advance(1)
    env.enter()
    assert env.sent() == ["hello", "say"]
    assert env.hear(ok(1, 1), BYE).ending == (DONE, "")


def test_with_nothing_left_to_say_a_lost_connection_is_an_end():
    assert Environment().enter(head=9).type(end=True).lose().ending == (DONE, "")


def test_delivery_is_given_up_at_last():
    env = Environment().enter().type("a", end=True).lose()
    for _ in range(int(DELIVERY_TIMEOUT // 30) + 2):
        if env.endings:
            break
        env.clock.advance(30)
        if not env.endings and not env.endpoint.attempts[-1][1].called:
            env.refuse(ConnectionRefusedError())
    assert env.ending == (LOST, "The connection is lost and does not come back.")


def test_a_silent_server_is_left_and_tried_again():
    env = Environment().enter()
    env.clock.pump([5] * 13)
    assert env.display.told[:1] == ["Connection lost. Trying again …"]


# The server's identity.


def test_a_wrong_certificate_ends_it_at_any_time():
    another = CertificateError("Another certificate.")
    assert Environment().refuse(another).ending == (TURNED_AWAY, "Another certificate.")
    env = Environment().enter().lose()
    env.clock.advance(1)
    assert env.refuse(another).ending == (TURNED_AWAY, "Another certificate.")


def test_a_server_without_tls_ends_it_the_first_time():
    assert Environment().refuse(NotTLS(spoke_first=False)).ending == (
        UNREACHABLE,
        "localhost, port 1 does not speak TLS. If you trust the network: --no-tls",
    )


def test_a_server_that_wants_tls_is_quoted():
    bye = events.Bye(code="tls-required", text="Come back with TLS.")
    assert Environment().accept().hear(bye).ending == (TURNED_AWAY, "Come back with TLS.")


def test_the_first_event_of_each_connection_is_reported_once():
    heard = []
    env = Environment(
        on_first_event=lambda: heard.append("heard") or ("Told." if len(heard) == 1 else "")
    ).accept()
    env.transport.protocol.dataReceived(b'What is your name?\n{"type":"unheard of"}\n{broken\n')
    assert heard == [] and env.display.told == []
    env.hear(welcome(), state())
    assert heard == ["heard"] and env.display.told == ["Told."]
    env.lose()
    env.clock.advance(1)
    env.enter()
    assert heard == ["heard"] * 2
