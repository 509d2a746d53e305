"""
The commands of operators, on both wires, and their refusal to others.
"""

from __future__ import annotations

import pytest

from groupchat.core.permissions import Account, AuditEntry
from tests.support import PlainClient, Server, codes, every_wire, secret

PASSWORD = "correct horse"


@pytest.fixture
def server():
    server = Server()
    server.accounts.register(Account("op", operator=True), PASSWORD, AuditEntry(0, "!root", "op"))
    return server


def operator(server, wire="json", address="198.51.100.1"):
    """An operator that has joined and has read everything."""
    op = server.connect(wire, address=address)
    if wire != "plain":
        op.do("hello", name="op", password=PASSWORD)
    else:
        op.type("op", PASSWORD)
    server.run()
    op.read()
    return op


def rule(op, word, **fields):
    """Do this as an operator. Returns whether it was done."""
    if isinstance(op, PlainClient):
        target = fields.get("name") or fields.get("address") or str(fields.get("max", ""))
        time = f"{fields['seconds']}s" if "seconds" in fields else ""
        op.type(" ".join(filter(None, [f"/{word}", target, time, fields.get("text")])))
        op.server.run()
        return not any(line.startswith("! ") for line in op.lines())
    op.do(word, ref="rule", **fields)
    op.server.run()
    answer = next(event for event in op.events() if event.get("ref") == "rule")
    return answer["type"] == "ok"


def deeds(server):
    found = []
    server.accounts.audit_entries(100).addCallback(found.extend)
    return found


EVERY_ACT = [
    ("kick", {"name": "bob"}),
    ("mute", {"name": "bob"}),
    ("unmute", {"name": "bob"}),
    ("op", {"name": "bob"}),
    ("deop", {"name": "bob"}),
    ("ban", {"name": "bob"}),
    ("unban", {"name": "bob"}),
    ("max", {"max": 3}),
    ("notice", {"text": "hi"}),
]


@pytest.mark.parametrize(("word", "fields"), EVERY_ACT)
def test_whoever_is_no_operator_may_not(server, word, fields):
    server.json("bob")
    alice = server.json("alice")
    assert codes(alice.ask(word, **fields)) == ["not-allowed"]


@every_wire
def test_who_is_kicked_learns_by_whom_and_why_and_may_come_back(server, wire):
    bob, carol = server.json("bob"), server.json("carol")
    bob.read(), carol.read()
    assert rule(operator(server, wire), "kick", name="BOB", text="calm down")
    assert bob.events()[-1] == {
        "type": "bye",
        "code": "kicked",
        "text": "op sent you out: calm down",
    }
    assert bob.gone
    assert carol.heard() == ["op joined.", "bob left."]
    assert server.json("bob").events() == []


@every_wire
def test_who_is_banned_learns_why_and_until_when_and_stays_out(server, wire):
    bob = server.json("bob")
    assert rule(operator(server, wire), "ban", name="bob", seconds=600, text="spam")
    bye = {
        "type": "bye",
        "code": "banned",
        "text": "You are banned until 2026-11-22 14:13 UTC: spam",
        "until": "2026-11-22T14:13:00.000Z",
    }
    assert bob.events()[-1] == bye
    assert server.connect().ask("hello", name="Bob") == [bye]
    person = server.connect("plain")
    person.type("bob")
    server.run()
    assert person.lines() == ["! You are banned until 2026-11-22 14:13 UTC: spam"]


def test_a_ban_holds_for_the_same_client_under_another_name(server):
    server.json("bob")
    rule(operator(server), "ban", name="bob")
    assert codes(server.connect().ask("hello", name="robert", client=secret("bob"))) == ["banned"]


def test_a_ban_ends_by_itself(server):
    rule(operator(server), "ban", name="bob", seconds=600)
    server.run(600)
    assert codes(server.connect().ask("hello", name="bob")) == []


@every_wire
def test_a_ban_can_be_lifted(server, wire):
    op = operator(server, wire)
    rule(op, "ban", name="bob")
    assert rule(op, "unban", name="BOB")
    assert codes(server.connect().ask("hello", name="bob")) == []
    assert not rule(op, "unban", name="bob")


