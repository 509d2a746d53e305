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
    :ivar knocks: connections a second from one address that need not come in; 0: no limit.
    :ivar log_rate: lines of the log a second about one address; 0: no limit.
    :ivar server: name and version, as the welcome tells them.
    :ivar motd: a word to everyone who comes in.
    :ivar pool: connections that are not in yet.
    :ivar hello_within: seconds after its last line in which one has to come in.
    :ivar idle: seconds of silence after which a JSON client is gone; it is asked whether it is
        there after a third of them.
    :ivar names: what people and rooms may be called.
    :ivar show_addresses: who sees the addresses of others: "everyone", "operators" or "nobody".
    :ivar members_only: whether only those come in whose name is registered.
    :ivar renames: names that a member can take in a minute; 0: no limit.
    :ivar rooms: rooms that there can be in all.
    :ivar rooms_each: rooms that one member can be in.
    """

    max: int = 100
    replay: int = 20
    rate: float = 50
    burst: float = 200
    per_address: int = 0
    knocks: float = 20
    log_rate: float = 10
    server: str = "groupchat"
    motd: str | None = None
    pool: int = 64
    hello_within: float = 10
    idle: float = 60
    names: names.Rule = names.ASCII
    show_addresses: str = "operators"
    members_only: bool = False
    renames: int = 20
    rooms: int = 10_000
    rooms_each: int = MAX_ROOMS
