"""
Standard input and output.
"""

import pytest
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransportWithDisconnection
from twisted.python.failure import Failure

from groupchat.cli.stdio import StdioProtocol


class Sink:
    def __init__(self, calls):
        self.calls = calls
        self.ended = False

    def type(self, line):
        self.calls.append(line)

    def overflow(self):
        self.calls.append("overflow")


class Producer:
    def __init__(self, calls):
        self.calls = calls

    def pauseProducing(self):
        self.calls.append("pause")

    def resumeProducing(self):
        self.calls.append("resume")

    def stopProducing(self):
        self.calls.append("stop")

    def check(self):
        self.calls.append("check")


class Pipes:
    def __init__(self):
        self.calls = []
        self.sink = Sink(self.calls)
        self.stdio = StdioProtocol()
        self.stdio.attach(self.sink, Producer(self.calls))
        self.transport = StringTransportWithDisconnection()
        self.transport.protocol = self.stdio
        self.stdio.makeConnection(self.transport)


@pytest.fixture
def pipes():
    return Pipes()


def test_nothing_is_read_until_it_is_wanted(pipes):
    assert pipes.transport.producerState == "paused"
    pipes.stdio.resume()
    assert pipes.transport.producerState == "producing"
    pipes.stdio.pause()
    assert pipes.transport.producerState == "paused"


def test_lines_are_handed_over_and_then_the_end_of_the_chunk(pipes):
    pipes.stdio.dataReceived(b"a\nb\nc")
    assert pipes.calls == [b"a", b"b", "check"]


def test_the_end_of_input_hands_over_the_rest(pipes):
    pipes.stdio.dataReceived(b"a")
    pipes.stdio.readConnectionLost()
    assert pipes.calls == ["check", b"a", "check"]
    assert pipes.sink.ended


def test_a_line_of_excessive_length_is_reported_at_its_end(pipes):
    pipes.stdio.dataReceived(b"x" * (1 << 21) + b"\n")
    assert pipes.calls == ["overflow", "check"]


def test_output_that_is_not_read_holds_the_server_back(pipes):
    pipes.transport.producer.pauseProducing()
    assert pipes.calls == ["pause"]


def test_output_that_nobody_reads_ends_it(pipes):
    pipes.stdio.writeConnectionLost()
    assert pipes.calls == ["stop"]


def test_what_is_left_of_the_input_is_handed_over_at_the_end(pipes):
    clock, drained = Clock(), []
    pipes.stdio.drain(1, clock).addCallback(drained.append)
    assert pipes.transport.producerState == "producing"
    pipes.stdio.dataReceived(b"a\nb")
    assert not drained
    pipes.stdio.readConnectionLost()
    assert (pipes.calls, drained, clock.getDelayedCalls()) == (
        [b"a", "check", b"b", "check"],
        [None],
        [],
    )
    pipes.stdio.drain(1, clock).addCallback(drained.append)
    assert drained == [None, None]


def test_input_without_an_end_is_not_waited_for_long(pipes):
    clock, drained = Clock(), []
    pipes.stdio.drain(1, clock).addCallback(drained.append)
    clock.advance(1)
    assert drained == [None] and pipes.transport.producerState == "paused"


def test_closing_prints_what_is_left(pipes):
    pipes.stdio.write(b"a\n")
    closed = []
    pipes.stdio.close().addCallback(closed.append)
    assert (pipes.transport.value(), closed, pipes.calls) == (b"a\n", [None], [])


def test_closing_what_is_closed_is_done_at_once(pipes):
    pipes.stdio.connectionLost(Failure(ConnectionDone()))
    closed = []
    pipes.stdio.close().addCallback(closed.append)
    assert closed == [None]
