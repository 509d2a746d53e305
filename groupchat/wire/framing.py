"""
Bytes to lines: the framing of both sides of the client, the server's connection and standard input.

Nothing here knows what a line means.
"""

from __future__ import annotations

from typing import Any

from twisted.protocols.basic import LineReceiver

__all__ = ["LineSplitter"]


class LineSplitter(LineReceiver):
    """
    A LineReceiver that splits a chunk once, skips what is too long, and says when a chunk has been
    handed over.

    (The inherited `dataReceived` copies the rest of the buffer for each line.)
    """

    delimiter = b"\n"
    MAX_LENGTH = 1 << 20
    transport: Any  # of TCP, TLS, a socket or standard input: no interface covers them all

    _rest = b""
    _skipping = False

    def dataReceived(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(self.delimiter)
        for line in lines:
            self._take(line)
        if len(self._rest) > self.MAX_LENGTH:
            self._skip()
        self.chunkEnded()

    def _take(self, line: bytes) -> None:
        if self._skipping:
            self._skipping = False
        elif len(line) > self.MAX_LENGTH:
            self.lineLengthExceeded(line)
        else:
            self.lineReceived(line.removesuffix(b"\r"))

    def _skip(self) -> None:
        if not self._skipping:
            self.lineLengthExceeded(self._rest)
        self._skipping = True
        self._rest = b""

    def lineReceived(self, line: bytes) -> None:
        """A line came, without its end. For subclasses."""

    def lineLengthExceeded(self, line: bytes) -> None:
        """A line is too long, and is skipped. For subclasses."""

    def inputEnded(self) -> None:
        """No more bytes come: what stands behind the last LF is a line too."""
        rest, self._rest = self._rest, b""
        if rest:
            self._take(rest)
        self.chunkEnded()

    def chunkEnded(self) -> None:
        """All lines of a chunk were handed over. For subclasses."""
