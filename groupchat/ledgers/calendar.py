"""
The age of messages, where the system's clock may be wrong: for one start, for a while, or set
while the server runs.

A message that is young must not expire because a clock jumped. So the present is never later
than what has surely passed, and the time of a message counts only where it fits those before it.
"""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["EARLIEST_MS", "MAX_DRIFT_MS", "PROBATION_SECONDS", "TRUSTED_GAP_MS", "Calendar"]

#: 2020 began, in milliseconds since 1970: a clock that shows an earlier time is wrong
EARLIEST_MS = 1_577_836_800_000
MAX_DRIFT_MS = 3_600_000  #: milliseconds by which a clock may differ from the time that has passed
#: milliseconds since the newest message, at a start, up to which the clock is believed at once
TRUSTED_GAP_MS = 7 * 86_400_000
#: seconds for which the server has to run by a clock that is not believed, until it is
PROBATION_SECONDS = 86_400.0


class Calendar:
    """
    The present, by which messages grow old. While the server runs it goes on as time passes,
    whatever the clock is set to.

    At a start it is what the clock shows, unless that is before 2020 or far ahead of the newest
    message: nobody can tell then whether nobody spoke for so long, or the clock is wrong. The
    present goes on from that message then, until the server has run for a day.

    All times are in milliseconds since 1970.

    :param newest: gives the time of the newest message up to a time, or None where there is none.
    :param wall: the time by the system's clock.
    :param uptime: seconds that have passed since some moment, whatever the clock was set to.
    :param lag: that of the run before.

    :ivar today: the present. It may be earlier than it is, but not later.
    :ivar believed: whether the system's clock is believed, but for `lag`.
    :ivar lag: by how much the clock was set forward while the server ran; messages from before
        were stamped by the clock as it was.
    """

    def __init__(
        self, newest: Callable[[int], int | None], wall: int, uptime: float, lag: int = 0
    ) -> None:
        self._newest = newest
        self._uptime = self._since = uptime
        self._wall = wall
        self.believed = False
        self.lag = self.today = 0
        self._begin(lag)

    def _begin(self, *lags: int) -> None:
        for lag in (0, *lags):
            clock = self._wall - lag
            found = self._newest(clock)
            self.believed = clock >= EARLIEST_MS and (
                found is None or clock - found <= TRUSTED_GAP_MS
            )
            if self.believed:
                self.lag, self.today = lag, clock
                return
        self.lag, self.today = 0, self._newest(self._wall) or min(EARLIEST_MS, self._wall)

    def look(self, wall: int, uptime: float) -> int:
        """
        Look at the clock again. Return by how much it was set since the last look, or 0.
        """
        passed = round((uptime - self._uptime) * 1000)
        jump = wall - self._wall - passed
        jump = jump if abs(jump) > MAX_DRIFT_MS else 0
        self._uptime, self._wall = uptime, wall
        if jump and self.believed:
            self.lag += jump
        elif jump:
            self._since = uptime
            self._begin()
        elif uptime - self._since >= PROBATION_SECONDS and wall >= EARLIEST_MS:
            self.believed = True
        self.today = wall - self.lag if self.believed else self.today + passed
        return jump

    def received(self, at: int) -> int | None:
        """
        Return when a message was received that the system's clock stamped `at`: None if the stamp
        tells, 0 if nobody knows.
        """
        if not self.believed:
            return 0
        return None if abs(self.lag) <= MAX_DRIFT_MS else at - self.lag
