"""The public library: a chat, as bots and programs use it."""

import json

import pytest
from twisted.internet.defer import CancelledError, Deferred, ensureDeferred
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from groupchat.client import (
    AnswerLost,
    Chat,
    Connecting,
    Ended,
    Ending,
    Online,
    Policy,
    Position,
    Refused,
    Waiting,
)
from groupchat.client.departure import DELIVERY_TIMEOUT
from groupchat.client.errors import DeliveryAbandoned, NotReachable, Rejected
from groupchat.client.reader import MAX_QUEUE, MAX_READ_AHEAD
from groupchat.wire import commands, events
from tests.cli.environment import Endpoint, Transport
from tests.client.fakes import line, message, state, welcome
from tests.client.world import World


class Wired:
    """A chat that has joined, with a server that says what the test says."""

    def __init__(self, **options):
        self.clock, self.endpoint = Clock(), Endpoint()
        policy = Policy(random=lambda: 0.5)
        self.chat = Chat(
            self.clock, "alice", endpoint=self.endpoint, secret="s" * 16, policy=policy, **options
        )
        self.chat.start().addErrback(lambda _: None)
        self.accept()
        self.enter()

    def accept(self):
        factory, waiting = self.endpoint.attempts[-1]
        self.transport = Transport()
        self.transport.protocol = factory.buildProtocol(None)
        self.transport.protocol.makeConnection(self.transport)
        waiting.callback(self.transport.protocol)

    def enter(self, head=0):
        through = events.Catchup(room="lobby", through=head)
        self.hear(welcome(), state(head=head), through)

    def hear(self, *heard):
        self.transport.protocol.dataReceived(b"".join(line(event) + b"\n" for event in heard))

    def get(self, result):
        found = []
        result.addBoth(found.append)
        (found,) = found
        if isinstance(found, Failure):
            found.raiseException()
        return found

    def asked(self):
        """The last request for history."""
        sent = map(json.loads, self.transport.value().splitlines())
        return [one for one in sent if one["type"] == "history"][-1]

    def answer(self, asked, first, last):
        """The server answers such a request."""
        page = [message(number, f"m{number}") for number in range(first, last + 1)]
        self.hear(events.History(room="lobby", messages=page, more=True, ref=asked["ref"]))
        self.clock.advance(0)

    @property
    def is_read(self):
        return self.transport.producerState == "producing"


@pytest.fixture
def world():
    return World()


@pytest.fixture
def alice(world):
    chat = world.join("alice")
    yield chat
    world.end(chat)


@pytest.fixture
def bob(world):
    """Somebody else, by a client of the server's tests."""
    return world.server.json("bob")


async def texts(reader, count):
    """Takes the next texts of a reader."""
    taken = []
    async for one in reader:
        taken.append(one.text)
        if len(taken) == count:
            break
    return taken


# Saying.


def test_what_is_said_has_an_id_once_it_is_stored(world, alice, bob):
    stored = alice.say("lobby", "hello")
    assert not stored.called
    assert world.get(stored) == 1
    assert bob.heard()[-1] == "alice: hello"


def test_an_act_is_said_as_one(world, alice, bob):
    world.get(alice.say("Lobby", "waves", act=True))
    assert bob.heard()[-1] == "* alice waves"


def test_a_notice_is_said_as_one(world, alice, bob):
    bob.events()
    world.get(alice.say("lobby", "the build is green", act=True, notice=True))
    (message,) = bob.events()
    assert (message["text"], message["notice"]) == ("the build is green", True)


def test_a_text_that_cannot_be_said_is_refused_at_once(world, alice):
    for say in (lambda: alice.say("lobby", " "), lambda: alice.edit("lobby", 1, " ")):
        with pytest.raises(Refused) as caught:
            world.get(say())
        assert caught.value.code == "text-empty"


def test_a_message_that_the_server_refuses_fails_with_its_code():
    wired = Wired()
    stored = wired.chat.say("lobby", "hello")
    wired.hear(events.Error(code="muted", text="You are muted.", n=1, room="lobby"))
    with pytest.raises(Refused) as caught:
        wired.get(stored)
    assert (caught.value.code, str(caught.value)) == ("muted", "You are muted.")
    wired.chat.close()


