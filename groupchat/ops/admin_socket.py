"""
The admin socket: a Unix socket beside the ledger, which only the server's user and root can open.
"""

from __future__ import annotations

from twisted.internet.interfaces import IListeningPort, IStreamServerEndpoint
from twisted.logger import Logger

from groupchat.errors import CannotStart
from groupchat.ops.admin_protocol import AdminFactory
from groupchat.ops.binding import Binding
from groupchat.wire import names

__all__ = ["AdminSocket"]


class AdminSocket:
    """
    Listens while the server runs. That it can't is an error in the log, and no more: the chat does
    not need it.

    :param path: of the socket, for errors.
    :param endpoint: the socket.
    """

    log = Logger()

    def __init__(self, path: str, endpoint: IStreamServerEndpoint, factory: AdminFactory) -> None:
        self._factory = factory
        shown = f"admin socket {names.visible(path)}"
        self._binding = Binding(shown, [endpoint], factory, self._listens)
        self._port: IListeningPort | None = None

    def start(self) -> None:
        """Listen."""
        try:
            self._binding.open()
        except CannotStart as why:
            self.log.error("groupchat-admin can't be used: {why}", why=str(why))

    def _listens(self, port: IListeningPort) -> None:
        self._port = port

    def stop(self) -> None:
        """Remove the socket, and end what is asked for."""
        self._factory.abort()
        if self._port is not None:
            self._port.stopListening()
            self._port = None
