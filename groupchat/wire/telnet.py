"""
Takes telnet's commands out of what a client sends, and turns its CR NUL into an LF (RFC 854).
Sans-I/O; it works on chunks, wherever they are cut.
"""

from __future__ import annotations

from enum import Enum, auto

__all__ = ["END", "IAC", "LONGEST", "Telnet"]

IAC = b"\xff"  #: begins a command of telnet; never part of UTF-8
END = b"\x04"  #: Ctrl-D
LONGEST = 1024  #: bytes of a subnegotiation; a longer one is over there, so that nobody stays deaf

_EOF = 0xEC  # the first of telnet's commands: Ctrl-D of a client that edits lines itself
_SE, _SB = 0xF0, 0xFA
_WILL, _WONT, _DO, _DONT, _IAC = 0xFB, 0xFC, 0xFD, 0xFE, 0xFF
_REFUSALS = {_WILL: _DONT, _DO: _WONT}
_TIMING_MARK = (
    6  # each is waited for (RFC 860): after Ctrl-C, telnet shows nothing before its answer
)


class _State(Enum):
    TEXT = auto()
    COMMAND = auto()  # after IAC
    OPTION = auto()  # after IAC DO and its like
    SUBNEGOTIATION = auto()  # after IAC SB
    END_OF_SUBNEGOTIATION = auto()  # after an IAC in one


class Telnet:
    """
    One connection's bytes.

    Every option is refused, each once in either direction, so that no two sides answer each other
    for ever (RFC 1143).

    :ivar midway: whether something has begun that only the next bytes end: while it has not, a
        chunk without IAC and CR is what was typed.
    """

    __slots__ = ("_held_cr", "_refused", "_skipped", "_state", "_verb", "midway")

    def __init__(self) -> None:
        self.midway = False
        self._state = _State.TEXT
        self._held_cr = False  # the last byte was a CR: what it means depends on the next
        self._verb = 0  # of the option that is negotiated
        self._skipped = 0  # bytes of this subnegotiation
        self._refused: set[tuple[int, int]] | None = None

    def receive(self, data: bytes) -> tuple[bytes, bytes]:
        """Returns what was typed, and what is to be answered."""
        answer = b""
        if self._state is not _State.TEXT or IAC in data:
            data, answer = self._take_out(data)
        if self._held_cr or b"\r" in data:
            data = self._end_lines(data)
        self.midway = self._held_cr or self._state is not _State.TEXT
        return data, answer

    def _end_lines(self, data: bytes) -> bytes:
        if self._held_cr:
            data = b"\r" + data
        self._held_cr = data.endswith(b"\r")
        return (data[:-1] if self._held_cr else data).replace(b"\r\0", b"\n")

    def _take_out(self, data: bytes) -> tuple[bytes, bytes]:
        text, answer = bytearray(), bytearray()
        at = 0
        while at < len(data):
            if self._state is _State.TEXT:
                end = data.find(IAC, at)
                text += data[at:] if end < 0 else data[at:end]
                at = len(data) if end < 0 else end + 1
                self._state = _State.TEXT if end < 0 else _State.COMMAND
            elif self._state is _State.SUBNEGOTIATION:
                at = self._skip(data, at)
            elif self._state is _State.OPTION:
                answer += self._refusal(data[at])
                self._state = _State.TEXT
                at += 1
            else:
                at += self._command(data[at], text)
        return bytes(text), bytes(answer)

    def _skip(self, data: bytes, at: int) -> int:
        """
        Skip what is in a subnegotiation; line ends mean nothing there. Returns the place after it.
        """
        end = data.find(IAC, at)
        stop = min(len(data) if end < 0 else end, at + LONGEST - self._skipped)
        self._skipped += stop - at
        if self._skipped >= LONGEST:
            self._state = _State.TEXT
        elif stop == end:
            self._state = _State.END_OF_SUBNEGOTIATION
            stop += 1
        return stop

    def _command(self, byte: int, text: bytearray) -> int:
        """
        The byte after an IAC. Returns how many bytes it took: an IAC before none of telnet's
        commands is nothing.
        """
        if byte == _IAC and self._state is _State.END_OF_SUBNEGOTIATION:
            self._state = _State.SUBNEGOTIATION
            self._skipped += 1
        elif byte == _SB:
            self._state, self._skipped = _State.SUBNEGOTIATION, 0
        elif _WILL <= byte <= _DONT:
            self._state, self._verb = _State.OPTION, byte
        elif byte == _IAC:
            self._state = _State.COMMAND
        else:
            self._state = _State.TEXT
            text += END if byte == _EOF else b""
        return 1 if byte >= _EOF else 0

    def _refusal(self, option: int) -> bytes:
        verb = _REFUSALS.get(self._verb)
        if verb is None:
            return b""
        self._refused = self._refused if self._refused is not None else set()
        if (verb, option) in self._refused and option != _TIMING_MARK:
            return b""
        self._refused.add((verb, option))
        return bytes((_IAC, verb, option))
