"""Fixtures of the tests of accounts."""

from __future__ import annotations

import pytest

from groupchat.accounts.store import AccountStore
from groupchat.core.permissions import Account
from tests.accounts.keeping import ENTRY, PASSWORDS, answer, token


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "chat.accounts")


@pytest.fixture
def make(path):
    """Makes a store, on the same file each time."""
    return lambda: AccountStore(path, PASSWORDS)


@pytest.fixture
def start(make):
    """Starts a store, which keeps the same accounts each time."""
    stores = []

    def start():
        stores.append(make())
        stores[-1].open()
        return stores[-1]

    yield start
    for store in stores:
        store.close()


@pytest.fixture
def alice(start):
    """An account with a token, and the store that saved them."""
    store = start()
    answer(store.register(Account("alice"), "secret", ENTRY))
    account = store.permissions.owner("alice")
    answer(store.save(token(account), ENTRY))
    return account
