"""
Callers: what can be said and asked by single requests, without being in a room.
"""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred

from groupchat.core.permissions import BAN, MUTE, AuditEntry, Restriction
from groupchat.core.search import SearchQuery
from groupchat.gateways.calls import Calls
from groupchat.wire import errors
from tests.core.accounts import PASSWORD, joined, made, types
from tests.support import kinds

HOME = "192.0.2.1"
DEED = AuditEntry(0, "op", "test")


@pytest.fixture
def server():
    return made()


def outcome(server, call):
    """Returns what a call returns, or raises what it raises."""
    results = []
    Deferred.fromCoroutine(call).addBoth(results.append)
    server.run()
    (result,) = results
    if hasattr(result, "raiseException"):
        result.raiseException()
    return result


def calls(server):
    return Calls(server.hub, server.now)


def guest(server, name="cron", address=HOME):
    return server.hub.callers.guest(name, address)


def owner(server, name="alice", address=HOME):
    return outcome(server, server.hub.callers.owner(name, PASSWORD, address))


def say(server, caller, text="hi", room="lobby", **more):
    return outcome(server, calls(server).say(caller, room, text, **more))


def history(server, caller, room="lobby", before=None, after=None, limit=100):
    return outcome(server, calls(server).history(caller, room, before, after, limit))


def restrict(server, kind, target):
    server.accounts.save(Restriction(kind, target, "op"), DEED)


# Callers.


def test_anyone_may_read_and_only_under_a_name_is_something_said(server):
    assert server.hub.callers.anonymous(HOME).name == ""
    assert (guest(server).name, guest(server).account) == ("cron", "")
    alice = owner(server, "ALICE")
    assert (alice.name, bool(alice.account)) == ("alice", True)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("alice", errors.BadPassword),
        ("ALICE", errors.BadPassword),
        ("al1ce", errors.NameTaken),
        ("zoe", errors.NameTaken),
        ("root", errors.NameReserved),
        ("", errors.BadName),
        ("a b", errors.BadName),
        ("x" * 33, errors.BadName),
    ],
)
def test_a_guest_takes_nobody_elses_name(server, name, error):
    server.json("zoe")
    with pytest.raises(error):
        guest(server, name)


def test_where_only_members_are_let_in_others_neither_read_nor_speak():
    server = made(members_only=True)
    with pytest.raises(errors.BadPassword):
        server.hub.callers.anonymous(HOME)
    with pytest.raises(errors.Disconnect) as refused:
        guest(server)
    assert refused.value.bye.code == "members-only"
    assert say(server, owner(server)).id == 1


def test_a_wrong_password_is_refused_and_limited(server):
    for _ in range(10):
        with pytest.raises(errors.BadPassword):
            outcome(server, server.hub.callers.owner("alice", "wrong", HOME))
    with pytest.raises(errors.TooOften):
        owner(server)


def test_a_password_that_was_right_is_not_hashed_again_for_a_minute(server, monkeypatch):
    checked = []
    check = server.accounts.check
    monkeypatch.setattr(
        server.accounts, "check", lambda *given: (checked.append(given), check(*given))[1]
    )
    for _ in range(3):
        assert owner(server).name == owner(server, "ALICE").name == "alice"
    assert len(checked) == 1
    for password in ("wrong", PASSWORD[:-1], ""):
        with pytest.raises(errors.BadPassword):
            outcome(server, server.hub.callers.owner("alice", password, HOME))
    owner(server, "bob")
    owner(server)
    assert len(checked) == 4, "an empty one is none"
    server.run(61)
    owner(server)
    assert len(checked) == 5


def test_a_password_that_was_changed_is_wrong_at_once(server):
    owner(server)
    alice = server.accounts.permissions.owner("alice")
    server.accounts.register(alice, "another", DEED)
    with pytest.raises(errors.BadPassword):
        owner(server)
    server.accounts.register(alice, PASSWORD, DEED)
    assert owner(server).name == "alice"
    server.accounts.delete(alice, DEED)
    with pytest.raises(errors.BadPassword):
        owner(server)


def test_who_is_banned_does_not_call(server):
    cron, alice = guest(server), owner(server)
    restrict(server, BAN, "cron")
    restrict(server, BAN, "alice")
    for caller in (cron, alice):
        with pytest.raises(errors.Disconnect) as refused:
            server.hub.callers.check(caller)
        assert refused.value.bye.code == "banned"
    restrict(server, BAN, "192.0.2.0/24")
    for call in (lambda: server.hub.callers.anonymous(HOME), lambda: guest(server, "other")):
        with pytest.raises(errors.Disconnect):
            call()
    assert owner(server, "op").name == "op", "an operator calls from anywhere"


def test_a_token_that_is_revoked_calls_no_more(server):
    alice = joined(server, "alice")
    secret = alice.ask("token", name="ci")[0]["token"]
    caller = server.hub.callers.bearer(secret, HOME)
    server.hub.callers.check(caller)
    alice.ask("revoke", name="ci")
    with pytest.raises(errors.BadPassword):
        server.hub.callers.check(caller)


