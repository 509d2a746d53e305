"""
What the one who runs the server has chosen. Only values; `tap.py` fills them in.
"""

from __future__ import annotations

import msgspec

from groupchat.wire import names
from groupchat.wire.limits import MAX_ROOMS

MAX_PASSWORD = 1024  #: bytes of a password; it has one at least


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """
    :ivar max: people that can be in at once.
    :ivar replay: messages of history that a newcomer sees.
    :ivar rate: lines a second for each member; 0: no limit.
    :ivar burst: lines a member can send at once before `rate` holds.
    :ivar per_address: connections from one address; 0: no limit.
    :ivar connect_rate: connections a second from one address that need not come in; 0: no limit.
    :ivar log_rate: lines of the log a second about one address; 0: no limit.
    :ivar server: name and version, as the welcome tells them.
    :ivar motd: a word to everyone who comes in.
    :ivar max_pending: connections that are not in yet.
    :ivar login_timeout: seconds after its last line in which one has to come in.
    :ivar idle_timeout: seconds of silence after which a JSON client is gone; it is asked whether it is
        there after a third of them.
    :ivar names: what people and rooms may be called.
    :ivar show_addresses: who sees the addresses of others: "everyone", "operators" or "nobody".
    :ivar members_only: whether only those come in whose name is registered.
    :ivar rename_rate: names that a member can take in a minute; 0: no limit.
    :ivar max_rooms: rooms that there can be in all.
    :ivar max_rooms_per_member: rooms that one member can be in.
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
    login_timeout: float = 10
    idle_timeout: float = 60
    names: names.Rule = names.ASCII
    show_addresses: str = "operators"
    members_only: bool = False
    rename_rate: int = 20
    max_rooms: int = 10_000
    max_rooms_per_member: int = MAX_ROOMS
