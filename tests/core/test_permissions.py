"""
Permissions: the owners of names, and the bans and mutes that hold.
"""

from __future__ import annotations

import pytest

from groupchat.core.permissions import BAN, MUTE, Account, Permissions, Restriction
from groupchat.wire.addresses import network

ALICES = b"a" * 16


def test_a_name_is_its_owners_in_any_case():
    permissions = Permissions([Account("Alice", operator=True)])
    assert permissions.owner("aLICE").operator
    assert permissions.owner("bob") is None


def test_an_account_replaces_the_one_before_it():
    permissions = Permissions([Account("alice")])
    permissions.add_account(Account("ALICE", operator=True))
    assert [account.name for account in permissions.accounts()] == ["ALICE"]


def test_a_removed_account_is_nobodys():
    permissions = Permissions([Account("alice")])
    permissions.remove_account(Account("alice"))
    assert permissions.owner("alice") is None
    assert not permissions.is_confusable("alice")


def test_a_ban_holds_for_a_name_in_any_case_until_it_ends():
    permissions = Permissions(restrictions=[Restriction(BAN, "bob", "op", until=1000)])
    assert permissions.on_person(BAN, "BOB", b"", now=999)
    assert not permissions.on_person(BAN, "bob", b"", now=1000)
    assert not permissions.on_person(MUTE, "bob", b"", now=0)


def test_a_ban_holds_for_the_client_under_another_name():
    permissions = Permissions(restrictions=[Restriction(BAN, "bob", "op", ALICES)])
    assert permissions.on_person(BAN, "robert", ALICES, now=0)
    assert not permissions.on_person(BAN, "robert", b"b" * 16, now=0)


def test_a_new_ban_lets_go_of_the_client_of_the_old_one():
    permissions = Permissions(
        restrictions=[Restriction(BAN, "bob", "op", ALICES), Restriction(BAN, "bob", "op")]
    )
    assert not permissions.on_person(BAN, "robert", ALICES, now=0)


@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::1", "fe80::1%eth0"])
def test_a_ban_on_a_network_holds_for_the_addresses_in_it(address):
    wide = [network(one) for one in ("192.0.2.0/24", "2001:db8::/32", "fe80::/10")]
    permissions = Permissions(restrictions=[Restriction(BAN, one, "op") for one in wide])
    assert permissions.on_address(address, now=0)


@pytest.mark.parametrize("address", ["192.0.3.7", "2001:db9::1", "local"])
def test_a_ban_on_a_network_does_not_hold_for_others(address):
    permissions = Permissions(
        restrictions=[
            Restriction(BAN, network("192.0.2.0/24"), "op"),
            Restriction(BAN, network("2001:db8::/32"), "op"),
        ]
    )
    assert not permissions.on_address(address, now=0)


def test_a_ban_on_a_network_that_is_lifted_holds_for_nobody():
    ban = Restriction(BAN, network("192.0.2.7"), "op")
    permissions = Permissions(restrictions=[ban])
    permissions.remove_restriction(ban)
    assert not permissions.on_address("192.0.2.7", now=0)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("192.0.2.7", "192.0.2.7/32"),
        ("::ffff:192.0.2.7", "192.0.2.7/32"),
        ("192.0.2.7/24", "192.0.2.0/24"),
        ("2001:DB8::1", "2001:db8::1/128"),
    ],
)
def test_an_address_is_kept_in_one_way(written, kept):
    assert network(written) == kept


def test_lifting_one_ban_leaves_another_of_the_same_client():
    first, second = Restriction(BAN, "bob", "op", ALICES), Restriction(BAN, "rob", "op", ALICES)
    permissions = Permissions(restrictions=[first, second])
    permissions.remove_restriction(first)
    assert permissions.on_person(BAN, "anyone", ALICES, now=0) is second


def test_the_newest_clients_come_in_without_a_password():
    account = Account("alice")
    for number in range(40):
        account = account.with_client(b"%d" % number)
    account = account.with_client(b"20")
    assert len(account.clients) == 32
    assert account.clients[-2:] == (b"39", b"20")
