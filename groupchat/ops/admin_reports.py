"""
The verbs of the admin socket that only look: status, who, rooms, bans and stats.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable

import groupchat
from groupchat.admin.messages import Facts, Rows, Value
from groupchat.core.direct_rooms import is_direct
from groupchat.core.hub import Hub
from groupchat.core.member import Member
from groupchat.core.permissions import BAN, MUTE
from groupchat.ops.admin_protocol import Call, Verbs
from groupchat.server.factory import ChatFactory
from groupchat.wire import addresses
from groupchat.wire.timestamps import stamp

__all__ = ["Reports"]


class Reports:
    """
    :param ledger: the path of the ledger, or "" for none.
    :param now: the time in milliseconds since 1970.
    :param place: where a ledger is that has no path.
    """

    def __init__(
        self,
        hub: Hub,
        factory: ChatFactory,
        ledger: str,
        now: Callable[[], int],
        place: str = "memory",
    ) -> None:
        self._place = place
        self._hub = hub
        self._factory = factory
        self._ledger = os.path.realpath(ledger) if ledger else ""
        self._now = now
        self._started = hub.seconds()

    @property
    def verbs(self) -> Verbs:
        return {
            "status": self._status,
            "who": self._who,
            "rooms": self._rooms,
            "bans": self._bans,
            "stats": self._stats,
        }

    def _status(self, call: Call) -> Facts:
        hub, factory, certificate = self._hub, self._factory, self._factory.certificate
        pending = len(factory.pending)
        return Facts(
            {
                "version": groupchat.__version__,
                "pid": os.getpid(),
                "uptime_seconds": self._uptime(),
                "members": hub.members.count,
                "max": hub.members.max,
                "connections": len(factory.connections) - pending - len(factory.visitors),
                "pending": pending,
                "rooms": hub.rooms.listed,
                "ledger": self._ledger or self._place,
                "ledger_size_bytes": _size(self._ledger),
                "wal_size_bytes": _size(f"{self._ledger}-wal") if self._ledger else 0,
                "trouble": hub.ledger.trouble or None,
                "certificate": certificate.fingerprint if certificate is not None else None,
            }
        )

    def _uptime(self) -> float:
        return round(self._hub.seconds() - self._started, 3)

    def _stats(self, call: Call) -> Facts:
        counters, used = self._hub.counters, resource.getrusage(resource.RUSAGE_SELF)
        return Facts(
            {
                "uptime_seconds": self._uptime(),
                "logins": counters.logins.total(),
                "messages": counters.messages,
                "deliveries": counters.deliveries,
                "received_bytes": counters.received_bytes,
                "sent_bytes": counters.sent_bytes,
                "refusals": counters.refusals.total(),
                "connections_ended": counters.byes.total(),
                "handshakes": counters.handshakes,
                "slow_readers": sum(one.peer.full for one in self._hub.members.sessions),
                "cpu_seconds": round(time.process_time(), 3),
                "peak_memory_bytes": used.ru_maxrss * 1024,
                "ledger_size_bytes": _size(self._ledger),
            }
        )

    def _who(self, call: Call) -> Rows:
        rows = [self._member(member) for member in self._hub.members.all()]
        columns = ["name", "registered", "operator", "devices", "addresses", "rooms"]
        return Rows(columns, sorted(rows, key=lambda row: str(row["name"])))

    def _member(self, member: Member) -> dict[str, Value]:
        return {
            "name": member.name,
            "registered": bool(member.account),
            "operator": self._hub.access.is_operator(member.account),
            "devices": len(member.seats),
            "addresses": [seat.address for seat in member.seats],
            "rooms": sorted(room for room in member.rooms if not is_direct(room)),
        }

    async def _rooms(self, call: Call) -> Rows:
        stored = await self._hub.ledger.rooms()
        rows = {name: _room(name, 0, False, topic) for name, topic in stored.items()}
        for name, room in self._hub.rooms.items():
            if not room.is_direct:
                rows[name] = _room(name, len(room.members), room.access.private, room.topic)
        return Rows(["room", "members", "private", "topic"], [rows[name] for name in sorted(rows)])

    def _bans(self, call: Call) -> Rows:
        permissions, now = self._hub.accounts.permissions, self._now()
        held = (*permissions.restrictions(BAN, now), *permissions.restrictions(MUTE, now))
        rows: list[dict[str, Value]] = [
            {
                "kind": one.kind,
                "target": addresses.format_address(one.target),
                "until": stamp(one.until) if one.until else None,
                "by": one.by,
                "why": one.text,
            }
            for one in held
        ]
        return Rows(["kind", "target", "until", "by", "why"], rows)


def _room(name: str, members: int, private: bool, topic: str) -> dict[str, Value]:
    return {"room": name, "members": members, "private": private, "topic": topic}


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size if path else 0
    except OSError:
        return 0
