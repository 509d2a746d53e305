"""
Counts the work of a node since its start, as plain numbers: the reports read them. To count costs
an addition for each batch, and nothing for each member.
"""

from __future__ import annotations

from collections import Counter

__all__ = ["Connection", "Counters"]

#: the protocol of a connection, whether it was encrypted, and what became of it
Connection = tuple[str, bool, str]


class Counters:
    """
    :ivar messages: messages and corrections that were stored.
    :ivar deliveries: events of rooms (messages, presence, topics) that were written to members.
    :ivar sent_bytes: bytes of these.
    :ivar received_bytes: bytes that clients sent, without those of TLS.
    :ivar logins: by "account" and "guest".
    :ivar refusals: lines that were refused, by code.
    :ivar byes: connections that the server ended, by code.
    :ivar connections: connections that are over, by what they were.
    :ivar handshakes: TLS handshakes that were completed.
    """

    __slots__ = (
        "byes", "connections", "deliveries", "handshakes", "logins", "messages", "received_bytes",
        "refusals", "sent_bytes",
    )  # fmt: skip

    def __init__(self) -> None:
        self.messages = 0
        self.deliveries = 0
        self.sent_bytes = 0
        self.received_bytes = 0
        self.handshakes = 0
        self.logins: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.byes: Counter[str] = Counter()
        self.connections: Counter[Connection] = Counter()
