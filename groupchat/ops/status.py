"""The line about the daemon that ``systemctl status`` shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from groupchat.core.hub import Hub
from groupchat.ops import systemd
from groupchat.ops.health import Health

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall, IReactorTime

__all__ = ["INTERVAL", "Status"]

INTERVAL = 5.0  #: seconds between two looks


class Status:
    """
    Tells systemd the status, when it has changed.

    :param clock: provides `seconds` and `callLater`.
    :param tell: takes the line.
    """

    def __init__(
        self,
        hub: Hub,
        health: Health,
        clock: IReactorTime,
        tell: Callable[[str], object] = systemd.status,
    ) -> None:
        self._hub = hub
        self._health = health
        self._clock = clock
        self._tell = tell
        self._messages = 0
        self._told = ""
        self._timer: IDelayedCall | None = None

    def start(self) -> None:
        """Tell it from now on."""
        self._look()

    def stop(self) -> None:
        """Tell nothing more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = self._clock.callLater(INTERVAL, self._look)
        line = self._line()
        if line != self._told:
            self._told = line
            self._tell(line)

    def _line(self) -> str:
        hub = self._hub
        rate = (hub.counters.messages - self._messages) / INTERVAL
        self._messages = hub.counters.messages
        rooms = len(hub.rooms)
        line = (
            f"{hub.members.count} of {hub.members.max} members,"
            f" {rooms} {'room' if rooms == 1 else 'rooms'},"
            f" {rate:.{'2g' if rate < 10 else '0f'}} messages/s"
        )
        return ". ".join([line, *self._health.problems()])
