"""
One registered name, several devices: to others they are one member.
"""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from groupchat.core.permissions import Account, AuditEntry
from tests.support import Server, apply_presence, codes, every_wire, kinds, secret

PASSWORD = "correct horse"


@pytest.fixture
def server():
    return made()


def made(**options):
    """Returns a server on which alice is registered."""
    server = Server(**options)
    for name in ("alice", "op"):
        account = Account(name, operator=name == "op")
        server.accounts.register(account, PASSWORD, AuditEntry(0, "!root", "password"))
    return server


def logged_in(server, device, name="alice", wire="json", **fields):
    """Returns a device that has logged in, has joined the lobby and has read nothing."""
    client = server.connect(wire)
    if wire != "plain":
        client.hello(name, client=secret(device), password=PASSWORD, **fields)
    else:
        client.type(name, PASSWORD)
    server.run()
    return client


def joined(server, device, name="alice", wire="json", **fields):
    """Returns a device that has logged in, has joined the lobby and has read everything."""
    client = logged_in(server, device, name, wire, **fields)
    assert not client.gone
    client.heard()
    return client


# Presence.


@every_wire
def test_a_second_device_replaces_nobody_and_tells_nobody(server, wire):
    phone, bob = joined(server, "phone", wire=wire), server.json("bob")
    phone.read()
    laptop = logged_in(server, "laptop")
    assert not phone.gone and not laptop.gone
    assert bob.heard() == [] == phone.heard()
    state = next(event for event in laptop.events() if event["type"] == "room")
    assert (state["members"], state["count"]) == (["alice", "bob"], 2)


@every_wire
def test_only_the_last_device_leaves_a_room(server, wire):
    phone, laptop, bob = joined(server, "phone"), joined(server, "laptop"), server.join(wire, "bob")
    phone.close()
    server.run()
    assert bob.heard() == []
    laptop.ask("leave", room="lobby")
    assert bob.heard() == ["alice left."]
    laptop.ask("join", room="lobby")
    assert bob.heard() == ["alice joined."]


def test_a_device_that_logs_in_in_the_same_turn_as_the_first_is_the_same_member(server):
    bob = server.json("bob")
    clients = [server.connect() for _ in range(2)]
    for number, client in enumerate(clients):
        client.hello("alice", client=secret(f"device-{number}"), password=PASSWORD)
    server.run()
    assert bob.heard() == ["alice joined."]
    for client in clients:
        state = next(event for event in client.events() if event["type"] == "room")
        assert (sorted(state["members"]), state["count"]) == (["alice", "bob"], 2)


def test_a_device_that_joins_while_presence_waits_is_told_a_consistent_room(monkeypatch):
    monkeypatch.setattr("groupchat.core.room.LARGE_ROOM", 1)
    server = made()
    bob = server.json("bob")
    server.run(1)
    bob.read()
    phone, laptop = logged_in(server, "phone"), logged_in(server, "laptop")
    server.run(1)
    assert bob.heard() == ["alice joined."]
    for client in (phone, laptop):
        told = client.events()
        state = next(event for event in told if event["type"] == "room")
        assert (state["members"], state["count"]) == (["bob", "alice"], 2)
        assert "presence" not in kinds(told)


def test_who_gives_one_entry_a_name_with_its_first_time_and_all_addresses():
    server = made(show_addresses="everyone")
    phone = server.connect(address="192.0.2.10")
    phone.hello("alice", client=secret("phone"), password=PASSWORD)
    server.run(60)
    laptop = server.connect(address="192.0.2.20")
    laptop.hello("alice", client=secret("laptop"), password=PASSWORD)
    server.run()
    phone.read(), laptop.read()
    (answer,) = phone.ask("who", room="lobby")
    assert answer["count"] == 1
    (row,) = answer["members"]
    assert row["name"] == "alice" and row["since"].startswith("2026-11-22T14:03:00")
    assert row["addresses"] == ["192.0.2.10", "192.0.2.20"]


def test_who_does_not_tell_addresses_to_those_who_may_not_see_them(server):
    joined(server, "phone"), joined(server, "laptop")
    (answer,) = server.json("bob").ask("who", room="lobby")
    assert [set(row) for row in answer["members"]] == [{"name", "since"}] * 2


