"""
The settings of the server, as plain values; `tap.py` fills them in.
"""

from __future__ import annotations

import msgspec

from groupchat.wire import names
from groupchat.wire.limits import MAX_ROOMS

__all__ = [
    "ACCOUNTS_SUFFIX",
    "ADMIN_SUFFIX",
    "CERTIFICATE_SUFFIX",
    "MAX_PASSWORD",
    "Settings",
    "is_database",
]

#: The ends of the names of the files beside a ledger.
CERTIFICATE_SUFFIX, ACCOUNTS_SUFFIX, ADMIN_SUFFIX = ".pem", ".accounts", ".sock"
MAX_PASSWORD = 1024  #: bytes of a password; it has one at least


class Settings(msgspec.Struct, kw_only=True):
    """
    One object for the whole server. Some of it can change while the server runs (`ops/reload.py`),
    so it is read where it is needed, and not copied.

    :ivar max: members that can be logged in at once.
    :ivar replay: messages of history that a member sees on joining a room.
    :ivar rate: lines per second for each member; 0: no limit.
    :ivar burst: lines that a member can send at once before `rate` applies.
    :ivar per_address: connections that one address can have open; 0: no limit.
    :ivar connect_rate: connections per second from one address that may stay unauthenticated; 0:
        no limit.
    :ivar log_rate: log lines per second about one address; 0: no limit.
    :ivar server: name and version of the server in the welcome.
    :ivar motd: a message for each member that logs in.
    :ivar max_pending: connections that can be open without having logged in.
    :ivar max_visitors: connections that can be open for HTTP requests alone.
    :ivar login_timeout: seconds of silence after which an unauthenticated connection is closed.
    :ivar idle_timeout: seconds of silence after which a JSON client is disconnected; it is pinged
        after a third of them.
    :ivar names: the rule for names of people and rooms.
    :ivar show_addresses: who sees the addresses of others: "everyone", "operators" or "nobody".
    :ivar members_only: whether only registered names can log in.
    :ivar rename_rate: name changes per minute for each member; 0: no limit.
    :ivar max_rooms: rooms that can exist at once.
    :ivar max_rooms_per_member: rooms that a member can be in at once.
    :ivar devices: connections that a registered name can have logged in at once.
    :ivar edit_within: seconds for which members can correct or redact their own messages; 0: never.
    """

    max: int = 100
    replay: int = 20
    rate: float = 50
    burst: float = 200
    per_address: int = 0
    connect_rate: float = 20
    log_rate: float = 10
    server: str = "groupchat"
    motd: str | None = None
    max_pending: int = 64
    max_visitors: int = 256
    login_timeout: float = 10
    idle_timeout: float = 60
    names: names.Rule = names.ASCII
    show_addresses: str = "operators"
    members_only: bool = False
    rename_rate: int = 20
    max_rooms: int = 10_000
    max_rooms_per_member: int = MAX_ROOMS
    devices: int = 8
    edit_within: int = 900


def is_database(place: str) -> bool:
    """Return whether a place is the address of a PostgreSQL database, not the path of a file."""
    return place.startswith(("postgresql://", "postgres://"))
