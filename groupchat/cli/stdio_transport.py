"""
Standard input and output: a transport that leaves them as they are.

O_NONBLOCK belongs to the open file, which a terminal or a pipe shares with other processes: a
client that set it would break the reads and writes of all of them, and after a kill -9 for good. So
a thread reads and another one writes, and both may block. They only move bytes; everything else
happens in the reactor's thread.
"""

from __future__ import annotations

import errno
import os
import select
import threading
from collections.abc import Callable
from typing import Protocol

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IPushProducer, IReactorFromThreads
from twisted.python.failure import Failure

__all__ = ["Aside", "Reader", "Stdio", "Writer"]

CHUNK_BYTES = 1 << 16  #: bytes read or written at once, at most
HIGH_WATER_MARK = 1 << 16  #: bytes not yet printed, until the producer is paused
TERMINAL_HIGH_WATER_MARK = (
    1 << 22
)  #: the same for a terminal: a person who stops it (Ctrl-S) stays in the room


class Reader:
    """
    Reads a descriptor, at most one chunk ahead of what is wanted.

    :param descriptor: what is read.
    :param reactor: takes what the thread has read.
    :param take: gets each chunk.
    :param end: called once at the end of input, with the error where there is one.
    """

    def __init__(
        self,
        descriptor: int,
        reactor: IReactorFromThreads,
        take: Callable[[bytes], None],
        end: Callable[[OSError | None], None],
    ) -> None:
        self._descriptor = descriptor
        self._reactor = reactor
        self._take = take
        self._end = end
        self._terminal = os.isatty(descriptor)
        self._wanted = threading.Semaphore(0)
        self._thread: threading.Thread | None = None
        self._flowing = False
        self._stopped = False
        self._asked = False  # the thread reads, or has read and not yet said so
        self._chunk: bytes | None = None  # read, and not yet taken; b"" is the end
        self._error: OSError | None = None

    def resume(self) -> None:
        """Hand chunks over. The first one comes in a later turn of the reactor."""
        if not self._flowing:
            self._flowing = True
            if self._chunk is not None:
                self._reactor.callFromThread(self._hand_over)
            else:
                self._ask()

    def pause(self) -> None:
        """Hand nothing over until `resume`."""
        self._flowing = False

    def stop(self, seconds: float) -> bool:
        """
        Read no more. Returns whether the thread has ended; it is waited for this long, as a read
        that has begun ends only with the input.
        """
        self._stopped = True
        self._wanted.release()
        if self._thread is not None:
            self._thread.join(seconds)
        return self._thread is None or not self._thread.is_alive()

    def _ask(self) -> None:
        if not self._flowing or self._asked or self._chunk is not None:
            return
        self._asked = True
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="standard input", daemon=True)
            self._thread.start()
        self._wanted.release()

    def _run(self) -> None:
        chunk = b"?"
        while chunk:
            self._wanted.acquire()
            if self._stopped:
                return
            error = None
            try:
                chunk = _read(self._descriptor)
            except OSError as problem:
                chunk, error = b"", problem
            self._reactor.callFromThread(self._on_chunk, chunk, error)

    def _on_chunk(self, chunk: bytes, error: OSError | None) -> None:
        self._chunk = chunk
        # A terminal that is gone, or that we may no longer read in the background, is at its end.
        self._error = None if error and self._terminal and error.errno == errno.EIO else error
        self._hand_over()

    def _hand_over(self) -> None:
        if self._chunk is None or not self._flowing:
            return
        if not self._chunk:  # `_asked` stays true: nothing more is read
            self._chunk = None
            self._end(self._error)
            return
        chunk, self._chunk = self._chunk, None
        self._asked = False
        self._take(chunk)
        self._ask()


