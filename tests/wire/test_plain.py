"""
The plain wire: what people type, what they read, and that no member's words can look like the
server's.
"""

from __future__ import annotations

import re
import time
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zope.interface.verify import verifyObject

from groupchat.wire import commands, errors, events, names, plain
from groupchat.wire.commands import HERE
from groupchat.wire.errors import BadField, BadUtf8, Refused, UnknownType
from groupchat.wire.interfaces import IWire
from groupchat.wire.plain import words

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
NAMES = st.from_regex(re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,31}"), fullmatch=True)
AT = "2026-11-22T14:03:59.000Z"


def said(text: str, **fields: Any) -> commands.Say:
    return commands.Say(room=HERE, text=text, **fields)


def shown(event: events.Event, me: str = "alice", past: bool = False) -> str:
    return plain.encode(event, me, past).decode()


@pytest.fixture
def here(monkeypatch):
    """A place three and a half hours ahead of UTC."""
    monkeypatch.setenv("TZ", "XXX-03:30")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_the_module_is_a_wire():
    verifyObject(IWire, plain)


# Lines from a client.


@given(st.binary(), st.booleans())
def test_any_bytes_are_a_command_or_refused(raw, inside):
    try:
        assert isinstance(plain.decode(raw, inside), commands.Command)
    except Refused as refused:
        assert refused.text.isprintable()
    assert set(plain.about(raw)) <= {"ref"}


@given(TEXTS, st.sampled_from(sorted(words.USAGE)))
def test_any_arguments_are_a_command_that_names_its_word_or_refused(rest, word):
    raw = f"{word} {rest}".encode()
    try:
        assert plain.decode(raw).ref == word
    except BadField as refused:
        assert refused.text == f"Type it like this: {words.USAGE[word]}" or word in (
            "/ban",
            "/unban",
            "/mute",
            "/kick",
        )
    except UnknownType:
        assert word == "/help"
    assert plain.about(raw) == {"ref": word}


@pytest.mark.parametrize(
    ("raw", "name"),
    [(b"alice", "alice"), (b" alice ", "alice"), (b"", ""), (b"/who", "/who"), (b"{", "{")],
)
def test_the_first_line_is_a_name(raw, name):
    assert plain.decode(raw, inside=False) == commands.Hello(name=name)


@pytest.mark.parametrize(
    "text", ["hello", "  hello  ", "", "a/b", "{}", "! no", "-- Bye.", "zoë 👋", "a\tb"]
)
def test_a_line_is_said_to_the_room_as_it_is(text):
    assert plain.decode(text.encode()) == said(text)


def test_two_slashes_say_a_line_that_begins_with_one():
    assert plain.decode(b"//who") == said("/who")
    assert plain.decode(b"///") == said("//")


@pytest.mark.parametrize(
    ("typed", "command"),
    [
        ("/help", commands.Help()),
        ("/who", commands.AskWho(room=HERE)),
        ("/msg bob  how are  you ", commands.Tell(to="bob", text="how are  you ")),
        ("/me waves  ", said("waves  ", act=True)),
        ("/me", said("", act=True)),
        ("/name al", commands.Rename(name="al")),
        ("/rooms", commands.AskRooms()),
        ("/join Dev", commands.MoveTo(room="Dev")),
        ("/topic", commands.SetTopic(room=HERE)),
        ("/topic tea  at four ", commands.SetTopic(room=HERE, text="tea  at four")),
        ("/history", commands.AskHistory(room=HERE, limit=100)),
        ("/history 7", commands.AskHistory(room=HERE, limit=7)),
        ("/quit", commands.Quit()),
        ("/kick bob", commands.Kick(name="bob")),
        ("/kick bob too loud", commands.Kick(name="bob", text="too loud")),
        ("/ban bob", commands.Ban(name="bob")),
        ("/unban bob", commands.Unban(name="bob")),
        ("/mute bob", commands.Mute(name="bob")),
        ("/unmute bob", commands.Unmute(name="bob")),
        ("/max 5000", commands.Max(max=5000)),
        ("/search tea four", commands.Search(room=HERE, text="tea four", limit=20)),
        (
            "/search from:@bob before:12 tea",
            commands.Search(room=HERE, text="tea", sender="bob", before=12, limit=20),
        ),
        ("/edit tea at  five", commands.Edit(room=HERE, text="tea at  five")),
        ("/remove", commands.Remove(room=HERE)),
        ("/private", commands.Private(room=HERE, private=True)),
        ("/open", commands.Private(room=HERE, private=False)),
        ("/open #dev", commands.Private(room="dev", private=False)),
        ("/invite @bob", commands.Invite(room=HERE, name="bob")),
        ("/uninvite bob", commands.Uninvite(room=HERE, name="bob")),
        ("/close dev", commands.Close(room="dev")),
        ("/join @bob", commands.MoveTo(room="@bob")),
    ],
)
def test_a_slash_begins_a_command(typed, command):
    word, _, rest = typed.partition(" ")
    command.ref = word
    assert plain.decode(typed.encode()) == command
    assert plain.decode(f"{word.upper()}\t{rest}".encode()) == command


