"""
Standard input and output: bytes in, bytes out, with back-pressure on both sides. The meaning of the
lines is not known here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IHalfCloseableProtocol, IReactorTime
from twisted.python.failure import Failure
from zope.interface import implementer

from groupchat.wire.framing import LineProtocol

__all__ = ["LineSink", "OutputProducer", "StdioProtocol"]


class LineSink(Protocol):
    """Takes the lines of standard input."""

    ended: bool

    def type(self, line: bytes) -> None:
        """A line was typed."""

    def overflow(self) -> None:
        """A line was typed that is too long to be kept."""


class OutputProducer(Protocol):
    """
    Fills standard output: an IPushProducer, which is also told when a chunk of input was handled.
    """

    def pauseProducing(self) -> None: ...

    def resumeProducing(self) -> None: ...

    def stopProducing(self) -> None: ...

    def check(self) -> None: ...


@implementer(IHalfCloseableProtocol)
class StdioProtocol(LineProtocol):
    """The protocol of a `Stdio`. It reads nothing before `resume`."""

    def __init__(self) -> None:
        super().__init__()
        self._sink: LineSink | None = None
        self._producer: OutputProducer | None = None
        self._taker: Callable[[bytes | None], None] | None = None
        self._reading = True
        self._writable = False
        self._closed: Deferred[None] | None = None
        self._drained: Deferred[None] | None = None
        self._input_over = False

    def attach(self, sink: LineSink, producer: OutputProducer) -> None:
        """Set the sink of input and the producer of output; call it before makeConnection."""
        self._sink = sink
        self._producer = producer

    def connectionMade(self) -> None:
        self._writable = True
        self.transport.registerProducer(self._producer, True)
        self.pause()

    # Input.

    def pause(self) -> None:
        if self._reading:
            self._reading = False
            self.transport.pauseProducing()

    def resume(self) -> None:
        if not self._reading:
            self._reading = True
            self.transport.resumeProducing()

    def divert(self, taker: Callable[[bytes | None], None] | None) -> None:
        """
        Give the next line to `taker` instead of the sink; it gets None at the end of the input.
        """
        self._taker = taker

    def lineReceived(self, line: bytes) -> None:
        if self._taker is not None:
            taker, self._taker = self._taker, None
            taker(line)
        elif self._sink is not None:
            self._sink.type(line)

    def lineLengthExceeded(self, line: bytes) -> None:
        if self._sink is not None:
            self._sink.overflow()

    def chunkEnded(self) -> None:
        if self._producer is not None:
            self._producer.check()

    def readConnectionLost(self) -> None:
        if self._taker is not None:
            taker, self._taker = self._taker, None
            taker(None)
        self._input_over = True
        if self._sink is not None:
            self._sink.ended = True
        self.inputEnded()
        self._stop_draining()

    def drain(self, seconds: float, clock: IReactorTime) -> Deferred[None]:
        """
        Hand over the rest of the input, whatever holds it back. Fires at its end, or after this
        many seconds.
        """
        drained: Deferred[None] = Deferred()
        self._drained = drained
        if self._input_over:
            self._stop_draining()
        else:
            timer = clock.callLater(seconds, self._stop_draining)
            drained.addCallback(lambda _: timer.cancel() if timer.active() else None)
            self.resume()
        return drained

    def _stop_draining(self) -> None:
        drained, self._drained = self._drained, None
        if drained is not None:
            self.pause()
            drained.callback(None)

    # Output.

    def write(self, data: bytes) -> None:
        """Print this as soon as possible. The transport remembers if it could not."""
        if self.transport is not None:
            self.transport.write(data)

    def writeConnectionLost(self) -> None:
        self._gone()

    def connectionLost(self, reason: Failure | None = None) -> None:
        self._gone()

    def _gone(self) -> None:
        self._writable = False
        if self._closed is not None:
            closed, self._closed = self._closed, None
            closed.callback(None)
        elif self._producer is not None:
            self._producer.stopProducing()

    def close(self) -> Deferred[None]:
        """Print the rest, and close. Fires when that is done."""
        closed: Deferred[None] = Deferred()
        if self._writable:
            self._closed = closed
            self.transport.unregisterProducer()
            self.transport.loseConnection()
        else:
            closed.callback(None)
        return closed