def test_a_message_that_is_tried_again_is_not_refused():
    wired = Wired()
    stored = wired.chat.say("lobby", "hello")
    wired.hear(events.Error(code="too-often", text="Later.", n=1, room="lobby", retry=1))
    assert not stored.called
    wired.clock.advance(1)
    wired.hear(events.Ok(n=1, room="lobby", id=7))
    assert wired.get(stored) == 7
    wired.chat.close()


def test_what_was_said_in_a_room_fails_if_the_server_puts_us_out():
    wired = Wired()
    stored = wired.chat.say("lobby", "hello")
    wired.hear(events.Error(code="not-in-room", text="The room is closed.", room="lobby"))
    with pytest.raises(Refused):
        wired.get(stored)
    assert wired.chat.rooms == {}
    wired.chat.close()


def test_nothing_is_said_in_a_room_that_was_not_joined(world, alice):
    with pytest.raises(Refused) as caught:
        world.get(alice.say("dev", "hello"))
    assert caught.value.code == "not-in-room"


def test_what_is_said_without_a_connection_is_said_once_there_is_one(world, alice, bob):
    world.restart()
    stored = alice.say("lobby", "later")
    assert alice.unsent("lobby") == ["later"]
    assert world.get(stored, 5) == 1
    assert alice.unsent("lobby") == []
    assert [note for note in bob.heard() if "later" in note] == ["alice: later"]


def test_an_id_that_was_lost_with_its_connection_comes_with_the_next(world, alice, bob):
    stored = alice.say("lobby", "once")
    world.nets[0].pumps[0][0].pump()
    world.server.run()  # it is stored, but the ok is still on its way
    world.restart()
    assert not stored.called
    assert world.get(stored, 5) == 1
    assert [note for note in bob.heard() if "once" in note] == ["alice: once"]


def test_a_message_fails_if_the_chat_ends_before_it_is_stored(world):
    chat = world.join("alice")
    world.restart()
    stored = chat.say("lobby", "never")
    world.end(chat)
    with pytest.raises(Ending):
        world.get(stored)
    with pytest.raises(Ending):
        world.get(chat.say("lobby", "after the end"))


def test_a_message_can_be_corrected_and_removed(world, alice, bob):
    number = world.get(alice.say("lobby", "helo"))
    world.get(alice.edit("lobby", number, "hello"))
    assert alice.newest_own("lobby") == number
    bob.events()
    world.get(alice.remove("lobby", number))
    (heard,) = [one for one in bob.events() if one["type"] == "message"]
    assert heard["redacts"] == number
    with pytest.raises(Refused) as caught:
        world.get(alice.edit("lobby", number, "again"))
    assert caught.value.code


def test_a_private_message_reaches_one_member(world, alice, bob):
    assert world.get(alice.tell("bob", "psst")) is None
    assert "psst" in bob.heard()[-1]
    with pytest.raises(Refused) as caught:
        world.get(alice.tell("nobody", "psst"))
    assert caught.value.code == "no-such-name"


# Asking.


def test_each_answer_reaches_who_asked(world, alice, bob):
    who, rooms, history = alice.who("lobby"), alice.list_rooms(), alice.history("lobby")
    world.run()
    assert [member.name for member in world.get(who).members] == ["alice", "bob"]
    assert [room.room for room in world.get(rooms).rooms] == ["lobby"]
    assert world.get(history).messages == []


def test_an_answer_is_no_event(world, alice):
    seen = alice.events()
    first = world.wait(seen.__anext__())
    world.get(alice.who("lobby"))
    world.get(alice.topic("lobby"))
    assert first == []


def test_a_topic_can_be_set_and_asked_for(world, alice):
    world.get(alice.set_topic("lobby", "tea at four"))
    assert world.get(alice.topic("lobby")).text == "tea at four"
    assert alice.rooms["lobby"].topic == "tea at four"