@pytest.mark.parametrize(
    "typed",
    [
        "/msg",
        "/msg bob",
        "/msg bob ",
        "/name",
        "/name a b",
        "/join",
        "/join a b",
        "/who is it",
        "/history all",
        "/history 0",
        "/history 1001",
        "/history -1",
        "/kick",
        "/max 0",
        "/search",
        "/search from:bob",
        "/search before:12",
        "/search before:0 tea",
        "/edit",
        "/remove 7",
        "/private dev",
        "/invite",
        "/invite al bob",
        "/close",
        "/max 9007199254740992",
        "/max " + "9" * 16_000,
    ],
)
def test_a_command_with_arguments_that_make_no_sense_says_how_to_type_it(typed):
    with pytest.raises(BadField, match=r"^Type it like this: /"):
        plain.decode(typed.encode())


@pytest.mark.parametrize("typed", ["/", "/ who", "/whois", "/wh", "/_parsers"])
def test_a_command_that_does_not_exist_is_refused_with_a_way_out(typed):
    with pytest.raises(UnknownType, match=r"/help .* //"):
        plain.decode(typed.encode())


def test_what_is_not_utf8_is_refused():
    with pytest.raises(BadUtf8):
        plain.decode(b"caf\xe9")


@pytest.mark.parametrize(
    ("alias", "word"),
    [
        ("/j dev", "/join dev"),
        ("/JOIN #dev", "/join dev"),
        ("/nick al", "/name al"),
        ("/part", "/leave"),
        ("/leave #dev so long", "/leave"),
        ("/names", "/who"),
        ("/list", "/rooms"),
        ("/exit", "/quit"),
        ("/q", "/quit"),
        ("/quit bye all", "/quit"),
        ("/w bob psst", "/msg bob psst"),
        ("/tell @bob psst", "/msg bob psst"),
        ("/?", "/help"),
        (" /who", "/who"),
        ("\t /me waves", "/me waves"),
        ("/kick @bob", "/kick bob"),
        ("\ufeff/who", "/who"),
        ("/ban bob 1w", "/ban bob 7d"),
        ("/ban @bob 2 h noise", "/ban bob 120m noise"),
    ],
)
def test_what_is_typed_elsewhere_is_understood(alias, word):
    assert plain.decode(alias.encode()) == plain.decode(word.encode())


def test_leaving_a_room_is_going_back_to_the_lobby():
    assert plain.decode(b"/leave") == commands.MoveTo(room="lobby", ref="/leave")


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("/whoo", "/who"),
        ("/histroy", "/history"),
        ("/hlep", "/help"),
        ("/quti", "/quit"),
        ("/nik", "/nick"),
    ],
)
def test_the_command_that_is_nearest_to_a_slip_is_suggested(slip, meant):
    with pytest.raises(
        UnknownType, match=rf"^There is no such command\. Did you mean {meant}\? /help"
    ):
        plain.decode(slip.encode())


@pytest.mark.parametrize("far", ["/dance", "/notice", "/x", "/", "/" + "who" * 10_000])
def test_what_is_near_to_no_command_suggests_none(far):
    with pytest.raises(
        UnknownType, match=r"^There is no such command\. /help lists them; // says a line"
    ):
        plain.decode(far.encode())


def test_a_slash_behind_spaces_begins_a_command_and_two_say_one():
    assert plain.decode(b"  //who") == said("/who")
    assert plain.decode(b"  who") == said("  who")


@pytest.mark.parametrize("typed", ["/help msg", "/HELP /Msg", "/help whisper"])
def test_help_explains_one_command(typed):
    command = plain.decode(typed.encode())
    assert command == commands.Help(word="/msg", ref="/help")
    lines = shown(events.Help(word="/msg")).splitlines()
    assert lines[0] == "-- /msg NAME TEXT  says something to one person only"
    assert "/whisper" in lines[-1]


