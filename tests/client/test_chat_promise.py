"""
The promise, by the public API: a bot that is slow, is killed and starts again, with a connection
that drops at any point, reads each message of others once and in order; and what it says is stored
once and in order, under the id that it is told.
"""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from twisted.internet.defer import ensureDeferred
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from groupchat.client import Chat, Ending, Policy, Position
from tests.cli.environment import Endpoint, Transport
from tests.client.fakes import Server


class Promise(RuleBasedStateMachine):
    """A server in memory, and a bot that keeps its place."""

    def __init__(self):
        super().__init__()
        self.server = Server()
        self.clock = Clock()
        self.transport = None
        self.read = []
        self.said = []
        self.ids = {}  # of what was said, as the bot was told
        self.begin({"lobby": Position(epoch="e1", after=0)})

    def begin(self, since):
        self.endpoint = Endpoint()
        policy = Policy(random=lambda: 0.5)
        self.chat = Chat(
            self.clock,
            "alice",
            endpoint=self.endpoint,
            secret="s" * 16,
            since=since,
            policy=policy,
        )
        self.chat.start().addErrback(lambda failure: failure.trap(Ending))

    # The connection.

    @property
    def attempt(self):
        """The attempt to connect that was not answered, if there is one."""
        factory, waiting = self.endpoint.attempts[-1]
        return None if waiting.called else (factory, waiting)

    @precondition(lambda self: self.attempt)
    @rule()
    def a_connection_is_made(self):
        factory, waiting = self.attempt
        self.transport = Transport()
        self.transport.protocol = factory.buildProtocol(None)
        self.transport.protocol.makeConnection(self.transport)
        waiting.callback(self.transport.protocol)

    # The first of all would end the chat.
    @precondition(lambda self: self.attempt and self.chat.position("lobby").after)
    @rule()
    def an_attempt_fails(self):
        if len(self.endpoint.attempts) > 1:
            self.attempt[1].errback(Failure(ConnectionRefusedError()))

    @precondition(lambda self: self.transport and self.chat.rooms)
    @rule()
    def the_connection_is_lost(self):
        self.cut()

    def cut(self):
        self.server.drop()
        transport, self.transport = self.transport, None
        transport.loseConnection()

    # A first attempt that is left alone for too long would end the chat, too.
    @precondition(lambda self: self.chat.rooms or len(self.endpoint.attempts) > 1)
    @rule(seconds=st.sampled_from([0, 0.5, 1.0]))
    def time_passes(self, seconds):
        self.clock.advance(seconds)

    # The server.

    @precondition(lambda self: self.transport)
    @rule(count=st.integers(1, 5))
    def the_server_works(self, count):
        self.server.take(self.transport.value())
        self.transport.clear()
        self.server.work(count)

    @precondition(lambda self: self.transport and self.transport.producerState == "producing")
    @rule(count=st.integers(1, 5))
    def lines_arrive(self, count):
        now, self.server.due = self.server.due[:count], self.server.due[count:]
        self.transport.protocol.dataReceived(b"".join(line + b"\n" for line in now))

    @rule()
    def everything_arrives(self):
        for _ in range(4):
            self.clock.advance(1)
            if self.attempt:
                self.a_connection_is_made()
            if self.transport:
                self.the_server_works(1000)
                self.lines_arrive(1000)

    @rule(count=st.integers(1, 3))
    def others_say(self, count):
        for _ in range(count):
            self.server.append("bob", f"b{len(self.server.log) + 1}")

    @rule()
    def storage_fills_or_empties(self):
        self.server.full = not self.server.full

    # The bot.

    @rule(count=st.integers(1, 3))
    def the_bot_says(self, count):
        for _ in range(count):
            text = f"a{len(self.said)}"
            self.said.append(text)
            stored = self.chat.say("lobby", text)
            stored.addCallbacks(
                lambda number, text=text: self.ids.update({text: number}),
                lambda failure: failure.trap(Ending),
            )

    @rule(count=st.integers(1, 4))
    def the_bot_reads(self, count):
        async def read():
            async for message in self.chat:
                self.read.append(message.id)
                if len(self.read) == limit:
                    return

        limit = len(self.read) + count
        reading = ensureDeferred(read())
        self.clock.advance(0)
        reading.addErrback(lambda failure: None)
        reading.cancel()

    # Messages that wait in memory would be lost with it.
    @precondition(lambda self: self.chat.position("lobby") and not self.chat.unsent("lobby"))
    @rule()
    def the_bot_is_killed_and_starts_again(self):
        kept = self.chat.positions
        if self.transport is not None:
            self.server.drop()
        self.chat.close()
        self.transport = None
        self.clock.advance(0)
        self.begin(kept)

    # The promise.

    @invariant()
    def what_others_say_is_read_once_and_in_order(self):
        others = [message.id for message in self.server.log if message.sender == "bob"]
        assert self.read == others[: len(self.read)]

    @invariant()
    def what_is_said_is_stored_once_and_in_order(self):
        own = [message for message in self.server.log if message.sender == "alice"]
        assert [message.text for message in own] == self.said[: len(own)]
        stored = {message.text: message.id for message in own}
        assert self.ids.items() <= stored.items()

    def teardown(self):
        self.server.full = False
        for _ in range(20):
            self.everything_arrives()
            self.the_bot_reads(1000)
        assert len(self.ids) == len(self.said)
        assert len(self.read) == sum(message.sender == "bob" for message in self.server.log)
        self.what_others_say_is_read_once_and_in_order()
        self.what_is_said_is_stored_once_and_in_order()
        self.chat.close()
        self.clock.advance(0)


def test_the_promise_holds_for_a_bot():
    run_state_machine_as_test(Promise, settings=settings(stateful_step_count=40))
