"""groupchat-connect without its process: a chat fed by a pipe, its clock, and its connections."""

import json

from twisted.internet.defer import Deferred
from twisted.internet.error import (
    ConnectionDone,
)
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransportWithDisconnection
from twisted.python.failure import Failure

from groupchat.cli.failures import exit_for
from groupchat.cli.input import InputParser
from groupchat.cli.password import PasswordDialog
from groupchat.cli.pipe import Pipe, Source
from groupchat.client.connector import Connector
from groupchat.client.lifecycle import Lifecycle
from groupchat.client.model import Model
from groupchat.client.outbox import Outbox
from groupchat.client.reconnect import Backoff, NameRetry
from groupchat.client.session import Session
from groupchat.wire import events
from tests.client.fakes import FakeDisplay, line, state, welcome

#: The answer to a hello under a registered name.
REGISTERED = events.Error(code="bad-password", text='"alice" is registered. Its password?')
TAKEN = events.Error(code="name-taken", text="Taken.")


class Transport(StringTransportWithDisconnection):
    def abortConnection(self):
        self.loseConnection()


class Endpoint:
    """Where tests connect or fail the client."""

    def __init__(self):
        self.attempts = []

    def connect(self, factory):
        self.attempts.append((factory, Deferred()))
        return self.attempts[-1][1]


class FakeInput:
    reading = False

    def pause(self):
        self.reading = False

    def resume(self):
        self.reading = True


class Environment:
    """A chat with everything around it."""

    def __init__(
        self,
        stay=False,
        random=0.5,
        on_first_event=None,
        asker=None,
        source=Source.PERSON,
        persistent=False,
        client_ids=None,
        where="localhost, port 1",
        addresses=1,
    ):
        self.clock, self.endpoint, self.display, self.input = (
            Clock(),
            Endpoint(),
            FakeDisplay(),
            FakeInput(),
        )
        self.outbox = Outbox()
        self.outbox.persistent = persistent
        self.model = Model(
            Session("alice", "s" * 16, on_first_event=on_first_event),
            ["lobby"],
            self.display,
            self.outbox,
            self.clock,
        )
        self.parser = InputParser(self.model, self.display)
        names = NameRetry(self.clock, client_ids) if source is Source.SCRIPT else None
        connector = Connector(self.endpoint, self.clock, Backoff(lambda: random, lambda: addresses))
        self.chat = Lifecycle(connector, lambda: where, self.model, self.clock, names)
        dialog = PasswordDialog(asker, self.chat, self.model) if asker else None
        self.pipe = Pipe(
            self.chat, self.model, self.parser, self.input, self.clock, source, stay, dialog
        )
        self.endings = []
        self.chat.start().addCallback(exit_for).addCallback(self.endings.append)

    def accept(self):
        factory, waiting = self.endpoint.attempts[-1]
        self.transport = Transport()
        self.transport.protocol = factory.buildProtocol(None)
        self.transport.protocol.makeConnection(self.transport)
        waiting.callback(self.transport.protocol)
        return self

    def refuse(self, reason):
        self.endpoint.attempts[-1][1].errback(Failure(reason))
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