def test_a_refused_request_fails_with_its_code(world, alice):
    with pytest.raises(Refused) as caught:
        world.get(alice.request(commands.Kick(name="bob")))
    assert caught.value.code == "not-allowed"


def test_a_request_without_a_connection_fails_at_once(world, alice):
    world.restart()
    with pytest.raises(AnswerLost):
        world.get(alice.who("lobby"))


def test_a_request_fails_if_the_connection_is_lost_before_the_answer(world, alice):
    answer = alice.who("lobby")
    world.restart()
    with pytest.raises(AnswerLost):
        world.get(answer)


def test_older_messages_come_page_by_page_down_to_the_first(world, alice, bob):
    for number in range(250):
        bob.say(f"b{number}")
    world.run()

    async def read():
        return [message.text async for message in alice.older("lobby")]

    assert world.get(read()) == [f"b{number}" for number in reversed(range(250))]


def test_a_search_finds_messages_by_their_words(world, alice, bob):
    for text in ("tea at four", "coffee", "more tea"):
        bob.say(text)
    world.run()
    found = world.get(alice.search("lobby", "TEA"))
    assert [message.text for message in found.messages] == ["tea at four", "more tea"]
    found = world.get(alice.search("lobby", "tea", sender="bob", limit=1))
    assert [message.text for message in found.messages] == ["more tea"]


def test_a_new_name_is_known_once_the_server_agrees(world, alice):
    world.get(alice.rename("anna"))
    world.run()
    assert alice.name == "anna"
    assert alice.rooms["lobby"].members == ["anna"]


# Reading.


def test_messages_of_others_are_read_one_by_one(world, alice, bob):
    reading = world.wait(texts(alice, 2))
    bob.say("one")
    world.get(alice.say("lobby", "our own"))
    bob.say("two")
    world.run()
    assert reading == [["one", "two"]]


def test_history_and_corrections_are_not_read(world, bob):
    bob.say("before")
    world.run()
    alice = world.join("alice")
    bob.say("after", replaces=1)
    bob.do("say", room="lobby", redacts=1)
    bob.say("last")
    world.run()
    assert world.get(texts(alice, 1)) == ["last"]
    world.end(alice)


def test_what_was_missed_without_a_connection_is_read_once(world, alice, bob):
    bob.say("one")
    world.run()
    world.restart()
    bob = world.server.json("bob")
    bob.say("two")
    world.run(5)
    bob.say("three")
    assert world.get(texts(alice, 3)) == ["one", "two", "three"]


def test_one_room_can_be_read_alone(world, bob):
    alice = world.join("alice", rooms=["lobby", "dev"])
    bob.do("join", room="dev")
    world.run()
    reading = world.wait(texts(alice.listen("DEV"), 1))
    bob.say("in the lobby")
    bob.say("in dev", room="dev")
    world.run()
    assert reading == [["in dev"]]
    world.end(alice)


def test_all_events_tell_what_is_history_and_what_is_ours(world, bob):
    bob.say("before")
    world.run()
    alice = world.chat("alice")
    seen = alice.events()
    world.get(alice.start())
    world.get(alice.say("lobby", "mine"))

    async def read():
        found = []
        async for one in seen:
            if isinstance(one.event, events.Message):
                found.append((one.event.text, one.past, one.mine))
            if len(found) == 2:
                return found

    assert world.get(read()) == [("before", True, False), ("mine", False, True)]
    world.end(alice)


def test_a_reader_ends_with_the_chat(world):
    alice = world.join("alice")
    reading = world.wait(texts(alice, 1))
    world.get(alice.leave_server())
    assert reading == [[]]


def test_a_reader_raises_the_error_that_ends_the_chat():
    wired = Wired()
    reading = ensureDeferred(texts(wired.chat, 1))
    wired.hear(events.Bye(code="banned", text="You are banned."))
    wired.transport.loseConnection()
    wired.clock.advance(0)
    with pytest.raises(Ending) as caught:
        wired.get(reading)
    assert str(caught.value) == "You are banned."
    assert isinstance(caught.value.reason, Rejected)


# Back-pressure.


