"""
A limit on the time that TLS handshakes take: they are the most expensive thing that an
unauthenticated client can ask for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

__all__ = ["MAX_IN_A_ROW", "HandshakeQueue"]

MAX_IN_A_ROW = 0.004  #: seconds of handshakes that can be saved up: the members wait meanwhile
_MIN_WAIT = 0.001  #: seconds; less is nothing to a reactor

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
        self._begun: deque[Step] = deque()  # next steps of handshakes that have begun
        self._timer: IDelayedCall | None = None
        self._running = False

    @property
    def waiting(self) -> int:
        """The number of handshakes that wait for their turn."""
        return sum(map(len, self._queues.values()))

    def request(self, begin: Step, origin: str = "") -> None:
        """Call `begin` in its turn: at once, where nobody waits and there is time."""
        self._queues.setdefault(origin, deque()).append(begin)
        if self._timer is None and not self._running:
            self._run()

    def proceed(self, step: Step) -> None:
        """Call the next step of a handshake that has begun: at once, or before any new one."""
        if self._running:
            step()  # of the handshake that begins just now
            return
        self._begun.append(step)
        if self._timer is None:
            self._run()

    def cancel(self, begin: Step, origin: str = "") -> None:
        """Take a request back, where it still waits."""
        queue = self._queues.get(origin, deque())
        if begin in queue:
            queue.remove(begin)
            if not queue:
                del self._queues[origin]
        if not self._queues and not self._begun:
            self.stop()

    def stop(self) -> None:
        """Call nothing more."""
        self._queues.clear()
        self._begun.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _run(self) -> None:
        self._timer = None
        while self._queues or self._begun:
            wait = self._wait()
            if wait:
                self._timer = self._clock.callLater(wait, self._run)
                return
            self._take(self._begun.popleft() if self._begun else self._pop())

    def _wait(self) -> float:
        """Return 0.0 where there is time for a step, or the seconds until there is."""
        if not self.share:
            return 0.0
        now = self._clock.seconds()
        self._credit = min(MAX_IN_A_ROW, self._credit + (now - self._at) * self.share)
        self._at = now
        return 0.0 if self._credit > 0 else max(_MIN_WAIT, -self._credit / self.share)

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
