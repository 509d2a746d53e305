"""The life of the screen's chat: when another one begins after the server has ended one."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from groupchat.cli.exit import Exit
from groupchat.cli.failures import exit_for
from groupchat.cli.terminal.feed import Feed
from groupchat.cli.terminal.line_input import LineInput, Question
from groupchat.cli.terminal.link import Link
from groupchat.client.errors import ClientError, Rejected
from groupchat.client.lifecycle import Lifecycle
from groupchat.client.timer import Timer

__all__ = ["Life"]


class Life:
    """
    Begins chats, one after the other.

    :param make: returns the next chat, connected to the screen.
    :param link: tells the state of the connection.
    :param feed: shows why a chat has ended.
    :param line: asks whether to come back.
    :param clock: the reactor's time.
    :param over: called once no chat follows.

    :ivar ending: how the last chat ended.
    :ivar joined: whether the server has ever let us in.
    """

    def __init__(
        self,
        make: Callable[[], Lifecycle],
        link: Link,
        feed: Feed,
        line: LineInput,
        clock: IReactorTime,
        over: Callable[[], None],
    ) -> None:
        self.ending = Exit()
        self.joined = False
        self._make = make
        self._link = link
        self._feed = feed
        self._line = line
        self._over = over
        self._stopped = False
        self._again = Timer(clock, self.begin)
        link.on_hurry = self.begin
        link.on_left = self.leave

    def begin(self) -> None:
        """Begin a chat."""
        self._again.cancel()
        self._link.expect_again(None)
        self._link.bye = None
        chat = self._make()
        chat.start().addCallback(self._ended, chat)

    def _ended(self, error: ClientError | None, chat: Lifecycle) -> None:
        self.ending = exit_for(error)
        self.joined = self.joined or chat.ever_joined
        bye = self._link.bye
        if self._stopped or not isinstance(error, Rejected):
            self._over()
        elif bye is not None and bye.retry:
            self._begin_after(bye.retry)
        elif chat.ever_joined:
            self._feed.tell(str(error))
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
        """No other chat begins."""
        self._stopped = True
        self._again.cancel()