def flood(world, bob, count):
    for number in range(count):
        bob.say(f"b{number}")
    world.run()


def test_a_slow_reader_leaves_the_rest_at_the_server():
    wired = Wired(since={})
    wired.hear(*(message(number) for number in range(1, MAX_QUEUE)))
    assert wired.is_read
    wired.hear(message(MAX_QUEUE))
    assert not wired.is_read
    wired.get(ensureDeferred(texts(wired.chat, 1)))
    assert wired.is_read
    wired.chat.close()


def test_an_answer_arrives_though_the_reader_is_slow():
    wired = Wired(since={})
    wired.hear(*(message(number) for number in range(1, MAX_QUEUE + 1)))
    stored = wired.chat.say("lobby", "hello")
    assert wired.is_read
    wired.hear(events.Ok(n=1, room="lobby", id=MAX_QUEUE + 1))
    assert wired.get(stored) == MAX_QUEUE + 1
    assert not wired.is_read
    answer = wired.chat.who("lobby")
    assert wired.is_read
    wired.chat.close()
    with pytest.raises(AnswerLost):
        wired.clock.advance(0)
        wired.get(answer)


def test_a_reader_that_awaits_answers_in_a_lasting_flood_reads_ahead_only_so_far():
    wired = Wired(since={})
    total = 3 * MAX_READ_AHEAD
    stored = wired.chat.say("lobby", "hello")
    wired.hear(*(message(number, f"m{number}") for number in range(1, total + 1)))
    assert wired.is_read  # the answer is behind all that
    wired.hear(events.Ok(n=1, room="lobby", id=total + 1))
    assert wired.get(stored) == total + 1 and not wired.is_read
    read = wired.get(ensureDeferred(texts(wired.chat, MAX_READ_AHEAD)))
    assert read[-1] == f"m{MAX_READ_AHEAD}"
    assert wired.chat.position("lobby").after == MAX_READ_AHEAD
    wired.chat.close()


def too_much():
    """A chat in which 150 messages were dropped, and a reader that takes all messages."""
    wired = Wired(since={})
    stored = wired.chat.say("lobby", "hello")
    wired.hear(*(message(number, f"m{number}") for number in range(1, MAX_READ_AHEAD + 151)))
    wired.hear(events.Ok(n=1, room="lobby", id=MAX_READ_AHEAD + 151))
    wired.get(stored)
    return wired


def test_messages_that_were_dropped_are_fetched_in_their_order():
    wired = too_much()
    read = wired.get(ensureDeferred(texts(wired.chat, MAX_READ_AHEAD)))
    first = wired.asked()
    assert (first["after"], first["before"]) == (MAX_READ_AHEAD, MAX_READ_AHEAD + 101)
    wired.hear(message(MAX_READ_AHEAD + 151, "own", sender="alice"))
    wired.hear(message(MAX_READ_AHEAD + 152, "live"))  # it waits for those before it
    wired.answer(first, MAX_READ_AHEAD + 1, MAX_READ_AHEAD + 60)  # a shorter page
    wired.answer(wired.asked(), MAX_READ_AHEAD + 61, MAX_READ_AHEAD + 152)
    read += wired.get(ensureDeferred(texts(wired.chat, 151)))
    own = MAX_READ_AHEAD + 151
    assert read == [f"m{number}" for number in range(1, MAX_READ_AHEAD + 153) if number != own]
    wired.hear(message(MAX_READ_AHEAD + 153, "after"))
    assert wired.get(ensureDeferred(texts(wired.chat, 1))) == ["after"]
    wired.chat.close()


def test_messages_that_were_dropped_are_asked_for_again_with_the_next_connection():
    wired = too_much()
    wired.get(ensureDeferred(texts(wired.chat, MAX_READ_AHEAD)))
    wired.transport.loseConnection()
    wired.clock.advance(1)
    wired.accept()
    wired.enter(head=MAX_READ_AHEAD + 151)
    assert wired.asked()["after"] == MAX_READ_AHEAD
    wired.chat.close()


