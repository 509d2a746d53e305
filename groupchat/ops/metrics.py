"""
The metrics of a server, for Prometheus. Only ``--metrics`` imports this: prometheus_client is an
extra.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from zope.interface import implementer

import groupchat
from groupchat.core.hub import Hub
from groupchat.interfaces import ILedgerOwner
from groupchat.ops.health import Health
from groupchat.ops.histogram import Histogram
from groupchat.server.factory import ChatFactory

if TYPE_CHECKING:
    from groupchat.core.entries import Entry

__all__ = ["Metrics", "ObservedOwner"]

_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 10)
_ENTRIES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Metrics(Collector):
    """
    Everything is read when somebody asks; only what has to be measured is measured meanwhile.

    :param ledger: the path of the ledger, or "" for none.

    :ivar batches: the sizes of the ledger's batches.
    :ivar commits: the seconds that each took to be stored.
    :ivar fan_outs: the seconds that each took to be shown.
    """

    def __init__(self, hub: Hub, factory: ChatFactory, health: Health, ledger: str) -> None:
        self._hub = hub
        self._factory = factory
        self._health = health
        self._ledger = os.path.realpath(ledger) if ledger else ""
        self.batches = Histogram(_ENTRIES)
        self.commits = Histogram(_SECONDS)
        self.fan_outs = Histogram(_SECONDS)
        self._lags = Histogram(_SECONDS)
        health.on_lag.append(self._lags.observe)
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def text(self) -> bytes:
        """Return the metrics in Prometheus' text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics as they are now."""
        yield InfoMetricFamily(
            "groupchat_build", "The version of the server.", {"version": groupchat.__version__}
        )
        yield _gauge("groupchat_healthy", "1 as /healthz says.", not self._health.problems())
        yield from self._members()
        yield from self._connections()
        yield from self._traffic()
        yield from self._times()
        yield from self._sizes()

    def _members(self) -> Iterator[Metric]:
        hub = self._hub
        yield _gauge("groupchat_members", "Members that are logged in.", hub.members.count)
        yield _gauge(
            "groupchat_members_limit", "Members that can be logged in at once.", hub.members.max
        )
        yield _gauge("groupchat_rooms", "Rooms with members.", len(hub.rooms))
        yield _gauge(
            "groupchat_slow_readers",
            "Connections with more than 64 KiB that wait to be read.",
            sum(session.peer.full for session in hub.members.sessions),
        )
        behind = (lacking for room in hub.rooms.values() for lacking in room.broadcast.behind())
        yield _gauge(
            "groupchat_slow_reader_lag_messages",
            "Messages that the slowest reader of a room lacks.",
            max(behind, default=0),
        )

    def _connections(self) -> Iterator[Metric]:
        counters, factory = self._hub.counters, self._factory
        pending, visiting = len(factory.pending), len(factory.visitors)
        now = GaugeMetricFamily("groupchat_connections", "Open connections.", labels=["state"])
        now.add_metric(["pending"], pending)
        now.add_metric(["visiting"], visiting)
        now.add_metric(["joined"], len(factory.connections) - pending - visiting)
        yield now
        over = CounterMetricFamily(
            "groupchat_connections_closed",
            "Connections that are over, by protocol and by what became of them.",
            labels=["protocol", "tls", "outcome"],
        )
        for (protocol, encrypted, outcome), count in counters.connections.items():
            over.add_metric([protocol, "yes" if encrypted else "no", outcome], count)
        yield over
        yield _counters("groupchat_logins", "Logins.", "kind", counters.logins)
        yield _counters("groupchat_refusals", "Refused lines.", "code", counters.refusals)
        yield _counters(
            "groupchat_byes", "Connections that the server ended.", "code", counters.byes
        )
        yield _counter("groupchat_tls_handshakes", "TLS handshakes.", counters.handshakes)
        yield _counter(
            "groupchat_tls_handshake_seconds",
            "Processor time of TLS handshakes.",
            factory.handshakes.seconds,
        )
        yield _gauge(
            "groupchat_tls_handshakes_waiting",
            "TLS handshakes that wait for their turn.",
            factory.handshakes.waiting,
        )

    def _traffic(self) -> Iterator[Metric]:
        counters = self._hub.counters
        yield _counter("groupchat_messages", "Messages that were stored.", counters.messages)
        yield _counter(
            "groupchat_deliveries",
            "Events of rooms that were written to members' connections.",
            counters.deliveries,
        )
        yield _counter("groupchat_sent_bytes", "Bytes of these.", counters.sent_bytes)
        yield _counter(
            "groupchat_received_bytes", "Bytes that clients sent.", counters.received_bytes
        )

    def _times(self) -> Iterator[Metric]:
        yield _histogram("groupchat_batch_entries", "Entries in a batch.", self.batches)
        yield _histogram("groupchat_commit_seconds", "Time to store a batch.", self.commits)
        yield _histogram("groupchat_fan_out_seconds", "Time to show a batch.", self.fan_outs)
        yield _histogram("groupchat_reactor_lag_seconds", "Lateness of the reactor.", self._lags)

    def _sizes(self) -> Iterator[Metric]:
        if self._ledger:
            yield _gauge("groupchat_ledger_size_bytes", "The ledger's file.", _size(self._ledger))
            wal = _size(f"{self._ledger}-wal")
            yield _gauge("groupchat_ledger_wal_size_bytes", "The ledger's WAL.", wal)


@implementer(ILedgerOwner)
class ObservedOwner:
    """
    Stands between the ledger and its owner, and measures each batch.

    :param seconds: a clock for short times.
    """

    def __init__(self, owner: ILedgerOwner, metrics: Metrics, seconds: Callable[[], float]) -> None:
        self._owner = owner
        self._batches = metrics.batches.observe
        self._fan_outs = metrics.fan_outs.observe
        self._seconds = seconds
        self.failed = owner.failed
        self.snapshot, self.restore = owner.snapshot, owner.restore
        self.stalled, self.resumed = owner.stalled, owner.resumed
        self.fenced, self.rewound = owner.fenced, owner.rewound

    def appended(self, batch: list[Entry]) -> None:
        began = self._seconds()
        self._owner.appended(batch)
        self._fan_outs(self._seconds() - began)
        self._batches(len(batch))


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _gauge(name: str, help: str, value: float) -> Metric:
    return GaugeMetricFamily(name, help, value)


def _counter(name: str, help: str, value: float) -> Metric:
    return CounterMetricFamily(name, help, value)


def _counters(name: str, help: str, label: str, values: dict[str, int]) -> Metric:
    family = CounterMetricFamily(name, help, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _histogram(name: str, help: str, values: Histogram) -> Metric:
    return HistogramMetricFamily(name, help, values.buckets(), values.sum)
