"""
The user at the other end of a Unix socket, as the audit log names it.
"""

from __future__ import annotations

import pwd
import socket
import struct

from twisted.internet.interfaces import ITransport

__all__ = ["user_of"]

_CREDENTIALS = struct.Struct("3i")  #: process, user, group (unix(7))
_UNKNOWN = "!admin"


def user_of(transport: ITransport) -> str:
    """
    Return the name of the user that has connected, with a "!" in front; "!admin" if this system
    does not tell.
    """
    number = _number(transport)
    if number is None:
        return _UNKNOWN
    try:
        return f"!{pwd.getpwuid(number).pw_name}"
    except KeyError:
        return f"!{number}"


def _number(transport: ITransport) -> int | None:
    handle = getattr(transport, "getHandle", None)
    option = getattr(socket, "SO_PEERCRED", None)  # Linux
    if handle is None or option is None:
        return None
    try:
        data: bytes = handle().getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size)
    except (AttributeError, OSError):
        return None
    number: int = _CREDENTIALS.unpack(data)[1]
    return number
