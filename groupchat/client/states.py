"""The states of a chat, as an application sees them."""

from __future__ import annotations

from dataclasses import dataclass

from groupchat.client.errors import Ending

__all__ = ["Connecting", "Ended", "Online", "State", "Waiting"]


@dataclass(frozen=True)
class Connecting:
    """A connection is being made, or the server has not let us in yet."""


@dataclass(frozen=True)
class Online:
    """
    The server has let us in.

    :ivar encrypted: whether the connection is encrypted.
    """

    encrypted: bool = False


@dataclass(frozen=True)
class Waiting:
    """
    The connection is lost.

    :ivar seconds: until the next attempt, when this value was asked for.
    :ivar reason: what the server said about it; "" if it said nothing.
    """

    seconds: float = 0.0
    reason: str = ""


@dataclass(frozen=True)
class Ended:
    """
    The chat is over.

    :ivar ending: why.
    """

    ending: Ending


State = Connecting | Online | Waiting | Ended
