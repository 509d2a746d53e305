"""
The contract of every storage of accounts: a file, or the tables of a database.
"""

from __future__ import annotations

import pytest

from groupchat.accounts.store import AccountStore
from groupchat.core.permissions import (
    BAN,
    MAX_KNOWN_CLIENTS,
    MUTE,
    Account,
    AuditEntry,
    Restriction,
)
from groupchat.wire.errors import Unavailable
from tests.accounts.keeping import BAN_ON_BOB, ENTRY, PASSWORDS, answer, token


@pytest.fixture(params=["file", pytest.param("postgresql", marks=pytest.mark.slow)])
def make(request, path):
    """Makes a store, on the same file or database each time."""
    if request.param == "file":
        return lambda: AccountStore(path, PASSWORDS)
    engine = request.getfixturevalue("engine")
    from tests.accounts.tables import in_database  # needs psycopg

    return in_database(engine)


def test_what_was_kept_holds_at_once_and_after_a_restart(start):
    account = Account("Alice", True, "", (b"1" * 16, b"0" * 16))
    store = start()
    answer(store.register(account, "secret", ENTRY))
    answer(store.save(BAN_ON_BOB, ENTRY))
    for one in (store, start()):
        kept = one.permissions.owner("alice")
        assert (kept.name, kept.operator, kept.clients) == ("Alice", True, (b"1" * 16, b"0" * 16))
        assert one.permissions.restriction(BAN, "bob") == BAN_ON_BOB
        assert answer(one.check("alice", "secret")) == kept


def test_a_client_is_remembered_across_a_restart_and_the_audit_log_has_nothing_of_it(start):
    store = start()
    answer(store.register(Account("alice"), "secret", ENTRY))
    for number in range(MAX_KNOWN_CLIENTS + 1):
        answer(store.remember(store.permissions.owner("alice"), b"%016d" % number))
    for one in (store, start()):
        clients = one.permissions.owner("alice").clients
        assert (len(clients), clients[0], clients[-1]) == (
            MAX_KNOWN_CLIENTS,
            b"%016d" % 1,
            b"%016d" % MAX_KNOWN_CLIENTS,
        )
        assert answer(one.audit_entries(10)) == [ENTRY]


def test_a_client_is_not_remembered_when_the_password_that_it_gave_was_changed_meanwhile(start):
    store, outside = start(), start()
    answer(store.register(Account("alice"), "secret", ENTRY))
    gave = store.permissions.owner("alice")
    answer(outside.register(Account("alice"), "another", ENTRY))
    answer(store.remember(gave, b"1" * 16))
    answer(store.poll())
    assert (
        store.permissions.owner("alice").clients == () == start().permissions.owner("alice").clients
    )
    answer(outside.delete(gave, ENTRY))
    answer(store.remember(gave, b"1" * 16))
    assert start().permissions.owner("alice") is None


def test_what_was_dropped_holds_no_longer(start):
    store = start()
    answer(store.save(Account("alice"), ENTRY))
    answer(store.save(BAN_ON_BOB, ENTRY))
    answer(store.delete(Account("alice"), ENTRY))
    answer(store.delete(BAN_ON_BOB, ENTRY))
    for one in (store, start()):
        assert not one.permissions.accounts()
        assert one.permissions.restriction(BAN, "bob") is None


def test_a_ban_and_a_mute_of_one_person_are_two_things(start):
    store = start()
    answer(store.save(BAN_ON_BOB, ENTRY))
    answer(store.delete(Restriction(MUTE, "bob", "op"), ENTRY))
    assert store.permissions.restriction(BAN, "bob")


def test_the_audit_log_is_kept_in_order(start):
    for number in range(3):
        answer(start().save(None, AuditEntry(number, "op", "kick", f"n{number}")))
    assert [entry.target for entry in answer(start().audit_entries(2))] == ["n1", "n2"]


def test_an_account_keeps_its_id_and_one_of_the_same_name_has_another(start):
    store = start()
    answer(store.register(Account("alice"), "secret", ENTRY))
    first = store.permissions.owner("alice")
    answer(store.register(first, "other", ENTRY))
    for one in (store, start()):
        assert one.permissions.owner("alice").id == first.id
        assert one.permissions.with_id(first.id).name == "alice"
    answer(store.delete(first, ENTRY))
    assert store.permissions.with_id(first.id) is None
    answer(store.register(Account("alice"), "secret", ENTRY))
    second = start().permissions.owner("alice")
    assert second.id and second.id != first.id
    assert start().permissions.with_id(first.id) is None


def test_a_token_holds_at_once_and_after_a_restart_until_it_is_deleted(start, alice):
    store = start()
    answer(store.save(token(alice, "ci", b"2" * 32), ENTRY))
    for one in (store, start()):
        assert one.permissions.tokens(alice.id) == [token(alice), token(alice, "ci", b"2" * 32)]
        assert one.permissions.bearer(b"2" * 32) == alice
    answer(store.delete(token(alice, "ci"), ENTRY))
    for one in (store, start()):
        assert one.permissions.tokens(alice.id) == [token(alice)]
        assert one.permissions.bearer(b"2" * 32) is None
        assert one.permissions.bearer(b"1" * 32) == alice


def test_an_account_that_is_saved_keeps_its_tokens_and_one_that_is_deleted_does_not(start, alice):
    store = start()
    answer(store.save(Account("Alice", True, "x", (b"c" * 16,), alice.id), ENTRY))
    for one in (store, start()):
        assert one.permissions.bearer(b"1" * 32) == one.permissions.owner("alice")
        assert one.permissions.owner("alice").operator
        assert one.permissions.owner("alice").clients == (b"c" * 16,)
    answer(store.delete(alice, ENTRY))
    answer(store.register(Account("alice"), "secret", ENTRY))
    for one in (store, start()):
        assert one.permissions.bearer(b"1" * 32) is None
        assert one.permissions.tokens(one.permissions.owner("alice").id) == []


def test_what_another_node_changes_is_seen(start):
    store, outside = start(), start()
    answer(outside.save(Account("alice", True), ENTRY))
    answer(outside.save(BAN_ON_BOB, ENTRY))
    assert store.permissions.owner("alice") is None
    answer(store.poll())
    assert store.permissions.owner("alice").operator
    assert store.permissions.restriction(BAN, "bob") == BAN_ON_BOB


def test_what_a_store_has_changed_itself_is_not_read_again(start):
    store = start()
    answer(store.save(Account("alice"), ENTRY))
    before = store.permissions
    answer(store.poll())
    assert store.permissions is before


def test_a_token_of_an_account_that_is_gone_is_not_saved(start, alice, expect_logged):
    store, outside = start(), start()
    answer(outside.delete(alice, ENTRY))
    assert answer(store.save(token(alice, "ci", b"2" * 32), ENTRY)).check(Unavailable)
    expect_logged("cannot be written: ")