def test_devices_count_as_one_member():
    server = made(max=2)
    phone = joined(server, "phone")
    joined(server, "laptop")
    (rooms,) = phone.ask("rooms")
    assert rooms["rooms"] == [{"room": "lobby", "count": 1, "topic": ""}]
    assert not server.json("bob").gone, "there is a second place"
    assert not joined(server, "tablet").gone, "and a device of a member needs none"
    assert codes(server.connect().ask("hello", name="carol")) == ["full"]


def test_a_full_server_has_a_place_again_once_the_last_device_is_gone():
    server = made(max=1)
    phone, laptop = joined(server, "phone"), joined(server, "laptop")
    phone.close()
    server.run()
    assert codes(server.connect().ask("hello", name="bob")) == ["full"]
    laptop.close()
    server.run()
    assert "welcome" in kinds(server.connect().ask("hello", name="bob"))


# Limits and owners.


@every_wire
def test_there_are_at_most_so_many_devices(wire):
    server = made(devices=2)
    phone = joined(server, "phone")
    joined(server, "laptop")
    third = logged_in(server, "third", wire=wire)
    assert third.gone
    if wire != "plain":
        (bye,) = third.events()
        assert (bye["code"], bye["retry"]) == ("too-many-connections", 30)
    else:
        assert third.lines()[-1] == (
            "! You are logged in from 2 devices, as many as can be. Log out on one first."
        )
    phone.close()
    server.run()
    assert "welcome" in kinds(logged_in(server, "third").events())


def test_the_same_client_takes_over_its_own_connection_and_no_other_device(server):
    server = made(devices=2)
    phone, laptop, bob = joined(server, "phone"), joined(server, "laptop"), server.json("bob")
    laptop.read()
    again = logged_in(server, "phone")
    assert codes(phone.events()) == ["replaced"] and phone.gone
    assert not laptop.gone and "welcome" in kinds(again.events())
    assert bob.heard() == [] == laptop.heard()


def test_a_client_that_takes_over_leaves_rooms_that_no_other_device_is_in(server):
    joined(server, "phone", rooms={"dev": None, "lobby": None})
    laptop = joined(server, "laptop", rooms={"lobby": None, "den": None})
    bob = server.json("bob", rooms={"lobby": None, "dev": None, "den": None})
    laptop.read()
    logged_in(server, "phone", rooms={"den": None})
    assert bob.events() == [{"type": "presence", "room": "dev", "count": 1, "left": ["alice"]}]
    assert laptop.heard() == []


def test_a_device_that_comes_back_as_a_guest_leaves_the_others(server):
    phone, laptop, bob = joined(server, "phone"), joined(server, "laptop"), server.json("bob")
    server.connect().hello("al", client=secret("phone"))
    server.run()
    assert codes(phone.events()) == ["replaced"] and not laptop.gone
    assert bob.heard() == ["al joined."]
    laptop.close()
    server.run()
    assert bob.heard() == ["alice left."]


def test_a_guest_that_comes_back_as_a_device_is_gone_as_a_guest(server):
    laptop, bob = joined(server, "laptop"), server.json("bob")
    guest = server.json("al", client=secret("phone"))
    bob.read(), laptop.read()
    logged_in(server, "phone")
    assert codes(guest.events()) == ["replaced"]
    assert bob.heard() == ["al left."] == laptop.heard()


def test_a_guest_s_name_belongs_to_one_client(server):
    bob = server.json("bob")
    assert codes(server.connect().ask("hello", name="bob", client=secret("other"))) == [
        "name-taken"
    ]
    assert not bob.gone


def test_a_name_that_is_registered_now_admits_other_devices(server):
    phone = server.json("bob")
    phone.ask("register", password="tea at four")
    laptop = server.connect()
    told = laptop.ask("hello", name="bob", client=secret("laptop"), password="tea at four")
    assert "welcome" in kinds(told) and not phone.gone


def test_a_member_that_registers_another_name_has_that_account_alone(server):
    phone = joined(server, "phone")
    phone.ask("rename", name="al")
    assert "ok" in kinds(phone.ask("register", password="tea at four"))
    assert server.hub.members.is_consistent()
    phone.close()
    server.run()
    assert server.hub.members.is_consistent()


def test_the_welcome_tells_the_name_as_its_other_devices_spell_it(server):
    joined(server, "phone")
    laptop = logged_in(server, "laptop", name="ALICE")
    assert laptop.events()[0]["name"] == "alice"


# Acts that concern all devices of a member.


