"""
Explains why a port or a Unix socket cannot be bound, and removes the socket of a killed daemon.
"""

from __future__ import annotations

import errno
import os
import stat

from twisted.internet.error import CannotListenError
from twisted.python.failure import Failure

from groupchat.errors import CannotStart, CannotStartYet
from groupchat.ops import stale

__all__ = ["cannot_listen", "clears_socket", "is_taken"]


def is_taken(failure: Failure) -> bool:
    """Whether the address is in use, or not allowed."""
    return _errno(failure) in (errno.EADDRINUSE, errno.EACCES)


def clears_socket(failure: Failure) -> bool:
    """Remove the Unix socket that a killed daemon left behind. Returns whether there was one."""
    error = failure.value
    if not isinstance(error, CannotListenError):
        return False
    path: object = error.port
    in_use = _is_locked(error) or _errno(failure) == errno.EADDRINUSE
    return in_use and isinstance(path, (bytes, str)) and stale.clear_socket(path)


def cannot_listen(name: str, failure: Failure) -> CannotStart:
    """
    Return the error for a failure to listen.

    :param name: the address, as errors name it.
    """
    option = {"port": "--port", "metrics": "--metrics", "admin": "--admin-socket"}.get(
        name.partition(" ")[0], "--listen"
    )
    choose = f"choose another with {option}"
    error = failure.value
    if isinstance(error, CannotListenError) and _is_locked(error):
        return CannotStartYet(
            f"cannot listen on {name}: another daemon does. Stop that one, or {choose}."
        )
    cause = _cause(failure)
    if cause is None:
        return CannotStart(f"cannot listen on {name}: {failure.getErrorMessage()}")
    address = error.port if isinstance(error, CannotListenError) else None
    if cause.errno == errno.EADDRINUSE and _is_no_socket(address):
        return CannotStart(
            f"cannot listen on {name}: there is something that is no socket."
            f" Move it away, or {choose}."
        )
    passing = _passing(cause, choose)
    if passing:
        return CannotStartYet(f"cannot listen on {name}: {passing}")
    return CannotStart(
        f"cannot listen on {name}: {_lasting(cause, address)} {choose.capitalize()}."
    )


def _is_no_socket(address: object) -> bool:
    """Whether this is the path of something else than a socket."""
    if not isinstance(address, (bytes, str)):
        return False
    try:
        return not stat.S_ISSOCK(os.lstat(address).st_mode)
    except OSError:
        return False


def _lasting(cause: OSError, address: object) -> str:
    """Return a reason that does not pass by itself."""
    if isinstance(address, int) and cause.errno == errno.EACCES:
        return "not allowed (ports below 1024 are for root)."
    return f"{cause.strerror or cause}."


def _passing(cause: OSError, choose: str) -> str:
    """Return a reason that can pass by itself, and what to do; "" for any other."""
    if cause.errno == errno.EADDRINUSE:
        return f"{cause.strerror}. Stop the program that uses it, or {choose}."
    if cause.errno == errno.EADDRNOTAVAIL:
        return (
            f"{cause.strerror}. This machine does not have the address, or not yet:"
            f" wait, or {choose}."
        )
    if cause.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk is full. Make room, or {choose}."
    return ""


def _cause(failure: Failure) -> OSError | None:
    """Return the system's error for which nothing could be bound, if that was the reason."""
    error = failure.value
    cause: object = error.socketError if isinstance(error, CannotListenError) else None
    return cause if isinstance(cause, OSError) else None


def _errno(failure: Failure) -> int | None:
    cause = _cause(failure)
    return cause.errno if cause is not None else None


def _is_locked(error: CannotListenError) -> bool:
    """Whether Twisted found the lock of this Unix socket taken by another process."""
    return bool(error.socketError == "Cannot acquire lock")