@every_wire
def test_a_ban_on_a_network_is_heeded_at_the_door_and_ends_all_from_there(server, wire):
    near = server.json("near")
    far = server.connect(address="203.0.113.1")
    far.ask("hello", name="far")
    op = operator(server, wire)
    assert rule(op, "ban", address="192.0.2.0/24", text="noise")
    assert codes(near.events()) == ["banned"]
    assert codes(far.events()) == []
    refused = server.connect()
    assert codes(refused.ask("hello", name="anyone")) == ["banned"]
    silent = server.connect("plain")
    server.run(0.5)
    assert silent.lines() == ["! You are banned: noise"]
    assert rule(op, "unban", address="192.0.2.77/24")
    assert codes(server.connect().ask("hello", name="anyone")) == []


def test_an_operator_is_not_hit_by_the_ban_of_a_network(server):
    op = operator(server, address="192.0.2.9")
    assert rule(op, "ban", address="192.0.2.0/24")
    assert codes(op.ask("ping")) == []


def test_operators_can_not_keep_themselves_out_by_name(server):
    op = operator(server)
    assert codes(op.ask("ban", name="op")) == ["not-allowed"]


@pytest.mark.parametrize(
    "fields",
    [{"address": "nowhere"}, {"address": "192.0.2.0/33"}, {}, {"name": "a", "address": "::1"}],
)
def test_what_is_no_address_can_not_be_banned(server, fields):
    assert codes(operator(server).ask("ban", **fields)) == ["bad-field"]


@every_wire
def test_who_is_muted_reads_and_does_not_speak(server, wire):
    bob, carol = server.join(wire, "bob"), server.json("carol")
    op = operator(server, wire)
    assert rule(op, "mute", name="bob", seconds=60, text="enough")
    server.run()
    bob.read(), carol.read()
    (
        bob.say("hello"),
        bob.act("waves"),
        bob.tell("carol", "psst"),
        bob.topic("mine"),
        bob.rename("rob"),
    )
    carol.say("poor bob")
    server.run()
    assert bob.heard() == ["refused"] * 5 + ["carol: poor bob"]
    assert carol.heard() == ["carol: poor bob"]


def test_the_refusal_of_one_who_is_muted_says_until_when(server):
    bob = server.json("bob")
    rule(operator(server), "mute", name="bob", seconds=60, text="enough")
    (told,) = [event for event in bob.events() if event["type"] == "notice"]
    assert told == {
        "type": "notice",
        "from": "op",
        "text": "You are muted until 2026-11-22 14:04 UTC: enough",
    }
    (refused,) = bob.ask("say", room="lobby", text="hello", n=1)
    assert (refused["code"], refused["n"]) == ("muted", 1)
    assert refused["text"] == "You are muted until 2026-11-22 14:04 UTC: enough"
    server.run(60)
    assert codes(bob.ask("say", room="lobby", text="hello", n=1)) == []


def test_what_a_muted_one_had_stored_before_still_gets_its_ok(server):
    bob = server.json("bob")
    bob.ask("say", room="lobby", text="hello", n=1)
    rule(operator(server), "mute", name="bob")
    bob.read()
    assert bob.ask("say", room="lobby", text="hello", n=1) == [
        {"type": "ok", "n": 1, "room": "lobby", "id": 1}
    ]


def test_a_mute_outlasts_another_connection_and_another_name(server):
    bob = server.json("bob")
    rule(operator(server), "mute", name="bob")
    bob.close()
    bob = server.connect()
    bob.ask("hello", name="robert", client=secret("bob"))
    assert codes(bob.ask("say", room="lobby", text="hello")) == ["muted"]


@every_wire
def test_a_mute_can_be_lifted(server, wire):
    bob = server.json("bob")
    op = operator(server, wire)
    rule(op, "mute", name="bob")
    assert rule(op, "unmute", name="bob")
    assert codes(bob.ask("say", room="lobby", text="hello")) == []
    assert not rule(op, "unmute", name="bob")


@every_wire
def test_more_or_fewer_places_hold_at_once_and_drop_nobody(server, wire):
    alice, bob = server.json("alice"), server.json("bob")
    assert rule(operator(server, wire), "max", max=2)
    assert codes(alice.ask("ping") + bob.ask("ping")) == []
    refused = server.connect().ask("hello", name="carol")
    assert refused[0]["text"] == "The server is full (3 of 2). Try again later."