def test_messages_that_can_not_be_had_any_more_are_left_out():
    wired = too_much()
    wired.get(ensureDeferred(texts(wired.chat, MAX_READ_AHEAD)))
    refused = events.Error(code="not-in-room", text="You are not here.", ref=wired.asked()["ref"])
    wired.hear(refused)
    wired.clock.advance(0)
    wired.hear(message(MAX_READ_AHEAD + 151, "own", sender="alice"))
    wired.hear(message(MAX_READ_AHEAD + 152, "live"))
    assert wired.get(ensureDeferred(texts(wired.chat, 1))) == ["live"]
    wired.chat.close()


def test_messages_of_another_log_are_not_fetched():
    wired = too_much()
    wired.get(ensureDeferred(texts(wired.chat, MAX_READ_AHEAD)))
    asked = wired.asked()
    wired.hear(events.Reset(room="lobby", epoch="e2", first=1, head=0))
    wired.answer(asked, MAX_READ_AHEAD + 1, MAX_READ_AHEAD + 100)
    wired.hear(message(1, "new"))
    assert wired.get(ensureDeferred(texts(wired.chat, 1))) == ["new"]
    wired.chat.close()


def test_a_bot_that_answers_each_message_of_a_flood_misses_none(world, bob):
    bot = world.join("bot", since={})
    count = MAX_READ_AHEAD + 500
    answered = []

    async def answer():
        async for heard in bot:
            await bot.say("lobby", f"re {heard.text}")
            answered.append(heard.text)
            if len(answered) == count:
                return

    done = world.wait(answer())
    flood(world, bob, count)
    world.run(600)
    assert done == [None]
    assert answered == [f"b{number}" for number in range(count)]
    world.end(bot)


def test_a_slow_reader_does_not_keep_a_chat_from_coming_back():
    wired = Wired(since={})
    wired.hear(*(message(number) for number in range(1, MAX_QUEUE + 1)))
    wired.transport.loseConnection()
    wired.clock.advance(1)
    wired.accept()
    assert wired.is_read
    wired.enter(head=MAX_QUEUE)
    assert not wired.is_read
    wired.chat.close()


def test_a_chat_that_nobody_reads_is_not_held_back(world, alice, bob):
    flood(world, bob, 3000)
    world.get(alice.say("lobby", "only saying"))
    assert len(world.get(texts(alice, MAX_QUEUE))) == MAX_QUEUE
    world.get(alice.leave_server())


def test_a_reader_that_was_dropped_holds_nothing_back(world, alice, bob):
    reader = alice.listen("lobby")
    flood(world, bob, 3000)
    del reader
    bob.say("last")
    world.run(1)
    assert alice.rooms["lobby"].head == 3001


# The place of a bot.


def test_a_bot_that_keeps_its_position_misses_nothing_between_two_runs(world, bob):
    chat = world.join("bot", since={})
    for number in range(4):
        bob.say(f"b{number}")
    world.run()
    assert world.get(texts(chat, 2)) == ["b0", "b1"]
    kept = chat.positions
    world.get(chat.leave_server())
    flood_of_others = 2000
    flood(world, bob, flood_of_others)
    again = world.join("bot", since=kept)
    read = world.get(texts(again, 2 + flood_of_others))
    assert read[:3] == ["b2", "b3", "b0"] and read[-1] == f"b{flood_of_others - 1}"
    world.end(again)


def test_a_position_is_behind_the_last_message_that_was_given_out(world, alice, bob):
    assert alice.position("lobby").after == 0
    reading = world.wait(texts(alice, 1))
    bob.say("one")
    bob.say("two")
    world.run()
    assert reading == [["one"]]
    assert alice.position("Lobby") == Position(epoch=alice.rooms["lobby"].epoch, after=1)
    assert alice.position("dev") is None


def test_the_messages_of_a_new_log_are_read():
    wired = Wired()
    wired.hear(message(1, "old"))
    wired.transport.loseConnection()
    wired.clock.advance(1)
    wired.accept()
    wired.hear(
        welcome(),
        state(epoch="e2", head=1),
        events.Reset(room="lobby", epoch="e2", first=1, head=1),
        events.Catchup(room="lobby", through=1),
        message(1, "new"),
    )
    assert wired.get(ensureDeferred(texts(wired.chat, 2))) == ["old", "new"]
    assert wired.chat.position("lobby") == Position(epoch="e2", after=1)
    wired.chat.close()


