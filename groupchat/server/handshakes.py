"""
A limit on the time that TLS handshakes take: they are the most expensive thing that an
unauthenticated client can ask for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

__all__ = ["MAX_IN_A_ROW", "HandshakeQueue"]

MAX_IN_A_ROW = 0.002  #: seconds of handshakes that can be saved up: the members wait meanwhile
_MIN_WAIT = 0.001  #: seconds; less is nothing to a reactor
_NOTHING = 1e-6  #: seconds that rounding may make of none

Step = Callable[[], None]


class HandshakeQueue:
    """
    Lets handshakes take a share of the time, however long one takes here.

    There is a queue for each origin: many clients from one address don't hold up one from
    elsewhere.

    :param share: of the time, from 0 to 1; 0 means no limit.
    :param clock: of the timer.
    :param processor_time: the seconds that the processor has worked for this thread: time in which
        another program has the processor is no handshake's fault.

    :ivar share: as given.
    :ivar seconds: the processor time that all steps took so far.
    """

    def __init__(
        self, share: float, clock: IReactorTime, processor_time: Callable[[], float]
    ) -> None:
        self.share = share
        self._clock = clock
        self._processor_time = processor_time
        self.seconds = 0.0
        self._credit = MAX_IN_A_ROW  # seconds; below zero where the last step took longer
        self._at = clock.seconds()  # when that was so
        self._queues: dict[str, deque[Step]] = {}  # the next origin comes first
        self._begun: deque[tuple[Step, Callable[[], None]]] = deque()  # next steps of others
        self._timer: IDelayedCall | None = None
        self._running = False

    @property
    def waiting(self) -> int:
        """The number of handshakes that wait for their turn."""
        return sum(map(len, self._queues.values()))

    def request(self, begin: Step, origin: str = "") -> None:
        """Call `begin` in its turn: at once, where nobody waits and there is time."""
        self._queues.setdefault(origin, deque()).append(begin)
        self._run()

    def proceed(self, step: Step, then: Callable[[], None]) -> None:
        """
        Call the next step of a handshake that has begun: at once, or before any new one.

        :param then: called after it; this takes no time of the handshakes'.
        """
        if self._running:  # it is of the handshake that begins just now
            step()
            then()
        else:
            self._begun.append((step, then))
            self._run()

    def cancel(self, begin: Step, origin: str = "") -> None:
        """Take a request back, where it still waits."""
        queue = self._queues.get(origin, deque())
        if begin in queue:
            queue.remove(begin)
            if not queue:
                del self._queues[origin]

    def stop(self) -> None:
        """Call nothing more."""
        self._queues.clear()
        self._begun.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _run(self) -> None:
        """Call steps as long as there is time; then wait, so that others have theirs."""
        if self._running:
            return
        if self._timer is None:
            self._save_up()
        before = self._credit
        while (self._begun or self._queues) and (self._credit > -_NOTHING or not self.share):
            step, then = self._begun.popleft() if self._begun else (self._pop(), _nothing)
            self._take(step)
            then()
        used = self._credit < before
        if self._timer is None and self.share and (used or self._begun or self._queues):
            passed = self._clock.seconds() - self._at
            wait = max(_MIN_WAIT, -self._credit / self.share - passed)
            self._timer = self._clock.callLater(wait, self._go_on)

    def _go_on(self) -> None:
        self._timer = None
        self._run()

    def _save_up(self) -> None:
        """Count the time that has passed, once in a turn of the reactor."""
        now = self._clock.seconds()
        self._credit = min(MAX_IN_A_ROW, self._credit + (now - self._at) * self.share)
        self._at = now

    def _take(self, step: Step) -> None:
        began = self._processor_time()
        self._running = True
        try:
            step()
        finally:
            self._running = False
            took = self._processor_time() - began
            self._credit -= took
            self.seconds += took

    def _pop(self) -> Step:
        """Return the next request. The others of its origin wait for one of each other origin."""
        origin, queue = next(iter(self._queues.items()))
        del self._queues[origin]
        begin = queue.popleft()
        if queue:
            self._queues[origin] = queue
        return begin


def _nothing() -> None:
    """Do nothing after the first step: it is never the last."""
