"""The thread of the tail."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread
from typing import TYPE_CHECKING, Protocol

import psycopg

from groupchat.ledgers.postgresql.membership import Fenced, Rewound
from groupchat.ledgers.postgresql.tail import Bundle, Snapshot, Tail
from groupchat.ledgers.postgresql.writer import can_pass

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall

    from groupchat.clock import IReactor

__all__ = ["Follower", "Following"]

PAUSE = 0.2  #: seconds before a connection that is lost is made again


class Follower(Protocol):
    """The object that the tail hands things to, in the reactor's thread."""

    def came(self, bundles: list[Bundle]) -> None:
        """Other nodes have stored bundles."""

    def joined(self, snapshot: Snapshot) -> None:
        """This node is a new one, with this state."""

    def lost(self, why: Fenced | Rewound) -> None:
        """This node can't go on as it is."""

    def broken(self, error: Exception) -> None:
        """The database can't be used."""


class Following:
    """
    Follows the log, as long as it is not stopped.

    :param cut: ends what waits on the tail's connection.
    :param silence: seconds without an answer after which that is done.
    :param monotonic: the tail's clock.
    :param lost: called in the tail's thread when its connection is lost.
    """

    def __init__(
        self,
        reactor: IReactor,
        tail: Tail,
        follower: Follower,
        cut: Callable[[], None],
        silence: float,
        monotonic: Callable[[], float],
        lost: Callable[[], None],
    ) -> None:
        self._reactor = reactor
        self._tail = tail
        self._follower = follower
        self._cut = cut
        self._silence = silence
        self._monotonic = monotonic
        self._lost = lost
        self._watching: IDelayedCall | None = None
        self._stopping = False
        self._wake = Event()
        self._must_join = False
        self._connected = True
        self._thread = Thread(target=self._run, name="ledger-tail", daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._watch_later()

    def _watch_later(self) -> None:
        self._watching = self._reactor.callLater(self._silence / 2, self._watch)

    def _watch(self) -> None:
        if self._monotonic() - self._tail.heard > self._silence:
            self._cut()
        self._watch_later()

    def stop(self) -> None:
        """Return once the thread has ended."""
        self._stopping = True
        if self._watching is not None:
            self._watching.cancel()
            self._watching = None
        self._wake.set()
        self._cut()
        self._thread.join()
        self._tail.close()

    def rejoin(self) -> None:
        """Register as a new node. Called from the reactor's thread, or before there is another."""
        self._must_join = True
        self._wake.set()
        self._cut()  # it may wait for a connection that is dead

    def _run(self) -> None:
        while not self._stopping:
            try:
                self._turn()
            except (Fenced, Rewound) as why:
                self._call(self._follower.lost, why)
                self._wake.wait()
            except Exception as error:
                self._failed(error)

    def _failed(self, error: Exception) -> None:
        self._tail.close()
        if self._stopping:
            return
        if isinstance(error, psycopg.Error) and can_pass(error):
            if self._connected:
                self._connected = False
                self._lost()
            self._wake.wait(PAUSE)
        else:
            self._call(self._follower.broken, error)
            self._wake.wait()

    def _turn(self) -> None:
        if self._must_join:
            self._wake.clear()
            snapshot = self._tail.join()
            self._must_join = False
            self._call(self._follower.joined, snapshot)
        for bundles in self._tail.look():
            self._call(self._follower.came, bundles)
        self._connected = True
        self._tail.wait(self._tail.connection())

    def _call(self, function: Callable[..., None], *arguments: object) -> None:
        self._reactor.callFromThread(function, *arguments)
