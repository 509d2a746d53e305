"""
A rate limit on TLS handshakes, the most expensive thing an unauthenticated client can ask for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from groupchat.core.ratelimit import TokenBucket

__all__ = ["HandshakeQueue"]

BURST_SECONDS = 0.1  #: seconds' worth of handshakes at once: more would hold up the members


class HandshakeQueue:
    """
    A queue for each origin: many clients from one address don't hold up one from elsewhere.

    :param rate: handshakes a second; 0 means no limit.
    :param clock: provides `seconds` and `callLater`.
    """

    def __init__(self, rate: float, clock: IReactorTime) -> None:
        self._bucket = TokenBucket(rate, rate * BURST_SECONDS, clock.seconds)
        self._clock = clock
        self._queues: dict[str, deque[Callable[[], None]]] = {}  # the next origin comes first
        self._timer: IDelayedCall | None = None

    def request(self, begin: Callable[[], None], origin: str = "") -> None:
        """Call `begin` when its turn comes: at once, where nobody waits and the rate allows it."""
        self._queues.setdefault(origin, deque()).append(begin)
        if self._timer is None:
            self._run()

    def cancel(self, begin: Callable[[], None], origin: str = "") -> None:
        """Take a request back, where it still waits."""
        queue = self._queues.get(origin, deque())
        if begin in queue:
            queue.remove(begin)
            if not queue:
                del self._queues[origin]
        if not self._queues and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _run(self) -> None:
        self._timer = None
        while self._queues:
            wait = self._bucket.take()
            if wait:
                self._timer = self._clock.callLater(wait, self._run)
                return
            self._pop()()

    def _pop(self) -> Callable[[], None]:
        """Return the next request. The others of its origin wait for one of each other origin."""
        origin, queue = next(iter(self._queues.items()))
        del self._queues[origin]
        begin = queue.popleft()
        if queue:
            self._queues[origin] = queue
        return begin