@every_wire
def test_a_message_of_one_device_reaches_the_others_as_anybody_s(server, wire):
    phone, laptop = joined(server, "phone", wire=wire), joined(server, "laptop", wire=wire)
    phone.say("hello")
    server.run()
    assert laptop.heard() == ["alice: hello"]
    told = phone.heard()
    assert told == ([] if wire == "plain" else ["alice: hello"])


def test_each_client_counts_its_own_messages(server):
    phone, laptop = joined(server, "phone"), joined(server, "laptop")
    for device in (phone, laptop):
        device.say("one", n=1)
        device.say("two", n=2)
    server.run()
    for device in (phone, laptop):
        oks = [event for event in device.events() if event["type"] == "ok"]
        assert [ok["n"] for ok in oks] == [1, 2]
    again = logged_in(server, "laptop")
    assert next(event for event in again.events() if event["type"] == "room")["said"] == 2


@every_wire
def test_a_private_message_reaches_all_devices(server, wire):
    devices = [joined(server, name, wire=wire) for name in ("phone", "laptop")]
    bob = server.json("bob")
    for device in devices:
        device.heard()
    assert bob.ask("tell", to="alice", text="psst", ref="t")[0]["type"] == "ok"
    assert [device.heard() for device in devices] == [["bob (to you): psst"]] * 2


def test_a_private_message_reaches_the_devices_that_read(server):
    phone, laptop, bob = joined(server, "phone"), joined(server, "laptop"), server.json("bob")
    laptop.read()
    phone.stall()
    for _ in range(30):
        bob.say("x" * 4096)
    server.run()
    laptop.read(), bob.read()
    assert bob.ask("tell", to="alice", text="psst", ref="t")[-1]["type"] == "ok"
    assert laptop.heard()[-1] == "bob (to you): psst"


@every_wire
def test_a_kick_ends_all_devices(server, wire):
    devices = [joined(server, name, wire=wire) for name in ("phone", "laptop")]
    bob, op = server.json("bob"), joined(server, "op", name="op")
    bob.read()
    assert kinds(op.ask("kick", name="alice", ref="k"))[0] == "ok"
    assert all(device.gone for device in devices)
    assert bob.heard() == ["alice left."]


def test_a_ban_ends_all_devices_and_admits_no_new_one(server):
    devices = [joined(server, name) for name in ("phone", "laptop")]
    op = joined(server, "op", name="op")
    assert "ok" in kinds(op.ask("ban", name="alice", ref="b"))
    assert all(device.gone for device in devices)
    assert codes(logged_in(server, "tablet").events()) == ["banned"]


def test_no_device_of_a_banned_name_comes_back_as_a_guest(server):
    for name in ("phone", "laptop"):
        joined(server, name)
    op = joined(server, "op", name="op")
    op.ask("ban", name="alice")
    for name in ("phone", "laptop"):
        guest = server.connect()
        assert codes(guest.ask("hello", name="zoe", client=secret(name))) == ["banned"]
    op.ask("unban", name="alice")
    for name in ("phone", "laptop"):
        guest = server.connect()
        assert "welcome" in kinds(guest.ask("hello", name=f"a{name}", client=secret(name)))


def test_a_ban_on_one_name_of_a_client_keeps_its_other_registered_name(server):
    joined(server, "shared"), joined(server, "shared", name="op")
    op = joined(server, "elsewhere", name="op")
    op.ask("ban", name="alice")
    assert not joined(server, "shared", name="op").gone


@every_wire
def test_a_mute_and_its_end_concern_all_devices(server, wire):
    devices = [joined(server, name, wire=wire) for name in ("phone", "laptop")]
    op = joined(server, "op", name="op")
    for device in devices:
        device.read()
    op.ask("mute", name="alice")
    for device in devices:
        assert len(device.read().splitlines()) == 1, "a notice tells it"
        device.say("hello")
        server.run()
        assert device.heard() == ["refused"]
    op.ask("unmute", name="alice")
    for device in devices:
        device.read()
        device.say("hello")
        server.run()
        assert "refused" not in device.heard()


@every_wire
def test_a_rename_concerns_all_devices_and_is_told_once_to_each_room(server, wire):
    phone = joined(server, "phone", rooms={"lobby": None, "dev": None})
    laptop = joined(server, "laptop", rooms={"lobby": None, "den": None})
    bob = server.json("bob", rooms={"lobby": None, "dev": None, "den": None})
    tablet = joined(server, "tablet", wire=wire)
    phone.read(), laptop.read()
    tablet.rename("al")
    server.run()
    told = bob.events()
    assert [event["room"] for event in told] == ["lobby", "dev", "den"]
    assert all(event["renamed"] == {"alice": "al"} for event in told)
    assert phone.heard() == ["alice is now al."] * 2 == laptop.heard()
    laptop.say("it is me", room="den")
    server.run()
    assert bob.heard() == ["al: it is me"]
    assert codes(server.connect().ask("hello", name="al")) == ["name-taken"]
    assert server.hub.members.is_consistent()


