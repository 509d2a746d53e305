"""
Permissions: accounts, bans and mutes as values, and the look-ups that decide who may log in, speak
and moderate.

They mirror the accounts file, which `groupchat.accounts` reads and writes. Times are arguments, in
milliseconds since 1970.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from secrets import token_urlsafe
from typing import Union

import msgspec

from groupchat.wire import addresses, names

__all__ = [
    "BAN", "MUTE", "Account", "AuditEntry", "Network", "Permissions", "Restriction", "Token",
]  # fmt: skip

Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]

MAX_KNOWN_CLIENTS = 32  #: clients that can log in under one name without a password
BAN = "ban"
MUTE = "mute"


def _new_id() -> str:
    return token_urlsafe(9)


class Account(msgspec.Struct, frozen=True):
    """
    A registered name.

    :ivar name: as it was registered.
    :ivar operator: whether its owner is an operator.
    :ivar password: the hash of the password; "" if passwords are kept elsewhere.
    :ivar clients: digests of the secrets of clients that log in under it without a password, the
        newest last.
    :ivar id: what else is stored about the account names it by this; random, so that a name that is
        registered again later is another account.
    """

    name: str
    operator: bool = False
    password: str = ""
    clients: tuple[bytes, ...] = ()
    id: str = msgspec.field(default_factory=_new_id)

    @property
    def key(self) -> str:
        """The name, as names are compared."""
        return names.key(self.name)

    def with_client(self, client: bytes) -> Account:
        """
        Return the account with a client that logs in without a password. Only the newest
        `MAX_KNOWN_CLIENTS` are kept.
        """
        others = [known for known in self.clients if known != client]
        return msgspec.structs.replace(self, clients=(*others, client)[-MAX_KNOWN_CLIENTS:])


class Token(msgspec.Struct, frozen=True):
    """
    A secret with which an HTTP request acts as an account.

    :ivar account: the id of the account.
    :ivar name: by which its owner knows it, in lower case.
    :ivar digest: of the secret, which nobody keeps but its owner.
    :ivar made: milliseconds since 1970.
    """

    account: str
    name: str
    digest: bytes
    made: int


class Restriction(msgspec.Struct, frozen=True):
    """
    A ban or a mute.

    :ivar kind: `BAN` or `MUTE`.
    :ivar target: the key of a name, or a network ("192.0.2.0/24").
    :ivar by: the operator.
    :ivar client: the digest of the secret of the member that had the name; b"" if nobody had it.
    :ivar until: when it ends, or None.
    :ivar text: the reason.
    """

    kind: str
    target: str
    by: str
    client: bytes = b""
    until: int | None = None
    text: str = ""

    def is_active(self, now: int) -> bool:
        """Return whether it has not ended yet."""
        return self.until is None or now < self.until


class AuditEntry(msgspec.Struct, frozen=True):
    """
    A line of the audit log: something that an operator or an owner did.

    :ivar at: milliseconds since 1970.
    :ivar verb: the kind of act.
    :ivar target: the name or network that it concerns, or "".
    """

    at: int
    by: str
    verb: str
    target: str = ""
    until: int | None = None
    text: str = ""


class Permissions:
    """The accounts, tokens, bans and mutes in force."""

    def __init__(
        self,
        accounts: Iterable[Account] = (),
        restrictions: Iterable[Restriction] = (),
        tokens: Iterable[Token] = (),
    ) -> None:
        self._accounts: dict[str, Account] = {}
        self._ids: dict[str, Account] = {}
        self._skeletons: dict[str, str] = {}
        self._known_clients: dict[bytes, set[str]] = {}
        self._restrictions: dict[tuple[str, str], Restriction] = {}
        self._clients: dict[tuple[str, bytes], Restriction] = {}
        self._networks: dict[str, Network] = {}
        self._tokens: dict[bytes, Token] = {}
        for account in accounts:
            self.add_account(account)
        for token in tokens:
            self.add_token(token)
        for restriction in restrictions:
            self.add_restriction(restriction)

    # Accounts.

    def add_account(self, account: Account) -> None:
        """Add an account, in place of any with that name."""
        self._forget(account.key)
        for client in account.clients:
            self._known_clients.setdefault(client, set()).add(account.key)
        self._accounts[account.key] = self._ids[account.id] = account
        self._skeletons |= dict.fromkeys(names.UNICODE.readings(account.name), account.key)

    def remove_account(self, account: Account) -> None:
        """Remove the account of this name, if there is one."""
        self._forget(account.key)
        for skeleton in names.UNICODE.readings(account.name):
            self._skeletons.pop(skeleton, None)

    def _forget(self, key: str) -> None:
        old = self._accounts.pop(key, None)
        if old is None:
            return
        self._ids.pop(old.id, None)
        for client in old.clients:
            self._known_clients[client].discard(key)
            if not self._known_clients[client]:
                del self._known_clients[client]

    def accounts(self) -> list[Account]:
        """Return all accounts, sorted by name."""
        return [self._accounts[key] for key in sorted(self._accounts)]

    def owner(self, name: str) -> Account | None:
        """Return the account with this name, or None."""
        return self._accounts.get(names.key(name))

    def with_id(self, id: str) -> Account | None:
        """Return the account with this id, or None."""
        return self._ids.get(id)

    def is_confusable(self, name: str) -> bool:
        """Return whether a name is not registered, but could be mistaken for one that is."""
        if not self._skeletons or names.key(name) in self._accounts:
            return False
        return not self._skeletons.keys().isdisjoint(names.UNICODE.readings(name))

    def is_operator(self, name: str) -> bool:
        """Return whether an operator owns this name."""
        owner = self.owner(name)
        return owner is not None and owner.operator

    # Tokens.

    def add_token(self, token: Token) -> None:
        """Add a token, in place of any of that name and account."""
        self.remove_token(token)
        self._tokens[token.digest] = token

    def remove_token(self, token: Token) -> None:
        """Remove the token of this name and account, if there is one."""
        for held in self.tokens(token.account):
            if held.name == token.name:
                del self._tokens[held.digest]

    def tokens(self, account: str) -> list[Token]:
        """
        Return the tokens of an account, sorted by name.

        :param account: its id.
        """
        return sorted(
            (token for token in self._tokens.values() if token.account == account),
            key=lambda token: token.name,
        )

    def bearer(self, digest: bytes) -> Account | None:
        """Return the account as which a token lets requests act, or None."""
        token = self._tokens.get(digest)
        return self.with_id(token.account) if token is not None else None

    # Bans and mutes.

    def add_restriction(self, restriction: Restriction) -> None:
        """Add a restriction, in place of any of its kind on that target."""
        self.remove_restriction(restriction)
        self._restrictions[restriction.kind, restriction.target] = restriction
        if restriction.client:
            self._clients[restriction.kind, restriction.client] = restriction
        if "/" in restriction.target:
            self._networks[restriction.target] = ipaddress.ip_network(restriction.target)

    def remove_restriction(self, restriction: Restriction) -> None:
        """Remove any restriction of its kind on that target."""
        held = self._restrictions.pop((restriction.kind, restriction.target), None)
        if (
            held is not None and self._clients.get((held.kind, held.client)) is held
        ):  # another restriction may concern the client, too
            del self._clients[held.kind, held.client]
        self._networks.pop(restriction.target, None)

    def restriction(self, kind: str, target: str) -> Restriction | None:
        """
        Return the restriction of this kind on a target, active or not, or None.
        """
        return self._restrictions.get((kind, target))

    def restrictions(self, kind: str, now: int) -> list[Restriction]:
        """Return the active restrictions of this kind, sorted by target."""
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
        Whether there are no bans and no mutes: a short cut for the check of each message.
        """
        return not self._restrictions

    def on_person(self, kind: str, name: str, client: bytes, now: int) -> Restriction | None:
        """
        Return the active restriction on a person, by name or by client, or None.

        A guest is also the person of an account that its client can log in to without a password:
        one of the devices of a name that is banned is not a way around the ban.
        """
        key = names.key(name)
        found = [self._restrictions.get((kind, key)), self._clients.get((kind, client))]
        if key not in self._accounts:
            same = self._known_clients.get(client, ())
            found += [self._restrictions.get((kind, other)) for other in same]
        return next((entry for entry in found if entry is not None and entry.is_active(now)), None)

    def on_address(self, address: str, now: int) -> Restriction | None:
        """Return the active ban on an address, or None."""
        if not self._networks:
            return None
        try:
            parsed = addresses.ip(address)
        except ValueError:  # a Unix socket has no IP address
            return None
        found = (
            self._restrictions[BAN, target]
            for target, network in self._networks.items()
            if parsed in network
        )
        return next((entry for entry in found if entry.is_active(now)), None)
