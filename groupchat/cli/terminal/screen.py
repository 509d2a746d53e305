"""
The terminal: its modes, its size, frames for it, and keys from it.

Nothing is made non-blocking, since other processes share the terminal: a thread writes. At most
one frame is on its way; a terminal that nobody reads costs frames, and nothing waits for it.
"""

from __future__ import annotations

import contextlib
import os
import termios
import zlib
from collections.abc import Callable, Hashable, Iterable
from typing import Any

import urwid
from twisted.internet.abstract import FileDescriptor
from twisted.internet.interfaces import IDelayedCall, IReactorFDSet, IReactorTime
from twisted.python.failure import Failure
from urwid.canvas import Canvas
from urwid.display import raw

from groupchat.cli.interfaces import IClientReactor
from groupchat.cli.stdio_transport import Writer
from groupchat.cli.terminal.palette import Entry

__all__ = ["Modes", "Screen"]

READ_BYTES = 4096  #: of keys at once; a pipe takes more
STOP_TIMEOUT = 1.0  #: seconds to wait for a terminal that does not take the last frame
_LOCAL_FLAGS, _CHARACTERS = 3, 6  #: in what termios has


class _Output:
    """
    A text stream whose data goes to a `Writer`, a frame at a time.

    :param descriptor: the terminal.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._parts: list[str] = []
        self.writer: Writer | None = None

    def fileno(self) -> int:
        return self._descriptor

    def write(self, data: str) -> int:
        self._parts.append(data)
        return len(data)

    def flush(self) -> None:
        data, self._parts = "".join(self._parts), []
        if self.writer is not None and data:
            self.writer.write(data.encode(errors="replace"))


class _RawScreen(raw.Screen):
    """The toolkit's screen, which leaves signals to us."""

    def signal_init(self) -> None:
        """Install no handlers."""

    def signal_restore(self) -> None:
        """There are none."""


class _Input(FileDescriptor):
    """
    Tells when the terminal can be read.

    :param reactor: watches it.
    """

    def __init__(
        self,
        reactor: IReactorFDSet,
        descriptor: int,
        read: Callable[[], None],
        lost: Callable[[], None],
    ) -> None:
        super().__init__(reactor)
        self._descriptor = descriptor
        self._read = read
        self._lost = lost

    def fileno(self) -> int:
        return self._descriptor

    def doRead(self) -> None:
        self._read()

    def connectionLost(self, reason: Failure) -> None:
        self._lost()


class _Keys:
    """
    The input that the toolkit reads: a pipe, so that it never touches the modes of the terminal,
    and never waits for one that is stopped.
    """

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()

    def fileno(self) -> int:
        return self._reader

    def add(self, data: bytes) -> None:
        os.write(self._writer, data)

    def close(self) -> None:
        os.close(self._reader)
        os.close(self._writer)


class Modes:
    """
    The modes of a terminal, for a program that gets each key.

    :param descriptor: the terminal.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._before: list[Any] | None = None  # what termios has: numbers, and a list at the end

    def set(self) -> None:
        """Let keys come at once and unseen, and let none of them be a signal."""
        with contextlib.suppress(termios.error):  # it is gone, which reading will notice
            modes = termios.tcgetattr(self._descriptor)
            if self._before is None:
                self._before = termios.tcgetattr(self._descriptor)
            modes[_LOCAL_FLAGS] &= ~(termios.ECHO | termios.ICANON | termios.ISIG | termios.IEXTEN)
            modes[_CHARACTERS][termios.VMIN] = 1
            modes[_CHARACTERS][termios.VTIME] = 0
            termios.tcsetattr(self._descriptor, termios.TCSANOW, modes)

    def restore(self) -> None:
        """Undo `set`, without waiting for a terminal that takes no output."""
        before, self._before = self._before, None
        if before is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self._descriptor, termios.TCSANOW, before)


class _Alarms:
    """The timers of the toolkit, on the reactor: it waits for the rest of a sequence of keys."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock

    def alarm(self, seconds: float, callback: Callable[[], object]) -> IDelayedCall:
        return self._clock.callLater(seconds, callback)

    def remove_alarm(self, handle: IDelayedCall) -> bool:
        if handle.active():
            handle.cancel()
            return True
        return False


