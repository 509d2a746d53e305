"""Questions that the server causes: for a password, or for another name."""

from __future__ import annotations

from groupchat.cli import naming
from groupchat.cli.exit import Exit
from groupchat.cli.terminal.feed import Feed
from groupchat.cli.terminal.line_input import LineInput, Question
from groupchat.client import Chat, Refused

__all__ = ["Dialogs"]

_OTHER_NAME = frozenset({"name-taken", "name-reserved", "bad-name"})


class Dialogs:
    """
    Asks in the line, and logs in with the answer.

    :param chat: the chat that waits for the answer.
    :param line: asks.
    :param feed: tells what is wrong with an answer.
    :param has_password: whether the server got a password already.
    """

    def __init__(self, chat: Chat, line: LineInput, feed: Feed, has_password: bool = False) -> None:
        self._chat = chat
        self._line = line
        self._feed = feed
        self._has_password = has_password
        chat.on_refused(self._on_refused)

    def _on_refused(self, refused: Refused) -> bool:
        """Returns whether the person is asked for a password, or for another name."""
        if refused.code == "bad-password":
            again = f"{refused} " if self._has_password else ""
            self._ask(refused, f"{again}Password for {self._chat.name}: ", masked=True)
        elif refused.code in _OTHER_NAME:
            reason = str(refused).removesuffix(" Choose another.")
            self._ask(refused, f"{reason} Another name: ", masked=False)
        else:
            return False
        return True

    def _ask(self, refused: Refused, text: str, masked: bool) -> None:
        def answered(answer: str | None) -> None:
            if not answer:
                self._chat.give_up()
            elif masked:
                self._has_password = True
                self._chat.log_in(password=answer)
            else:
                self._rename(answer, refused)

        self._line.drop_questions()
        self._line.ask(Question(text, answered, masked))
        self._feed.repaint()

    def _rename(self, answer: str, refused: Refused) -> None:
        try:
            name = naming.parse_name(answer.strip())
        except Exit as wrong:
            self._feed.tell(wrong.text)
            self._on_refused(refused)
            return
        self._chat.log_in(name=name)