def test_help_for_what_is_no_command_is_refused():
    with pytest.raises(UnknownType, match="Did you mean /who"):
        plain.decode(b"/help whoo")


@pytest.mark.parametrize("word", ["/quit", " /QUIT ", "/exit", "\x04"])
def test_one_can_quit_where_a_name_is_asked_for(word):
    assert type(plain.decode(word.encode(), inside=False)) is commands.Quit


def test_help_where_a_name_is_asked_for_says_what_to_type():
    with pytest.raises(BadField, match=r"^Type the name"):
        plain.decode(b"/help", inside=False)


def test_a_ctrl_d_alone_in_a_line_quits_and_within_one_it_is_text():
    assert plain.decode(b"\x04") == commands.Quit()
    assert plain.decode(b"a\x04") == said("a\x04")


@pytest.mark.parametrize("inside", [True, False])
def test_a_byte_order_mark_at_the_beginning_of_a_line_is_dropped(inside):
    assert plain.decode("\ufeffzoë".encode(), inside) == plain.decode("zoë".encode(), inside)
    assert plain.decode("a\ufeff".encode()) == said("a\ufeff")


# Targets and durations.


@pytest.mark.parametrize(
    ("typed", "target"),
    [
        ("bob", {"name": "bob"}),
        ("@bob", {"name": "bob"}),
        ("7", {"name": "7"}),
        ("192.0.2.7", {"address": "192.0.2.7"}),
        ("@192.0.2.7", {"name": "192.0.2.7"}),
        ("::FFFF:192.0.2.7", {"address": "::FFFF:192.0.2.7"}),
        ("10.0.0.0/8", {"address": "10.0.0.0/8"}),
        ("@list", {"name": "list"}),
        ("list spam", {"name": "list", "text": "spam"}),
    ],
)
def test_a_ban_tells_names_and_addresses_apart(typed, target):
    assert plain.decode(f"/ban {typed}".encode()) == commands.Ban(**target, ref="/ban")


@pytest.mark.parametrize(
    "target",
    [
        "10.0.0",
        "10.",
        "192.0.2.*",
        "192.0.2.7:4000",
        "10.0.0.0/33",
        "fe80::xyz",
        "300.1.1.1",
        "0.0.0.0/x",
    ],
)
@pytest.mark.parametrize("word", ["/ban", "/unban"])
def test_what_looks_like_an_address_and_is_none_is_refused(word, target):
    with pytest.raises(
        BadField,
        match=r"is no address\. Write it whole, 10\.0\.0\.7, or as a network, 10\.0\.0\.0/24",
    ):
        plain.decode(f"{word} {target}".encode())


@pytest.mark.parametrize(
    "rest", ["90", "0s", "2 many", "5x", "-5m", "1.5h", "1h30", "1h 30", "9" * 40 + "s"]
)
@pytest.mark.parametrize("word", ["/ban", "/mute"])
def test_a_time_that_is_not_understood_is_no_reason_to_ban(word, rest):
    with pytest.raises(BadField, match=r"time"):
        plain.decode(f"{word} bob {rest}".encode())


def test_a_reason_that_begins_with_a_number_stands_behind_a_time():
    assert plain.decode(b"/mute bob forever 2 many") == commands.Mute(
        name="bob", text="2 many", ref="/mute"
    )


def test_a_kick_takes_no_time():
    with pytest.raises(BadField, match="/ban"):
        plain.decode(b"/kick bob 10m spam")
    assert plain.decode(b"/kick bob 3 strikes") == commands.Kick(
        name="bob", text="3 strikes", ref="/kick"
    )


@pytest.mark.parametrize(
    ("typed", "shows"), [("/ban list", "/bans"), ("/mute LIST", "/mutes"), ("/ban show", "/bans")]
)
def test_one_who_wants_to_see_the_bans_bans_nobody(typed, shows):
    with pytest.raises(BadField, match=rf"^{shows} lists them\. .*@"):
        plain.decode(typed.encode())


