"""
The input of a connection whose wire is known: it hands lines over as the session takes them.

Twisted's own dataReceived copies the rest of the buffer for each line; this one splits off at most
`LINES_PER_TURN` lines at once, and hands over as many in a turn of the reactor. While lines wait
here (for a token, for a reply under way, for a reader that is behind) the transport is not read,
and TCP slows the sender. The session knows what lines mean.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from groupchat.wire.framing import LineSplitter
from groupchat.wire.limits import MAX_LINE
from groupchat.wire.names import MARK
from groupchat.wire.telnet import END, IAC, Telnet

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall, IReactorTime

    from groupchat.core.session import Session

__all__ = ["LINES_PER_TURN", "LineInput", "Receiver", "Splitter"]

LINES_PER_TURN = 250  #: lines in one turn of the reactor

_BLANK_LINES = frozenset({b"", b"\r", MARK.encode(), MARK.encode() + b"\r"})
_REPEATED_ENDS = re.compile(rb"\n(?:\r?\n)+")


class Receiver(Protocol):
    """The connection that the lines come from."""

    def lineReceived(self, line: bytes) -> None:
        """Handle a line, without its LF."""

    def lineLengthExceeded(self, line: bytes) -> None:
        """Answer a line that was too long; nothing of it is left."""

    def take_turn(self) -> bool:
        """
        Take a turn for a line of a connection that has not logged in.

        Returns whether the line can be handled now; else `LineInput.resume` is called when it can.
        """

    def heard_person(self) -> None:
        """The client, which has not logged in, has sent more than its telnet negotiates."""

    def pause(self) -> None:
        """Read the transport no more, until `unpause`."""

    def unpause(self) -> None:
        """Read the transport again."""


class Splitter(Protocol):
    """Bytes to lines, as `groupchat.wire.framing.LineSplitter` and the frames of a gateway."""

    @property
    def waiting(self) -> bool:
        """Whether bytes wait to be split."""

    @property
    def partial(self) -> bytes:
        """The beginning of a line that has not ended."""

    def receive(self, data: bytes) -> None:
        """Take the next bytes."""

    def split(self, limit: int) -> Sequence[bytes | None]:
        """Return the next lines, at most `limit`; None stands for a line that was too long."""

    def clear(self) -> None:
        """Forget everything that was received."""


class LineInput:
    """
    :param session: that the lines are for.
    :param receiver: the connection.
    :param clock: of the timers.
    :param splitter: splits the bytes into lines, unless these end in LF.

    :ivar paused: whether the transport is not read just now.
    """

    __slots__ = (
        "_clock", "_ended", "_lines", "_receiver", "_session", "_splitter", "_telnet", "_timer",
        "_working", "paused",
    )  # fmt: skip

    def __init__(
        self,
        session: Session,
        receiver: Receiver,
        clock: IReactorTime,
        splitter: Splitter | None = None,
    ) -> None:
        self.paused = False
        self._session = session
        self._receiver = receiver
        self._clock = clock
        self._telnet = Telnet() if session.wire.capabilities.typed else None
        self._splitter: Splitter = splitter or LineSplitter(MAX_LINE - 1)
        self._lines: deque[bytes | None] = deque()  # that have not been handled
        self._timer: IDelayedCall | None = None
        self._working = False
        self._ended = False  # the client will send no more

    def receive(self, data: bytes) -> None:
        """Take the next bytes."""
        session, telnet = self._session, self._telnet
        if session.ended:
            return
        # Nearly every chunk costs no more than these looks.
        if telnet is not None and (
            IAC in data or b"\r" in data or b"\n\n" in data or telnet.midway or not session.joined
        ):
            data = self._typed(data, telnet)
        self._splitter.receive(data)
        self.resume()

    def _typed(self, data: bytes, telnet: Telnet) -> bytes:
        """Return what a person typed; what the client's telnet negotiates is answered."""
        session = self._session
        data, answer = telnet.receive(data)
        if answer:
            session.peer.write(answer)
        if session.joined:
            # They go at once: handled singly, a flood of them would cost everybody.
            return _REPEATED_ENDS.sub(b"\n", data)
        if data:
            self._receiver.heard_person()
        return data

    def resume(self) -> None:
        """Hand over as many lines as may be handled now."""
        if self._working or self._timer is not None:
            return
        self._working = True
        wait = self._hand_over()
        self._working = False
        if wait is not None:
            self._timer = self._clock.callLater(wait, self._go_on)
        session = self._session
        if session.ended:
            self._drop()
            return
        waiting = self.waiting
        if self._ended and not waiting and not session.awaits_reply:
            session.end_of_input()
        self._pause(waiting or session.blocked)

    def _hand_over(self) -> float | None:
        """
        Hand over lines. Returns the seconds to wait before going on.

        None: something else will call `resume`, or all is done.
        """
        session, lines, typed = self._session, self._lines, self._telnet is not None
        for _ in range(LINES_PER_TURN):
            if not lines and self._splitter.waiting:
                lines.extend(self._splitter.split(LINES_PER_TURN))
                if not lines and self._splitter.waiting:
                    return 0.0  # frames that bring no line
            if not lines or session.ended or session.blocked:
                return None
            line = lines[0]
            if session.joined:
                if typed and line in _BLANK_LINES:
                    lines.popleft()
                    continue
            elif not self._receiver.take_turn():
                return None
            wait = session.delay()
            if wait:
                return wait
            lines.popleft()
            if line is None:
                self._receiver.lineLengthExceeded(b"")
            else:
                self._receiver.lineReceived(line)
        return 0.0 if self.waiting else None

    @property
    def waiting(self) -> bool:
        """Whether lines wait to be handled."""
        return bool(self._lines) or self._splitter.waiting

    def _go_on(self) -> None:
        self._timer = None
        self.resume()

    def _pause(self, pause: bool) -> None:
        if pause != self.paused and not self._ended:
            self.paused = pause
            if pause:
                self._receiver.pause()
            else:
                self._receiver.unpause()

    # The end.

    def end(self) -> None:
        """Handle what is left: the client will send no more."""
        self._ended = True
        self.resume()

    def check(self, now: float) -> None:
        """Take a Ctrl-D that nothing follows for the end: telnet sends no line end behind it."""
        if self._telnet is None or self.waiting:
            return
        if self._splitter.partial == END:
            self._splitter.clear()
            self._session.end_of_input()

    def lost(self) -> bool:
        """
        Handle what the client sent before its end, now that the connection is gone.

        Returns whether all of it has been handled.
        """
        if self._ended and self.waiting:
            self.resume()
            return False
        self.stop()
        return True

    def stop(self) -> None:
        """Hand over nothing more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._drop()

    def _drop(self) -> None:
        self._lines.clear()
        self._splitter.clear()
