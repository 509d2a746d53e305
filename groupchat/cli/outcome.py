"""
The result of a run of the client: its exit status, and the last line on stderr.

Pure: it combines how the run ended with what was lost on the way.
"""

from __future__ import annotations

from dataclasses import dataclass

from groupchat.cli.exit import DONE, KEPT, LOST, UNPRINTED, UNREACHABLE, UNSAID, USAGE, Exit

__all__ = ["Outcome"]


@dataclass(slots=True)
class Outcome:
    """
    The facts known at the end of a run.

    :ivar unsaid: lines that were refused, or never sent.
    :ivar undelivered: lines that the server has not acknowledged.
    :ivar outbox: the file that keeps these; None if they are gone.
    :ivar more: whether there may be more lines that were not even read.
    :ivar reason: what was wrong with the first line that was refused.
    :ivar unread: why the input could not be read to its end.
    :ivar unprinted: why some of the output could not be printed.
    """

    unsaid: int = 0
    undelivered: int = 0
    outbox: str | None = None
    more: bool = False
    reason: str = ""
    unread: OSError | None = None
    unprinted: OSError | None = None

    def judge(self, ending: Exit) -> Exit:
        """Returns the end of the run, with the losses in its text and status."""
        kept = self.undelivered if self.outbox is not None and ending.status != USAGE else 0
        lost = self.unsaid + self.undelivered - kept
        told = [ending.text, self._lost(lost), self._kept(kept), *self._troubles()]
        return Exit(self._status(ending.status, lost, kept), " ".join(filter(None, told)))

    def _status(self, status: int, lost: int, kept: int) -> int:
        if status == DONE and (lost or self.unread):
            return UNSAID
        if status in (DONE, UNREACHABLE, LOST) and kept and not lost:
            return KEPT
        return UNPRINTED if status == DONE and self.unprinted else status

    def _lost(self, count: int) -> str:
        if not count:
            return ""
        lines = "1 line was" if count == 1 else f"{count} lines were"
        why = f" The first: {self.reason}" if self.reason else ""
        return f"{'At least ' * self.more}{lines} not said.{why}"

    def _kept(self, count: int) -> str:
        if not count:
            return ""
        lines = "1 line is" if count == 1 else f"{count} lines are"
        return f"{lines} kept in {self.outbox} for the next run."

    def _troubles(self) -> list[str]:
        what = [
            ("Standard input can't be read", self.unread),
            ("Standard output can't be written", self.unprinted),
        ]
        return [f"{text}: {error.strerror}." for text, error in what if error is not None]
