"""
Liveness of one connection: is the client there, and does it read?
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupchat.wire import errors

if TYPE_CHECKING:
    from groupchat.core.session import Session
    from groupchat.server.outbound import Outbound

__all__ = ["WRITE_TIMEOUT", "Heartbeat"]

WRITE_TIMEOUT = 60.0  #: seconds without progress after which a client that reads nothing is dropped


class Heartbeat:
    """
    Pings a silent client, ends a session that stays silent, and drops a client that reads nothing.

    :param outbound: the way out of the connection.
    :param idle_timeout: seconds of silence after which a session ends; it is pinged after a third.
    :param now: the time, by a monotonic clock, in seconds.
    """

    __slots__ = (
        "_backlog", "_heard_at", "_idle_timeout", "_outbound", "_pinged", "_stalled_at", "heard",
    )  # fmt: skip

    def __init__(self, outbound: Outbound, idle_timeout: float, now: float) -> None:
        self.heard = True  #: set by whoever receives anything
        self._outbound = outbound
        self._idle_timeout = idle_timeout
        self._heard_at = now
        self._pinged = False
        self._backlog: tuple[int, int] | None = None
        self._stalled_at = 0.0

    def restart(self, now: float) -> None:
        """Count silence from now on: the client is read again."""
        self._heard_at = now

    def check(self, session: Session | None, now: float, paused: bool) -> None:
        """
        See whether the client is there. To be called about once a second.

        :param session: None: a visitor's, which only has to read what it asked for.
        :param paused: whether the client is not read just now, and so can't be heard.
        """
        if self._is_stalled(now):
            self._outbound.abort()
        elif session is None:
            return
        elif self.heard or paused:
            self.heard, self._pinged = False, False
            self._heard_at = now
        elif session.joined and session.wire.capabilities.keepalive:
            silent = now - self._heard_at
            if silent >= self._idle_timeout:
                session.end(errors.IDLE)
            elif silent >= self._idle_timeout / 3 and not self._pinged:
                self._pinged = True
                session.ping()

    def _is_stalled(self, now: float) -> bool:
        """Whether the output made no progress for long: loseConnection would never end on it."""
        backlog = self._outbound.backlog()
        if backlog is None or backlog != self._backlog:
            self._backlog, self._stalled_at = backlog, now
            return False
        return now - self._stalled_at >= WRITE_TIMEOUT
