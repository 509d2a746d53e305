"""
Tokens: secrets that the owner of an account makes, with which HTTP requests act as that account.

Only their digests are stored. A token is random, so its digest needs no slow hash.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from secrets import token_urlsafe
from typing import TYPE_CHECKING

from groupchat.core.permissions import AuditEntry, Permissions, Token
from groupchat.core.ratelimit import KeyedTokenBuckets
from groupchat.interfaces import IAccounts
from groupchat.wire import commands, errors, events, names
from groupchat.wire.timestamps import stamp

if TYPE_CHECKING:
    from groupchat.core.permissions import Account
    from groupchat.core.session import Session

__all__ = ["MAX_TOKENS", "TOKEN_PREFIX", "Tokens", "make_token", "token_digest", "token_named"]

MAX_TOKENS = 32  #: tokens of one account
TOKEN_PREFIX = "gct_"  #: begins every token, so that one in the wrong place can be recognised
CHANGES = (10, 1 / 6)  #: tokens that one account makes or revokes at once, and per second then


def make_token(account: Account, name: str, held: list[Token], now: int) -> tuple[Token, str]:
    """
    Return a new token of an account, and its secret.

    :param held: the tokens that the account has.
    :param now: milliseconds since 1970.
    :raises BadName: that is no name for a token.
    :raises NameTaken: the account has a token of this name.
    :raises TooMany: it has too many.
    """
    name = names.token_name(name)
    if any(token.name == name for token in held):
        raise errors.NameTaken(f"There is a token {name} already. Revoke it, or choose a name.")
    if len(held) >= MAX_TOKENS:
        raise errors.TooMany(f"You can have at most {MAX_TOKENS} tokens. Revoke one first.")
    secret = TOKEN_PREFIX + token_urlsafe(24)
    return Token(account.id, name, token_digest(secret), now), secret


def token_digest(secret: str) -> bytes:
    """Return what is stored of a token."""
    return blake2b(
        secret.encode(errors="replace"), digest_size=32, person=b"groupchat token"
    ).digest()


def token_named(permissions: Permissions, account: str, name: str) -> Token:
    """
    Return a token of an account, by its name.

    :param account: its id.
    :raises NoSuchName: it has none of this name.
    """
    key = names.key(name)
    found = next((token for token in permissions.tokens(account) if token.name == key), None)
    if found is None:
        raise errors.NoSuchName(f'There is no token "{names.printable(name)}".')
    return found


class Tokens:
    """
    The commands of an owner for the tokens of its account.

    :param seconds: a monotonic clock, in seconds.
    :param now: the time in milliseconds since 1970.
    """

    def __init__(
        self, accounts: IAccounts, seconds: Callable[[], float], now: Callable[[], int]
    ) -> None:
        self._accounts = accounts
        self._now = now
        at_once, per_second = CHANGES
        self._changes = KeyedTokenBuckets(per_second, at_once, seconds)

    def make(self, session: Session, command: commands.MakeToken) -> None:
        """
        Make a token, and tell its secret.

        :raises Refused: it can't be made.
        """
        account = self._owner(session)
        held = self._accounts.permissions.tokens(account.id)
        token, secret = make_token(account, command.name, held, self._now())
        self._limit(account)

        def saved(_: None) -> None:
            session.send(events.Token(token.name, secret, command.ref))

        audit = self._audit(session, "token", account, token)
        session.await_reply(self._accounts.save(token, audit), saved, command)

    def list(self, session: Session, command: commands.AskTokens) -> None:
        """
        Answer with the names of the account's tokens.

        :raises NotAllowed: the session is a guest's.
        """
        held = self._accounts.permissions.tokens(self._owner(session).id)
        rows = [events.TokenEntry(token.name, stamp(token.made)) for token in held]
        session.send(events.Tokens(rows, command.ref))

    def revoke(self, session: Session, command: commands.Revoke) -> None:
        """
        End a token.

        :raises Refused: there is none of this name, or the session is a guest's.
        """
        account = self._owner(session)
        token = token_named(self._accounts.permissions, account.id, command.name)
        self._limit(account)

        def deleted(_: None) -> None:
            session.send(events.Done(f"The token {token.name} is revoked.", command.ref))

        audit = self._audit(session, "revoke", account, token)
        session.await_reply(self._accounts.delete(token, audit), deleted, command)

    def _owner(self, session: Session) -> Account:
        account = self._accounts.permissions.with_id(session.account)
        if account is None:
            raise errors.NotAllowed(
                "Only a registered name has tokens. /register PASSWORD makes yours your own."
            )
        return account

    def _limit(self, account: Account) -> None:
        wait = self._changes.take(account.id)
        if wait:
            retry = round(wait + 0.5)
            raise errors.TooOften(
                f"Too many tokens were made or revoked. Try again in {retry} s.", retry=retry
            )

    def _audit(self, session: Session, verb: str, account: Account, token: Token) -> AuditEntry:
        return AuditEntry(self._now(), session.name, verb, account.name, text=token.name)