def test_tokens_are_made_listed_and_revoked():
    assert plain.decode(b"/token backup") == commands.MakeToken(name="backup", ref="/token")
    assert plain.decode(b"/token") == commands.AskTokens(ref="/token")
    assert plain.decode(b"/tokens") == commands.AskTokens(ref="/token")
    assert plain.decode(b"/revoke backup") == commands.Revoke(name="backup", ref="/revoke")
    with pytest.raises(BadField, match=r"/token \[NAME\]"):
        plain.decode(b"/token two words")
    with pytest.raises(BadField, match="/revoke NAME"):
        plain.decode(b"/revoke")
    assert shown(events.Token("backup", "gct_x")) == (
        "-- The token backup is gct_x\n"
        "-- It is shown only now. Scripts act as you with it; /revoke backup ends it.\n"
    )
    two = [events.TokenEntry("backup", AT), events.TokenEntry("ci", AT)]
    assert shown(events.Tokens(two)) == (
        "-- You have 2 tokens.\n-- backup, made 2026-11-22\n-- ci, made 2026-11-22\n"
    )


def test_bans_mutes_and_places_are_shown():
    assert plain.decode(b"/bans") == commands.AskBans(ref="/bans")
    assert plain.decode(b"/mutes") == commands.AskMutes(ref="/mutes")
    assert plain.decode(b"/max") == commands.AskPlaces(ref="/max")
    bans = [
        events.RestrictionEntry(by="op", address="192.0.2.0/24", text="noise"),
        events.RestrictionEntry(by="op", name="bob", until=AT),
        events.RestrictionEntry(by="op", name="192.0.2.7"),
    ]
    assert shown(events.Bans(bans, 4)) == (
        "-- There are 4 bans.\n-- 192.0.2.0/24 for ever, by op: noise\n"
        "-- bob until 2026-11-22 14:03 UTC, by op\n"
        "-- @192.0.2.7 for ever, by op\n-- And 1 more.\n"
    )
    assert shown(events.Mutes([], 0)) == "-- There are 0 mutes.\n"
    assert shown(events.Places(max=20, count=3)) == "-- 3 of 20 places are taken.\n"
    assert (
        shown(events.Ok(ref="/ban", text="bob is banned for ever."))
        == "-- bob is banned for ever.\n"
    )


# Lines from the server.


@pytest.mark.parametrize(
    ("event", "lines"),
    [
        (events.Message(room="lobby", id=1, at=AT, sender="bob", text="hello"), "bob: hello\n"),
        (
            events.Message(room="lobby", id=1, at=AT, sender="bob", text="waves", act=True),
            "* bob waves\n",
        ),
        (events.Tell(sender="bob", to="alice", text="psst", at=AT), "bob (to you): psst\n"),
        (events.CaughtUp(room="lobby"), "-- You are up to date.\n"),
        (events.Gap(room="lobby", after=0, before=38), "-- 37 messages are no longer kept.\n"),
        (events.Gap(room="lobby", after=4, before=6), "-- 1 message is no longer kept.\n"),
        (
            events.Topic(room="lobby", text="tea at four", sender="bob"),
            "-- bob set the topic: tea at four\n",
        ),
        (events.Topic(room="lobby", text="", sender="bob"), "-- bob cleared the topic.\n"),
        (
            events.Topic(room="lobby", text="tea", sender="bob", ref="/topic"),
            "-- The topic is: tea\n",
        ),
        (events.Topic(room="lobby", text="", sender="", ref="/topic"), "-- There is no topic.\n"),
        (events.Notice(text="tea!", sender="root"), "-- Notice from root: tea!\n"),
        (errors.QUIT, "-- Bye.\n"),
        (errors.STOPPING, "-- The server is stopping. Come back in 2 s.\n"),
        (errors.full(20, 20), "! The server is full (20 of 20). Try again later.\n"),
        (
            events.Error(code="no-such-name", text='Nobody here is called "bbo".', ref="/msg"),
            '! /msg: nobody here is called "bbo".\n',
        ),
        (
            events.Error(code="bad-name", text="A name has letters.", ref="not a command"),
            "! A name has letters.\n",
        ),
    ],
)
def test_each_event_is_a_line(event, lines):
    assert shown(event) == lines


@pytest.mark.parametrize(
    "event",
    [
        events.Ok(ref="/msg"),
        events.Pong(),
        events.Ping(heads={}),
        events.Catchup(room="lobby", through=1),
    ],
)
def test_what_a_person_need_not_be_told_is_not_said(event):
    assert shown(event) == ""


