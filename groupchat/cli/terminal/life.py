"""The life of the screen's chat: whether it begins again after the server has ended it."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from groupchat.cli.exit import Exit
from groupchat.cli.failures import exit_for
from groupchat.cli.terminal.feed import Feed
from groupchat.cli.terminal.line_input import LineInput, Question
from groupchat.cli.terminal.link import Link
from groupchat.client import Ending
from groupchat.client.errors import Rejected
from groupchat.client.timer import Timer

__all__ = ["Life"]


class Life:
    """
    Begins the chat, and begins it again.

    :param link: the chat.
    :param feed: shows why it has ended.
    :param line: asks whether to come back.
    :param clock: the reactor's time.
    :param over: called once it does not begin again.

    :ivar ending: how it ended the last time.
    :ivar joined: whether the server has ever let us in.
    """

    def __init__(
        self,
        link: Link,
        feed: Feed,
        line: LineInput,
        clock: IReactorTime,
        over: Callable[[], None],
    ) -> None:
        self.ending = Exit()
        self.joined = False
        self._link = link
        self._feed = feed
        self._line = line
        self._over = over
        self._stopped = False
        self._joined_now = False
        self._again = Timer(clock, self.begin)
        link.on_hurry = self.begin
        link.on_left = self.leave

    def begin(self) -> None:
        """Begin the chat."""
        self._again.cancel()
        self._link.expect_again(None)
        self._link.bye = None
        self._joined_now = False
        chat = self._link.chat
        chat.start().addCallbacks(self._on_joined, self._not_joined)
        chat.closed.addCallback(self._ended)
        self._link.say_held()

    def _on_joined(self, _: None) -> None:
        self.joined = self._joined_now = True

    def _not_joined(self, failure: Failure) -> None:
        failure.trap(Ending)  # `_ended` is told, too

    def _ended(self, ending: Ending) -> None:
        self.ending = exit_for(ending.reason)
        bye = self._link.bye
        if self._stopped or not isinstance(ending.reason, Rejected):
            self._over()
        elif bye is not None and bye.retry:
            self._begin_after(bye.retry)
        elif self._joined_now:
            self._feed.tell(str(ending.reason))
            self._line.ask(Question("Enter comes back, Ctrl-D leaves: ", self._come_back))
            self._feed.repaint()
        else:
            self._over()

    def _begin_after(self, seconds: float) -> None:
        """The server is full: it may have a place later."""
        self._link.expect_again(seconds)
        self._again.start(seconds)
        self._feed.repaint()

    def _come_back(self, answer: str | None) -> None:
        if answer is None:
            self._over()
        else:
            self.ending = Exit()
            self.begin()

    def leave(self) -> None:
        """End, as the person wants it."""
        self.stop()
        self._link.end()
        self.ending = Exit()
        self._over()

    def stop(self) -> None:
        """The chat does not begin again."""
        self._stopped = True
        self._again.cancel()
