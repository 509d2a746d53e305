"""
Logins: which clients join under which name, on both wires.
"""

from __future__ import annotations

import pytest

from groupchat.core.login import client_digest
from groupchat.core.permissions import Account, AuditEntry
from groupchat.wire import names
from tests.support import Server, codes, kinds, secret

PASSWORD = "correct horse"
DEED = AuditEntry(0, "!root", "password")


def register(server, name="alice", password=PASSWORD, **fields):
    server.accounts.register(Account(name, **fields), password, DEED)


def typed(server, *lines):
    person = server.connect("plain")
    person.type(*lines)
    server.run()
    return person


# Registered names.


def test_a_registered_name_needs_its_password(server):
    register(server)
    alice = server.connect()
    assert codes(alice.ask("hello", name="alice")) == ["bad-password"]
    assert codes(alice.ask("hello", name="ALICE", password="wrong")) == ["bad-password"]
    assert kinds(alice.ask("hello", name="alice", password=PASSWORD)) == [
        "welcome",
        "room",
        "catchup",
    ]


def test_a_client_that_gave_the_password_is_not_asked_again(server):
    register(server)
    server.connect().ask("hello", name="alice", password=PASSWORD, client=secret("alice"))
    again = server.connect()
    assert kinds(again.ask("hello", name="alice", client=secret("alice"))) == [
        "welcome",
        "room",
        "catchup",
    ]
    assert codes(server.connect().ask("hello", name="alice", client=secret("mallory"))) == [
        "bad-password"
    ]
    assert [entry.verb for entry in server.accounts.audit_entries(10).result] == ["password"]


def test_a_client_that_gave_no_lasting_secret_or_a_wrong_password_is_not_remembered(server):
    register(server)
    server.connect().ask("hello", name="alice", password=PASSWORD)
    server.connect().ask("hello", name="alice", password="wrong", client=secret("alice"))
    assert server.accounts.permissions.owner("alice").clients == ()


def test_a_new_password_from_outside_forgets_the_clients_that_gave_the_old_one(server):
    register(server)
    server.connect().ask("hello", name="alice", password=PASSWORD, client=secret("alice"))
    register(server, password="another")
    assert codes(server.connect().ask("hello", name="alice", client=secret("alice"))) == [
        "bad-password"
    ]


def test_a_person_is_asked_for_the_password_in_the_next_line(server):
    register(server)
    alice = typed(server, "alice")
    assert alice.lines() == [
        "-- The name alice is registered. Its password? (An empty line: another name.)"
    ]
    alice.type(PASSWORD, "hello")
    server.run()
    assert (
        alice.lines()[0] == "-- Welcome to lobby, alice. 1 here: alice. /help lists the commands."
    )


def test_after_a_wrong_password_the_next_line_is_a_password_again(server):
    register(server)
    alice = typed(server, "alice", "wrong", PASSWORD)
    _, refused, welcome, _ = alice.lines()
    assert refused == '! That is not the password of "alice".'
    assert welcome.startswith("-- Welcome to lobby, alice.")


def test_an_empty_line_in_place_of_the_password_is_for_another_name(server):
    register(server)
    bob = typed(server, "alice", "", "bob")
    assert [line[:19] for line in bob.lines()] == [
        "-- The name alice i",
        "What is your name?",
        "-- Welcome to lobby",
        "-- You are up to da",
    ]


def test_five_wrong_passwords_are_enough(server):
    register(server)
    mallory = typed(server, "alice", *["wrong"] * 6)
    assert mallory.lines()[-1] == "! That was refused 5 times. Good-bye."
    assert mallory.gone


def test_a_password_is_in_no_log_and_no_answer(server, caplog):
    register(server)
    mallory = typed(server, "alice", "hunter2")
    assert "hunter2" not in mallory.read().decode() + caplog.text


def test_what_is_sent_after_the_password_is_said_though_the_input_ends(server):
    register(server)
    carol = server.json("carol")
    alice = server.connect("plain")
    alice.type("alice", PASSWORD, "hello")
    alice.end()
    server.run()
    assert "alice: hello" in carol.heard()