# Saying.


def test_what_is_said_is_stored_and_shown_like_any_message(server):
    zoe, bill = server.json("zoe"), server.plain("bill")
    zoe.read()
    said = say(server, guest(server), "build green")
    assert (said.room, said.id) == ("lobby", 1)
    (event,) = zoe.events()
    assert (event["id"], event["from"], event["text"]) == (1, "cron", "build green")
    assert bill.lines() == ["cron: build green"]
    say(server, owner(server), "waves", act=True)
    assert bill.lines() == ["* alice waves"]


def test_nobody_is_told_that_a_caller_is_here(server):
    zoe = server.json("zoe")
    say(server, guest(server))
    assert kinds(zoe.events()) == ["message"]
    assert [row["name"] for row in zoe.ask("who", room="lobby")[0]["members"]] == ["zoe"]


def test_a_room_without_members_takes_what_is_said_for_those_who_come(server):
    assert say(server, guest(server), room="Deploys").room == "deploys"
    zoe = server.connect()
    zoe.hello("zoe", rooms={"deploys": None})
    server.run()
    assert [event["text"] for event in types(zoe.events(), "message")] == ["hi"]


@pytest.mark.parametrize(
    ("text", "error"),
    [("", errors.TextEmpty), (" \t", errors.TextEmpty), ("x" * 4097, errors.TextTooLong)],
)
def test_some_texts_are_not_said(server, text, error):
    with pytest.raises(error):
        say(server, guest(server), text)


@pytest.mark.parametrize(
    ("room", "error"),
    [
        ("", errors.BadName),
        ("a/b", errors.BadName),
        ("a\0", errors.BadName),
        ("x" * 33, errors.BadName),
        ("@alice", errors.NoSuchName),
        ("@", errors.BadName),
    ],
)
def test_in_some_rooms_nothing_is_said(server, room, error):
    with pytest.raises(error):
        say(server, guest(server), room=room)


def test_controls_in_a_text_are_made_visible(server):
    say(server, guest(server), "a\x1b[31m\r\nb")
    assert history(server, guest(server)).messages[0].text == "a\u241b[31m\u240d\u240ab"


def test_the_muted_say_nothing(server):
    cron, alice = guest(server), owner(server)
    restrict(server, MUTE, "cron")
    restrict(server, MUTE, "alice")
    for caller in (cron, alice):
        with pytest.raises(errors.Muted):
            say(server, caller)
    assert history(server, cron).messages == []


def test_a_private_room_is_for_those_invited(server):
    alice = joined(server, "alice", rooms={"den": None})
    alice.ask("private", room="den", private=True)
    for caller in (guest(server), owner(server, "bob"), owner(server, "op")):
        for call in (
            calls(server).say(caller, "den", "hi"),
            calls(server).history(caller, "den", None, None, 9),
            calls(server).who(caller, "den", ""),
            calls(server).search(caller, "den", SearchQuery.parse("hi", None), None, 9),
        ):
            with pytest.raises(errors.NotAllowed, match="no such room, or it is not open"):
                outcome(server, call)
    assert say(server, owner(server), room="den").id == 1
    alice.ask("invite", room="den", name="bob")
    assert say(server, owner(server, "bob"), room="den").id == 2
    rooms = outcome(server, calls(server).rooms(guest(server), ""))
    assert [row.room for row in rooms.rooms] == []


def test_a_direct_room_is_for_the_two_who_know_it_by_each_others_name(server):
    bob = joined(server, "bob")
    assert say(server, owner(server), "psst", "@Bob").room == "@bob"
    (told,) = bob.events()
    assert (told["type"], told["from"], told["text"]) == ("tell", "alice", "psst")
    found = history(server, owner(server, "bob"), "@alice")
    assert (found.room, found.messages[0].room) == ("@alice", "@alice")
    with pytest.raises(errors.NoSuchName):
        history(server, guest(server), "@alice")
    with pytest.raises(errors.NotAllowed):
        outcome(server, calls(server).who(owner(server), "@bob", ""))


def test_there_are_at_most_so_many_rooms():
    server = made(max_rooms=1)
    server.json("zoe")
    with pytest.raises(errors.TooMany):
        say(server, guest(server), room="another")
    assert say(server, guest(server)).id == 1
    assert say(server, owner(server), room="@bob").id == 1


# Keys.


def test_the_same_words_under_the_same_key_are_stored_once(server):
    cron = guest(server)
    assert [say(server, cron, key="k").id for _ in range(3)] == [1, 1, 1]
    assert say(server, guest(server, "CRON", "198.51.100.7"), key="k").id == 1
    assert len(history(server, cron).messages) == 1


def test_under_another_key_or_none_the_same_words_are_stored_again(server):
    cron = guest(server)
    assert [say(server, cron, key=key).id for key in ("a", "b", None, None)] == [1, 2, 3, 4]


