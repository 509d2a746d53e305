"""
The options of a connection's socket: no delay, and an end to a connection whose other side is gone.
"""

from __future__ import annotations

import socket
from typing import Any

__all__ = ["tune"]

#: A dead connection is detected within two minutes. Not every system has all of these.
_KEEPALIVE = (
    ("TCP_KEEPIDLE", 60),
    ("TCP_KEEPINTVL", 15),
    ("TCP_KEEPCNT", 4),
    ("TCP_USER_TIMEOUT", 120_000),
)


def tune(transport: Any) -> None:  # Any: a transport that is not TCP has none of these methods
    """Set the options, as far as the transport has them."""
    try:
        transport.setTcpNoDelay(True)
        transport.setTcpKeepAlive(True)
        handle = transport.getHandle()
        # Telnet's mark of urgent data is one of its commands.
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
        for option, value in _KEEPALIVE:
            if hasattr(socket, option):
                handle.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
    except (AttributeError, OSError):
        pass  # a transport without TCP