def test_a_password_for_a_name_that_nobody_has_registered_is_wrong(server):
    assert codes(server.connect().ask("hello", name="zed", password="x")) == ["bad-password"]


def test_the_client_that_registered_comes_in_without_a_password(server):
    alice = server.json("alice")
    assert alice.ask("register", password=PASSWORD, ref="r") == [{"type": "ok", "ref": "r"}]
    alice.close()
    again = server.connect()
    assert kinds(again.ask("hello", name="alice", client=secret("alice"))) == [
        "welcome",
        "room",
        "catchup",
    ]


@pytest.mark.parametrize("wire", ["plain", "json"])
def test_the_owner_joins_beside_a_connection_that_is_dead(server, wire):
    register(server)
    ghost = typed(server, "alice", PASSWORD)
    carol = server.json("carol")
    ghost.read(), carol.read()
    owner = server.connect(wire)
    if wire != "plain":
        owner.do("hello", name="alice", password=PASSWORD)
    else:
        owner.type("alice", PASSWORD)
    server.run()
    owner.say("I am back")
    server.run()
    assert carol.heard() == ["alice: I am back"]
    assert not ghost.gone


def test_the_owner_takes_the_name_from_a_guest_who_had_it_before(server):
    guest = server.json("alice")
    register(server)
    owner = server.connect()
    assert "welcome" in kinds(
        owner.ask("hello", name="alice", password=PASSWORD, client=secret("other"))
    )
    assert codes(guest.events()) == ["replaced"]


def test_a_client_that_comes_back_under_a_registered_name_replaces_itself_alone(server):
    register(server)
    device, other = typed(server, "alice", PASSWORD), server.json("bob")
    carol = server.json("carol")
    carol.read()
    owner = server.connect()
    owner.hello("alice", client=secret("bob"), password=PASSWORD)
    server.run()
    assert other.gone and not device.gone
    assert sorted(owner.ask("who", room="lobby")[-1]["members"], key=str)[0]["name"] == "alice"
    assert owner.ask("who", room="lobby")[-1]["count"] == 2


@pytest.mark.parametrize("wire", ["plain", "json"])
def test_nobody_else_takes_a_registered_name_by_renaming(server, wire):
    register(server)
    bob = server.join(wire, "bob")
    bob.rename("alice")
    server.run()
    assert bob.heard()[-1:] == ["refused"]


@pytest.mark.parametrize("variant", ["a1ice", "aIice", "A1ICE", "\u0430lice", "\uff41lice"])
@pytest.mark.parametrize("rule", [names.ASCII, names.UNICODE])
def test_nobody_comes_in_under_a_look_alike_of_a_registered_name(variant, rule):
    server = Server(names=rule)
    register(server)
    assert set(codes(server.connect().ask("hello", name=variant))) <= {
        "name-taken",
        "bad-name",
        "bad-password",
    }
    assert codes(server.json("bob").ask("rename", name=variant))
    assert server.hub.members.named(variant) is None


def test_nobody_registers_a_look_alike(server):
    guest = server.json("a1ice")
    register(server)
    assert codes(guest.ask("register", password="mine")) == ["name-taken"]


def test_an_owner_takes_the_place_of_a_look_alike_who_came_before():
    server = Server(names=names.UNICODE)
    guest = server.json("a1ice")
    register(server)
    assert codes(server.connect().ask("hello", name="alice", password=PASSWORD)) == []
    assert codes(guest.events()) == ["replaced"]


def test_its_owner_takes_it_by_renaming(server):
    alice = server.json("alice")
    alice.ask("register", password=PASSWORD)
    assert kinds(alice.ask("rename", name="alicia")) == ["ok", "presence"]
    assert kinds(alice.ask("rename", name="alice")) == ["ok", "presence"]


def test_a_guest_can_not_register_what_another_has_registered_meanwhile(server):
    guest = server.json("alice")
    register(server)
    assert codes(guest.ask("register", password="mine")) == ["name-taken"]


def test_an_owner_can_change_the_password(server):
    alice = server.json("alice")
    alice.ask("register", password="old one")
    alice.ask("register", password=PASSWORD)
    other = server.connect()
    assert codes(other.ask("hello", name="alice", password="old one")) == ["bad-password"]
    assert "welcome" in kinds(other.ask("hello", name="alice", password=PASSWORD))


