"""The parts of a chat, put together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from random import random as default_random
from typing import TYPE_CHECKING

from groupchat.client import client_id
from groupchat.client.access import Access
from groupchat.client.address import format_address
from groupchat.client.agenda import Agenda
from groupchat.client.client_id import ClientId
from groupchat.client.connector import TIMEOUT, Connector
from groupchat.client.departure import Departure
from groupchat.client.displays import Displays
from groupchat.client.identity import Identity
from groupchat.client.lifecycle import Lifecycle
from groupchat.client.model import Model
from groupchat.client.outbox import Outbox
from groupchat.client.questions import Questions
from groupchat.client.receiver import MAX_MISSED
from groupchat.client.reconnect import Backoff, NameRetry
from groupchat.client.route import Route, Way
from groupchat.client.session import Session

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint

    from groupchat.wire.commands import Position

__all__ = ["Parts", "Policy", "fixed_identity", "make_parts"]


@dataclass(frozen=True)
class Policy:
    """
    The habits of a client.

    :ivar timeout: seconds for each answer of the server until the client has joined.
    :ivar name_timeout: seconds to wait if the name is taken.
    :ivar random: returns a number from 0 to 1, for the delays between attempts.
    """

    timeout: float = TIMEOUT
    name_timeout: float = 0.0
    random: Callable[[], float] = default_random


@dataclass(frozen=True)
class Parts:
    """
    The parts.

    :ivar clock: the reactor's time.
    :ivar lifecycle: connects, logs in, ends.
    :ivar model: the rooms and messages.
    :ivar identity: the client secret.
    :ivar displays: shows what happens.
    :ivar questions: takes the answers that somebody awaits.
    :ivar agenda: the calls that are due.
    :ivar departure: leaves the server.
    """

    clock: IReactorTime
    lifecycle: Lifecycle
    model: Model
    identity: Identity
    displays: Displays
    questions: Questions
    agenda: Agenda
    departure: Departure


def fixed_identity(secret: str | None) -> Identity:
    """Returns an identity of which nothing is kept; None stands for a new secret."""
    claimed = ClientId(secret or client_id.make())
    return Identity(claimed, lambda server: claimed, lambda certificate: None, False)


def make_parts(
    reactor: IReactorTime,
    access: Access,
    rooms: Iterable[str],
    outbox: Outbox,
    identity: Identity,
    *,
    password: str | None = None,
    endpoint: IStreamClientEndpoint | None = None,
    since: Mapping[str, Position] | None = None,
    policy: Policy = Policy(),
) -> Parts:
    """
    Returns the parts of a chat.

    :param since: the positions to read on from; None for those of the identity.
    """
    agenda = Agenda(reactor)
    questions = Questions(agenda)
    displays = Displays(questions)
    if endpoint is None:
        route = Route(access.ways(reactor, identity, policy.timeout))
    else:
        route = Route([Way(format_address(access.host, access.port), endpoint)])
    session = Session(access.name, identity.value, password, route.remember)
    read, max_missed = (identity.read(), MAX_MISSED) if since is None else (since, None)
    model = Model(session, rooms, displays, outbox, reactor, read, max_missed)
    identity.user = model
    backoff = Backoff(policy.random, route.length)
    connector = Connector(route, reactor, backoff, policy.timeout)
    client_ids = None if outbox.persistent else identity
    patience = NameRetry(reactor, client_ids, policy.name_timeout) if policy.name_timeout else None
    lifecycle = Lifecycle(connector, lambda: route.where, model, reactor, patience)
    departure = Departure(lifecycle, model, reactor)
    return Parts(reactor, lifecycle, model, identity, displays, questions, agenda, departure)
