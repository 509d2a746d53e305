"""Clients that speak TLS."""

from __future__ import annotations

import contextlib
import ssl
from typing import TYPE_CHECKING

from groupchat.testing.clients import JsonClient, MemoryClient, PlainClient
from groupchat.testing.transport import ADDRESS

if TYPE_CHECKING:
    from groupchat.testing.server import MemoryServer

__all__ = ["EncryptedClient", "EncryptedJsonClient", "EncryptedPlainClient"]


class EncryptedClient(MemoryClient):
    """
    A client that speaks TLS. Its bytes go out once the handshake is done, each time that the client
    reads.

    :ivar context: settings of TLS for connections that are made from now on.
    :ivar ended: whether the server has ended TLS properly.
    :ivar clear: bytes that have arrived and the test has not read, without their encryption.
    """

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    def __init__(self, server: MemoryServer, address: str = ADDRESS) -> None:
        super().__init__(server, address)
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = self.context.wrap_bio(self._in, self._out)
        self.ended = False
        self._unsent = b""
        self.clear = bytearray()
        self.turn()

    def turn(self) -> None:
        """Read what has arrived, and answer."""
        self._in.write(bytes(self.transport.taken))
        self.transport.taken.clear()
        try:
            self.tls.do_handshake()
            if self._unsent:
                self.tls.write(self._unsent)
                self._unsent = b""
            while data := self.tls.read(65_536):
                self.clear += data
            self.ended = True
        except ssl.SSLWantReadError:
            pass
        self.transport.incoming += self._out.read()

    def shake(self) -> None:
        """Do the handshake, and send what waits for it."""
        for _ in range(4):
            self.server.run()
            self.turn()
        self.server.run()

    def send(self, *data: bytes) -> None:
        self._unsent += b"".join(data)
        self.turn()

    def leave(self) -> None:
        """End TLS, and send nothing more."""
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.unwrap()
        self.transport.incoming += self._out.read()

    def read(self) -> bytes:
        self.turn()
        end = self.clear.rfind(b"\n") + 1
        data = bytes(self.clear[:end])
        del self.clear[:end]
        return data


class EncryptedPlainClient(EncryptedClient, PlainClient):
    """A person with `openssl s_client`."""


class EncryptedJsonClient(EncryptedClient, JsonClient):
    """A program that speaks the JSON wire over TLS."""