class Writer:
    """
    Writes to a descriptor, and notices when nobody reads there any more.

    :param descriptor: where to write.
    :param reactor: is told what the thread has done.
    :param printed: called whenever something was written.
    :param fail: called once where nothing can be written any more.

    :ivar pending: bytes not yet written.
    """

    def __init__(
        self,
        descriptor: int,
        reactor: IReactorFromThreads,
        printed: Callable[[], None] = lambda: None,
        fail: Callable[[OSError], None] = lambda error: None,
    ) -> None:
        self.pending = 0
        self._descriptor = descriptor
        self._reactor = reactor
        self._on_printed = printed
        self._on_fail = fail
        self._lock = threading.Lock()  # over what follows
        self._queue: list[bytes] = []
        self._closed = False
        self._bell: tuple[int, int] | None = os.pipe()  # wakes the thread; None once it has ended
        self._thread = threading.Thread(target=self._run, name="standard output", daemon=True)
        self._thread.start()

    def write(self, data: bytes) -> None:
        """Write this, after all that was written before."""
        self.pending += len(data)
        self._tell(data)

    def close(self) -> None:
        """Write what is left, and no more."""
        self._tell(b"")

    def join(self, seconds: float) -> None:
        """Wait until everything is written, but not longer than this."""
        self._thread.join(seconds)

    def _tell(self, data: bytes) -> None:
        with self._lock:
            if self._bell is None or self._closed:
                return
            if not self._queue:
                os.write(self._bell[1], b"!")
            self._queue.append(data)
            self._closed = not data

    def _printed(self, count: int) -> None:
        self.pending -= count
        self._on_printed()

    # In the thread.

    def _run(self) -> None:
        assert self._bell is not None
        poller = select.poll()
        poller.register(self._bell[0], select.POLLIN)
        poller.register(self._descriptor, 0)  # errors are always reported
        try:
            while self._step(poller):
                pass
        except OSError as error:
            self._reactor.callFromThread(self._on_fail, error)
        with self._lock:
            bell, self._bell = self._bell, None
        for descriptor in bell:
            os.close(descriptor)

    def _step(self, poller: select.poll) -> bool:
        """Wait for something to write, and write it. Returns whether there may be more."""
        found = dict(poller.poll())
        data = self._next(found)
        if data is None:
            raise _error_of(found.get(self._descriptor, 0))
        _write(self._descriptor, data)
        self._reactor.callFromThread(self._printed, len(data))
        with self._lock:
            return bool(self._queue) or not self._closed

    def _next(self, found: dict[int, int]) -> bytes | None:
        """Returns everything to write; None if there is nothing."""
        with self._lock:
            assert self._bell is not None
            if self._bell[0] not in found:
                return None
            os.read(self._bell[0], 1)
            queue, self._queue = self._queue, []
        return b"".join(queue)


class Aside:
    """
    Lines for stderr. If nobody reads it, lines that do not fit are dropped, and nothing waits.

    :param reactor: see `Writer`.
    """

    def __init__(self, reactor: IReactorFromThreads, descriptor: int = 2) -> None:
        self._reactor = reactor
        self._descriptor = descriptor
        self._writer: Writer | None = None

    def write(self, data: bytes) -> None:
        """Write this, if it fits."""
        if self._writer is None:
            self._writer = Writer(self._descriptor, self._reactor)
        if self._writer.pending < HIGH_WATER_MARK:
            self._writer.write(data)

    def close(self) -> None:
        """Write what is left, if that takes no longer than a second."""
        if self._writer is not None:
            self._writer.close()
            self._writer.join(1.0)


def _error_of(event: int) -> OSError:
    number = (
        errno.EPIPE
        if event & select.POLLERR
        else errno.EBADF
        if event & select.POLLNVAL
        else errno.EIO
    )
    return OSError(number, os.strerror(number))


def _read(descriptor: int) -> bytes:
    """Read the next chunk. Wait for it even if another process made the descriptor non-blocking."""
    while True:
        try:
            return os.read(descriptor, CHUNK_BYTES)
        except BlockingIOError:
            _wait(descriptor, select.POLLIN)


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest[:CHUNK_BYTES]) :]
        except BlockingIOError:
            _wait(descriptor, select.POLLOUT)