@pytest.mark.parametrize("password", ["x", "x" * 1024, "\u00e9" * 512])
@pytest.mark.parametrize("wire", ["plain", "json"])
def test_a_password_of_1_to_1024_bytes_can_be_set_and_lets_its_owner_log_in(server, wire, password):
    alice = server.join(wire, "alice")
    alice.do("register", password=password) if wire != "plain" else alice.type(
        f"/register {password}"
    )
    server.run()
    alice.close()
    assert "welcome" in kinds(server.connect().ask("hello", name="alice", password=password))
    assert typed(server, "alice", password).lines()[1].startswith("-- Welcome to lobby, alice.")


@pytest.mark.parametrize("password", ["", "x" * 1025, "\u00e9" * 513, "\U0001f600" * 257])
def test_what_is_no_password_is_refused_where_it_would_be_set_and_where_it_is_given(
    server, password
):
    alice = server.json("alice")
    refused = {
        "type": "error",
        "code": "bad-password",
        "text": "A password has 1 to 1024 bytes.",
        "ref": "r",
    }
    assert alice.ask("register", password=password, ref="r") == [refused]
    assert server.accounts.permissions.owner("alice") is None
    assert server.connect().ask("hello", name="bob", password=password, ref="r") == [refused]
    bob = server.plain("bob")
    bob.type(f"/register {password}")
    server.run()
    words = (
        "a password has 1 to 1024 bytes." if password else "type it like this: /register PASSWORD"
    )
    assert bob.lines() == [f"! /register: {words}"]


def test_a_password_that_is_far_too_long_is_wrong_for_everyone(server):
    register(server)
    assert codes(server.connect().ask("hello", name="alice", password="x" * 20_000)) == [
        "bad-password"
    ]


def test_a_full_server_says_so_once_the_password_is_known(server):
    server = Server(max=1)
    register(server)
    server.json("bob")
    alice = server.connect()
    assert codes(alice.ask("hello", name="alice", password="wrong")) == ["bad-password"]
    assert codes(alice.ask("hello", name="alice", password=PASSWORD)) == ["full"]


def test_one_place_more_is_kept_for_an_operator():
    server = Server(max=1)
    register(server, operator=True)
    register(server, "ann", operator=True)
    server.json("bob")
    alice = server.connect()
    assert alice.ask("hello", name="alice", password=PASSWORD)[0]["operator"] is True
    assert codes(server.connect().ask("hello", name="ann", password=PASSWORD)) == ["full"]


# Members only.


def test_where_only_members_come_in_a_guest_learns_why_not():
    server = Server(members_only=True)
    guest = server.connect()
    assert codes(guest.ask("hello", name="bob")) == ["members-only"]
    assert guest.gone
    person = typed(server, "bob")
    assert person.lines() == [
        "! This server is for registered members only, and that name is not registered."
    ]


def test_where_only_members_come_in_they_do():
    server = Server(members_only=True)
    register(server)
    assert "welcome" in kinds(server.connect().ask("hello", name="alice", password=PASSWORD))


def test_where_only_members_come_in_nobody_takes_a_guests_name():
    server = Server(members_only=True)
    register(server)
    alice = server.connect()
    alice.ask("hello", name="alice", password=PASSWORD)
    assert codes(alice.ask("rename", name="bob")) == ["not-allowed"]
    assert kinds(alice.ask("rename", name="ALICE")) == ["ok", "presence"]


# Limits on attempts.


@pytest.fixture
def open_server():
    """It bounds passwords, and no connections."""
    return Server(connect_rate=0)


MALLORY = "192.0.2.66"


def give(server, password, address=MALLORY, name="alice", **more):
    """Return the answer to a client at this address that gives a password."""
    client = server.connect(address=address)
    got = client.ask("hello", name=name, password=password, **more)
    client.close()
    return codes(got) or kinds(got)[0]


def guess(server, count, address=MALLORY, name="alice"):
    """Guess so often. Returns how many of these passwords were looked at."""
    given = [give(server, "wrong", address, name) for _ in range(count)]
    assert set(map(tuple, given)) <= {("bad-password",), ("too-often",)}
    return given.count(["bad-password"])


