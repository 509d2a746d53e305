"""
Who may come in, speak and rule, as it stands at this moment: accounts, bans and mutes. Only values
and skeleton-ups.

What is here is a picture of what the accounts file holds (`groupchat/accounts/`); nothing here
reads or writes it, and nothing here knows a clock: times are arguments, in milliseconds since 1970.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Union

import msgspec

from groupchat.wire import addresses, names

Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]

MAX_KNOWN_CLIENTS = 32  #: clients that come in under one name without a password
BAN = "ban"
MUTE = "mute"


class Account(msgspec.Struct, frozen=True):
    """
    A name that is somebody's own.

    :ivar name: as it was registered.
    :ivar operator: whether its owner may rule.
    :ivar password: what is kept of the password; "" where another keeps it.
    :ivar clients: digests of the client secrets that come in under it without a password, the
        newest last.
    """

    name: str
    operator: bool = False
    password: str = ""
    clients: tuple[bytes, ...] = ()

    @property
    def key(self) -> str:
        return names.key(self.name)

    def with_client(self, client: bytes) -> Account:
        """The same, and this client comes in without a password, too: the newest `CLIENTS` do."""
        others = [known for known in self.clients if known != client]
        return msgspec.structs.replace(self, clients=(*others, client)[-MAX_KNOWN_CLIENTS:])


class Restriction(msgspec.Struct, frozen=True):
    """
    A ban or a mute.

    :ivar kind: `BAN` or `MUTE`.
    :ivar target: the key of a name, or a network ("192.0.2.0/24").
    :ivar by: the operator.
    :ivar client: the digest of the secret that the one who bore the name came in with; b"" where
        nobody did.
    :ivar until: when it ends, or None.
    :ivar text: why.
    """

    kind: str
    target: str
    by: str
    client: bytes = b""
    until: int | None = None
    text: str = ""

    def is_active(self, now: int) -> bool:
        return self.until is None or now < self.until


class AuditEntry(msgspec.Struct, frozen=True):
    """
    A line of the audit log: what somebody did with their rights.

    :ivar at: milliseconds since 1970.
    :ivar verb: what was done.
    :ivar target: to whom or what.
    """

    at: int
    by: str
    verb: str
    target: str = ""
    until: int | None = None
    text: str = ""


class Permissions:
    """The accounts, bans and mutes that hold."""

    def __init__(
        self, accounts: Iterable[Account] = (), restrictions: Iterable[Restriction] = ()
    ) -> None:
        self._accounts: dict[str, Account] = {}
        self._skeletons: dict[str, str] = {}
        self._restrictions: dict[tuple[str, str], Restriction] = {}
        self._clients: dict[tuple[str, bytes], Restriction] = {}
        self._networks: dict[str, Network] = {}
        for account in accounts:
            self.add_account(account)
        for restriction in restrictions:
            self.add_restriction(restriction)

    # Accounts.

    def add_account(self, account: Account) -> None:
        """Let this hold, in place of what held of that name."""
        self._accounts[account.key] = account
        self._skeletons |= dict.fromkeys(names.UNICODE.readings(account.name), account.key)

    def remove_account(self, account: Account) -> None:
        self._accounts.pop(account.key, None)
        for skeleton in names.UNICODE.readings(account.name):
            self._skeletons.pop(skeleton, None)

    def accounts(self) -> list[Account]:
        """All of them, by name."""
        return [self._accounts[key] for key in sorted(self._accounts)]

    def owner(self, name: str) -> Account | None:
        """The account of this name."""
        return self._accounts.get(names.key(name))

    def is_confusable(self, name: str) -> bool:
        """Whether a name is not registered, but could be read as one that is."""
        if not self._skeletons or names.key(name) in self._accounts:
            return False
        return not self._skeletons.keys().isdisjoint(names.UNICODE.readings(name))

    def is_operator(self, name: str) -> bool:
        """Whether this is the name of an operator."""
        owner = self.owner(name)
        return owner is not None and owner.operator

    # Bans and mutes.

    def add_restriction(self, restriction: Restriction) -> None:
        """Let this hold, in place of what held for that target."""
        self.remove_restriction(restriction)
        self._restrictions[restriction.kind, restriction.target] = restriction
        if restriction.client:
            self._clients[restriction.kind, restriction.client] = restriction
        if "/" in restriction.target:
            self._networks[restriction.target] = ipaddress.ip_network(restriction.target)

    def remove_restriction(self, restriction: Restriction) -> None:
        held = self._restrictions.pop((restriction.kind, restriction.target), None)
        if (
            held is not None and self._clients.get((held.kind, held.client)) is held
        ):  # another may hold for it, too
            del self._clients[held.kind, held.client]
        self._networks.pop(restriction.target, None)

    def restriction(self, kind: str, target: str) -> Restriction | None:
        """
        What of this kind is written down for a target; whether it still holds is not looked at.
        """
        return self._restrictions.get((kind, target))

    def restrictions(self, kind: str, now: int) -> list[Restriction]:
        """All of this kind that hold, by target."""
        return sorted(
            (
                entry
                for entry in self._restrictions.values()
                if entry.kind == kind and entry.is_active(now)
            ),
            key=lambda entry: entry.target,
        )

    @property
    def is_empty(self) -> bool:
        """
        Whether nobody is banned or muted: what is asked for each message is told at once then.
        """
        return not self._restrictions

    def on_person(self, kind: str, name: str, client: bytes, now: int) -> Restriction | None:
        """The ban or mute that holds for someone, by name or by the client's secret."""
        found = (self._restrictions.get((kind, names.key(name))), self._clients.get((kind, client)))
        return next((entry for entry in found if entry is not None and entry.is_active(now)), None)

    def on_address(self, address: str, now: int) -> Restriction | None:
        """The ban that holds for an address."""
        if not self._networks:
            return None
        try:
            parsed = addresses.ip(address)
        except ValueError:  # a socket of this machine has none
            return None
        found = (
            self._restrictions[BAN, target]
            for target, network in self._networks.items()
            if parsed in network
        )
        return next((entry for entry in found if entry.is_active(now)), None)
