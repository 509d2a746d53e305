"""
Bytes to lines: the framing of both sides of the wire, and of standard input.

Nothing here knows what a line means.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.protocols.basic import LineReceiver

__all__ = ["LineProtocol", "LineSplitter"]


class LineSplitter:
    """
    Splits bytes into lines at LF, wherever the bytes are cut. Sans-I/O.

    :param max_length: bytes of a line without its end. Of a longer line nothing is kept.
    """

    __slots__ = ("_length", "_max_length", "_parts", "_unsplit")

    def __init__(self, max_length: int) -> None:
        self._max_length = max_length
        self._unsplit = b""
        self._parts: list[bytes] = []  # of the line that has not ended
        self._length = 0  # of that line, where it is too long, too

    @property
    def waiting(self) -> bool:
        """Whether there may be more lines: bytes wait to be split."""
        return bool(self._unsplit)

    @property
    def partial(self) -> bytes:
        """The beginning of a line that has not ended; b"" where that is too long."""
        return b"".join(self._parts)

    def receive(self, data: bytes) -> None:
        """Take the next bytes."""
        self._unsplit = self._unsplit + data if self._unsplit else data

    def split(self, limit: int = -1) -> Sequence[bytes | None]:
        """
        Return the next lines, without LF; None stands for a line that was too long.

        :param limit: lines at most, since a chunk of very short lines takes far more memory split
            than whole; -1: all.
        """
        *lines, rest = self._unsplit.split(b"\n", limit)
        whole: Sequence[bytes | None] = lines
        if lines and (self._length or len(self._unsplit) > self._max_length):
            whole = self._checked(lines)
        self._unsplit = rest if len(lines) == limit else b""
        if rest and not self._unsplit:
            self._keep(rest)
        return whole

    def end(self) -> bytes | None:
        """Return the line that has not ended, at the end of the input; b"" where there is none."""
        (line,) = self._checked([b""])
        return line

    def clear(self) -> None:
        """Forget everything that was received."""
        self._unsplit = b""
        self._parts.clear()
        self._length = 0

    def _checked(self, lines: list[bytes]) -> list[bytes | None]:
        """Complete the first of these lines; None stands for each that is too long."""
        first, *others = lines
        fits = self._length + len(first) <= self._max_length
        whole = b"".join([*self._parts, first]) if fits else None
        self._parts.clear()
        self._length = 0
        return [whole, *(line if len(line) <= self._max_length else None for line in others)]

    def _keep(self, part: bytes) -> None:
        """Keep a part of a line that has not ended; of one that is too long, nothing."""
        self._length += len(part)
        if self._length > self._max_length:
            self._parts.clear()
        else:
            self._parts.append(part)


class LineProtocol(LineReceiver):
    """
    A LineReceiver that skips what is too long, and says when a chunk has been handed over.

    (The inherited `dataReceived` copies the rest of the buffer for each line.)
    """

    delimiter = b"\n"
    MAX_LENGTH = 1 << 20
    transport: Any  # of TCP, TLS, a socket or standard input: no interface covers them all

    def __init__(self) -> None:
        self._splitter = LineSplitter(self.MAX_LENGTH)

    def dataReceived(self, data: bytes) -> None:
        self._splitter.receive(data)
        for line in self._splitter.split():
            self._take(line)
        self.chunkEnded()

    def _take(self, line: bytes | None) -> None:
        if line is None:
            self.lineLengthExceeded(b"")
        else:
            self.lineReceived(line.removesuffix(b"\r"))

    def lineReceived(self, line: bytes) -> None:
        """A line came, without its end. For subclasses."""

    def lineLengthExceeded(self, line: bytes) -> None:
        """A line was too long, and is skipped. For subclasses."""

    def inputEnded(self) -> None:
        """No more bytes come: what stands behind the last LF is a line too."""
        rest = self._splitter.end()
        if rest != b"":
            self._take(rest)
        self.chunkEnded()

    def chunkEnded(self) -> None:
        """All lines of a chunk were handed over. For subclasses."""
