"""
The client's exceptions: one for each reason why it can't go on.

Their texts are for people, but name no option and no exit status: a program that uses this library
has its own. `groupchat.cli.failures` says what groupchat-connect makes of them.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from twisted.internet import error
from twisted.internet.defer import TimeoutError as DeferredTimeout

from groupchat.client.address import socket_path
from groupchat.wire import events

__all__ = [
    "AnswerLost",
    "BadTLS",
    "CertificateChanged",
    "CertificateError",
    "CertificateMismatch",
    "CertificateMissing",
    "ClientError",
    "DeliveryAbandoned",
    "Ending",
    "KnownHostsUnreadable",
    "NotReachable",
    "NotTLS",
    "OutboxError",
    "OutboxForAnotherServer",
    "OutboxLocked",
    "OutboxOwned",
    "OutboxUnusable",
    "PasswordRequired",
    "PasswordWithheld",
    "Refused",
    "Rejected",
    "ServerReplaced",
    "ServerUnproven",
    "Stopped",
    "TLSUnsupported",
    "no_welcome",
    "rejection",
    "unreachable",
]


class ClientError(Exception):
    """Ends a `groupchat.client.chat.Chat`. Its text is one line for people."""


class Ending(Exception):
    """
    The end of a chat.

    :ivar reason: the error that ended it; None for a good end.
    """

    def __init__(self, reason: ClientError | None = None) -> None:
        super().__init__("The chat has ended." if reason is None else str(reason))
        self.reason = reason


# Messages and requests.


class Refused(Exception):
    """
    The server refuses a message or a request. Its text is one line for people.

    :ivar code: the reason, as the table of errors in the protocol has it.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class AnswerLost(Exception):
    """
    There is no connection, or it was lost before the answer to a request came: then what was asked
    for may have been done.
    """

    def __init__(self, text: str = "There is no connection.") -> None:
        super().__init__(text)


# The outbox.


class OutboxError(ClientError):
    """
    The file of an outbox can't be used.

    :ivar path: the file.
    """

    def __init__(self, path: str, text: str) -> None:
        super().__init__(text)
        self.path = path


class OutboxUnusable(OutboxError):
    """It can't be opened, read or written, or is not an outbox."""


class OutboxLocked(OutboxError):
    """Another process uses it."""

    def __init__(self, path: str) -> None:
        super().__init__(path, "another process uses that file")


class OutboxOwned(OutboxError):
    """
    It holds the messages of another name, or for another address.

    :ivar wanted: the owner that was expected, as NAME@HOST:PORT.
    """

    def __init__(self, path: str, owner: str, wanted: str) -> None:
        super().__init__(path, f"that file belongs to {owner}")
        self.wanted = wanted


class OutboxForAnotherServer(OutboxError):
    """It holds messages for a server that had another certificate."""

    def __init__(self, path: str) -> None:
        super().__init__(
            path,
            "what it keeps is for a server with another certificate than the one there now",
        )


# The server's identity.


class CertificateError(ClientError):
    """The certificate of the server is not good."""


class CertificateMissing(CertificateError):
    """The server shows no certificate."""

    def __init__(self, host: str) -> None:
        super().__init__(f"{host} shows no certificate.")


class CertificateMismatch(CertificateError):
    """
    The certificate is not the one with the given fingerprint.

    :ivar host_key: the server, as known_hosts writes it.
    :ivar shown: the fingerprint of the certificate that the server shows.
    """

    def __init__(self, host_key: str, shown: str) -> None:
        super().__init__(
            f"The certificate of {host_key} is {shown}, and not the one with the given fingerprint."
        )
        self.host_key = host_key
        self.shown = shown


class CertificateChanged(CertificateError):
    """
    The server had another certificate before.

    :ivar lines: the lines of known_hosts to remove if the change is known to be good.
    :ivar path: that file.
    """

    def __init__(
        self, host_key: str, shown: str, expected: str, lines: list[int], path: Path
    ) -> None:
        super().__init__(
            f"The certificate of {host_key} is {shown}, and not {expected}. "
            "Somebody may be in between, or the server was set up again."
        )
        self.lines = lines
        self.path = path

    @property
    def remedy(self) -> str:
        """The first thing to do for a person who knows that the change is good."""
        if not self.lines:
            return "start again"
        numbers = ", ".join(map(str, self.lines))
        return f"remove line{'s' if len(self.lines) > 1 else ''} {numbers} of {self.path}"


class ServerReplaced(CertificateError):
    """Another server took over the address during this run."""

    def __init__(self, host_key: str, shown: str) -> None:
        super().__init__(
            f"Another server is at {host_key} now: its certificate is {shown}. "
            "Your input was meant for the server before it."
        )


