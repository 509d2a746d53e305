"""
Refusals and the reasons for which a connection ends, each with its wire code and a sentence for
people.

A refusal answers one line and the connection stays open; a `Disconnect` ends it.
Errors that stop the process at its start are `CannotStart`.
"""

from __future__ import annotations

from groupchat.wire.events import Bye

__all__ = [
    "AWAY",
    "CUT_OFF",
    "IDLE",
    "INTERNAL_ERROR",
    "MEMBERS_ONLY",
    "OVERTAKEN",
    "QUIT",
    "REPLACED",
    "STOPPING",
    "TLS_REQUIRED",
    "TOO_MANY_CONNECTIONS",
    "AlreadyIn",
    "BadField",
    "BadHello",
    "BadJson",
    "BadLine",
    "BadName",
    "BadPassword",
    "BadUtf8",
    "Conflict",
    "Disconnect",
    "HelloFirst",
    "LineTooLong",
    "Muted",
    "NameReserved",
    "NameTaken",
    "NoSuchName",
    "NotAllowed",
    "NotInRoom",
    "OutOfOrder",
    "Refused",
    "StorageFull",
    "TextEmpty",
    "TextTooLong",
    "TooMany",
    "TooOften",
    "Unavailable",
    "UnknownType",
    "banned",
    "closed",
    "expelled",
    "full",
    "kicked",
    "muted",
    "not_open",
    "protocol_violation",
    "too_many_devices",
    "unreachable",
    "unreadable",
]


class Refused(Exception):
    """
    A request is refused.

    :ivar code: the wire's code.
    :ivar text: a sentence for people.
    :ivar want: the n that was expected (out-of-order only).
    :ivar retry: seconds after which it may be tried again.
    """

    code = "unavailable"

    def __init__(self, text: str, want: int | None = None, retry: float | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.want = want
        self.retry = retry


class BadLine(Refused):
    """A line that is not a valid command. Too many of these in a row end the connection."""


class BadUtf8(BadLine):
    code = "bad-utf8"


class BadJson(BadLine):
    code = "bad-json"


class BadField(BadLine):
    code = "bad-field"


class BadHello(BadField):
    """An invalid hello. It counts as an attempt to log in."""


class UnknownType(BadLine):
    code = "unknown-type"


class LineTooLong(BadLine):
    code = "line-too-long"


class TextTooLong(Refused):
    code = "text-too-long"


class TextEmpty(Refused):
    code = "text-empty"


class BadName(Refused):
    code = "bad-name"


class NameTaken(Refused):
    code = "name-taken"


class NameReserved(Refused):
    code = "name-reserved"


class BadPassword(Refused):
    """
    The name has an account, and the password is wrong or missing.

    :ivar asked: whether no password was given, so that the server must ask for it.
    """

    code = "bad-password"

    def __init__(self, text: str, asked: bool = False) -> None:
        super().__init__(text)
        self.asked = asked


class Muted(Refused):
    code = "muted"


class TooOften(Refused):
    code = "too-often"


class HelloFirst(Refused):
    code = "hello-first"


class AlreadyIn(Refused):
    code = "already-in"


class NotInRoom(Refused):
    code = "not-in-room"


class NoSuchName(Refused):
    code = "no-such-name"


class NotAllowed(Refused):
    code = "not-allowed"


class OutOfOrder(Refused):
    code = "out-of-order"


class Conflict(Refused):
    code = "conflict"


class TooMany(Refused):
    code = "too-many"


class StorageFull(Refused):
    code = "storage-full"


class Unavailable(Refused):
    code = "unavailable"


class Disconnect(Exception):
    """The connection ends after this last event."""

    def __init__(self, bye: Bye) -> None:
        super().__init__(bye.code)
        self.bye = bye


QUIT = Bye(code="quit", text="Bye.")
IDLE = Bye(code="idle", text="Nothing was heard from you for too long.", retry=0)
REPLACED = Bye(code="replaced", text="You logged in from another connection.")
INTERNAL_ERROR = Bye(
    code="unavailable", text="Something went wrong here. Come back in a moment.", retry=5
)
AWAY = Bye(
    code="unavailable",
    text="The server can't reach its ledger just now. Come back in 5 s.",
    retry=5,
)
CUT_OFF = Bye(
    code="unavailable", text="The server was cut off from its ledger. Come back in 1 s.", retry=1
)
OVERTAKEN = Bye(
    code="unavailable", text="A newer connection of yours is on another server.", retry=1
)
STOPPING = Bye(code="stopping", text="The server is stopping. Come back in 2 s.", retry=2)
MOVING = Bye(
    code="stopping",
    text="This server is stopping, and others of the group go on. Come back at once.",
    retry=0,
)
TOO_MANY_CONNECTIONS = Bye(
    code="too-many-connections",
    text="Too many connections come from your address. Try again later.",
    retry=30,
)
TLS_REQUIRED = Bye(
    code="tls-required",
    text="Only TLS is spoken here. Come back with TLS, as groupchat-connect does.",
)
MEMBERS_ONLY = Bye(
    code="members-only",
    text="This server is for registered members only, and that name is not registered.",
)


def banned(why: str, until: str | None) -> Bye:
    """
    Return the bye for a banned client.

    :param until: when the ban ends (RFC 3339), or None.
    """
    return Bye(code="banned", text=f"You are banned{_until(until)}{_because(why)}", until=until)


def kicked(by: str, why: str) -> Bye:
    """Return the bye for a kicked member."""
    return Bye(code="kicked", text=f"{by} sent you out{_because(why)}")


def muted(why: str, until: str | None) -> Muted:
    """Return the refusal for a muted member."""
    return Muted(f"You are muted{_until(until)}{_because(why)}")


def not_open() -> NotAllowed:
    """
    Return the refusal for a private room that is not open to a member, which is also the refusal
    for a room that does not exist: nobody can tell the two apart.
    """
    return NotAllowed("There is no such room, or it is not open to you.")


def expelled(room: str) -> NotAllowed:
    """Return the error for a member that has to leave a room since that is private now."""
    return NotAllowed(f"You have left {room}: it is private, and not open to you.")


def closed(room: str) -> Bye:
    """Return the bye for somebody that reads a room which is not open to it any more."""
    return Bye(code="not-allowed", text=f"{room} is private now, and not open to you.")


def _until(until: str | None) -> str:
    return f" until {until[:10]} {until[11:16]} UTC" if until else ""


def _because(why: str) -> str:
    return f": {why}" if why else "."


def full(taken: int, places: int) -> Bye:
    """Return the bye for a full server."""
    return Bye(
        code="full", text=f"The server is full ({taken} of {places}). Try again later.", retry=30
    )


def unreachable() -> Unavailable:
    """Return the refusal of a request of which nobody knows whether it will be carried out."""
    return Unavailable(
        "The server can't reach its ledger just now. It may be done later, or not.", retry=5
    )


def unreadable() -> Unavailable:
    """Return the refusal of a question that only the ledger can answer."""
    return Unavailable(
        "The server can't reach its ledger just now. Try again in a moment.", retry=AWAY.retry
    )


def too_many_devices(count: int) -> Bye:
    """Return the bye for one device more than a member can have."""
    return Bye(
        code="too-many-connections",
        text=f"You are logged in from {count} device{'s' * (count != 1)},"
        " as many as can be. Log out on one first.",
        retry=30,
    )


def protocol_violation(last: Refused) -> Bye:
    """Return the bye after too many bad lines, with the code of the last one."""
    return Bye(code=last.code, text=f"Too many bad lines. The last one: {last.text}")