# Rooms.


def test_a_room_shows_its_topic_members_and_newest_message(world, alice, bob):
    world.run()
    room = alice.rooms["lobby"]
    assert (room.name, room.topic, room.count, room.head) == ("lobby", "", 2, 0)
    assert room.members == ["alice", "bob"]
    bob.say("one")
    bob.rename("rob")
    world.run()
    assert (room.head, room.members) == (1, ["alice", "rob"])
    bob.quit()
    world.run()
    assert (room.count, room.members) == (1, ["alice"])


def test_a_room_can_be_joined_and_left(world, alice, bob):
    room = world.get(alice.join("Dev"))
    assert (room.name, list(alice.rooms)) == ("dev", ["lobby", "dev"])
    assert world.get(alice.join("dev")) is room
    stored = alice.say("dev", "bye")
    world.get(alice.leave("dev"))
    assert world.get(stored) == 1
    assert list(alice.rooms) == ["lobby"]
    assert world.get(alice.leave("dev")) is None


def test_a_room_may_be_asked_for_twice(world, alice):
    first, second = alice.join("dev"), alice.join("dev")
    assert world.get(first) is world.get(second)
    refused = alice.join("@nobody"), alice.join("@nobody")
    for one in refused:
        with pytest.raises(Refused):
            world.get(one)


def test_a_room_that_was_not_joined_before_the_end_fails():
    wired = Wired()
    joined = wired.chat.join("dev")
    wired.chat.close()
    wired.clock.advance(0)
    with pytest.raises(AnswerLost):
        wired.get(joined)


def test_a_room_is_joined_once_there_is_a_connection_again(world, alice):
    world.restart()
    joined = alice.join("dev")
    assert world.get(joined, 5).name == "dev"


def test_a_room_that_cannot_be_joined_is_refused(world, alice):
    with pytest.raises(Refused) as caught:
        world.get(alice.join("@nobody"))
    assert caught.value.code
    assert list(alice.rooms) == ["lobby"]


def test_a_room_can_be_read_on_from_a_position(world, alice, bob):
    bob.do("join", room="dev")
    for text in ("one", "two", "three"):
        bob.say(text, room="dev")
    world.run()
    reading = world.wait(texts(alice, 2))
    epoch = world.get(alice.join("dev", Position(after=1))).epoch
    assert epoch
    assert reading == [["two", "three"]]


# From start to end.


def test_a_chat_joins_says_something_and_leaves(world, bob):
    async def main():
        async with world.chat("alice") as chat:
            chat.say("lobby", "not awaited")
        return chat

    chat = world.get(main())
    assert [note for note in bob.heard() if "not awaited" in note] == ["alice: not awaited"]
    assert chat.state == Ended(chat.state.ending)
    assert chat.state.ending.reason is None


def test_an_error_in_a_bot_ends_its_chat(world):
    chats = []

    async def main():
        async with world.chat("alice") as chat:
            chats.append(chat)
            raise LookupError("of the bot")

    with pytest.raises(LookupError):
        world.get(main())
    world.run(1)
    assert isinstance(chats[0].state, Ended)


class Nowhere:
    """An endpoint without a server."""

    def connect(self, factory):
        failed = Deferred()
        failed.errback(Failure(ConnectionRefusedError()))
        return failed


def test_a_server_that_is_not_there_ends_the_start(world):
    chat = Chat(world.clock, "alice", endpoint=Nowhere(), policy=Policy())
    with pytest.raises(Ending) as caught:
        world.get(chat.start())
    assert isinstance(caught.value.reason, NotReachable)
    assert "Connection refused" in str(caught.value)


