"""
Rate-limited logging about clients, and about operations that keep failing.

Each address gets a limited number of lines a second; the rest is summed up in numbers. So no client
can fill the log, or hide in it what others do.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from twisted.logger import Logger

from groupchat.core.ratelimit import KeyedTokenBuckets

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorTime

__all__ = ["ThrottledLog", "Trouble"]

BURST_SECONDS = 5.0  #: seconds' worth of lines that an address can save up
SUMMARY_DELAY = 10.0  #: seconds after which counted lines are summed up
MAX_COUNTERS = 100  #: lines in one summary; further addresses are counted together
MORE_LIKE_THIS = "... and {more} more like this from {address}"
ELSEWHERE = "elsewhere"
REMIND = 1000  #: failures after which an operation that fails is logged again


class ThrottledLog:
    """
    Logs a limited number of lines a second about each address, and counts the rest.

    :param rate: lines a second about one address; 0: no limit.
    :param clock: provides `seconds` and `callLater`.
    """

    def __init__(self, rate: float, clock: IReactorTime, log: Logger) -> None:
        self._lines = KeyedTokenBuckets(rate, rate * BURST_SECONDS, clock.seconds)
        self._later = clock.callLater
        self._log = log
        self._counts: Counter[tuple[str, str]] = Counter()

    def info(self, address: str, form: str, **fields: object) -> None:
        """
        Log a line, or count it if there are too many about this address.

        :param form: the format of the line, with `address` and the other fields.
        """
        if self._lines.take(address):
            self.count(address, MORE_LIKE_THIS)
        else:
            self._log.info(form, address=address, **fields)

    def count(self, address: str, form: str = MORE_LIKE_THIS) -> None:
        """
        Count a line that is only summed up.

        :param form: the format of the summary, with `more` and `address`.
        """
        if not self._counts:
            self._later(SUMMARY_DELAY, self._sum_up)
        key = address, form
        self._counts[
            key if key in self._counts or len(self._counts) < MAX_COUNTERS else (ELSEWHERE, form)
        ] += 1

    def forget(self) -> None:
        """
        Drop the addresses about which nothing was logged for a while. Call it now and then.
        """
        self._lines.forget()

    def _sum_up(self) -> None:
        counts, self._counts = self._counts, Counter()
        for (address, form), more in counts.items():
            self._log.info(form, address=address, more=more)


class Trouble:
    """
    Logs an operation that is retried: its first failure, a reminder now and then, and its recovery.

    :param what: the operation, like "read the accounts file".
    """

    def __init__(self, what: str, log: Logger) -> None:
        self._what = what
        self._log = log
        self._count = 0

    @property
    def failing(self) -> bool:
        """Whether the operation failed the last time."""
        return self._count > 0

    def failed(self, why: str) -> None:
        """Log a failure, unless it is one of many."""
        if not self._count:
            self._log.error(
                "Can't {what}: {why}. The previous contents stay in use; the server tries again.",
                what=self._what,
                why=why,
            )
        elif not self._count % REMIND:
            self._log.error(
                "Still can't {what}, tried {count} times: {why}",
                what=self._what,
                why=why,
                count=self._count,
            )
        self._count += 1

    def worked(self) -> None:
        """Log that the operation works again, if it had failed."""
        if self._count:
            self._log.info(
                "Can {what} again; it had failed {count} times.", what=self._what, count=self._count
            )
            self._count = 0
