"""A reactor in memory: its clock moves when the test says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from twisted.internet.base import DelayedCall
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure

if TYPE_CHECKING:
    from groupchat.testing.transport import MemoryTransport

__all__ = ["MemoryReactor"]


class MemoryReactor(Clock):
    """A clock that also reads from and writes to `MemoryTransport`, as a reactor does in a turn."""

    def __init__(self) -> None:
        super().__init__()
        self._readers: dict[MemoryTransport, None] = {}
        self._writers: dict[MemoryTransport, None] = {}

    def addReader(self, transport: MemoryTransport) -> None:
        self._readers[transport] = None

    def removeReader(self, transport: MemoryTransport) -> None:
        self._readers.pop(transport, None)

    def addWriter(self, transport: MemoryTransport) -> None:
        self._writers[transport] = None

    def removeWriter(self, transport: MemoryTransport) -> None:
        self._writers.pop(transport, None)

    def getReaders(self) -> list[MemoryTransport]:
        return list(self._readers)

    def getWriters(self) -> list[MemoryTransport]:
        return list(self._writers)

    def removeAll(self) -> list[MemoryTransport]:
        """Forget all transports, and return them."""
        transports = list({**self._readers, **self._writers})
        self._readers.clear()
        self._writers.clear()
        return transports

    def callLater(
        self, delay: float, callable: Callable[..., object], *args: object, **kw: object
    ) -> DelayedCall:
        # `Clock.callLater` sorts all calls each time; here `turn` sorts those that are due.
        when, seconds = self.rightNow + delay, self.seconds
        call = DelayedCall(when, callable, args, kw, self.calls.remove, _reset, seconds)
        self.calls.append(call)
        return call

    def callFromThread(self, function: Callable[..., object], *arguments: object) -> None:
        self.callLater(0, function, *arguments)

    def run(self, seconds: float = 0.0) -> None:
        """Do everything that is due now and within the next `seconds`, and move the clock there."""
        end = self.rightNow + seconds
        while True:
            while self.turn():
                pass
            due = [call.getTime() for call in self.getDelayedCalls() if call.getTime() <= end]
            if not due:
                break
            self.rightNow = max(self.rightNow, min(due))
        self.rightNow = max(self.rightNow, end)

    def turn(self) -> bool:
        """Do one turn. Returns whether there was anything to do."""
        # Calls that these make are due in the next turn; `Clock.advance` would make them in this.
        due = [call for call in self.calls if call.getTime() <= self.rightNow]
        for call in sorted(due, key=DelayedCall.getTime):
            if call.active():
                self.calls.remove(call)
                call.called = 1
                call.func(*call.args, **call.kw)
        readable = [transport for transport in self._readers if transport.readable]
        for transport in readable:
            if transport in self._readers:
                self._lose(transport, transport.doRead(), reading=True)
        writable = [transport for transport in self._writers if transport.writable]
        for transport in writable:
            if transport in self._writers:
                self._lose(transport, transport.doWrite(), reading=False)  # type: ignore[no-untyped-call]
        return bool(due or readable or writable)

    def _lose(self, transport: MemoryTransport, why: Exception | None, reading: bool) -> None:
        """Tell a transport that its socket is gone, if there is a reason `why`."""
        if why is None:
            return
        self.removeReader(transport)
        if reading and isinstance(why, ConnectionDone):
            transport.readConnectionLost(Failure(why))
        else:
            self.removeWriter(transport)
            transport.connectionLost(Failure(why))


def _reset(call: DelayedCall) -> None:
    """Do nothing: no order has to be kept."""
