"""Questions that the server causes: for a password, or for another name."""

from __future__ import annotations

from groupchat.cli import naming
from groupchat.cli.exit import Exit
from groupchat.cli.terminal.feed import Feed
from groupchat.cli.terminal.line_input import LineInput, Question
from groupchat.cli.terminal.link import Link
from groupchat.client.session import Session
from groupchat.wire import events

__all__ = ["Dialogs"]

_OTHER_NAME = frozenset({"name-taken", "name-reserved", "bad-name"})


class Dialogs:
    """
    Asks in the line, and logs in with the answer.

    :param session: gets the answer.
    :param link: the chat that waits for it.
    :param line: asks.
    :param feed: tells what is wrong with an answer.
    """

    def __init__(self, session: Session, link: Link, line: LineInput, feed: Feed) -> None:
        self._session = session
        self._link = link
        self._line = line
        self._feed = feed

    def on_refused(self, error: events.Error) -> bool:
        """
        The server has rejected the hello. Returns whether the person is asked for a password, or
        for another name.
        """
        if error.code == "bad-password" and not self._session.unproven:
            again = f"{error.text} " if self._session.password is not None else ""
            self._ask(error, f"{again}Password for {self._session.name}: ", masked=True)
        elif error.code in _OTHER_NAME:
            self._ask(error, f"{error.text} Another name: ", masked=False)
        else:
            return False
        return True

    def _ask(self, error: events.Error, text: str, masked: bool) -> None:
        self._link.chat.await_password()

        def answered(answer: str | None) -> None:
            if not answer:
                self._link.chat.reject(error)
            elif masked:
                self._session.password = answer
                self._link.chat.log_in()
            else:
                self._rename(answer, error)

        self._line.drop_questions()
        self._line.ask(Question(text, answered, masked))
        self._feed.repaint()

    def _rename(self, answer: str, error: events.Error) -> None:
        try:
            self._session.name = naming.parse_name(answer.strip())
        except Exit as wrong:
            self._feed.tell(wrong.text)
            self.on_refused(error)
            return
        self._link.chat.log_in()