@every_wire
def test_a_registered_one_becomes_an_operator_at_once_and_is_told(server, wire):
    bob = server.json("bob")
    op = operator(server, wire)
    assert not rule(op, "op", name="bob")
    bob.ask("register", password="secret")
    bob.read()
    assert rule(op, "op", name="bob")
    assert bob.events() == [{"type": "notice", "from": "op", "text": "You are an operator now."}]
    assert rule(bob, "max", max=7)
    assert rule(bob, "deop", name="op")
    assert not rule(op, "max", max=8)


@every_wire
def test_a_notice_reaches_everyone_in_every_room(server, wire):
    alice, bob = server.connect(), server.join("plain", "bob")
    alice.ask("hello", name="alice", rooms={"dev": None})
    bob.read()
    if wire != "plain":
        assert rule(operator(server), "notice", text="back at\nnine")
    else:
        op = operator(server, "plain")
        op.type("/say back at\x07nine")
        server.run()
    server.run()
    (notice,) = [event for event in alice.events() if event["type"] == "notice"]
    shown = "back at␊nine" if wire != "plain" else "back at␇nine"
    assert notice == {"type": "notice", "from": "op", "text": shown}
    assert bob.lines()[-1] == f"-- Notice from op: {shown}"


@pytest.mark.parametrize(("word", "fields"), EVERY_ACT)
def test_every_act_is_in_the_audit_log(server, word, fields):
    bob = server.json("bob")
    bob.ask("register", password="secret")
    op = operator(server)
    if word in ("unmute", "unban"):
        rule(op, word[2:], **fields)
    before = len(deeds(server))
    assert rule(op, word, **fields)
    *others, newest = deeds(server)
    assert len(others) == before
    assert (newest.by, newest.verb, newest.at) == ("op", word, server.now())


@pytest.mark.parametrize("word", ["kick", "mute", "op", "unmute", "unban"])
def test_whom_nobody_knows_nothing_is_done_to(server, word):
    assert codes(operator(server).ask(word, name="nobody-here")) == ["no-such-name"]


def test_an_operator_sees_addresses(server):
    server.json("bob")
    (who,) = operator(server).ask("who", room="lobby")
    assert [one["address"] for one in who["members"]] == ["192.0.2.1", "198.51.100.1"]


def test_a_ban_that_would_outlast_the_calendar_has_no_end(server):
    rule(operator(server), "ban", name="bob", seconds=2**53 - 1)
    assert server.connect().ask("hello", name="bob") == [
        {"type": "bye", "code": "banned", "text": "You are banned."}
    ]


# Shut out nobody who could let others in, and say what was done.


@pytest.mark.parametrize("banned", ["192.0.2.9", "0.0.0.0/0", "192.0.2.0/24", "::ffff:192.0.2.9"])
@every_wire
def test_an_operator_gets_in_from_an_address_that_is_banned(server, wire, banned):
    op = operator(server, address="192.0.2.9")
    assert rule(op, "ban", address=banned)
    op.close()
    assert codes(server.connect(address="192.0.2.9").ask("hello", name="bob")) == ["banned"]
    again = operator(server, wire, "192.0.2.9")
    assert rule(again, "unban", address=banned)
    assert codes(server.connect(address="192.0.2.9").ask("hello", name="bob")) == []


def test_a_silent_one_from_a_banned_address_is_told_so_and_can_still_show_to_be_an_operator(server):
    rule(operator(server, address="192.0.2.9"), "ban", address="192.0.2.9", text="noise")
    person = server.connect("plain", "192.0.2.9")
    server.run(1)
    assert person.lines() == ["! You are banned: noise"] and not person.gone
    person.type("op", "wrong", PASSWORD)
    server.run()
    assert [line[:12] for line in person.lines()] == [
        "-- The name ",
        "! That is no",
        "-- Welcome t",
        "-- You are u",
    ]


def test_who_is_no_operator_does_not_get_in_from_a_banned_address_with_a_password_either(server):
    server.json("bob").ask("register", password="secret")
    rule(operator(server, address="192.0.2.9"), "ban", address="192.0.2.1")
    bob = server.connect()
    assert codes(bob.ask("hello", name="bob", password="secret")) == ["banned"] and bob.gone