def _wait(descriptor: int, what: int) -> None:
    poller = select.poll()
    poller.register(descriptor, what)
    poller.poll()


class StdioUser(Protocol):
    """Reads and writes by a `Stdio`: an IHalfCloseableProtocol."""

    def makeConnection(self, transport: Stdio) -> None:
        """This is the transport."""

    def dataReceived(self, data: bytes) -> None:
        """This was read."""

    def readConnectionLost(self) -> None:
        """Nothing more can be read."""

    def writeConnectionLost(self) -> None:
        """Nothing more can be written."""

    def connectionLost(self, reason: Failure) -> None:
        """The transport is closed."""


class Stdio:
    """
    Both as the transport of a protocol that implements IHalfCloseableProtocol, with back-pressure
    in both directions.

    :param protocol: reads and writes.
    :param reactor: runs it.

    :ivar read_error: why nothing more could be read; None at the end of the input.
    :ivar write_error: why nothing more could be printed.
    :ivar unprinted: whether that has cost any of the output.
    """

    def __init__(
        self, protocol: StdioUser, reactor: IReactorFromThreads, stdin: int = 0, stdout: int = 1
    ) -> None:
        self.read_error: OSError | None = None
        self.write_error: OSError | None = None
        self.unprinted = False
        self._protocol: StdioUser | None = protocol
        self._high_water_mark = TERMINAL_HIGH_WATER_MARK if os.isatty(stdout) else HIGH_WATER_MARK
        self._producer: IPushProducer | None = None
        self._full = False
        self._closing = False
        self._reader = Reader(stdin, reactor, protocol.dataReceived, self._input_ended)
        self._writer = Writer(stdout, reactor, self._printed, self._output_failed)
        protocol.makeConnection(self)

    # Input.

    def pauseProducing(self) -> None:
        self._reader.pause()

    def resumeProducing(self) -> None:
        self._reader.resume()

    def _input_ended(self, error: OSError | None) -> None:
        self.read_error = error
        if self._protocol is not None:
            self._protocol.readConnectionLost()

    # Output.

    def write(self, data: bytes) -> None:
        if self.write_error is not None:
            self.unprinted = True
            return
        self._writer.write(data)
        if (
            self._writer.pending > self._high_water_mark
            and not self._full
            and self._producer is not None
        ):
            self._full = True
            self._producer.pauseProducing()

    def registerProducer(self, producer: IPushProducer, streaming: bool) -> None:
        self._producer = producer

    def unregisterProducer(self) -> None:
        self._producer = None

    def loseConnection(self) -> None:
        """Print what is left; then the protocol's `connectionLost` is called."""
        self._closing = True
        self._reader.pause()
        self._writer.close()
        if not self._writer.pending:
            self._gone()

    def finish(self) -> None:
        """Print what is left without the reactor, if that takes no longer than a second."""
        self._writer.close()
        self._writer.join(1.0)

    def stop(self, seconds: float) -> bool:
        """
        Read and print no more, and wait this long for the threads. Returns whether the one that
        reads has ended.
        """
        self._writer.close()
        self._writer.join(seconds)
        return self._reader.stop(seconds)

    def _printed(self) -> None:
        if self._full and self._writer.pending <= self._high_water_mark // 2:
            self._full = False
            if self._producer is not None:
                self._producer.resumeProducing()
        if self._closing and not self._writer.pending:
            self._gone()

    def _output_failed(self, error: OSError) -> None:
        self.write_error = error
        self.unprinted = self.unprinted or self._writer.pending > 0
        self._writer.pending = 0
        if self._closing:
            self._gone()
        elif self._protocol is not None:
            self._protocol.writeConnectionLost()

    def _gone(self) -> None:
        protocol, self._protocol = self._protocol, None
        if protocol is not None:
            protocol.connectionLost(Failure(ConnectionDone()))
