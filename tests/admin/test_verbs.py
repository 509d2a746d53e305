"""
groupchat-admin on a server in memory: what each verb shows and does.
"""

from __future__ import annotations

import pytest

from groupchat.admin.verbs import VERBS
from tests.admin.machine import Machine
from tests.support import codes


def audit(machine):
    """Returns the entries of the audit log, as (by, verb, target)."""
    found = []
    machine.server.accounts.audit_entries(99).addCallback(found.extend)
    return [(entry.by, entry.verb, entry.target) for entry in found]


def test_the_server_knows_exactly_the_verbs_of_the_table(machine):
    assert machine.verbs().keys() == {verb.name for verb in VERBS.values() if not verb.local}


# Looking.


def test_status_tells_how_full_the_server_is(machine):
    machine.server.json("alice")
    machine.server.run(9)
    shown = machine.json("status")
    assert (shown["members"], shown["max"], shown["rooms"]) == (1, 100, 1)
    assert (shown["connections"], shown["pending"]) == (1, 0)
    assert shown["uptime_seconds"] == pytest.approx(9, abs=1)
    assert ["members", "1"] in [line.split() for line in machine.run("status")]


def test_status_tells_why_messages_are_refused(machine, monkeypatch):
    assert machine.json("status")["trouble"] is None
    monkeypatch.setattr(type(machine.server.ledger), "trouble", "the disk is full")
    assert "trouble      the disk is full" in machine.run("status")


def test_status_works_while_the_server_is_full(capsys):
    machine = Machine(capsys, max=1)
    machine.server.json("alice")
    machine.server.json("bob")
    assert machine.json("status")["members"] == 1


def test_who_lists_each_member_once_with_its_rooms(machine):
    machine.server.json("bob", rooms={"lobby": {}, "dev": {}})
    machine.server.json("alice")
    alice, bob = machine.json("who")
    assert (alice["name"], alice["rooms"]) == ("alice", ["lobby"])
    assert (bob["name"], bob["rooms"], bob["devices"]) == ("bob", ["dev", "lobby"], 1)
    assert machine.run("who")[0].split() == [
        "name", "registered", "operator", "devices", "addresses", "rooms",
    ]  # fmt: skip


def test_an_empty_list_says_so(machine):
    assert machine.run("who") == ["(none)"]
    assert machine.json("who") == []


def test_rooms_lists_those_in_use_and_those_with_messages(machine):
    alice = machine.server.json("alice")
    alice.say("hello")
    machine.server.run()
    machine.server.json("bob", rooms={"dev": {}})
    alice.close()
    machine.server.run()
    assert [(row["room"], row["members"]) for row in machine.json("rooms")] == [
        ("dev", 1),
        ("lobby", 0),
    ]


def test_stats_counts_what_was_done(machine):
    alice = machine.server.json("alice")
    alice.say("hello")
    machine.server.run()
    shown = machine.json("stats")
    assert (shown["messages"], shown["logins"]) == (1, 1)
    assert shown["cpu_seconds"] > 0


# Acting.


def test_a_kick_ends_the_member_and_is_in_the_audit_log(machine):
    alice = machine.server.json("alice")
    assert machine.run("kick", "alice", "be", "nice") == ["alice is sent out."]
    (bye,) = alice.events()
    assert (bye["code"], bye["text"]) == ("kicked", "!admin sent you out: be nice")
    assert audit(machine) == [("!admin", "kick", "alice")]


def test_a_ban_keeps_a_member_out_until_it_is_lifted(machine):
    alice = machine.server.json("alice")
    assert machine.run("ban", "alice", "7d", "spam") == [
        "alice is banned until 2026-11-29 14:03 UTC: spam"
    ]
    assert codes(alice.events()) == ["banned"]
    (ban,) = machine.json("bans")
    assert (ban["kind"], ban["target"], ban["why"]) == ("ban", "alice", "spam")
    again = machine.server.connect("json")
    again.hello("alice")
    machine.server.run()
    assert codes(again.events()) == ["banned"]
    assert machine.run("unban", "alice") == ["alice may log in again."]
    assert machine.json("bans") == []


def test_an_address_can_be_banned(machine):
    machine.run("ban", "192.0.2.0/24")
    assert machine.json("bans")[0]["target"] == "192.0.2.0/24"


def test_a_muted_member_is_told_and_cannot_speak(machine):
    alice = machine.server.json("alice")
    machine.run("mute", "alice", "1h")
    assert alice.events()[0]["from"] == "!admin"
    alice.say("hello")
    machine.server.run()
    assert codes(alice.events()) == ["muted"]
    assert machine.run("unmute", "alice") == ["alice may speak again."]


def test_max_changes_the_number_of_places(machine):
    assert machine.run("max", "7") == ["7 people can be in now."]
    assert machine.server.hub.members.max == 7


@pytest.mark.parametrize("number", ["0", "-1", "x", "²", "99999999999999999999"])
def test_max_takes_a_number_only(machine, number):
    (line,) = machine.run("max", "--", number, status=1)
    assert "whole number" in line


def test_say_tells_everyone(machine):
    alice = machine.server.json("alice")
    machine.run("say", "going", "down", "soon")
    (notice,) = alice.events()
    assert (notice["text"], notice["from"]) == ("going down soon", "!admin")


def test_reload_answers_once_everything_is_read(machine):
    machine.run("reload")
    assert machine.reloads == 1


# Errors.


def test_an_error_is_one_line_and_status_1(machine):
    assert machine.run("kick", "nobody-here", status=1) == [
        'groupchat-admin: Nobody here is called "nobody-here".'
    ]


@pytest.mark.parametrize("words", [("fly",), ("kick",), (), ("status", "--fly")])
def test_what_cannot_be_used_is_refused_in_one_line_with_status_2(machine, words):
    (line,) = machine.run(*words, status=2)
    assert line.startswith("groupchat-admin: ")
    assert line.endswith(" --help")


def test_an_argument_that_can_be_left_out_is_not_asked_for(machine):
    (line,) = machine.run("ban", status=2)
    assert "are required: TARGET. See" in line


def test_words_of_members_reach_the_terminal_visible_only(machine):
    machine.run("ban", "mallory", "\x1b[31mred\x9b")
    line = machine.run("bans")[1]
    assert line.isprintable()
    assert "[31mred" in line