def test_history_carries_its_time_as_it_is_here(here):
    message = events.Message(room="lobby", id=1, at=AT, sender="bob", text="anyone there?")
    act = events.Message(room="lobby", id=2, at=AT, sender="bob", text="waves", act=True)
    assert shown(message, past=True) == "[2026-11-22 17:33] bob: anyone there?\n"
    assert shown(act, past=True) == "[2026-11-22 17:33] * bob waves\n"


def test_a_page_of_history_ends_with_its_end(here):
    message = events.Message(room="lobby", id=1, at=AT, sender="bob", text="hi")
    assert shown(events.History(room="lobby", messages=[message], more=False)) == (
        "[2026-11-22 17:33] bob: hi\n-- You are up to date.\n"
    )


def state(*members: str, count: int | None = None, topic: str = "") -> events.RoomState:
    return events.RoomState(
        room="lobby",
        epoch="k",
        first=1,
        head=0,
        said=0,
        topic=topic,
        members=list(members),
        count=count or len(members),
    )


def test_who_comes_in_is_welcomed():
    assert (
        shown(state("bob", "alice"))
        == "-- Welcome to lobby, alice. 2 here: alice, bob. /help lists the commands.\n"
    )


def test_who_comes_in_is_told_the_topic():
    assert (
        shown(state("alice", topic="tea at four")).splitlines()[1] == "-- The topic is: tea at four"
    )


def test_a_welcome_names_the_first_ten():
    many = shown(state(*(f"p{n:02}" for n in range(44))))
    assert many == (
        "-- Welcome to lobby, alice. 44 here: "
        "p00, p01, p02, p03, p04, p05, p06, p07, p08, p09, and 34 more. "
        "/help lists the commands.\n"
    )


def test_the_word_of_the_day_is_the_servers():
    welcome = events.Welcome(
        name="a", server="s", max=1, operator=False, limits={}, motd="Tea at four.\nBe kind."
    )
    assert shown(welcome) == "-- Tea at four.\n-- Be kind.\n"


@pytest.mark.parametrize(
    ("joined", "line"),
    [
        (["carol"], "-- carol joined."),
        (["carol", "dave"], "-- carol and dave joined."),
        (["carol", "dave", "eve"], "-- carol, dave and eve joined."),
        (["carol", "dave", *(f"p{n}" for n in range(12))], "-- carol, dave and 12 more joined."),
    ],
)
def test_several_who_come_at_once_are_one_line(joined, line):
    assert shown(events.Presence(room="lobby", count=20, joined=joined)) == f"{line}\n"


def test_presence_is_told_in_its_order():
    presence = events.Presence(
        room="lobby", count=3, left=["dave"], renamed={"bob": "rob"}, joined=["carol"]
    )
    assert shown(presence) == "-- dave left.\n-- bob is now rob.\n-- carol joined.\n"


def who(*members: events.Member, count: int) -> events.Who:
    return events.Who(room="lobby", members=list(members), count=count)


def test_who_is_here():
    alice, bob = events.Member("alice", AT), events.Member("bob", AT, address="192.0.2.7")
    assert shown(who(alice, count=1)) == "-- Here is 1: alice.\n"
    assert shown(who(alice, bob, count=2)) == "-- Here are 2: alice, bob (192.0.2.7).\n"
    assert shown(who(alice, count=9)) == "-- Here are 9: alice, and 8 more.\n"


def test_many_who_are_here_take_several_lines():
    lines = shown(who(*(events.Member(f"p{n:02}", AT) for n in range(45)), count=45)).splitlines()
    assert len(lines) == 3
    assert all(line.startswith("-- ") for line in lines)
    assert re.findall(r"p\d\d", " ".join(lines)) == [f"p{n:02}" for n in range(45)]


def test_a_search_with_too_many_words_says_so():
    assert plain.decode(b"/search " + b"x" * 256).text == "x" * 256
    with pytest.raises(BadField, match="at most 256 bytes"):
        plain.decode(b"/search " + "ü".encode() * 129)


def message(id: int, text: str, **fields: Any) -> events.Message:
    return events.Message("lobby", id, AT, "bob", text, **fields)


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (message(2, "tea at five", replaces=1), "-- bob corrected: tea at five"),
        (message(2, "pours tea", act=True, replaces=1), "-- bob corrected: * bob pours tea"),
        (message(3, "", redacts=1), "-- bob removed a message."),
        (message(1, "", redacted=True), "-- bob's message was removed."),
        (message(1, "", act=True, redacted=True), "-- bob's message was removed."),
        (message(2, "", replaces=1, redacted=True), "-- bob's message was removed."),
    ],
)
def test_corrections_and_removals_are_told_live_and_as_history(event, line, here):
    assert shown(event) == f"{line}\n"
    assert shown(event, past=True) == f"[2026-11-22 17:33] {line}\n"


