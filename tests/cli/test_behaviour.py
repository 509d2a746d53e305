"""The behaviour of every client that stands on the library: one suite for all of them."""

import pytest

from tests.cli.drivers import DRIVERS, Person, Screen
from tests.client.world import World


@pytest.fixture
def world():
    return World()


@pytest.fixture
def bob(world):
    """Somebody else, by a client of the server's tests."""
    return world.server.json("bob")


@pytest.fixture(params=DRIVERS, ids=lambda driver: driver.__name__.lower())
def start(request, world):
    """Start a client of each kind."""
    started = []

    def start(name="alice", **options):
        started.append(request.param(world, name, **options))
        return started[-1]

    yield start
    for driver in started:
        driver.close()


@pytest.fixture
def alice(start):
    return start()


def said(bob, text):
    """Returns how often somebody has heard this."""
    return sum(text in note for note in bob.heard())


def test_a_message_reaches_the_room(alice, bob):
    alice.say("hello")
    assert said(bob, "alice: hello") == 1


def test_messages_of_others_arrive_in_order(world, alice, bob):
    for number in range(200):
        bob.say(f"b{number}")
    world.run()
    assert alice.heard == [f"b{number}" for number in range(200)]


def test_own_messages_are_not_taken_for_those_of_others(world, alice, bob):
    alice.say("mine")
    bob.say("not mine")
    world.run()
    assert alice.heard == ["not mine"]


def test_messages_that_were_missed_arrive_once_after_a_lost_connection(world, alice, bob):
    bob.say("before")
    world.run()
    world.restart()
    bob.say("in between")
    world.run(5)
    bob.say("after")
    world.run()
    assert alice.heard == ["before", "in between", "after"]


def test_a_message_that_is_said_without_a_connection_is_said_with_the_next(world, alice, bob):
    world.restart()
    alice.say("later")
    assert said(bob, "later") == 0
    world.run(5)
    assert said(bob, "alice: later") == 1


def test_a_message_whose_answer_was_lost_is_not_said_twice(world, alice, bob):
    world.hold()
    alice.say("once")
    world.deliver()  # the server has it, but its answer is still on its way
    world.restart()
    world.run(5)
    assert said(bob, "alice: once") == 1
    assert alice.heard == []


def test_messages_stay_in_order_over_lost_connections(world, alice, bob):
    for number in range(30):
        alice.say(f"a{number}")
        if number % 10 == 5:
            world.restart()
    world.run(5)
    assert [note for note in bob.heard() if note.startswith("alice:")] == [
        f"alice: a{number}" for number in range(30)
    ]


def test_a_message_can_be_corrected(alice, bob):
    alice.say("helo")
    bob.events()
    alice.edit("hello")
    (correction,) = [event for event in bob.events() if event["type"] == "message"]
    assert (correction["replaces"], correction["text"]) == (1, "hello")


def test_a_refused_message_is_told(world, alice, bob):
    alice.say("x" * 5000)
    world.run(1)
    assert len(alice.complaints) == 1
    assert "4096" in alice.complaints[0]


def test_another_room_can_be_joined(world, alice, bob):
    bob.ask("join", room="dev")
    alice.enter("dev")
    alice.say("in dev")
    assert [event["room"] for event in bob.events() if event["type"] == "message"] == ["dev"]


def test_a_client_leaves_once_everything_is_said(world, alice, bob):
    world.restart()
    alice.say("last words")
    alice.leave()
    assert alice.end is None
    world.run(10)
    assert alice.end == ""
    assert said(bob, "alice: last words") == 1


def test_a_taken_name_ends_a_client_with_the_reason(bob, start):
    other = start("bob", device="another")
    assert "bob" in other.end


def test_a_server_that_is_away_for_long_is_found_again(world, alice, bob):
    server = world.server
    world.shut()
    alice.say("patience")
    world.run(120)
    assert alice.end is None
    world.restart(server)
    carol = world.server.json("carol")
    world.run(40)
    assert said(carol, "alice: patience") == 1


@pytest.mark.parametrize("kind", [Person, Screen])
def test_a_person_learns_what_to_do_where_a_password_is_withheld(world, kind):
    alice = kind(world, "alice")
    alice.session.unproven = True
    alice.say("/register secret")
    (complaint,) = alice.complaints
    alice.close()
    assert complaint.endswith(
        "Nothing shows that this is the server: it gets no password. "
        "If you trust it, start again with --no-tls."
    )