@pytest.mark.parametrize(
    ("banned", "kept"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::FFFF:192.0.2.7", "192.0.2.7"),
        ("::ffff:c000:207", "192.0.2.7"),
        ("[2001:DB8:0::1]", "2001:db8::1"),
        ("192.0.2.77/24", "192.0.2.0/24"),
        ("::ffff:192.0.2.77/120", "192.0.2.0/24"),
        ("10.0.0.0/255.0.0.0", "10.0.0.0/8"),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_an_address_is_kept_in_one_form_and_the_answer_says_in_which(server, banned, kept):
    op = operator(server, "plain")
    op.type(f"/ban {banned}", "/bans", f"/unban {kept}")
    server.run()
    assert op.lines() == [
        f"-- {kept} is banned for ever.",
        "-- There is 1 ban.",
        f"-- {kept} for ever, by op",
        f"-- {kept} may log in again.",
    ]


def test_somebody_whose_name_is_an_address_is_banned_by_name(server):
    guest, other = server.plain("198.51.100.66"), server.json("bob")
    op = operator(server, "plain")
    op.type("/ban @198.51.100.66 1h", "/bans", "/unban @198.51.100.66")
    server.run()
    assert guest.gone and not other.gone
    assert op.lines() == [
        "-- @198.51.100.66 is banned until 2026-11-22 15:03 UTC.",
        "-- There is 1 ban.",
        "-- @198.51.100.66 until 2026-11-22 15:03 UTC, by op",
        "-- @198.51.100.66 may log in again.",
        "-- 198.51.100.66 left.",
    ]


def test_the_answer_to_a_ban_says_who_until_when_and_why(server):
    server.json("bob")
    op = operator(server, "plain")
    op.type("/ban Bob 1w spam and more", "/ban nobody-yet", "/mute op 2 h", "/mutes", "/max")
    server.run()
    assert op.lines() == [
        "-- bob is banned until 2026-11-29 14:03 UTC: spam and more",
        "-- bob left.",
        "-- nobody-yet is banned for ever. (Nobody here is called so.)",
        "-- op is muted until 2026-11-22 16:03 UTC.",
        "-- There is 1 mute.",
        "-- op until 2026-11-22 16:03 UTC, by op",
        "-- 1 of 100 places are taken.",
    ]


def test_a_ban_of_ones_own_address_says_so(server):
    (ok,) = operator(server, address="127.0.0.1").ask("ban", address="127.0.0.1")
    assert ok == {
        "type": "ok",
        "text": "127.0.0.1 is banned for ever. (You are there, too; operators still get in.)",
    }


def test_a_program_lists_bans_mutes_and_places(server):
    server.json("bob")
    op = operator(server)
    op.ask("ban", address="192.0.2.128/25", seconds=60, text="noise")
    op.ask("ban", name="carol")
    op.ask("mute", name="bob")
    network = {
        "by": "op",
        "address": "192.0.2.128/25",
        "until": "2026-11-22T14:04:00.000Z",
        "text": "noise",
    }
    carol = {"by": "op", "name": "carol"}
    assert op.ask("bans", ref="1") == [
        {"type": "bans", "bans": [network, carol], "count": 2, "ref": "1"}
    ]
    assert op.ask("bans", after="192.0.2.128/25") == [{"type": "bans", "bans": [carol], "count": 2}]
    assert op.ask("mutes") == [
        {"type": "mutes", "mutes": [{"by": "op", "name": "bob"}], "count": 1}
    ]
    assert op.ask("places") == [{"type": "places", "max": 100, "count": 2}]
    server.run(60)
    assert op.ask("bans")[-1] == {"type": "bans", "bans": [carol], "count": 1}


@pytest.mark.parametrize("word", ["bans", "mutes", "places"])
def test_whoever_is_no_operator_may_not_look_either(server, word):
    assert codes(server.json("alice").ask(word)) == ["not-allowed"]


@pytest.mark.parametrize("word", ["kick", "op", "deop", "unmute", "unban"])
def test_a_time_for_what_does_not_last_is_refused(server, word):
    server.json("bob")
    assert codes(operator(server).ask(word, name="bob", seconds=60)) == ["bad-field"]
