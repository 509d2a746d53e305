"""
What can be refused and why a connection ends: each with the wire's code and a sentence for a
person.

A refusal answers one line and the connection lives on; a farewell is the last line of a connection.
Errors that end the process at its start are `CannotStart`. Nothing here acts.
"""

from __future__ import annotations

from groupchat.wire.events import Bye


class Refused(Exception):
    """
    What a line asked for is not done.

    :ivar code: the wire's code.
    :ivar text: a sentence for a person.
    :ivar want: the n that would have been taken (out-of-order only).
    :ivar retry: seconds after which it may be tried again.
    """

    code = "unavailable"

    def __init__(self, text: str, want: int | None = None, retry: float | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.want = want
        self.retry = retry


class BadLine(Refused):
    """A line that is no proper command. Too many of these in a row end the connection."""


class BadUtf8(BadLine):
    code = "bad-utf8"


class BadJson(BadLine):
    code = "bad-json"


class BadField(BadLine):
    code = "bad-field"


class BadHello(BadField):
    """A hello that is no proper line: one of the tries that one has."""


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
    The name is somebody's, and it was not shown that this is who asks.

    :ivar asked: whether no password was given at all, so that it is still to be asked for.
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
    """The connection ends with this last word."""

    def __init__(self, bye: Bye) -> None:
        super().__init__(bye.code)
        self.bye = bye


QUIT = Bye(code="quit", text="Bye.")
IDLE = Bye(code="idle", text="Nothing was heard from you for too long.", retry=0)
REPLACED = Bye(code="replaced", text="You came in from another connection.")
INTERNAL_ERROR = Bye(
    code="unavailable", text="Something went wrong here. Come back in a moment.", retry=5
)
STOPPING = Bye(code="stopping", text="The server is stopping. Come back in 2 s.", retry=2)
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
    text="Only members may come in here, and that name is none's. Ask an operator for one.",
)


def banned(why: str, until: str | None) -> Bye:
    """
    An operator keeps someone out.

    :param until: when that ends (RFC 3339), or None.
    """
    return Bye(code="banned", text=f"You are banned{_until(until)}{_because(why)}", until=until)


def kicked(by: str, why: str) -> Bye:
    """An operator sends someone out."""
    return Bye(code="kicked", text=f"{by} sent you out{_because(why)}")


def muted(why: str, until: str | None) -> Muted:
    """An operator lets someone only listen."""
    return Muted(f"You are muted{_until(until)}{_because(why)}")


def _until(until: str | None) -> str:
    return f" until {until[:10]} {until[11:16]} UTC" if until else ""


def _because(why: str) -> str:
    return f": {why}" if why else "."


def full(taken: int, places: int) -> Bye:
    """The server has no place left."""
    return Bye(
        code="full", text=f"The server is full ({taken} of {places}). Try again later.", retry=30
    )


def protocol_violation(last: Refused) -> Bye:
    """Too many bad lines came; the last one's code says of what kind."""
    return Bye(code=last.code, text=f"Too many bad lines. The last one: {last.text}")
