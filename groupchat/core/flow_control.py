"""
Flow control of one session's input: whether its next line may be handled, or has to wait.
"""

from __future__ import annotations

from collections.abc import Callable

from groupchat.core.ratelimit import TokenBucket

__all__ = ["MAX_UNCOMMITTED_BYTES", "MESSAGE_OVERHEAD", "FlowControl"]

#: bytes that a member may have said and the ledger not committed; then its next line waits until
#: half of them are
MAX_UNCOMMITTED_BYTES = 65_536
MESSAGE_OVERHEAD = 256  #: bytes that a message counts beside its text


class FlowControl:
    """
    Slows a member down: by its rate, by what the ledger has not committed, by replies under way.

    :param rate: lines a second; 0 means no limit.
    :param burst: lines at once.
    :param seconds: a monotonic clock, in seconds.
    :param resume: called when `blocked` has ended.

    :ivar take: takes a line's token. Returns 0.0, or the seconds until there is one.
    :ivar blocked: whether the next line has to wait for a reply or for the ledger.
    :ivar pending_replies: answers under way.
    """

    __slots__ = (
        "_bucket", "_over_backlog", "_uncommitted", "blocked", "pending_replies", "resume", "take",
    )  # fmt: skip

    def __init__(
        self, rate: float, burst: float, seconds: Callable[[], float], resume: Callable[[], None]
    ) -> None:
        self.resume = resume
        self.blocked = False
        self.pending_replies = 0
        self._over_backlog = False
        self._uncommitted = 0
        self._bucket = TokenBucket(rate, burst, seconds)
        self.take = self._bucket.take

    def spend(self, lines: int) -> None:
        """Count a line as several: the next ones wait longer."""
        self._bucket.spend(lines - 1)

    def expect_reply(self) -> None:
        """Hold the next line back until a reply has been given."""
        self.pending_replies += 1
        self.blocked = True

    def replied(self) -> None:
        """Count a reply as given, and go on with the input where it was the last one awaited."""
        self.pending_replies -= 1
        self._unblock()

    def posted(self, text: str) -> None:
        """Count a message that was given to the ledger."""
        self._uncommitted += len(text) + MESSAGE_OVERHEAD
        if self._uncommitted >= MAX_UNCOMMITTED_BYTES:
            self._over_backlog = self.blocked = True

    def committed(self, text: str) -> None:
        """Count a message that the ledger has stored or refused."""
        self._uncommitted -= len(text) + MESSAGE_OVERHEAD

    def caught_up(self) -> None:
        """Go on with the input, where the ledger has caught up with the member."""
        if self._over_backlog and self._uncommitted <= MAX_UNCOMMITTED_BYTES // 2:
            self._over_backlog = False
            self._unblock()

    def _unblock(self) -> None:
        self.blocked = self.pending_replies > 0 or self._over_backlog
        if not self.blocked:
            self.resume()
