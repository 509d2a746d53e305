"""Connections one after the other, and the delays between the attempts."""

import pytest
from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransportWithDisconnection
from twisted.python.failure import Failure

from groupchat.client.connector import STEADY_SECONDS, Connector
from groupchat.client.reconnect import Backoff
from groupchat.wire import events


class Transport(StringTransportWithDisconnection):
    aborted = False

    def loseConnection(self):
        """The other side does not answer."""

    def abortConnection(self):
        self.aborted = True
        super().loseConnection()


class Owner:
    """Remembers what becomes of the attempts."""

    def __init__(self, connector):
        self.connector = connector
        self.told = []

    def connecting(self):
        self.told.append("connecting")

    def failed(self, reason):
        self.told.append(type(reason))

    def opened(self, connection):
        self.told.append("opened")
        self.connector.opened(connection)

    def received(self, event, line):
        pass

    def check(self):
        pass

    def lost(self):
        self.told.append("lost")
        self.connector.lost()


class World:
    """A connector, its clock, and the endpoint that it uses."""

    def __init__(self, addresses=1):
        self.clock = Clock()
        self.attempts = []
        self.connector = Connector(
            self, self.clock, Backoff(lambda: 1.0, lambda: addresses), timeout=10
        )
        self.owner = self.connector.owner = Owner(self.connector)

    def connect(self, factory):
        self.attempts.append((factory, Deferred()))
        return self.attempts[-1][1]

    def accept(self):
        factory, attempt = self.attempts[-1]
        transport = Transport()
        transport.protocol = factory.buildProtocol(None)
        transport.protocol.makeConnection(transport)
        attempt.callback(transport.protocol)
        return transport


@pytest.fixture
def world():
    return World()


def test_an_attempt_ends_with_a_connection_or_with_the_reason_why_not(world):
    world.connector.connect()
    world.accept()
    assert world.owner.told == ["connecting", "opened"]
    world.connector.connect()
    world.attempts[-1][1].errback(Failure(ConnectionRefusedError()))
    assert world.owner.told[2:] == ["connecting", ConnectionRefusedError]


def test_an_attempt_does_not_take_longer_than_the_timeout(world):
    world.connector.connect()
    world.clock.advance(10)
    assert world.owner.told == ["connecting", TimeoutError]


def test_the_next_attempt_comes_after_a_delay_that_grows_until_a_welcome(world):
    for delay in 1, 2, 4:
        world.connector.retry(None)
        attempts = len(world.attempts)
        world.clock.advance(delay - 0.1)
        assert len(world.attempts) == attempts
        world.clock.advance(0.1)
        assert len(world.attempts) == attempts + 1
        world.attempts[-1][1].errback(Failure(ConnectionRefusedError()))
    world.connector.welcomed()
    world.connector.retry(None)
    world.clock.advance(1)
    assert len(world.attempts) == 4


def waits(world, attempts):
    """The seconds until each of these attempts."""
    for _ in range(attempts):
        world.connector.retry(None)
        yield world.connector.wait
        world.clock.advance(world.connector.wait)


def test_each_of_several_addresses_is_tried_before_there_is_a_delay():
    world = World(addresses=3)
    assert list(waits(world, 9)) == [0, 0, 1, 0, 0, 2, 0, 0, 4]


def test_after_a_good_connection_each_is_tried_at_once_again():
    world = World(addresses=2)
    assert list(waits(world, 1)) == [0]
    world.connector.welcomed()
    world.clock.advance(STEADY_SECONDS)
    world.connector.lost()
    assert list(waits(world, 2)) == [0, 1]


def test_servers_that_all_hang_up_at_once_are_not_asked_without_a_delay():
    world, found = World(addresses=2), []
    for _ in range(4):
        world.connector.welcomed()
        world.connector.lost()
        found += waits(world, 1)
    assert found == [0, 1, 0, 1]


def test_a_server_that_asks_for_time_is_given_it_though_there_are_others():
    world = World(addresses=2)
    world.connector.retry(events.Bye(code="stopping", text="Stopping.", retry=2))
    assert world.connector.wait == 4


def test_the_server_may_ask_for_more_time_than_the_limit(world):
    world.connector.retry(events.Bye(code="full", text="Full.", retry=30), limit=1)
    world.clock.advance(29.9)
    assert world.attempts == []
    world.clock.advance(2.1)
    assert len(world.attempts) == 1


def test_reading_stays_paused_over_a_lost_connection(world):
    world.connector.connect()
    first = world.accept()
    world.connector.pause_reading()
    assert first.producerState == "paused"
    first.protocol.connectionLost(None)
    world.connector.connect()
    second = world.accept()
    assert second.producerState == "paused"
    world.connector.resume_reading()
    assert second.producerState == "producing"


def test_a_connection_that_the_other_side_does_not_close_is_aborted(world):
    world.connector.connect()
    transport = world.accept()
    world.connector.close()
    world.clock.advance(9.9)
    assert not transport.aborted
    world.clock.advance(0.1)
    assert transport.aborted and world.connector.connection is None


def test_once_it_is_stopped_it_waits_for_nothing(world):
    world.connector.connect()
    transport = world.accept()
    world.connector.retry(None)
    world.connector.expect_close()
    world.connector.stop()
    transport.abortConnection()
    assert not world.clock.getDelayedCalls()


def test_it_can_be_stopped_and_closed_without_a_connection(world):
    for act in (
        world.connector.stop,
        world.connector.close,
        world.connector.abort,
        world.connector.pause_reading,
        world.connector.resume_reading,
    ):
        act()
    assert not world.clock.getDelayedCalls()
