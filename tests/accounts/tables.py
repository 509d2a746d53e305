"""Stores of accounts in a database."""

from __future__ import annotations

from collections.abc import Callable

from groupchat.accounts.store import AccountStore
from groupchat.accounts.tables import AccountsTables
from groupchat.postgresql import Database, Link, schemas
from tests.accounts.keeping import PASSWORDS
from tests.engine import Engine
from tests.ledgers.nodes import database


def in_database(engine: Engine) -> Callable[[], AccountStore]:
    """Makes stores on one database, which is as good as new."""
    where = Database(database(engine), schemas())
    where.prepare()

    def make() -> AccountStore:
        link = Link(where, lambda connection: None)
        tables = AccountsTables(where.name, link.connection, link.close)
        return AccountStore("", PASSWORDS, tables)

    return make
