"""
Lines of the log about those who come, go or are refused: so many a second for each address, and the rest in numbers. So nobody can
fill the log, or hide in it what others do.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from twisted.logger import Logger

from groupchat.limits import Shares

SAVED = 5.0  #: seconds of its lines that an address can save up
SUMMARY = 10.0  #: seconds after which what was only counted is told
MOST = 100  #: numbers in one summary; what is beyond has no address
MORE = "... and {more} more like this from {address}"
ELSEWHERE = "elsewhere"


class Notes:
    """
    :param rate: lines a second about one address; 0: no limit.
    :param clock: provides `seconds` and `callLater`.
    """

    def __init__(self, rate: float, clock: Any, log: Logger) -> None:
        self._lines = Shares(rate, rate * SAVED, clock.seconds)
        self._later = clock.callLater
        self._log = log
        self._counts: Counter[tuple[str, str]] = Counter()

    def note(self, address: str, form: str, **fields: Any) -> None:
        """
        Log a line, or count it where there were too many about this address.

        :param form: of the line; `address` and the other fields may stand in it.
        """
        if self._lines.take(address):
            self.count(address, MORE)
        else:
            self._log.info(form, address=address, **fields)

    def count(self, address: str, form: str = MORE) -> None:
        """
        One more of what is told in numbers only.

        :param form: of the line that will tell them: `more` and `address` stand in it.
        """
        if not self._counts:
            self._later(SUMMARY, self._sum_up)
        key = address, form
        self._counts[key if key in self._counts or len(self._counts) < MOST else (ELSEWHERE, form)] += 1

    def forget(self) -> None:
        """Called now and then: forget the addresses about which there was nothing to log for a while."""
        self._lines.forget()

    def _sum_up(self) -> None:
        counts, self._counts = self._counts, Counter()
        for (address, form), more in counts.items():
            self._log.info(form, address=address, more=more)