def test_a_room_that_cannot_be_joined_fails_the_start_and_the_chat_goes_on(world, bob):
    chat = world.chat("alice", rooms=["lobby", "@nobody"])
    with pytest.raises(Refused):
        world.get(chat.start())
    assert list(chat.rooms) == ["lobby"]
    assert world.get(chat.say("lobby", "all the same")) == 1
    world.end(chat)


def test_a_chat_whose_start_fails_lets_others_use_its_files(world, bob, tmp_path):
    async def main(name):
        async with world.chat(name, outbox=tmp_path / "box", secret=None) as chat:
            return await chat.say("lobby", "hello")

    with pytest.raises(Ending):
        world.get(main("bob"))
    (tmp_path / "box").unlink()
    assert world.get(main("rob")) == 1


def test_a_chat_can_be_closed_twice(world, tmp_path):
    chat = world.join("alice", outbox=tmp_path / "box", secret=None)
    chat.close()
    world.end(chat)
    assert isinstance(chat.state, Ended)


def test_a_name_that_is_taken_ends_the_start(world, bob):
    chat = world.chat("bob", device="another")
    with pytest.raises(Ending) as caught:
        world.get(chat.start())
    assert isinstance(caught.value.reason, Rejected)


def test_a_rejected_name_can_be_exchanged(world, bob):
    chat = world.chat("bob", device="another")
    refusals = []

    def on_refused(refused):
        refusals.append(refused.code)
        world.clock.callLater(0, lambda: chat.log_in(name="rob"))
        return True

    chat.on_refused(on_refused)
    world.get(chat.start(), 5)
    assert (refusals, chat.name) == (["name-taken"], "rob")
    world.end(chat)


def test_one_may_give_up_when_a_name_is_rejected(world, bob):
    chat = world.chat("bob", device="another")
    chat.on_refused(lambda refused: world.clock.callLater(0, chat.give_up) is not None)
    with pytest.raises(Ending):
        world.get(chat.start(), 5)


def test_the_states_of_a_chat_are_told(world):
    chat = world.chat("alice")
    seen = []
    chat.on_state(seen.append)
    world.get(chat.start())
    world.restart()
    assert isinstance(chat.state, Waiting) and 0 < chat.state.seconds <= 0.5
    world.run(5)
    world.get(chat.leave_server())
    ended = Ended(world.get(chat.closed))
    assert seen == [Connecting(), Online(), seen[2], Connecting(), Online(), ended]
    assert isinstance(seen[2], Waiting)


def test_nobody_waits_for_the_next_attempt_if_told_so(world, alice):
    world.restart()
    alice.reconnect()
    world.run()
    assert alice.state == Online()


def test_a_chat_can_begin_again_after_its_end(world):
    chat = world.join("alice")
    world.get(chat.leave_server())
    world.get(chat.start())
    assert chat.state == Online()
    assert world.get(chat.say("lobby", "back")) == 1
    world.end(chat)


def test_an_outbox_keeps_what_was_not_stored_for_the_next_run(world, bob, tmp_path):
    chat = world.join("alice", outbox=tmp_path / "box", secret=None)
    world.restart()
    kept = chat.say("lobby", "kept")
    kept.addErrback(lambda failure: failure.trap(Ending))
    world.end(chat)
    again = world.join("alice", outbox=tmp_path / "box", secret=None)
    world.run(1)
    assert [note for note in bob.heard() if "kept" in note] == ["alice: kept"]
    world.end(again)


# Registered names: devices, marks, direct rooms and private rooms.

PASSWORD = "correct horse"


@pytest.fixture
def phone(world, alice):
    """A second device of alice."""
    world.get(alice.register(PASSWORD), 1)
    phone = world.join("alice", device="-phone", password=PASSWORD)
    yield phone
    world.end(phone)


def test_a_second_device_hears_the_first_and_takes_nothing_for_news(world, alice, phone, bob):
    seen, reading = phone.events(), world.wait(texts(phone, 1))

    async def message():
        async for one in seen:
            if isinstance(one.event, events.Message):
                return one.event.text, one.mine

    heard = world.wait(message())
    world.get(alice.say("lobby", "hello"))
    assert (heard, reading) == ([("hello", False)], [])
    assert phone.newest_own("lobby") == 1
    world.get(phone.edit("lobby", 1, "hello!"))
    bob.say("hi")
    world.run()
    assert reading == [["hi"]]


