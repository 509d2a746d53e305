"""
Displays a chat to a person, a program or a script.

Nothing here acts; no line is printed with a control character that could act on a terminal.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from groupchat.client.sender import RETRYABLE
from groupchat.wire import events, jsonlines, names, plain
from groupchat.wire.events import Event
from groupchat.wire.plain.words import COMMANDS

__all__ = ["JsonDisplay", "PipeDisplay", "PlainDisplay"]

#: Commands without any visible result but their ok.
_ACTS = frozenset(
    {"/register", "/private", "/open", "/invite", "/uninvite", "/revoke"}
    | {word.word for word in COMMANDS if word.operator}
)

REPORT_INTERVAL = 10.0  #: seconds between two reports of lines that were not said, at least

Write = Callable[[bytes], None]


class PlainDisplay:
    """
    For people: the lines of the plain wire, without the messages that were typed here.

    :param write: takes whole lines.
    """

    def __init__(self, write: Write) -> None:
        self._write = write
        self._logged_in = False
        self._room = ""  # the last room that was announced
        self._greeted = False
        self._direct: Event | None = None  # the direct rooms that were announced

    def show(
        self, event: Event | None, line: bytes, me: str, past: bool = False, mine: bool = False
    ) -> None:
        if event is None or mine or self._is_stale(event):
            return
        if (
            isinstance(event, events.Ok) and event.ref in _ACTS and not event.text
        ):  # an older server says no more
            self.tell(f"{event.ref}: done.")
        try:
            lines = list(plain.lines(event, me, past))
        except ValueError:  # a server that writes invalid times
            lines = _without_times(event, me)
        self._print(lines)

    def show_elsewhere(self, event: Event, line: bytes) -> None:
        """A person is in one room at a time: late events of another are of no interest."""

    def tell(self, text: str) -> None:
        self._print([f"-- {text}"])

    warn = tell

    def complain(self, text: str, word: str | None = None) -> None:
        self._print(list(plain.lines(events.Error(code="", text=text, ref=word))))

    def _print(self, lines: list[str]) -> None:
        if lines:
            self._write(
                "".join(f"{names.visible(line)}\n" for line in lines).encode(errors="replace")
            )

    def _is_stale(self, event: Event) -> bool:
        """
        Returns whether a person need not be told: a welcome after a lost connection, or a refusal
        while there is none.
        """
        if isinstance(event, events.Welcome):
            stale, self._greeted, self._logged_in = self._greeted, True, True
            return stale
        if isinstance(event, events.RoomState):
            stale, self._room = event.room == self._room, event.room
            return stale
        if isinstance(event, events.Direct):
            stale, self._direct = event == self._direct, event
            return stale
        if isinstance(event, events.Bye):
            logged_in, self._logged_in = self._logged_in, False
            return not logged_in or (
                event.retry is None and event.code != "quit"
            )  # main.py tells why we end
        return isinstance(event, events.Error) and not self._logged_in


def _without_times(event: Event, me: str) -> list[str]:
    page = event.messages if isinstance(event, events.History | events.Found) else [event]
    return [line for one in page for line in plain.lines(one, me, past=False)]


class JsonDisplay:
    """
    For programs: the server's lines as they are, but for raw control characters, which are escaped.
    The client's own notices go elsewhere.

    :param write: takes whole lines of the server.
    :param aside: takes whole lines of the client.
    """

    def __init__(self, write: Write, aside: Write) -> None:
        self._write = write
        self._aside = PlainDisplay(aside)
        self.tell = self._aside.tell
        self.warn = self._aside.warn
        self.complain = self._aside.complain

    def show(
        self, event: Event | None, line: bytes, me: str, past: bool = False, mine: bool = False
    ) -> None:
        if line:
            self._write(jsonlines.safe(line) + b"\n")

    def show_elsewhere(self, event: Event, line: bytes) -> None:
        self._write(jsonlines.safe(line) + b"\n")


class PipeDisplay:
    """
    For scripts: errors, and answers to commands. Lines that were not said are told in one line, at
    most every `REPORT` seconds.

    :param write: takes whole lines of answers.
    :param aside: takes whole lines about errors.
    :param clock: for the time between two reports.

    :ivar reason: what was wrong the first time; "" if nothing was.
    """

    def __init__(self, write: Write, aside: Write, clock: IReactorTime) -> None:
        self.reason = ""
        self._answers = PlainDisplay(write)
        self._errors = PlainDisplay(aside)
        self.warn = self._errors.tell
        self._clock = clock
        self._count = 0  # complaints not yet reported
        self._timer: IDelayedCall | None = None

    def show(
        self, event: Event | None, line: bytes, me: str, past: bool = False, mine: bool = False
    ) -> None:
        if isinstance(event, events.Error) and event.code in RETRYABLE:  # nothing is lost
            self._errors.complain(event.text)
        elif isinstance(event, events.Error):
            if event.n is not None or event.ref is not None:  # a refused hello is told at the end
                self.complain(event.text, event.ref)
        elif isinstance(event, events.Help) or getattr(event, "ref", None) is not None:
            self._answers.show(event, line, me, past, mine)

    def show_elsewhere(self, event: Event, line: bytes) -> None:
        """A script did not ask for messages."""

    def tell(self, text: str) -> None:
        """Do nothing: notices are no errors."""

    def complain(self, text: str, word: str | None = None) -> None:
        self.reason = self.reason or (f"{word}: {text}" if word else text)
        self._count += 1
        if self._timer is None:
            self._timer = self._clock.callLater(REPORT_INTERVAL, self._report)

    def _report(self) -> None:
        self._timer = None
        count, self._count = self._count, 0
        lines = "1 line was" if count == 1 else f"{count} lines were"
        self._errors.complain(f"{lines} not said. The first: {self.reason}")

    def close(self) -> None:
        """Report no more: the last line of the run does."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
