"""People at terminals with groupchat-connect, and a whole server, in memory."""

import pytest

from groupchat.cli.display import PlainDisplay
from groupchat.cli.input import InputParser
from groupchat.cli.pipe import Pipe
from groupchat.client.connector import Connector
from groupchat.client.lifecycle import Lifecycle
from groupchat.client.model import Model
from groupchat.client.outbox import Outbox
from groupchat.client.reconnect import Backoff
from groupchat.client.session import Session
from tests.cli.environment import FakeInput
from tests.client.test_tls import Network
from tests.support import Server, secret

PASSWORD = "correct horse"


class World:
    """A server, and the networks between it and the terminals."""

    def __init__(self):
        self.server = Server()
        self.nets = []
        self.clock = self.server.reactor

    def run(self, seconds=0.0):
        end = self.clock.rightNow + seconds
        while True:
            while self.carry() or self.clock.turn():
                pass
            if self.clock.rightNow >= end:
                return
            self.clock.rightNow = min(end, self.clock.rightNow + 0.1)

    def carry(self):
        carried = [net.carry() for net in self.nets]
        return any(carried)

    def terminal(self, name, device="", password=None, room="lobby"):
        """Returns a terminal at which somebody has joined, with its first lines read."""
        terminal = Terminal(self, name, secret(name + device), password, room)
        self.run(1)
        return terminal


class Terminal:
    """One terminal of somebody."""

    def __init__(self, world, name, client, password, room):
        self._world = world
        self._printed = []
        display = PlainDisplay(self._printed.append)
        session = Session(name, client, password)
        self.model = Model(session, [room], display, Outbox(), world.clock)
        self._parser = InputParser(self.model, display)
        self.net = Network(world.server.factory)
        world.nets.append(self.net)
        connector = Connector(self.net, world.clock, Backoff(lambda: 0.5))
        chat = Lifecycle(connector, lambda: "the server", self.model, world.clock)
        self.pipe = Pipe(chat, self.model, self._parser, FakeInput(), world.clock)
        self.endings = []
        chat.start().addCallback(self.endings.append)

    def type(self, *lines):
        for line in lines:
            self._parser.type(line.encode())
            self.pipe.check()
            self._world.run(0.2)
        return self

    def read(self):
        """Returns the lines since the last time."""
        printed, self._printed[:] = b"".join(self._printed).decode(), []
        return printed.splitlines()


@pytest.fixture
def world():
    return World()


@pytest.fixture
def alice(world):
    alice = world.terminal("alice")
    alice.read()
    return alice


@pytest.fixture
def bob(world, alice):
    bob = world.terminal("bob")
    alice.read()
    bob.read()
    return bob


def test_two_people_hear_each_other(alice, bob):
    alice.type("hello")
    assert (alice.read(), bob.read()) == ([], ["alice: hello"])


def test_a_correction_and_a_removal_are_seen_by_the_other(alice, bob):
    alice.type("te", "/edit tea", "more", "/remove", "/remove")
    assert alice.read() == []
    assert bob.read() == [
        "alice: te",
        "-- alice corrected: tea",
        "alice: more",
        "-- alice removed a message.",
        "-- alice removed a message.",
    ]


def test_what_was_said_is_found(alice, bob):
    alice.type("Tea at four", "coffee", "TEA now").read()
    found = bob.type("/search tea").read()[-3:]
    assert [line.partition("] ")[2] for line in found[:2]] == [
        "alice: Tea at four",
        "alice: TEA now",
    ]
    assert found[2] == "-- 2 messages found."


def test_a_second_device_hears_what_the_first_one_says(world, alice):
    alice.type(f"/register {PASSWORD}")
    phone = world.terminal("alice", "-phone", PASSWORD)
    phone.read()
    alice.type("hello").read()
    assert phone.read() == ["alice: hello"] and not alice.endings
    phone.type("/edit hello!")
    assert alice.read() == ["-- alice corrected: hello!"]


def test_what_one_device_has_read_is_read_on_the_other(world, alice, bob):
    alice.type(f"/register {PASSWORD}")
    phone = world.terminal("alice", "-phone", PASSWORD)
    bob.type("one", "two")
    assert phone.model.marks.unread("lobby") == 2
    alice.type("thanks")
    assert phone.model.marks.unread("lobby") == 1  # the thanks themselves


@pytest.fixture
def registered(alice, bob):
    alice.type(f"/register {PASSWORD}").read()
    bob.type(f"/register {PASSWORD}").read()


def test_what_was_said_to_somebody_who_is_away_waits_in_the_direct_room(
    world, alice, bob, registered
):
    bob.type("/quit")
    alice.type("/join @bob", "psst")
    bob = world.terminal("bob")
    assert "-- Unread messages: @alice. /join @alice reads them." in bob.read()
    assert bob.type("/join @alice").read()[-2].endswith("] alice: psst")
    bob.type("yes?", "/quit")
    assert alice.read()[-1] == "bob: yes?"
    assert not any("@alice" in line for line in world.terminal("bob").read())


def test_an_invitation_that_is_taken_back_while_the_connection_is_lost(
    world, alice, bob, registered
):
    alice.type("/join den", "/private", "/invite bob")
    bob.type("/join den").read()
    bob.net.cut()
    alice.type("/uninvite bob")
    bob.type("hello?")
    world.run(1)
    assert bob.read() == [
        "-- Connection lost. Trying again …",
        "-- Connected again.",
        "! There is no such room, or it is not open to you.",
    ]
    assert not bob.model.busy and bob.model.unsaid == 1


def test_who_is_not_invited_any_more_is_put_out_and_says_nothing(alice, bob, registered):
    alice.type("/join den", "/private", "/invite bob")
    assert "-- /private: done." in alice.read()
    bob.type("/join den").read()
    alice.type("/uninvite bob")
    assert bob.read()[-1] == "! You have left den: it is private, and not open to you."
    bob.type("hello?")
    assert bob.read() == ["! You are not in den any more. /join ROOM enters a room."]
    assert bob.type("/join den").read()[-1] == (
        "! /join: there is no such room, or it is not open to you."
    )
    bob.type("/join lobby", "here")
    assert bob.read()[0].startswith("-- Welcome to lobby, bob.")