def test_the_keys_of_another_caller_or_room_are_others(server):
    assert say(server, guest(server), key="k").id == 1
    assert say(server, guest(server, "other"), key="k").id == 2
    assert say(server, owner(server), key="k").id == 3
    assert say(server, guest(server), room="den", key="k").id == 1


def test_other_words_under_the_same_key_are_a_conflict(server):
    cron = guest(server)
    say(server, cron, "one", key="k")
    for text, act in (("two", False), ("one", True)):
        with pytest.raises(errors.Conflict):
            say(server, cron, text, act=act, key="k")
    assert len(history(server, cron).messages) == 1


def test_what_is_stored_under_a_key_is_answered_though_its_caller_is_muted_now(server):
    cron = guest(server)
    say(server, cron, key="k")
    restrict(server, MUTE, "cron")
    assert say(server, cron, key="k").id == 1
    with pytest.raises(errors.Muted):
        say(server, cron, key="another")


def test_two_at_once_under_one_key_are_stored_once(server):
    cron, ids = guest(server), []
    for _ in range(5):
        call = calls(server).say(cron, "lobby", "hi", key="k")
        Deferred.fromCoroutine(call).addCallback(lambda said: ids.append(said.id))
    server.run()
    assert ids == [1] * 5
    assert len(history(server, cron).messages) == 1


# Questions.


def test_history_is_read_in_both_directions(server):
    cron = guest(server)
    for number in range(1, 6):
        say(server, cron, str(number))
    for wanted, found, more in [
        ({}, [1, 2, 3, 4, 5], False),
        ({"limit": 2}, [4, 5], True),
        ({"before": 3}, [1, 2], False),
        ({"after": 3}, [4, 5], False),
        ({"after": 1, "before": 5, "limit": 2}, [2, 3], True),
        ({"before": 2**53 - 1, "limit": 1}, [5], True),
    ]:
        page = history(server, server.hub.callers.anonymous(HOME), **wanted)
        assert ([message.id for message in page.messages], page.more) == (found, more)
    assert history(server, cron, "nowhere").messages == []


def test_a_search_finds_what_a_member_would_find(server):
    cron = guest(server)
    say(server, cron, "tea at four")
    say(server, owner(server), "no time for TEA")
    for query, found in [
        (SearchQuery.parse("tea", None), [1, 2]),
        (SearchQuery.parse("tea", "alice"), [2]),
        (SearchQuery.parse("coffee", None), []),
    ]:
        answer = outcome(server, calls(server).search(cron, "lobby", query, None, 50))
        assert ([message.id for message in answer.messages], answer.more) == (found, False)


def test_who_shows_addresses_to_operators_only(server):
    server.json("zoe")
    answers = [
        outcome(server, calls(server).who(caller, "lobby", ""))
        for caller in (guest(server), owner(server), owner(server, "op"))
    ]
    assert [answer.members[0].name for answer in answers] == ["zoe"] * 3
    assert [bool(answer.members[0].address) for answer in answers] == [False, False, True]
    assert outcome(server, calls(server).who(guest(server), "nowhere", "")).members == []
    assert outcome(server, calls(server).who(guest(server), "lobby", "zoe")).members == []


def test_rooms_are_listed_by_name(server):
    server.json("zoe", rooms={"den": None})
    say(server, guest(server), room="deploys")
    answer = outcome(server, calls(server).rooms(guest(server), ""))
    assert [(row.room, row.count) for row in answer.rooms] == [("den", 1), ("deploys", 0)]
    (row,) = outcome(server, calls(server).rooms(guest(server), "DEN")).rooms
    assert row.room == "deploys"


# Rates.


def test_requests_that_come_too_fast_are_refused_and_guests_of_one_address_share_a_rate():
    server = made(rate=2, burst=4)
    for number in range(4):
        say(server, guest(server, f"g{number}"))
    with pytest.raises(errors.TooOften) as refused:
        say(server, guest(server, "another"))
    assert refused.value.retry == 1
    assert say(server, guest(server, "cron", "198.51.100.7")).id == 5
    assert say(server, owner(server)).id == 6
    server.run(1)
    assert say(server, guest(server)).id == 7


def test_a_rate_that_is_changed_while_the_server_runs_holds(server):
    server.hub.settings.rate, server.hub.settings.burst = 1, 1
    say(server, guest(server))
    with pytest.raises(errors.TooOften):
        say(server, guest(server))
    server.hub.settings.rate = 0
    assert say(server, guest(server)).id == 2


def test_a_search_counts_as_several_requests():
    server = made(rate=2, burst=15)
    cron = guest(server)
    query = SearchQuery.parse("tea", None)
    outcome(server, calls(server).search(cron, "lobby", query, None, 9))
    with pytest.raises(errors.TooOften):
        outcome(server, calls(server).search(cron, "lobby", query, None, 9))
