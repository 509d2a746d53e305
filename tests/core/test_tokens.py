"""
Tokens: who makes, lists and revokes them, and as whom they let requests act.
"""

from __future__ import annotations

import pytest

from groupchat.core.tokens import MAX_TOKENS, token_digest
from groupchat.wire import errors
from tests.core.accounts import joined, made
from tests.support import codes

HOME = "192.0.2.1"
ELSEWHERE = "198.51.100.7"


@pytest.fixture
def server():
    return made()


def new_token(client, name="backup"):
    """Makes a token. Returns its secret."""
    (event,) = client.ask("token", name=name, ref="t")
    assert (event["type"], event["ref"]) == ("token", "t")
    return event["token"]


def bearer(server, secret, address=HOME):
    return server.hub.access.check_token(secret, address).name


# The commands.


def test_a_token_is_shown_once_and_acts_as_its_owner(server):
    alice = joined(server, "alice")
    secret = new_token(alice, "Backup")
    assert secret.startswith("gct_") and len(secret) == 36
    assert bearer(server, secret) == "alice"
    (listed,) = alice.ask("tokens", ref="l")
    assert listed == {
        "type": "tokens",
        "tokens": [{"name": "backup", "made": "2026-11-22T14:03:00.000Z"}],
        "ref": "l",
    }


def test_only_its_digest_is_kept(server):
    alice = joined(server, "alice")
    secret = new_token(alice)
    (kept,) = server.accounts.permissions.tokens(server.accounts.permissions.owner("alice").id)
    assert kept.digest == token_digest(secret)
    entries = server.accounts.audit_entries(9).result
    assert [(entry.by, entry.verb, entry.text) for entry in entries][-1] == (
        "alice",
        "token",
        "backup",
    )
    assert secret not in repr(entries) + repr(kept)


def test_a_revoked_token_acts_as_nobody(server):
    alice = joined(server, "alice")
    secret, other = new_token(alice), new_token(alice, "ci")
    assert alice.ask("revoke", name="BACKUP", ref="r") == [{"type": "ok", "ref": "r"}]
    with pytest.raises(errors.BadPassword):
        bearer(server, secret)
    assert bearer(server, other) == "alice"
    assert codes(alice.ask("revoke", name="backup")) == ["no-such-name"]


def test_a_person_makes_lists_and_revokes_tokens(server):
    alice = joined(server, "alice", wire="plain")

    def types(line):
        alice.type(line)
        server.run()
        return alice.lines()

    assert types("/token") == ["-- You have no tokens."]
    shown, how = types("/token backup")
    begin, secret = shown.rsplit(" ", 1)
    assert begin == "-- The token backup is"
    assert how == "-- It is shown only now. Scripts act as you with it; /revoke backup ends it."
    assert bearer(server, secret) == "alice"
    assert types("/tokens") == ["-- You have 1 token.", "-- backup, made 2026-11-22"]
    assert types("/revoke Backup") == ["-- The token backup is revoked."]
    assert types("/revoke backup") == ['! /revoke: there is no token "backup".']


@pytest.mark.parametrize("command", ["token", "tokens", "revoke"])
def test_a_guest_has_no_tokens(server, command):
    zoe = server.json("zoe")
    fields = {} if command == "tokens" else {"name": "backup"}
    assert codes(zoe.ask(command, **fields)) == ["not-allowed"]


def test_nobody_sees_or_ends_the_tokens_of_another(server):
    secret = new_token(joined(server, "alice", rooms={}))
    bob = joined(server, "bob", rooms={})
    assert bob.ask("tokens")[0]["tokens"] == []
    assert codes(bob.ask("revoke", name="backup")) == ["no-such-name"]
    assert bearer(server, secret) == "alice"


def test_an_owner_that_has_taken_another_name_makes_tokens_of_its_account(server):
    alice = joined(server, "alice")
    alice.ask("rename", name="alicia")
    assert bearer(server, new_token(alice)) == "alice"


@pytest.mark.parametrize("name", ["", "a b", "-x", "x" * 33, "\u00fc", "a/b", "a\0b"])
def test_some_names_are_none_for_a_token(server, name):
    assert codes(joined(server, "alice").ask("token", name=name)) == ["bad-name"]


def test_a_name_is_that_of_one_token(server):
    alice = joined(server, "alice")
    secret = new_token(alice)
    assert codes(alice.ask("token", name="BACKUP")) == ["name-taken"]
    assert bearer(server, secret) == "alice"


def test_an_account_has_a_bounded_number_of_tokens_and_makes_them_at_a_bounded_rate(server):
    alice = joined(server, "alice")
    told = []
    for number in range(MAX_TOKENS):
        answer = alice.ask("token", name=f"t{number}")
        if codes(answer) == ["too-often"]:
            server.run(answer[0]["retry"])
            answer = alice.ask("token", name=f"t{number}")
            told.append(number)
        assert answer[0]["type"] == "token"
    assert told[0] == 10
    server.run(60)
    assert codes(alice.ask("token", name="more")) == ["too-many"]


# Wrong tokens.


def test_a_wrong_token_is_refused_and_too_many_wait(server):
    for number in range(10):
        with pytest.raises(errors.BadPassword):
            bearer(server, f"gct_thesametoken{number}")
    with pytest.raises(errors.TooOften) as refused:
        bearer(server, "gct_thesametoken")
    assert refused.value.retry == 30
    server.run(30)
    with pytest.raises(errors.BadPassword):
        bearer(server, "gct_thesametoken")


def test_many_wrong_tokens_slow_their_address_and_nobody_else(server):
    secret = new_token(joined(server, "alice"))
    for number in range(64):
        with pytest.raises(errors.BadPassword):
            bearer(server, f"gct_{number:08}")
    with pytest.raises(errors.TooOften):
        bearer(server, "gct_another1")
    assert bearer(server, secret, ELSEWHERE) == "alice"


def test_the_right_token_is_used_as_often_as_its_owner_wants(server):
    secret = new_token(joined(server, "alice"))
    assert {bearer(server, secret) for _ in range(500)} == {"alice"}


@pytest.mark.parametrize("secret", ["", "gct_", "x" * 100_000, "\u00fc", "\ud800", "\0"])
def test_whatever_is_given_as_a_token_is_a_wrong_one(server, secret):
    with pytest.raises(errors.BadPassword):
        bearer(server, secret)