def test_wrong_passwords_for_a_name_slow_the_address_that_gives_them(open_server):
    register(open_server)
    assert guess(open_server, 15) == 10
    refused = open_server.connect(address=MALLORY).ask("hello", name="alice", password=PASSWORD)
    assert codes(refused) == ["too-often"]
    assert 29 <= refused[0]["retry"] <= 31
    retry = refused[0]["retry"]
    assert refused[0]["text"] == f"Too many passwords were tried. Try again in {retry} s."
    open_server.run(31)
    assert give(open_server, PASSWORD) == "welcome"


def test_meanwhile_the_owner_logs_in_from_elsewhere_and_by_a_known_client_from_anywhere(
    open_server,
):
    register(open_server, clients=(client_digest(secret("alice")),))
    for _ in range(60):
        guess(open_server, 3)
        open_server.run(20)
    guess(open_server, 15)
    assert give(open_server, PASSWORD) == ["too-often"]
    assert give(open_server, PASSWORD, "198.51.100.1") == "welcome"
    for password in (PASSWORD, None):
        assert give(open_server, password, client=secret("alice")) == "welcome"


def test_one_address_that_guesses_at_many_names_is_slowed_as_a_whole(open_server):
    for number in range(20):
        register(open_server, f"n{number}")
    assert sum(guess(open_server, 10, name=f"n{number}") for number in range(20)) == 64
    assert give(open_server, PASSWORD, name="n19") == ["too-often"]
    assert give(open_server, PASSWORD, "198.51.100.1", name="n19") == "welcome"


def test_tries_that_are_not_looked_at_cost_nothing(open_server):
    register(open_server, "bob")
    guess(open_server, 500)
    assert guess(open_server, 10, name="bob") == 10


def test_in_ipv6_a_network_is_one_address(open_server):
    register(open_server)
    assert sum(guess(open_server, 1, f"2001:db8::{number:x}") for number in range(1, 30)) == 10
    assert give(open_server, PASSWORD, "2001:db8::1:1") == ["too-often"]
    assert give(open_server, PASSWORD, "2001:db8:0:1::1") == "welcome"


def test_many_addresses_are_slowed_together_but_for_those_that_the_owner_has_logged_in_from(
    open_server,
):
    register(open_server)
    assert give(open_server, PASSWORD, "198.51.100.1") == "welcome"
    assert sum(guess(open_server, 11, f"192.0.2.{number}") for number in range(1, 31)) == 200
    assert give(open_server, PASSWORD, "203.0.113.1") == ["too-often"]
    assert give(open_server, PASSWORD, "198.51.100.1") == "welcome"
    open_server.run(11)
    assert give(open_server, PASSWORD, "203.0.113.1") == "welcome"


def test_right_passwords_are_not_counted(server):
    register(server)
    for _ in range(15):
        alice = server.connect()
        assert "welcome" in kinds(alice.ask("hello", name="alice", password=PASSWORD))
        alice.close()


def test_names_have_a_limit_a_minute():
    server = Server(rename_rate=3)
    alice = server.json("alice")
    for name in ("a1", "a2", "a3"):
        alice.ask("rename", name=name)
    refused = alice.ask("rename", name="a4")
    assert codes(refused) == ["too-often"]
    server.run(refused[0]["retry"])
    assert codes(alice.ask("rename", name="a4")) == []


def test_rooms_have_a_limit_for_each_and_in_all():
    server = Server(max_rooms_per_member=2, max_rooms=3)
    alice, bob = server.json("alice"), server.json("bob")
    assert codes(alice.ask("join", room="r1")) == []
    assert codes(alice.ask("join", room="r2")) == ["too-many"]
    assert codes(bob.ask("join", room="r1")) == []
    carol = server.json("carol")
    assert codes(carol.ask("join", room="r3")) == []
    dave = server.connect()
    assert codes(dave.ask("hello", name="dave", rooms={"lobby": None, "r4": None})) == ["too-many"]
    assert codes(dave.ask("hello", name="dave", rooms={"lobby": None, "r1": None})) == []