def test_what_was_found_is_shown_as_history(here):
    found = events.Found("lobby", [message(4, "tea"), message(9, "no tea")], more=False)
    assert shown(found) == (
        "[2026-11-22 17:33] bob: tea\n[2026-11-22 17:33] bob: no tea\n-- 2 messages found.\n"
    )


@pytest.mark.parametrize(
    ("messages", "line"),
    [
        ([], "-- No messages found."),
        ([message(4, "tea")], "-- 1 message found."),
        ([message(4, "tea")] * 20, "-- 20 messages found."),
    ],
)
def test_a_search_that_did_not_look_at_everything_says_how_to_look_further(messages, line):
    assert shown(events.Found("lobby", messages, more=False)).endswith(f"{line}\n")
    further = " Look further back with before:1042 and the same words."
    found = events.Found("lobby", messages, more=True, before=1042)
    assert shown(found).endswith(f"{line}{further}\n")


def direct(**rooms: tuple[int, int]) -> events.Direct:
    return events.Direct({f"@{name}": events.DirectRoom(*room) for name, room in rooms.items()})


def test_direct_rooms_with_unread_messages_are_named():
    assert shown(direct(bob=(7, 3), carol=(2, 2), dave=(1, 0))) == (
        "-- Unread messages: @bob, @dave. /join @bob reads them.\n"
    )
    assert shown(direct(carol=(2, 2))) == shown(direct()) == ""
    many = shown(direct(**{f"p{n}": (1, 0) for n in range(12)}))
    assert many.endswith("@p9 and 2 more. /join @p0 reads them.\n")


def test_the_rooms():
    entries = [events.RoomEntry("dev", 1, "code"), events.RoomEntry("lobby", 2, "")]
    assert shown(events.Rooms(rooms=entries, count=3)) == (
        "-- There are 3 rooms.\n-- dev (1 here): code\n-- lobby (2 here)\n-- And 1 more.\n"
    )


@pytest.mark.parametrize("operator", [False, True])
def test_help_lists_the_commands_that_one_may_use(operator):
    lines = shown(events.Help(operator=operator))
    for word in words.COMMANDS:
        assert (f"-- {word.word} " in lines) == (operator or not word.operator)
    assert "-- //TEXT" in lines


# No member's words can look like the server's.

MESSAGES = st.builds(
    events.Message,
    room=st.just("lobby"),
    id=st.just(1),
    at=st.just(AT),
    sender=NAMES,
    text=TEXTS.map(names.visible),
    act=st.booleans(),
)


@given(MESSAGES, st.booleans())
def test_a_message_is_one_line_and_stands_behind_its_senders_name(message, past):
    said = (
        f"* {message.sender} {message.text}" if message.act else f"{message.sender}: {message.text}"
    )
    before, _, after = shown(message, past=past).partition(said)
    assert after == "\n"
    assert re.fullmatch(r"\[\d{4}-\d\d-\d\d \d\d:\d\d\] " if past else "", before)


@given(TEXTS, NAMES, st.booleans())
def test_whatever_an_event_holds_no_control_reaches_a_terminal(text, sender, past):
    told = [
        events.Topic(room="lobby", text=text, sender=sender),
        events.Tell(sender=sender, to="alice", text=text, at=AT),
        events.Error(code="bad-name", text=text, ref="/msg"),
        events.Bye(code="kicked", text=text),
        events.Welcome(name="a", server="s", max=1, operator=False, limits={}, motd=text),
        events.Rooms(rooms=[events.RoomEntry("dev", 1, text)], count=1),
        state(text, "alice", topic=text),
        events.Message("lobby", 2, AT, sender, text, replaces=1),
        events.Direct({f"@{text}": events.DirectRoom(head=1, mark=0)}),
    ]
    for event in told:
        for line in plain.lines(event, "alice", past):
            assert not [
                letter
                for letter in line
                if unicodedata.category(letter) in ("Cc", "Zl", "Zp") and letter != "\t"
            ]
            assert line.startswith(("-- ", "! ", "[", f"{sender} (to you): "))
