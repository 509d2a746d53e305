"""Clients that speak HTTP, and the JSON wire over WebSocket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupchat.testing.clients import JsonClient
from groupchat.testing.tls import EncryptedClient
from groupchat.testing.transport import ADDRESS

if TYPE_CHECKING:
    from groupchat.testing.server import MemoryServer

__all__ = ["EncryptedWebSocketClient", "WebSocketClient", "masked", "take_frame"]

HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: localhost:9000\r\nOrigin: http://localhost:9000\r\n"
    b"Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
MASK = b"\x11\x22\x33\x44"
_SHORT, _LONG = 126, 127
TEXT, CLOSE = 0x81, 0x88


def masked(data: bytes, first: int = TEXT) -> bytes:
    """
    Returns a frame of a client.

    :param first: its first byte: FIN, the reserved bits and the opcode.
    """
    size = len(data)
    if size < _SHORT:
        head = bytes([first, 0x80 | size])
    elif size < 65_536:
        head = bytes([first, 0x80 | _SHORT]) + size.to_bytes(2, "big")
    else:
        head = bytes([first, 0x80 | _LONG]) + size.to_bytes(8, "big")
    return head + MASK + bytes(byte ^ MASK[at % 4] for at, byte in enumerate(data))


class WebSocketClient(JsonClient):
    """
    A program, or a browser's page, that speaks the JSON wire over WebSocket.

    :ivar head: the answer to the handshake.
    :ivar frames: the frames that arrived, as pairs of first byte and data.
    """

    def __init__(self, server: MemoryServer, address: str = ADDRESS) -> None:
        server.serve_web()
        super().__init__(server, address)
        self.head = b""
        self.frames: list[tuple[int, bytes]] = []
        super().send(HANDSHAKE)

    def send(self, *data: bytes) -> None:
        """Send lines, in one message."""
        super().send(masked(b"".join(data)))

    def send_raw(self, *data: bytes) -> None:
        """Send bytes that are no message."""
        super().send(*data)

    def arrived(self) -> bytearray:
        """Returns the bytes that the server has sent, without their encryption."""
        return self.transport.taken

    def read(self) -> bytes:
        arrived = self.arrived()
        if not self.head:
            head, end, _ = bytes(arrived).partition(b"\r\n\r\n")
            if not end:
                return b""
            self.head = head + end
            del arrived[: len(self.head)]
        texts = []
        while (frame := take_frame(arrived)) is not None:
            self.frames.append(frame)
            if frame[0] == TEXT:
                texts.append(frame[1])
        return b"".join(texts)

    @property
    def close_code(self) -> int | None:
        """The code of the close that has arrived, or None."""
        self.read()
        codes = [int.from_bytes(data[:2], "big") for first, data in self.frames if first == CLOSE]
        return codes[0] if codes else None


def take_frame(arrived: bytearray) -> tuple[int, bytes] | None:
    """Takes the next frame out of what has arrived: its first byte and its data, or None."""
    if len(arrived) < 2:
        return None
    start, size = 2, arrived[1]
    if size >= _SHORT:
        start += 2 if size == _SHORT else 8
        if len(arrived) < start:
            return None
        size = int.from_bytes(arrived[2:start], "big")
    if len(arrived) < start + size:
        return None
    frame = arrived[0], bytes(arrived[start : start + size])
    del arrived[: start + size]
    return frame


class EncryptedWebSocketClient(WebSocketClient, EncryptedClient):
    """The same over TLS."""

    def arrived(self) -> bytearray:
        self.turn()
        return self.clear