class KnownHostsUnreadable(ClientError):
    """The file of known certificates is there, but can't be read."""

    def __init__(self, path: Path, reason: str | None) -> None:
        super().__init__(f"{path} can't be read: {reason}.")


class ServerUnproven(ClientError):
    """Nothing shows who the server is, and an outbox can only be delivered to a known one."""

    def __init__(self) -> None:
        super().__init__(
            "Nothing shows that this is the server: it gets no client secret, "
            "which an outbox needs."
        )


# Connecting and logging in.


class NotReachable(ClientError):
    """There is no server, or none that answers as such."""


class TLSUnsupported(NotReachable):
    """The server was to be reached by TLS, and doesn't speak it."""


class Rejected(ClientError):
    """The server doesn't want this client. The text is the server's."""


class PasswordRequired(Rejected):
    """The name is registered, and no password is known."""


class PasswordWithheld(Rejected):
    """
    A password is needed, but nothing shows that it would go to the right server.

    :ivar ref: the command that needed it, where it was one.
    """

    def __init__(self, text: str, ref: str | None = None) -> None:
        super().__init__(text)
        self.ref = ref


class DeliveryAbandoned(ClientError):
    """The connection was lost for so long that delivery was given up."""

    def __init__(self) -> None:
        super().__init__("The connection is lost and does not come back.")


class Stopped(ClientError):
    """The user stopped the client before everything was delivered."""

    def __init__(self) -> None:
        super().__init__("Stopped.")


# One attempt to connect. These don't end a chat: it may try again.


class NotTLS(Exception):
    """
    The other side does not speak TLS.

    :ivar spoke_first: whether it sent something else. That may be its greeting, which was faster
        than our ClientHello.
    """

    def __init__(self, spoke_first: bool) -> None:
        super().__init__("it does not speak TLS")
        self.spoke_first = spoke_first


class BadTLS(Exception):
    """The other side speaks TLS, but not as we do."""


_NO_SOCKET = (errno.ENOENT, errno.ENOTDIR, errno.EACCES)


def unreachable(where: str, reason: BaseException | None, timeout: float) -> NotReachable:
    """
    Returns the error for a connection that could not be made.

    :param where: the server, for people.
    :param timeout: seconds that an attempt may take.
    """
    if isinstance(reason, NotTLS):
        return TLSUnsupported(f"{where} does not speak TLS.")
    return NotReachable(_explain(where, reason, timeout))


def _explain(where: str, reason: BaseException | None, timeout: float) -> str:
    if isinstance(reason, error.ConnectError) and reason.osError in _NO_SOCKET:
        why = os.strerror(reason.osError)
        return f"Cannot reach {where}: {why}. Is the server running, and is that its socket?"
    if isinstance(reason, (error.DNSLookupError, ValueError)):
        return f"There is no such host: {where}. Check its name."
    if isinstance(reason, error.ConnectionRefusedError):
        what = "socket" if socket_path(where) else "port"
        return f"Connection refused by {where}. Is the server running, and is that its {what}?"
    if isinstance(reason, (error.TimeoutError, DeferredTimeout)):
        return (
            f"No answer from {where} within {timeout:.0f} s. "
            "Check the host, the port and the network."
        )
    if isinstance(reason, (error.ConnectionDone, error.ConnectionLost)):
        return str(no_welcome(where, None))
    return f"Cannot reach {where}: {reason}"


def no_welcome(where: str, timeout: float | None) -> NotReachable:
    """
    Returns the error for a connection on which the server has said nothing.

    :param where: the server, for people.
    :param timeout: seconds after which the client hung up; None if the server did.
    """
    what = f"{where} closed the connection without a word."
    if timeout is not None:
        what = f"No welcome from {where} within {timeout:.0f} s."
    return NotReachable(f"{what} Is that a groupchat server?")


def none_reachable(last: NotReachable, addresses: int) -> NotReachable:
    """
    Returns the error where several addresses were tried.

    :param last: that of the last one.
    """
    return type(last)(f"None of the {addresses} addresses leads to a server. The last one: {last}")


def rejection(where: str, refusal: events.Error, password_known: bool, unproven: bool) -> Rejected:
    """
    Returns the error for a hello that the server has rejected.

    :param where: the server, for people.
    :param refusal: what the server said.
    :param password_known: whether it got a password, or would have got one.
    :param unproven: whether nothing shows who the server is.
    """
    if refusal.code == "bad-password" and unproven:
        return PasswordWithheld(
            f"{refusal.text} {where} speaks no TLS, "
            "so nothing shows that it is the server: it gets no password."
        )
    if refusal.code == "bad-password" and not password_known:
        return PasswordRequired(refusal.text)
    return Rejected(refusal.text)
