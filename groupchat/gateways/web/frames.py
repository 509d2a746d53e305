"""
WebSocket's frames to lines, by the sans-I/O protocol of the websockets library. Nearly every frame
is a short message that is there as a whole; it is taken without the library, which is slower.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from websockets.frames import (  # type: ignore[attr-defined]  # apply_mask is in no __all__
    Frame,
    Opcode,
    apply_mask,
)

from groupchat.core.ratelimit import TokenBucket
from groupchat.gateways.web.wires import close_frame, pong
from groupchat.wire.framing import LineSplitter
from groupchat.wire.limits import MAX_LINE

if TYPE_CHECKING:
    from websockets.server import ServerProtocol

    from groupchat.core.session import Session

__all__ = ["MAX_MESSAGE", "FrameSplitter"]

MAX_MESSAGE = MAX_LINE  #: bytes of a message from a client
PIECE = 4096  #: bytes of frames that are parsed at once: a flood of tiny ones takes milliseconds
#: frames a second that bring no line (control frames, fragments, empty messages), and at once
IDLE_FRAMES = (10, 100)

_WHOLE_TEXT = 0x81  #: the first byte of a message of text in one frame
_MASKED = 0x80  #: the second byte of a frame with a mask, plus its size if that is below 126
_NOT_UTF8, _POLICY, _NOT_TEXT = 1007, 1008, 1003


class FrameSplitter:
    """
    A `groupchat.server.line_input.Splitter` of frames. A message is one or more lines, and the last
    of them needs no LF.

    :param protocol: after the handshake.
    :param session: that the lines are for; it ends where the client breaks the protocol.
    :param seconds: a monotonic clock, in seconds.

    :ivar on_close: called once the client has said that it sends no more.
    """

    __slots__ = (
        "_broken", "_fragments", "_lines", "_protocol", "_session", "_tokens", "_under_way",
        "_unread", "on_close",
    )  # fmt: skip

    def __init__(
        self, protocol: ServerProtocol, session: Session, seconds: Callable[[], float]
    ) -> None:
        self.on_close: Callable[[], None]
        self._protocol = protocol
        self._session = session
        self._lines = LineSplitter(MAX_LINE - 1)
        self._unread = b""
        self._fragments: list[bytes] | None = None  # of a message that has not ended
        self._broken: bytes | None = None  # the close, where the client has broken the protocol
        self._under_way = 0  # bytes of a frame that has not ended, which the protocol has
        self._tokens = TokenBucket(*IDLE_FRAMES, seconds)

    @property
    def waiting(self) -> bool:
        return bool(self._unread) or self._lines.waiting or self._broken is not None

    @property
    def partial(self) -> bytes:
        return b""

    def receive(self, data: bytes) -> None:
        self._unread = self._unread + data if self._unread else data

    def split(self, limit: int) -> Sequence[bytes | None]:
        if not self._lines.waiting:
            if self._broken is None:
                self._parse()
            else:
                self._end(self._broken)
        return self._lines.split(limit) if self._lines.waiting else ()

    def clear(self) -> None:
        self._unread, self._fragments, self._broken = b"", None, None
        self._lines.clear()

    def _parse(self) -> None:
        """Parse the next frames."""
        if not self._under_way and self._fragments is None and self._take_whole():
            return
        piece, self._unread = self._unread[:PIECE], self._unread[PIECE:]
        protocol = self._protocol
        protocol.receive_data(piece)
        self._under_way += len(piece)
        for frame in protocol.events_received():
            assert isinstance(frame, Frame)
            self._under_way -= _size(frame)
            self._take(frame)
            if self._broken is not None:
                return
        protocol.data_to_send()  # pongs and closes: the wire has them, too
        if protocol.parser_exc is not None and protocol.close_sent is not None:
            self._close(protocol.close_sent.code, protocol.close_sent.reason)

    def _take_whole(self) -> bool:
        """Take the next frames, if they are messages of text that are there as a whole."""
        data, at = self._unread, 0
        while at < PIECE:
            message, end = _whole_message(data, at)
            if not message:
                break
            self._take_message(message)
            if self._broken is not None:
                return True
            at = end
        self._unread = data[at:]
        return at > 0

    def _take(self, frame: Frame) -> None:
        opcode, data = frame.opcode, frame.data
        if opcode is Opcode.TEXT and frame.fin and data:
            self._take_message(bytes(data))
            return
        if self._tokens.take():
            self._close(_POLICY, "too many frames that bring no line")
        elif opcode is Opcode.TEXT or opcode is Opcode.CONT:
            self._take_fragment(bytes(data), frame.fin)
        elif opcode is Opcode.PING:
            self._session.peer.write(pong(bytes(data)))
        elif opcode is Opcode.CLOSE:
            self._unread = b""
            self._under_way = 1  # what still comes is the protocol's, which drops it
            self.on_close()
        elif opcode is Opcode.BINARY:
            self._close(_NOT_TEXT, "messages are text")

    def _take_fragment(self, data: bytes, last: bool) -> None:
        fragments = self._fragments = self._fragments or []
        fragments.append(data)
        if last:
            self._fragments = None
            self._take_message(b"".join(fragments))

    def _take_message(self, message: bytes) -> None:
        try:
            message.decode()
        except UnicodeDecodeError:
            self._close(_NOT_UTF8, "a message is UTF-8")
            return
        if message:
            self._lines.receive(message if message.endswith(b"\n") else message + b"\n")

    # The end.

    def _close(self, code: int, reason: str) -> None:
        """End the session with this close code, once what was said before is handled."""
        self._unread, self._fragments = b"", None
        self._broken = close_frame(code, reason)

    def _end(self, close: bytes) -> None:
        self._broken = None
        session = self._session
        if not session.ended:
            session.lost()
            session.peer.finish(close)


def _whole_message(data: bytes, at: int) -> tuple[bytes, int]:
    """
    Return the message of text that begins at an index, and its end; b"" where its frame is of
    another kind, or is not there as a whole.
    """
    if len(data) < at + 2 or data[at] != _WHOLE_TEXT:
        return b"", at
    begin, size = at + 2, data[at + 1] - _MASKED
    if size == 126:
        begin, size = at + 4, int.from_bytes(data[at + 2 : at + 4], "big")
    elif size > 126:
        return b"", at
    end = begin + 4 + size
    if not 0 < size <= MAX_MESSAGE or len(data) < end:
        return b"", at
    return apply_mask(data[begin + 4 : end], data[begin : begin + 4]), end


def _size(frame: Frame) -> int:
    """Return the bytes of a frame with a mask, if its size is written as short as can be."""
    size = len(frame.data)
    return 6 + size + (0 if size < 126 else 2 if size < 65_536 else 8)
