"""The tool's side of the admin socket."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator

from groupchat.wire import names

__all__ = ["LOST", "NO_RIGHT", "NO_SERVER", "CannotAsk", "ask"]

NO_SERVER = 3  #: the exit status if no server listens there
NO_RIGHT = 4  #: the exit status if this user may not ask it
LOST = 5  #: the exit status if the connection ended without an answer
LEDGER = "groupchat.db"  #: the ledger beside which the socket is expected


class CannotAsk(Exception):
    """
    The server can't be asked; the text is one line that says why, and what to do.

    :ivar status: the exit status.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def ask(path: str, request: bytes, go_on: Callable[[], bytes] = lambda: b"") -> Iterator[bytes]:
    """
    Send a request to the socket of a server. Yields the lines of its answer.

    :param go_on: is called when a line was taken. Returns what to send then, or b"".
    :raises CannotAsk: there is no server, it is not to be asked, or it is gone before its answer.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(path)
        except OSError as error:
            raise _unreachable(path, error) from None
        try:
            connection.sendall(request + b"\n")
            with connection.makefile("rb") as lines:
                for line in lines:
                    if line.endswith(b"\n"):
                        yield line
                        if more := go_on():
                            connection.sendall(more + b"\n")
        except OSError as error:
            why = error.strerror or str(error)
            raise CannotAsk(LOST, f"the connection to the server is lost: {why}.") from None


def _unreachable(path: str, error: OSError) -> CannotAsk:
    shown = names.visible(path)
    if isinstance(error, PermissionError):
        return CannotAsk(
            NO_RIGHT,
            f"you have no right to {shown}. Run this as root or as the user of the server.",
        )
    if isinstance(error, ConnectionRefusedError):
        return CannotAsk(
            NO_SERVER, f"no server listens at {shown} any more. Start it, and try again."
        )
    if isinstance(error, FileNotFoundError):
        return CannotAsk(NO_SERVER, _missing(path, shown))
    why = error.strerror or str(error)
    return CannotAsk(NO_SERVER, f"{shown}: {why}. Name the socket with --admin-socket PATH.")


def _missing(path: str, shown: str) -> str:
    folder = os.path.dirname(os.path.abspath(path))
    where = names.visible(folder)
    if os.path.exists(os.path.join(folder, LEDGER)):
        return f"there is no {shown}: no server runs in {where}. Start it, and try again."
    return (
        f"there is no {shown}, and no ledger beside it. Go to the directory of the ledger,"
        " or name the socket with --admin-socket PATH."
    )