def test_read_marks_are_known_to_all_devices(world, alice, phone, bob):
    bob.say("one")
    world.run()
    assert (alice.unread("lobby"), phone.unread("lobby")) == (1, 1)
    alice.mark_read("lobby")
    world.run(1)
    assert (alice.unread("lobby"), phone.unread("lobby")) == (0, 0)


@pytest.fixture
def carol(world, alice):
    """Alice and carol have registered."""
    carol = world.join("carol")
    world.get(alice.register(PASSWORD), 1)
    world.get(carol.register(PASSWORD), 1)
    yield carol
    world.end(carol)


def test_two_who_are_registered_have_a_direct_room(world, alice, carol):
    world.get(carol.join("@alice"))
    world.get(alice.join("@Carol"))
    reading = world.wait(texts(carol.listen("@alice"), 1))
    world.get(alice.say("@carol", "psst"))
    assert reading == [["psst"]]
    assert carol.rooms["@alice"].head == 1


def test_words_for_somebody_who_is_away_wait_in_the_direct_room(world, alice, carol):
    world.get(carol.leave_server())
    assert world.get(alice.tell("carol", "call me")) == 1
    world.get(carol.start())
    world.run(1)
    assert carol.direct_rooms["@alice"].head == 1
    assert carol.unread("@alice") == 1


def test_a_private_room_is_for_those_who_were_invited(world, alice, carol):
    world.get(alice.join("den"))
    world.get(alice.set_private("den"))
    with pytest.raises(Refused):
        world.get(carol.join("den"))
    world.get(alice.invite("den", "carol"))
    assert world.get(carol.join("den")).name == "den"
    world.get(alice.uninvite("den", "carol"))
    world.run()
    assert list(carol.rooms) == ["lobby"]


# Edges.


def test_an_error_in_a_callback_is_logged_and_harms_nothing(world, alice, expect_logged):
    expect_logged(LookupError)

    def fail(state):
        raise LookupError("of the application")

    alice.on_state(fail)
    world.restart()
    assert world.get(alice.say("lobby", "all the same"), 5) == 1


def test_a_chat_knows_the_limits_of_its_server_and_its_rights(alice):
    assert alice.limits["text"] == 4096
    assert not alice.operator


def test_a_room_is_left_at_once_without_a_connection(world, alice):
    world.get(alice.join("dev"))
    world.restart()
    world.get(alice.leave("dev"))
    world.run(5)
    assert list(alice.rooms) == ["lobby"]


def test_a_start_that_is_cancelled_ends_the_chat(world):
    chat = world.chat("alice")
    started = chat.start()
    started.addErrback(lambda failure: failure.trap(CancelledError))
    started.cancel()
    world.run(1)
    assert isinstance(chat.state, Ended)


def test_words_that_cannot_be_delivered_end_the_departure_after_a_while():
    wired = Wired()
    stored = wired.chat.say("lobby", "last words")
    wired.transport.loseConnection()
    closed = wired.chat.leave_server()
    wired.clock.pump([1] * round(DELIVERY_TIMEOUT + 1))
    assert isinstance(wired.get(closed).reason, DeliveryAbandoned)
    with pytest.raises(Ending):
        wired.get(stored)


def test_an_older_server_is_not_asked_for_corrections():
    wired = Wired()
    wired.hear(state(room="lobby", mark=None))
    with pytest.raises(Refused) as caught:
        wired.get(wired.chat.edit("lobby", 1, "x"))
    assert caught.value.code == "unknown-type"
    wired.chat.close()


def test_an_answer_that_makes_no_sense_is_a_refusal():
    wired = Wired()
    answer = wired.chat.who("lobby")
    ref = json.loads(wired.transport.value().splitlines()[-1])["ref"]
    wired.hear(events.Ok(ref=ref))
    with pytest.raises(Refused):
        wired.get(answer)
    wired.chat.close()