def test_renames_of_all_devices_together_are_limited():
    server = made(rename_rate=3)
    devices = [joined(server, name) for name in ("phone", "laptop")]
    refused = []
    for number in range(4):
        told = devices[number % 2].ask("rename", name=f"al{number}", ref="r")
        refused += codes(told)
    assert refused == ["too-often"]


def test_a_device_that_has_left_before_a_rename_is_told_is_no_ghost(server):
    phone, laptop, bob = joined(server, "phone"), joined(server, "laptop"), server.json("bob")
    phone.rename("al")
    phone.quit()
    laptop.quit()
    server.run()
    assert bob.heard() == ["alice is now al.", "al left."]


def test_a_new_device_of_a_renamed_member_is_another_member(server):
    phone, bob = joined(server, "phone"), server.json("bob")
    phone.ask("rename", name="al")
    bob.read()
    assert "welcome" in kinds(logged_in(server, "laptop").events())
    assert bob.heard() == ["alice joined."]
    assert bob.ask("who", room="lobby")[0]["count"] == 3


def test_a_guest_with_a_registered_name_gives_way_to_its_owner(server):
    phone = joined(server, "phone")
    phone.ask("rename", name="al")
    squatter = server.connect()
    assert codes(squatter.ask("hello", name="alice")) == ["bad-password"]


# Any order of events.

DEVICES = ["phone", "laptop", "tablet"]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["login", "guest", "close", "quit", "join", "leave", "rename", "say", "run"]
        ),
        st.sampled_from(DEVICES),
        st.sampled_from(["lobby", "dev"]),
        st.integers(0, 3),
    ),
    max_size=25,
)


class Observer:
    """A member that keeps the list of a room by what it is told."""

    def __init__(self, server):
        self.client = server.connect()
        self.client.hello("observer", rooms={"lobby": None, "dev": None})
        self.members = {}
        server.run(1)
        self.read()

    def read(self):
        for event in self.client.events():
            if event["type"] == "room":
                self.members[event["room"]] = set(event["members"])
            elif event["type"] == "presence":
                apply_presence(self.members[event["room"]], event)
            elif event["type"] == "message":
                assert event["from"] in self.members[event["room"]]


def step(server, clients, connected, act, device, room, number):
    client = clients.get(device)
    if act in ("login", "guest"):
        clients[device] = client = server.connect()
        connected.append(client)
        name, fields = ("alice", {"password": PASSWORD}) if act == "login" else (f"g{number}", {})
        client.hello(name, client=secret(device), rooms={room: None}, **fields)
    elif act == "run":
        server.run(0.2)
    elif client is None or client.gone:
        pass
    elif act == "close":
        client.close()
    elif act == "rename":
        client.rename(f"al{number}")
    elif act == "say":
        client.say("hello", room=room)
    else:
        client.do(act, room=room)


@given(large=st.sampled_from([200, 1]), steps=STEPS)
@example(  # a guest's client logs in while another device of the same name joins its room
    large=200,
    steps=[
        ("login", "laptop", "lobby", 0),
        ("guest", "phone", "dev", 0),
        ("run", "phone", "dev", 0),
        ("login", "phone", "dev", 0),
        ("join", "laptop", "dev", 0),
    ],
)
def test_whatever_devices_do_presence_and_who_agree(large, steps):
    with pytest.MonkeyPatch.context() as patches:
        patches.setattr("groupchat.core.room.LARGE_ROOM", large)
        server = made(devices=2)
        observer, clients, connected = Observer(server), {}, []
        for one in steps:
            step(server, clients, connected, *one)
        server.run(1)
        observer.read()
        for room, members in observer.members.items():
            (who,) = observer.client.ask("who", room=room)
            assert {row["name"] for row in who["members"]} == members
            assert who["count"] == len(members)
        assert server.hub.members.is_consistent()
        for client in connected:
            client.close()
        server.run(1)
        observer.read()
        assert observer.members == {"lobby": {"observer"}, "dev": {"observer"}}
        assert server.hub.members.count == 1
