"""
The plain wire: what people type, what they read, and that nobody's words can look like the server's.
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

from groupchat import commands, errors, events, names
from groupchat.commands import HERE
from groupchat.errors import BadField, BadUtf8, Refused, UnknownType
from groupchat.interfaces import IWire
from groupchat.wire import plain

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


# What a client says.


@given(st.binary(), st.booleans())
def test_any_bytes_are_a_command_or_refused(raw, inside):
    try:
        assert isinstance(plain.decode(raw, inside), commands.Command)
    except Refused as refused:
        assert refused.text.isprintable()
    assert set(plain.about(raw)) <= {"ref"}


@given(TEXTS, st.sampled_from(sorted(plain._PARSERS)))
def test_any_arguments_are_a_command_that_names_its_word_or_refused(rest, word):
    raw = f"{word} {rest}".encode()
    try:
        assert plain.decode(raw).ref == word
    except BadField as refused:
        assert refused.text == f"Type it like this: {plain._USAGE[word]}"
    assert plain.about(raw) == {"ref": word}


@pytest.mark.parametrize(("raw", "name"), [(b"alice", "alice"), (b" alice ", "alice"), (b"", ""), (b"/who", "/who"), (b"{", "{")])
def test_the_first_line_is_a_name(raw, name):
    assert plain.decode(raw, inside=False) == commands.Hello(name=name)


@pytest.mark.parametrize("text", ["hello", "  hello  ", "", "a/b", "{}", "! no", "-- Bye.", "zoë 👋", "a\tb"])
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
    ],
)
def test_a_slash_begins_a_command(typed, command):
    word, _, rest = typed.partition(" ")
    command.ref = word
    assert plain.decode(typed.encode()) == command
    assert plain.decode(f"{word.upper()}\t{rest}".encode()) == command


@pytest.mark.parametrize(
    "typed",
    ["/msg", "/msg bob", "/msg bob ", "/name", "/name a b", "/join", "/join a b", "/who is it", "/quit now", "/history all",
     "/history 0", "/history 1001", "/history -1", "/kick", "/max", "/max 0", "/max 9007199254740992", "/max " + "9" * 16_000],
)  # fmt: skip
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
    ("raw", "text"),
    [
        (b"\xff\xfd\x03\xff\xfb\x18alice", "alice"),
        (b"al\xff\xfa\x18\x00xterm\xff\xf0ice", "alice"),
        (b"alice\xff\xf4\xff\xfd\x06", "alice"),
        (b"alice\xff", "alice"),
        (b"\xff\xffalice", "alice"),
        (b"\xffalice", "alice"),
        (b"alice\xff\xfa\x18\x00xterm", "alice"),
    ],
)
def test_telnets_negotiation_is_skipped(raw, text):
    assert plain.decode(raw) == said(text)
    assert plain.decode(raw, inside=False) == commands.Hello(name=text)


# What the server says.


@pytest.mark.parametrize(
    ("event", "lines"),
    [
        (events.Message(room="lobby", id=1, at=AT, sender="bob", text="hello"), "bob: hello\n"),
        (events.Message(room="lobby", id=1, at=AT, sender="bob", text="waves", act=True), "* bob waves\n"),
        (events.Tell(sender="bob", to="alice", text="psst", at=AT), "bob (to you): psst\n"),
        (events.CaughtUp(room="lobby"), "-- You are up to date.\n"),
        (events.Gap(room="lobby", after=0, before=38), "-- 37 messages are no longer kept.\n"),
        (events.Gap(room="lobby", after=4, before=6), "-- 1 message is no longer kept.\n"),
        (events.Topic(room="lobby", text="tea at four", sender="bob"), "-- bob set the topic: tea at four\n"),
        (events.Topic(room="lobby", text="", sender="bob"), "-- bob cleared the topic.\n"),
        (events.Topic(room="lobby", text="tea", sender="bob", ref="/topic"), "-- The topic is: tea\n"),
        (events.Topic(room="lobby", text="", sender="", ref="/topic"), "-- There is no topic.\n"),
        (events.Notice(text="tea!", sender="root"), "-- Notice from root: tea!\n"),
        (errors.QUIT, "-- Bye.\n"),
        (errors.STOPPING, "-- The server is stopping. Come back in 2 s.\n"),
        (errors.full(20, 20), "! The server is full (20 of 20). Try again later.\n"),
        (
            events.Error(code="no-such-name", text='Nobody here is called "bbo".', ref="/msg"),
            '! /msg: nobody here is called "bbo".\n',
        ),
        (events.Error(code="bad-name", text="A name has letters.", ref="not a command"), "! A name has letters.\n"),
    ],
)  # fmt: skip
def test_each_event_is_a_line(event, lines):
    assert shown(event) == lines


@pytest.mark.parametrize(
    "event", [events.Ok(ref="/msg"), events.Pong(), events.Ping(heads={}), events.Catchup(room="lobby", through=1)]
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
        room="lobby", epoch="k", first=1, head=0, said=0, topic=topic, members=list(members), count=count or len(members)
    )


def test_who_comes_in_is_welcomed():
    assert shown(state("bob", "alice")) == "-- Welcome to lobby, alice. 2 here: alice, bob. /help lists the commands.\n"


def test_who_comes_in_is_told_the_topic():
    assert shown(state("alice", topic="tea at four")).splitlines()[1] == "-- The topic is: tea at four"


def test_a_welcome_names_the_first_ten():
    many = shown(state(*(f"p{n:02}" for n in range(44))))
    assert many == (
        "-- Welcome to lobby, alice. 44 here: p00, p01, p02, p03, p04, p05, p06, p07, p08, p09, and 34 more. "
        "/help lists the commands.\n"
    )


def test_the_word_of_the_day_is_the_servers():
    welcome = events.Welcome(name="a", server="s", max=1, operator=False, limits={}, motd="Tea at four.\nBe kind.")
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
    presence = events.Presence(room="lobby", count=3, left=["dave"], renamed={"bob": "rob"}, joined=["carol"])
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


def test_the_rooms():
    entries = [events.RoomEntry("dev", 1, "code"), events.RoomEntry("lobby", 2, "")]
    assert shown(events.Rooms(rooms=entries, count=3)) == (
        "-- There are 3 rooms.\n-- dev (1 here): code\n-- lobby (2 here)\n-- And 1 more.\n"
    )


@pytest.mark.parametrize("operator", [False, True])
def test_help_lists_the_commands_that_one_may_use(operator):
    lines = shown(events.Help(operator=operator))
    for word in commands.WORDS:
        assert (f"-- {word.word} " in lines) == (operator or not word.operator)
    assert "-- //TEXT" in lines


# Nobody's words can look like the server's.

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
    said = f"* {message.sender} {message.text}" if message.act else f"{message.sender}: {message.text}"
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
    ]
    for event in told:
        for line in plain.lines(event, "alice", past):
            assert not [letter for letter in line if unicodedata.category(letter) in ("Cc", "Zl", "Zp") and letter != "\t"]
            assert line.startswith(("-- ", "! ", f"{sender} (to you): "))