class Screen:
    """
    The terminal.

    :param reactor: watches it, and runs timers.
    :param press: takes the keys that were pressed together.
    :param drained: called whenever the terminal has taken everything.
    :param lost: called if the terminal is gone.
    :param stdin: where keys are read.
    :param stdout: where frames are written.
    :param links: whether the terminal has links (OSC 8).

    :ivar started: whether it is in full-screen mode.
    """

    def __init__(
        self,
        reactor: IClientReactor,
        press: Callable[[list[str]], None],
        drained: Callable[[], None],
        lost: Callable[[], None],
        stdin: int = 0,
        stdout: int = 1,
        links: bool = False,
    ) -> None:
        urwid.set_encoding("utf-8")  # whatever the locale is: pages are, and texts are too
        self.started = False
        self._reactor = reactor
        self._press = press
        self._drained = drained
        self._on_lost = lost
        self._stdin = stdin
        self._output = _Output(stdout)
        self._keys = _Keys()
        self._raw = _RawScreen(
            self._keys, self._output, bracketed_paste_mode=True, focus_reporting=True
        )
        self._alarms = _Alarms(reactor)
        self._modes = Modes(stdin)
        self._input: _Input | None = None
        self._links = links
        self._link_style = ""

    # Full-screen mode.

    def start(self, palette: Iterable[Entry], colours: bool = True) -> None:
        """
        Take the whole screen.

        :param colours: whether there may be any.
        """
        self._output.writer = Writer(
            self._output.fileno(), self._reactor, self._printed, lambda error: self._gone()
        )
        self._modes.set()
        if not colours:
            self._raw.set_terminal_properties(colors=1)
        if self._links:
            self._raw.set_terminal_properties(hyperlinks=True)
        entries = list(palette)
        self._raw.register_palette(entries)
        self._link_style = next(
            (high if colours else mono for name, _, _, mono, high, _ in entries if name == "link"),
            "",
        )
        self._raw.start()
        self._output.flush()
        self.started = True
        reactor = _fd_set(self._reactor)
        self._input = _Input(reactor, self._stdin, self._read, self._gone)
        reactor.addReader(self._input)

    def resume(self) -> None:
        """The program was stopped and goes on: the shell may have changed the modes."""
        if self.started:
            self._modes.set()
            self.clear()

    def stop(self) -> None:
        """Leave the terminal as it was before. One that takes nothing is waited for a second."""
        if not self.started:
            return
        self.started = False
        self._stop_reading()
        with contextlib.suppress(OSError):
            self._raw.stop()
            self._output.flush()
        writer, self._output.writer = self._output.writer, None
        if writer is not None:
            writer.close()
            writer.join(STOP_TIMEOUT)
        self._modes.restore()

    def close(self) -> None:
        """Free what belongs to a stopped screen, which can't start again."""
        self._keys.close()

    def _stop_reading(self) -> None:
        if self._input is not None:
            _fd_set(self._reactor).removeReader(self._input)
            self._input = None

    def link_attribute(self, target: str) -> Hashable:
        """Returns how a link looks, so that the terminal itself can open it if it can."""
        if not self._links:
            return "link"
        link = urwid.Hyperlink(
            target, id=f"{zlib.crc32(target.encode()):x}"
        )  # its rows are one link
        return self._raw.AttrSpec(self._link_style, "default", hyperlink=link)

    # Frames.

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        with contextlib.suppress(OSError):
            columns, rows = os.get_terminal_size(self._output.fileno())
            if columns and rows:
                return columns, rows
        return 80, 24

    @property
    def ready(self) -> bool:
        """Whether the terminal has taken everything."""
        return self._output.writer is not None and not self._output.writer.pending

    def draw(self, size: tuple[int, int], canvas: Canvas) -> None:
        """Show this."""
        if self.started:
            self._raw.draw_screen(size, canvas)
            self._output.flush()

    def clear(self) -> None:
        """Draw everything again the next time."""
        self._raw.clear()

    def set_title(self, text: str) -> None:
        """Set the title of the terminal's window, where it has one."""
        if self.started:
            self._raw.set_title(text)
            self._output.flush()

    def copy(self, text: str) -> None:
        """Put a text on the clipboard, where the terminal lets programs do that."""
        if self.started:
            self._raw.copy_to_clipboard(text)
            self._output.flush()

    def write(self, sequence: str) -> None:
        """Write a sequence that moves nothing on the screen."""
        if self.started:
            self._output.write(sequence)
            self._output.flush()

    def _printed(self) -> None:
        if self.ready:
            self._drained()

    # Keys.

    def _read(self) -> None:
        try:
            data = os.read(self._stdin, READ_BYTES)
        except OSError:
            data = b""
        if not data:
            self._gone()
            return
        self._keys.add(data)
        codes = self._raw.get_available_raw_input()
        # The toolkit's type asks for its own event loop, of which it uses two methods here.
        self._raw.parse_input(self._alarms, self._take, codes)  # type: ignore[call-overload]

    def _take(self, keys: list[object], codes: list[int]) -> None:
        # Reports of the terminal and of the mouse are tuples.
        self._press([key for key in keys if isinstance(key, str)])

    def _gone(self) -> None:
        if self.started:
            self._stop_reading()
            self._on_lost()


def _fd_set(reactor: IClientReactor) -> IReactorFDSet:
    """Returns the reactor as one that watches descriptors, as all reactors of POSIX do."""
    return IReactorFDSet(reactor)
