"""
Standard input and output, on real pipes, files and terminals, without a reactor.
"""

import errno
import os
import queue

import pytest

from groupchat.cli.stdio_transport import CHUNK_BYTES, HIGH_WATER_MARK, Aside, Stdio

LIMIT = 10  #: seconds to wait for anything


class Pump:
    """A reactor that runs what its threads ask for when the test says so."""

    def __init__(self):
        self._due = queue.Queue()

    def callFromThread(self, function, *arguments):
        self._due.put((function, arguments))

    def until(self, condition):
        while not condition():
            function, arguments = self._due.get(timeout=LIMIT)
            function(*arguments)


class Chat:
    """The protocol, and its producer."""

    def __init__(self):
        self.read = b""
        self.calls = []

    def makeConnection(self, transport):
        transport.registerProducer(self, True)

    def dataReceived(self, data):
        self.read += data

    def readConnectionLost(self):
        self.calls.append("input ended")

    def writeConnectionLost(self):
        self.calls.append("output failed")

    def connectionLost(self, reason):
        self.calls.append("closed")

    def pauseProducing(self):
        self.calls.append("paused")

    def resumeProducing(self):
        self.calls.append("resumed")


class Desk:
    """Both pipes, and the transport between them."""

    def __init__(self):
        self.pump, self.chat, self._open = Pump(), Chat(), set()
        self.typed, self.stdin = self._pipe()
        self.stdout, self.printed = self._pipe()

    def _pipe(self):
        read, write = os.pipe()
        self._open |= {read, write}
        return write, read

    def start(self, **descriptors):
        self.stdio = Stdio(
            self.chat, self.pump, **{"stdin": self.stdin, "stdout": self.stdout, **descriptors}
        )
        return self

    def open(self, path, flags):
        return self.keep(os.open(path, flags))

    def keep(self, descriptor):
        """Close this descriptor at the end."""
        self._open.add(descriptor)
        return descriptor

    def close(self, descriptor):
        self._open.discard(descriptor)
        os.close(descriptor)

    def print(self, count):
        """Wait until this many bytes are printed, and return them."""
        printed = b""
        while len(printed) < count:
            printed += os.read(self.printed, CHUNK_BYTES)
        return printed

    def called(self, call):
        self.pump.until(lambda: call in self.chat.calls)

    def got(self, data):
        self.pump.until(lambda: self.chat.read == data)

    def end(self):
        """Let both threads end before their descriptors are closed."""
        for descriptor in (self.typed, self.printed):
            if descriptor in self._open:
                self.close(descriptor)
        assert self.stdio.stop(LIMIT)
        for descriptor in self._open:
            os.close(descriptor)


@pytest.fixture
def desk():
    desk = Desk()
    yield desk
    desk.end()


def test_what_others_share_stays_blocking(desk):
    desk.start()
    desk.stdio.resumeProducing()
    desk.stdio.write(b"hello\n")
    os.write(desk.typed, b"hi\n")
    desk.got(b"hi\n")
    assert os.read(desk.printed, 100) == b"hello\n"
    assert os.get_blocking(desk.stdin) and os.get_blocking(desk.stdout)


def test_nothing_is_read_before_it_is_wanted_and_one_chunk_ahead_at_most(desk):
    desk.start()
    os.write(desk.typed, b"a" * CHUNK_BYTES)
    desk.stdio.resumeProducing()
    desk.stdio.pauseProducing()
    os.write(desk.typed, b"b")  # has room as soon as the first chunk was read
    assert desk.chat.read == b""
    desk.stdio.resumeProducing()
    desk.got(b"a" * CHUNK_BYTES + b"b")


def test_the_end_of_input_is_told_once(desk):
    desk.start()
    desk.stdio.resumeProducing()
    os.write(desk.typed, b"last")
    desk.close(desk.typed)
    desk.called("input ended")
    desk.stdio.pauseProducing()
    desk.stdio.resumeProducing()
    assert (desk.chat.read, desk.chat.calls, desk.stdio.read_error) == (
        b"last",
        ["input ended"],
        None,
    )


def test_input_that_cannot_be_read_is_told(desk):
    desk.start(stdin=desk.stdout)
    desk.stdio.resumeProducing()
    desk.called("input ended")
    assert desk.stdio.read_error.errno == errno.EBADF


def test_a_terminal_that_is_gone_is_the_end_of_input(desk):
    ours, theirs = os.openpty()
    desk.keep(theirs)
    desk.start(stdin=theirs)
    desk.stdio.resumeProducing()
    os.close(ours)
    desk.called("input ended")
    assert desk.stdio.read_error is None


def test_files_are_read_and_written(desk, tmp_path):
    (tmp_path / "in").write_bytes(b"x" * 3 * CHUNK_BYTES)
    desk.start(
        stdin=desk.open(tmp_path / "in", os.O_RDONLY),
        stdout=desk.open(tmp_path / "out", os.O_WRONLY | os.O_CREAT | os.O_APPEND),
    )
    desk.stdio.resumeProducing()
    desk.called("input ended")
    desk.stdio.write(b"y" * 3 * CHUNK_BYTES)
    desk.stdio.loseConnection()
    desk.called("closed")
    assert len(desk.chat.read) == (tmp_path / "out").stat().st_size == 3 * CHUNK_BYTES


def test_what_another_process_made_non_blocking_is_waited_for(desk):
    os.set_blocking(desk.stdin, False)
    os.set_blocking(desk.stdout, False)
    desk.start()
    desk.stdio.resumeProducing()
    desk.stdio.write(b"x" * 4 * CHUNK_BYTES)
    desk.print(4 * CHUNK_BYTES)
    os.write(desk.typed, b"hi\n")
    desk.got(b"hi\n")


def test_output_that_is_not_read_blocks_nobody_and_holds_the_producer_back(desk):
    desk.start()
    desk.stdio.write(b"x" * 2 * HIGH_WATER_MARK)
    assert desk.chat.calls == ["paused"]
    desk.stdio.resumeProducing()
    os.write(desk.typed, b"still here\n")
    desk.got(b"still here\n")
    desk.print(2 * HIGH_WATER_MARK)
    desk.called("resumed")


def test_a_reader_that_goes_is_noticed_though_nothing_is_printed(desk):
    desk.start()
    desk.close(desk.printed)
    desk.called("output failed")
    assert desk.stdio.write_error.errno == errno.EPIPE and not desk.stdio.unprinted
    desk.stdio.write(b"late\n")
    assert desk.stdio.unprinted
    desk.stdio.loseConnection()
    assert desk.chat.calls == ["output failed", "closed"]


def test_output_that_cannot_be_written_is_told(desk):
    desk.start(stdout=desk.open("/dev/full", os.O_WRONLY))
    desk.stdio.write(b"hello\n")
    desk.called("output failed")
    assert desk.stdio.write_error.errno == errno.ENOSPC and desk.stdio.unprinted


def test_closing_prints_what_is_left_first(desk):
    desk.start()
    desk.stdio.write(b"x" * 2 * HIGH_WATER_MARK)
    desk.stdio.loseConnection()
    assert "closed" not in desk.chat.calls
    desk.print(2 * HIGH_WATER_MARK)
    desk.called("closed")


def test_stderr_that_nobody_reads_costs_lines_and_no_time(desk):
    desk.start()
    aside = Aside(desk.pump, desk.stdout)
    for letter in b"abc":
        aside.write(bytes([letter]) * HIGH_WATER_MARK)
    assert desk.print(HIGH_WATER_MARK) == b"a" * HIGH_WATER_MARK
    aside.close()
