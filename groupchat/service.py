"""
The daemon's start and stop.

It starts by binding its ports and opening the ledger; it stops by closing the ports, storing what
was posted, and disconnecting everyone. twistd calls `privilegedStartService` and `startService`
before its reactor runs, so nobody can log in before both are done.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Protocol

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList, TimeoutError, maybeDeferred
from twisted.internet.error import ReactorNotRunning
from twisted.logger import Logger

from groupchat.clock import IReactor
from groupchat.core.hub import Hub
from groupchat.errors import CannotOpen, CannotStart
from groupchat.interfaces import ILedgerOwner
from groupchat.ops import stale, systemd
from groupchat.ops.binding import Binding
from groupchat.ops.join_hints import log_how_to_join
from groupchat.ops.process import Process
from groupchat.ops.reload import Reload
from groupchat.ops.start_errors import StartErrors
from groupchat.server.factory import ChatFactory

__all__ = ["EXIT_LEDGER_FAILED", "STORE_TIMEOUT", "GroupChat"]

#: seconds for the ledger to store the last messages: longer than it waits for a lock
STORE_TIMEOUT = 12.0
HAND_OVER_TIMEOUT = 3.0  #: seconds for the other nodes to be told
EXIT_LEDGER_FAILED = 70  #: the exit status if the last messages may be lost (EX_SOFTWARE)


class Part(Protocol):
    """A part of the daemon beside the chat."""

    def start(self) -> None:
        """Begin: the daemon runs."""

    def stop(self) -> None:
        """End: the daemon stops. Also called where it never ran."""


class GroupChat(Service):
    """
    The daemon.

    :param reactor: the running reactor.
    :param listen: the addresses on which it listens.
    :param port: the factory of the connections; the service opens its certificate.
    :param errors: reports why the daemon cannot start.
    :param pidfile: path of twistd's pid file, or empty.
    :param process: this process, unless it is another's double.
    :param reloader: reads again what can be read while the daemon runs.
    :param parts: started when the daemon runs, and stopped at its end.
    :param owner: gets the ledger's batches, if not the hub itself.

    :ivar hub: the node.
    :ivar port: the factory.
    """

    log = Logger()

    def __init__(
        self,
        reactor: IReactor,
        listen: list[Binding],
        port: ChatFactory,
        hub: Hub,
        errors: StartErrors | None = None,
        pidfile: str = "",
        process: Process | None = None,
        reloader: Reload | None = None,
        parts: Sequence[Part] = (),
        owner: ILedgerOwner | None = None,
    ) -> None:
        self._reactor = reactor
        self._listen = listen
        self.port = port
        self.hub = hub
        self._errors = errors or StartErrors()
        self._pidfile = pidfile
        self._process = process or Process(reactor)
        self._reloader = reloader
        self._parts = parts
        self._owner = owner or hub
        self._broken = False

    # Start.

    def privilegedStartService(self) -> None:
        """
        Bind the ports, before twistd drops its privileges.

        :raises CannotStart: a port cannot be bound.
        """
        super().privilegedStartService()  # type: ignore[no-untyped-call]
        if self._pidfile:
            stale.hold(self._pidfile)
        try:
            for binding in self._listen:
                binding.open()
        except CannotStart as why:
            self._cannot_start(why)

    def startService(self) -> None:
        """
        Open the ledger, the certificate and the accounts, and log how to join.

        :raises CannotStart: one of them cannot be opened.
        """
        super().startService()  # type: ignore[no-untyped-call]
        if not self.port.ports:  # twist does not call privilegedStartService
            self.privilegedStartService()
        try:
            with _or_else("choose another with --ledger"):
                self.hub.ledger.open(self._owner)
            if self.port.certificate is not None:
                # after the ledger, whose lock guards the files beside it, too
                self.port.certificate.open()
            with _or_else("choose another with --auth"):
                self.hub.accounts.open()  # last: its threads would delay a failed start's end
        except CannotStart as why:
            self._cannot_start(why)
        self._reactor.callWhenRunning(self._started)

    def _started(self) -> None:
        self._errors.close()
        # first: a reader of the log may stop the daemon at once
        self._process.on_signals(self._stop, self.reload)
        for part in self._parts:
            part.start()
        for port in self.port.ports:
            log_how_to_join(port, self.port, self.hub.members.max)
        if self.port.certificate is not None:
            self.log.info(
                "Encrypted with the certificate {print}", print=self.port.certificate.fingerprint
            )
        self._process.keep_collections_short()
        systemd.ready()

    def reload(self) -> Deferred[None]:
        """Read the certificate, the options and the accounts' files again."""
        systemd.reloading()
        done = Deferred.fromCoroutine(self._reload())
        done.addErrback(lambda failure: self.log.failure("The reload failed", failure))
        return done.addCallback(lambda _: systemd.ready())

    async def _reload(self) -> None:
        if self._reloader is not None:
            await self._reloader.run()

    def _stop(self) -> None:
        if self._reactor.running and self.running:
            self.log.info("Stopping.")
            self._reactor.stop()

    def _cannot_start(self, why: CannotStart) -> None:
        """Fail the start with one line on stderr; twistd would show a traceback."""
        sys.excepthook = _one_line
        raise self._errors.report(why)

    # Stop.

    def stopService(self) -> Deferred[None]:
        """Close the ports, store what was posted, and disconnect everyone."""
        super().stopService()  # type: ignore[no-untyped-call]
        systemd.stopping()
        self.hub.stopping = True
        for part in self._parts:
            part.stop()
        return Deferred.fromCoroutine(self._close())

    async def _close(self) -> None:
        closing = [maybeDeferred(port.stopListening) for port in self.port.ports]
        await DeferredList(closing, consumeErrors=True)
        if self._broken:
            return
        with contextlib.suppress(TimeoutError):
            await self.hub.hand_over().addTimeout(HAND_OVER_TIMEOUT, self._reactor)
        await self._store()
        self.hub.stop()
        await self.port.emptied()
        self.hub.accounts.close()

    async def _store(self) -> None:
        try:
            await self.hub.ledger.close().addTimeout(STORE_TIMEOUT, self._reactor)
        except Exception as error:
            self.log.error("The ledger did not close in time: {why}", why=str(error))
            self._process.exit_with(EXIT_LEDGER_FAILED)

    def broken(self, reason: str) -> None:
        """
        End at once, without answering anything: it is unknown what the ledger has stored, so
        clients have to ask again.
        """
        if self._broken:
            return
        self._broken = True
        self.hub.stopping = True
        self.log.critical(
            "{reason}. The last messages may be stored or not:"
            " stopping, so that clients ask again.",
            reason=reason,
        )
        self.port.abort()
        self._process.exit_with(EXIT_LEDGER_FAILED)
        with contextlib.suppress(ReactorNotRunning):  # it stops already
            self._reactor.stop()


@contextlib.contextmanager
def _or_else(alternative: str) -> Iterator[None]:
    """Meanwhile, the error about a file that cannot be used says how to choose another."""
    try:
        yield
    except CannotOpen as error:
        raise error.or_else(alternative) from None


def _one_line(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Show why the daemon cannot start, and exit with the error's status instead of 1."""
    if not isinstance(error, CannotStart):
        sys.__excepthook__(kind, error, trace)
        return
    print(systemd.marked(f"groupchat: {error}", sys.__stderr__), file=sys.__stderr__, flush=True)
    ends_program = getattr(sys, "last_value", None) is error
    if error.status != CannotStart.status and ends_program:
        atexit.register(os._exit, error.status)
