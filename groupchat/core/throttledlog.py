"""
Lines of the log about those who come, go or are refused: so many a second for each address, and the
rest in numbers. So nobody can fill the log, or hide in it what others do. And about what keeps
failing: so many, too.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from twisted.logger import Logger

from groupchat.core.ratelimit import KeyedTokenBuckets

BURST_SECONDS = 5.0  #: seconds of its lines that an address can save up
SUMMARY_DELAY = 10.0  #: seconds after which what was only counted is told
MAX_COUNTERS = 100  #: numbers in one summary; what is beyond has no address
MORE_LIKE_THIS = "... and {more} more like this from {address}"
ELSEWHERE = "elsewhere"
REMIND = 1000  #: failures of one thing after which its trouble is told once more


class ThrottledLog:
    """
    :param rate: lines a second about one address; 0: no limit.
    :param clock: provides `seconds` and `callLater`.
    """

    def __init__(self, rate: float, clock: Any, log: Logger) -> None:
        self._lines = KeyedTokenBuckets(rate, rate * BURST_SECONDS, clock.seconds)
        self._later = clock.callLater
        self._log = log
        self._counts: Counter[tuple[str, str]] = Counter()

    def info(self, address: str, form: str, **fields: Any) -> None:
        """
        Log a line, or count it where there were too many about this address.

        :param form: of the line; `address` and the other fields may stand in it.
        """
        if self._lines.take(address):
            self.count(address, MORE_LIKE_THIS)
        else:
            self._log.info(form, address=address, **fields)

    def count(self, address: str, form: str = MORE_LIKE_THIS) -> None:
        """
        One more of what is told in numbers only.

        :param form: of the line that will tell them: `more` and `address` stand in it.
        """
        if not self._counts:
            self._later(SUMMARY_DELAY, self._sum_up)
        key = address, form
        self._counts[
            key if key in self._counts or len(self._counts) < MAX_COUNTERS else (ELSEWHERE, form)
        ] += 1

    def forget(self) -> None:
        """
        Called now and then: forget the addresses about which there was nothing to log for a while.
        """
        self._lines.forget()

    def _sum_up(self) -> None:
        counts, self._counts = self._counts, Counter()
        for (address, form), more in counts.items():
            self._log.info(form, address=address, more=more)


class Trouble:
    """
    Lines of the log about what is tried again and again: when it first fails, now and then by a
    count, and when it is over.

    :param what: fails and works again, like "read the accounts file".
    """

    def __init__(self, what: str, log: Logger) -> None:
        self._what = what
        self._log = log
        self._count = 0

    def failed(self, why: str) -> None:
        """It has failed."""
        if not self._count:
            self._log.error(
                "Can't {what}: {why}. What was there before holds; it is tried again.",
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
        """It has not failed."""
        if self._count:
            self._log.info(
                "Can {what} again; it had failed {count} times.", what=self._what, count=self._count
            )
            self._count = 0
