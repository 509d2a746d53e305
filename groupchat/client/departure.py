"""Leaves the server as soon as everything is said and answered."""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime

from groupchat.client.connector import TIMEOUT
from groupchat.client.errors import DeliveryAbandoned
from groupchat.client.lifecycle import Lifecycle, LifecycleObserver, State
from groupchat.client.model import Model
from groupchat.client.timer import Timer

__all__ = ["DELIVERY_TIMEOUT", "Departure"]

#: Seconds for which the client tries to deliver the rest while there is no connection.
DELIVERY_TIMEOUT = 300.0


class Departure(LifecycleObserver):
    """
    Ends a chat once every message is stored and every request is answered.

    :param lifecycle: the chat.
    :param model: its rooms and messages.
    :param clock: the reactor's time.
    """

    def __init__(self, lifecycle: Lifecycle, model: Model, clock: IReactorTime) -> None:
        self._lifecycle = lifecycle
        self._model = model
        self._answer_timer = Timer(clock, lifecycle.quit)
        self._delivery_timer = Timer(clock, self._abandon)
        lifecycle.watch(self)

    def advance(self) -> None:
        """Leave if that is possible now. Call this again whenever something has happened."""
        if not self._lifecycle.ever_joined or self._lifecycle.state in (
            State.QUITTING,
            State.ENDED,
        ):
            return
        undelivered = self._model.outbox.count
        if self._model.session.logged_in:
            if not self._model.busy:
                self._answer_timer.cancel()
                self._lifecycle.quit()
            elif not undelivered and not self._answer_timer.active:
                self._answer_timer.start(TIMEOUT)
        elif not undelivered:
            self._lifecycle.end()
        elif not self._delivery_timer.active:
            self._delivery_timer.start(DELIVERY_TIMEOUT)

    def _abandon(self) -> None:
        self._lifecycle.end(DeliveryAbandoned())

    def on_joined(self) -> None:
        self._delivery_timer.cancel()

    def on_disconnected(self) -> None:
        self._answer_timer.cancel()

    def on_ended(self) -> None:
        self._answer_timer.cancel()
        self._delivery_timer.cancel()
