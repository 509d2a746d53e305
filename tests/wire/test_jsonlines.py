"""
The JSON wire: what it takes, what it refuses and how, and that nothing else ever comes of any
bytes.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from zope.interface.verify import verifyObject

from groupchat.wire import commands, events, jsonlines
from groupchat.wire.errors import BadField, BadJson, BadUtf8, Refused, UnknownType
from groupchat.wire.interfaces import IWire

LETTERS = st.characters(exclude_categories=["Cs"])
TEXTS = st.text(LETTERS)
SMALL = st.integers(1, 2**53 - 1)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXTS
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=10
)
FIELDS = sorted(
    {field for kind in get_args(commands.AnyCommand) for field in kind.__struct_fields__}
)
KINDS = [kind.__struct_config__.tag for kind in get_args(commands.AnyCommand)]


def say(**fields: Any) -> bytes:
    return line(type="say", room="lobby", text="hi", **fields)


def line(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def decoded(raw: bytes) -> commands.Command | str:
    """The command in a line, or the code with which it is refused."""
    try:
        return jsonlines.decode(raw)
    except Refused as refused:
        return refused.code


def test_the_module_is_a_wire():
    verifyObject(IWire, jsonlines)


# Any bytes.


@given(st.one_of(st.binary(), TEXTS.map(str.encode)))
def test_any_bytes_are_a_command_or_refused(raw):
    assert isinstance(decoded(raw), (commands.Command, str))
    assert isinstance(jsonlines.about(raw), dict)


@given(st.dictionaries(st.sampled_from(["type", *FIELDS]), JSON), st.sampled_from(KINDS))
def test_any_object_is_a_command_or_refused_for_a_reason_of_one_line(fields, kind):
    try:
        jsonlines.decode(line(**{"type": kind, **fields}))
    except (BadField, UnknownType) as refused:
        assert "\n" not in refused.text and len(refused.text) < 200


@given(st.data())
def test_a_line_cut_or_changed_anywhere_is_a_command_or_refused(data):
    whole = (
        b'{"type":"hello","name":"al\\u0069ce",'
        b'"rooms":{"lobby":{"epoch":"k3","after":12},"dev":null},"x":[1e3,"\\n"]}'
    )
    at = data.draw(st.integers(0, len(whole)))
    raw = whole[:at] + data.draw(st.binary(max_size=3)) + whole[at + data.draw(st.integers(0, 3)) :]
    decoded(raw)
    decoded(whole[:at])
    jsonlines.about(raw)


@given(
    st.lists(
        st.tuples(st.sampled_from(["type", "room", "text", "n", "act", "ref"]), JSON), max_size=8
    )
)
@example([("type", "say"), ("room", "a"), ("text", "b"), ("type", "quit")])
@example([("type", "quit"), ("n", 10**4000)])
def test_of_repeated_keys_the_last_counts(pairs):
    repeated = (
        "{" + ",".join(f"{json.dumps(key)}:{json.dumps(value)}" for key, value in pairs) + "}"
    )
    assert decoded(repeated.encode()) == decoded(line(**dict(pairs)))


# Refusals.


@pytest.mark.parametrize(
    "raw", [b'{"type":"quit","x":"\xff"}', b"\x80", b'{"type":"quit"}\xc3', b'"\xed\xa0\x80"']
)
def test_what_is_not_utf8_is_bad_utf8_even_in_a_field_that_is_ignored(raw):
    assert decoded(raw) == "bad-utf8"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" ",
        b"null",
        b"1",
        b'"a"',
        b"[]",
        b'[{"type":"quit"}]',
        b"{",
        b"{}x",
        b"{}{}",
        b"{} \x0b",
        b"{'type':1}",
        b'{"type":"quit",}',
        b'{"type":"say","room":1,',
        b'{"type":"say","room":1,"text":NaN}',
        b'{"type":"quit"} // bye',
        b'\x00{"type":"quit"}',
        b"\xef\xbb\xbf",
        '{"type":"quit"}'.encode("utf-16-le"),
    ],
)
def test_what_is_no_json_object_is_bad_json(raw):
    assert decoded(raw) == "bad-json"


def test_a_byte_order_mark_before_an_object_is_dropped():
    assert decoded(b'\xef\xbb\xbf{"type":"quit"}') == commands.Quit()


BAD_VALUES = [
    "NaN",
    "Infinity",
    "-Infinity",
    "01",
    "1.",
    ".5",
    "+1",
    "-",
    "tru",
    "'a'",
    '"\x01"',
    '"\t"',
    '"\\q"',
    '"\\u12"',
    "[1,,2]",
    "[1 2]",
    '"\\ud800"',
    '"\\udc00"',
    '"\\ud800\\u0041"',
    '"\\udc00\\ud800"',
    '"\\ud800\\ud800\\udc00"',
    '"\\ud800 and more"',
    '{"\\udfff":1}',
]


@pytest.mark.parametrize("value", BAD_VALUES)
@pytest.mark.parametrize("field", ["text", "n", "a field that is ignored"])
def test_a_value_that_is_no_i_json_is_bad_json_wherever_it_stands(field, value):
    raw = f'{{"type":"say","room":"lobby","text":"hi","{field}":{value}}}'.encode()
    assert decoded(raw) == "bad-json"


@given(st.text(st.characters()), st.sampled_from(["text", "ignored"]))
def test_no_lone_surrogate_comes_in(text, field):
    raw = b'{"type":"say","room":"lobby","text":"hi",' + json.dumps({field: text}).encode()[1:]
    try:
        text.encode()
    except UnicodeEncodeError:
        assert decoded(raw) == "bad-json"
    else:
        assert isinstance(decoded(raw), commands.Say)


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_a_line_may_be_nested_32_deep_and_no_deeper(opening, closing):
    def nested(depth: int) -> bytes:
        inner = depth - 1
        return f'{{"type":"quit","x":{opening * inner}1{closing * inner}}}'.encode()

    assert decoded(nested(32)) == commands.Quit()
    assert decoded(nested(33)) == "bad-json"
    assert decoded(nested(6000)) == "bad-json"


@pytest.mark.parametrize("opening", ["", '{"type":"say","text":"', '"'])
@pytest.mark.parametrize("rest", ['"\\', '\\"', '"a\\'])
def test_a_line_of_quotes_that_nothing_ends_costs_no_more_than_another(opening, rest):
    raw = (opening + "[" * 33 + rest * (32_000 // len(rest))).encode()
    start = time.thread_time()
    assert decoded(raw) == "bad-json"
    assert jsonlines.about(raw) == {}
    assert time.thread_time() - start < 0.5, "it took seconds"
    assert decoded(opening.encode() * 6000) == "bad-json"


@pytest.mark.parametrize("text", ["[" * 100, '"{' * 100, '\\"[' * 100, "\\" * 99 + "{" * 100])
def test_brackets_in_a_text_nest_nothing(text):
    assert jsonlines.decode(say(x=text)) == commands.Say(room="lobby", text="hi")


@pytest.mark.parametrize(
    "raw", [b"{}", b'{"type":null}', b'{"type":1}', b'{"type":["say"]}', b'{"Type":"say"}']
)
def test_a_line_without_a_type_is_bad_field(raw):
    assert decoded(raw) == "bad-field"


@pytest.mark.parametrize(
    "kind",
    ["", "Say", "message", "welcome", "help", "moveto", "command", "operate", "onperson", "say "],
)
def test_a_type_that_does_not_exist_is_unknown_type(kind):
    assert decoded(line(type=kind)) == "unknown-type"


@pytest.mark.parametrize("value", [0, -1, 2**53, 2**64, 10**4000, 1.0, 1e3, 1.5, True, "1", [], {}])
def test_a_count_is_an_integer_from_1_to_2_to_the_53rd_less_1(value):
    assert decoded(say(n=value)) == "bad-field"


def test_a_number_of_sixteen_thousand_digits_harms_nobody():
    huge = b'{"type":"say","room":"lobby","text":"hi","ref":"a","%s":' + b"9" * 16_000 + b"}"
    assert isinstance(decoded(huge.replace(b"%s", b"ignored")), commands.Say)
    assert decoded(huge.replace(b"%s", b"n")) == "bad-field"
    assert decoded(huge.replace(b"%s", b"room")) == "bad-field"
    assert jsonlines.about(huge.replace(b"%s", b"n")) == {"room": "lobby", "ref": "a"}


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "say", "room": "lobby"},
        {"type": "say", "room": "lobby", "text": None},
        {"type": "say", "room": 1, "text": "hi"},
        {"type": "say", "room": "lobby", "text": "hi", "act": 1},
        {"type": "say", "room": "lobby", "text": "hi", "ref": "x" * 65},
        {"type": "say", "room": "lobby", "text": "hi", "ref": 1},
        {"type": "hello"},
        {"type": "hello", "name": "alice", "client": "too short"},
        {"type": "hello", "name": "alice", "rooms": ["lobby"]},
        {"type": "hello", "name": "alice", "rooms": {"lobby": 1}},
        {"type": "hello", "name": "alice", "rooms": {"lobby": {"epoch": "k3f9"}}},
        {"type": "hello", "name": "alice", "rooms": {f"room{n}": None for n in range(33)}},
        {"type": "join", "room": "lobby", "epoch": "k3f9"},
        {"type": "join", "room": "lobby", "epoch": "x" * 65, "after": 1},
        {"type": "join", "room": "lobby", "after": -1},
        {"type": "history", "room": "lobby", "limit": 0},
        {"type": "history", "room": "lobby", "limit": 1001},
        {"type": "ban"},
        {"type": "max", "max": 0},
    ],
)
def test_a_field_that_is_missing_of_the_wrong_type_or_out_of_range_is_bad_field(fields):
    with pytest.raises(BadField, match=f"^{fields['type']}: "):
        jsonlines.decode(line(**fields))


def test_what_is_wrong_is_said_with_the_name_of_the_field():
    with pytest.raises(BadField, match=r"^say: n: .*int.*float"):
        jsonlines.decode(say(n=1.0))


# Lines that are accepted.


@pytest.mark.parametrize(
    ("fields", "command"),
    [
        ({"type": "hello", "name": "alice"}, commands.Hello(name="alice")),
        (
            {
                "type": "hello",
                "name": "a",
                "client": "c" * 16,
                "rooms": {"lobby": {"epoch": "k", "after": 0}, "dev": None},
            },
            commands.Hello(
                name="a", client="c" * 16, rooms={"lobby": commands.Position("k", 0), "dev": None}
            ),
        ),
        ({"type": "join", "room": "dev", "after": 7}, commands.Join(room="dev", after=7)),
        ({"type": "leave", "room": "dev"}, commands.Leave(room="dev")),
        ({"type": "tell", "to": "bob", "text": "psst"}, commands.Tell(to="bob", text="psst")),
        ({"type": "history", "room": "dev"}, commands.AskHistory(room="dev", limit=100)),
        ({"type": "who", "room": "dev", "after": "bob"}, commands.AskWho(room="dev", after="bob")),
        ({"type": "rooms"}, commands.AskRooms()),
        ({"type": "rename", "name": "al"}, commands.Rename(name="al")),
        ({"type": "topic", "room": "dev"}, commands.SetTopic(room="dev")),
        ({"type": "topic", "room": "dev", "text": ""}, commands.SetTopic(room="dev", text="")),
        ({"type": "ping", "ref": "1"}, commands.Ping(ref="1")),
        ({"type": "pong"}, commands.Pong()),
        (
            {"type": "kick", "name": "bob", "text": "enough"},
            commands.Kick(name="bob", text="enough"),
        ),
        (
            {"type": "ban", "address": "192.0.2.7", "seconds": 60},
            commands.Ban(address="192.0.2.7", seconds=60),
        ),
        ({"type": "max", "max": 30}, commands.Max(max=30)),
        ({"type": "notice", "text": "tea"}, commands.Announce(text="tea")),
        ({"type": "quit"}, commands.Quit()),
        (
            {"type": "say", "room": "dev", "text": "tea at five", "replaces": 7, "n": 3},
            commands.Correction(room="dev", text="tea at five", replaces=7, n=3),
        ),
        (
            {"type": "say", "room": "dev", "redacts": 7},
            commands.Correction(room="dev", redacts=7),
        ),
        (
            {
                "type": "search",
                "room": "dev",
                "text": "tea",
                "from": "bob",
                "before": 9,
                "limit": 2,
            },
            commands.Search(room="dev", text="tea", sender="bob", before=9, limit=2),
        ),
        ({"type": "mark", "room": "dev", "id": 7}, commands.Mark(room="dev", id=7)),
        (
            {"type": "private", "room": "dev", "private": True},
            commands.Private(room="dev", private=True),
        ),
        ({"type": "invite", "room": "dev", "name": "bob"}, commands.Invite(room="dev", name="bob")),
        (
            {"type": "uninvite", "room": "dev", "name": "bob"},
            commands.Uninvite(room="dev", name="bob"),
        ),
        ({"type": "close", "room": "dev"}, commands.Close(room="dev")),
    ],
)
def test_each_verb_is_read(fields, command):
    assert jsonlines.decode(line(**fields)) == command
    assert jsonlines.decode(line(**fields, unknown={"fields": ["are", "ignored"]})) == command


@pytest.mark.parametrize("kind", get_args(commands.AnyCommand))
def test_null_in_a_field_that_may_be_left_out_is_as_if_it_was(kind):
    needed = {"name": "bob", "room": "dev", "to": "bob", "text": "hi", "password": "p", "max": 3}
    needed |= {"id": 7, "private": True}
    fields = msgspec.structs.fields(kind)
    given = {field.name: needed[field.name] for field in fields if field.required}
    if kind in (commands.Ban, commands.Unban):
        given["name"] = "bob"
    nulls = {field.name: None for field in fields if field.name not in given}
    tag = kind.__struct_config__.tag
    assert jsonlines.decode(line(type=tag, **given, **nulls)) == jsonlines.decode(
        line(type=tag, **given)
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"text": "tea", "replaces": 0},
        {"text": "tea", "replaces": "7"},
        {"text": "tea", "replaces": 7.0},
        {"text": 5, "replaces": 7},
        {"replaces": 7},
        {"text": "tea", "redacts": 7},
        {"text": "tea", "replaces": 7, "redacts": 7},
        {"redacts": 7, "act": True},
        {"redacts": -1},
        {},
    ],
)
def test_a_correction_that_makes_no_sense_is_a_bad_field(fields):
    assert decoded(line(type="say", room="dev", **fields)) == "bad-field"


@pytest.mark.parametrize("null", [{"replaces": None}, {"redacts": None}])
def test_a_say_that_corrects_nothing_is_a_say(null):
    assert jsonlines.decode(say(**null)) == commands.Say(room="lobby", text="hi")


@pytest.mark.parametrize(
    "fields",
    [
        {"text": " "},
        {"text": "x" * 257},
        {"text": "tea", "limit": 0},
        {"text": "tea", "limit": 101},
    ],
)
def test_a_search_out_of_bounds_is_a_bad_field(fields):
    assert decoded(line(type="search", room="dev", **fields)) == "bad-field"


def test_white_space_around_and_escapes_within_change_nothing():
    assert jsonlines.decode(b' { "t\\u0079pe" : "qu\\u0069t" } \r') == commands.Quit()


def test_noncharacters_pass():
    assert jsonlines.decode(say(x="\uffff\ufdd0")) == commands.Say(room="lobby", text="hi")


REFS = st.none() | st.text(LETTERS, max_size=64)
SAYS = st.builds(
    commands.Say, room=TEXTS, text=TEXTS, act=st.booleans(), n=st.none() | SMALL, ref=REFS
)
PLACES = st.builds(commands.Position, epoch=st.none(), after=st.integers(0, 2**53 - 1)) | st.none()
HELLOS = st.builds(
    commands.Hello, name=TEXTS, rooms=st.none() | st.dictionaries(TEXTS, PLACES, max_size=32)
)


CORRECTIONS = st.builds(commands.Correction, room=TEXTS, text=TEXTS, replaces=SMALL, ref=REFS)
REDACTIONS = st.builds(commands.Correction, room=TEXTS, redacts=SMALL, n=st.none() | SMALL)


@given(SAYS | HELLOS | CORRECTIONS | REDACTIONS)
def test_what_a_client_encodes_the_server_decodes(command):
    raw = jsonlines.encode_command(command)
    assert raw.endswith(b"\n") and raw.count(b"\n") == 1
    assert jsonlines.decode(raw[:-1]) == command


# The names in an error.


def test_an_error_names_what_of_n_room_and_ref_was_given_properly():
    assert jsonlines.about(say(n=3, ref="r")) == {"n": 3, "room": "lobby", "ref": "r"}
    assert jsonlines.about(line(n=1.0, room=2, ref="x" * 65)) == {}
    assert jsonlines.about(b'{"ref":"a","ref":"b","n":null}') == {"ref": "b"}
    assert jsonlines.about(b"[]") == jsonlines.about(b"\xff") == jsonlines.about(b"{") == {}


# Lines from the server.

AT = "2026-11-22T14:03:00.000Z"


@pytest.mark.parametrize(
    ("event", "raw"),
    [
        (
            events.Welcome(
                name="alice",
                server="groupchat 1",
                max=20,
                operator=False,
                limits={"line": 32768, "text": 4096},
            ),
            b'{"type":"welcome","name":"alice","server":"groupchat 1","max":20,"operator":false,'
            b'"limits":{"line":32768,"text":4096}}',
        ),
        (
            events.RoomState(
                room="lobby",
                epoch="k",
                first=1,
                head=0,
                said=0,
                topic="",
                members=["alice"],
                count=1,
            ),
            b'{"type":"room","room":"lobby","epoch":"k","first":1,"head":0,"said":0,"topic":"","members":["alice"],"count":1}',
        ),
        (
            events.Gap(room="lobby", after=0, before=5),
            b'{"type":"gap","room":"lobby","after":0,"before":5}',
        ),
        (events.Catchup(room="lobby", through=0), b'{"type":"catchup","room":"lobby","through":0}'),
        (
            events.Message(room="lobby", id=1, at=AT, sender="bob", text="hi"),
            b'{"type":"message","room":"lobby","id":1,"at":"2026-11-22T14:03:00.000Z","from":"bob","text":"hi"}',
        ),
        (
            events.Message(room="lobby", id=1, at=AT, sender="bob", text="waves", act=True),
            b'{"type":"message","room":"lobby","id":1,"at":"2026-11-22T14:03:00.000Z","from":"bob","text":"waves","act":true}',
        ),
        (
            events.Message("lobby", 2, AT, "bob", "tea at five", replaces=1),
            b'{"type":"message","room":"lobby","id":2,"at":"2026-11-22T14:03:00.000Z","from":"bob",'
            b'"text":"tea at five","replaces":1}',
        ),
        (
            events.Message("lobby", 3, AT, "bob", "", redacts=1),
            b'{"type":"message","room":"lobby","id":3,"at":"2026-11-22T14:03:00.000Z","from":"bob",'
            b'"text":"","redacts":1}',
        ),
        (
            events.Message("lobby", 1, AT, "bob", "", redacted=True),
            b'{"type":"message","room":"lobby","id":1,"at":"2026-11-22T14:03:00.000Z","from":"bob",'
            b'"text":"","redacted":true}',
        ),
        (
            events.Found(room="lobby", messages=[], more=True, before=7, ref="r"),
            b'{"type":"found","room":"lobby","messages":[],"more":true,"before":7,"ref":"r"}',
        ),
        (events.Mark(room="lobby", id=7), b'{"type":"mark","room":"lobby","id":7}'),
        (
            events.Direct(rooms={"@bob": events.DirectRoom(head=3, mark=0)}),
            b'{"type":"direct","rooms":{"@bob":{"head":3,"mark":0}}}',
        ),
        (events.Ok(n=1, room="lobby", id=7), b'{"type":"ok","n":1,"room":"lobby","id":7}'),
        (events.Ok(ref="r"), b'{"type":"ok","ref":"r"}'),
        (
            events.Presence(room="lobby", count=2, left=["a"], renamed={"b": "c"}, joined=["d"]),
            b'{"type":"presence","room":"lobby","count":2,"left":["a"],"renamed":{"b":"c"},"joined":["d"]}',
        ),
        (events.Presence(room="lobby", count=2), b'{"type":"presence","room":"lobby","count":2}'),
        (
            events.Topic(room="lobby", text="", sender="bob"),
            b'{"type":"topic","room":"lobby","text":"","from":"bob"}',
        ),
        (events.Pong(), b'{"type":"pong"}'),
        (
            events.Error(code="out-of-order", text="t", n=9, room="lobby", want=4),
            b'{"type":"error","code":"out-of-order","text":"t","n":9,"room":"lobby","want":4}',
        ),
        (
            events.Bye(code="idle", text="t", retry=0),
            b'{"type":"bye","code":"idle","text":"t","retry":0}',
        ),
    ],
)
def test_each_event_is_a_line_with_its_type_first(event, raw):
    assert jsonlines.encode(event) == raw + b"\n"
    assert jsonlines.decode_event(raw) == event


@pytest.mark.parametrize("event", [events.CaughtUp(room="lobby"), events.Help()])
def test_what_is_only_for_people_is_not_said(event):
    assert jsonlines.encode(event) == b""


@given(
    st.builds(
        events.Message, room=TEXTS, id=SMALL, at=TEXTS, sender=TEXTS, text=TEXTS, act=st.booleans()
    )
)
def test_what_the_server_encodes_a_client_decodes(event):
    raw = jsonlines.encode(event)
    assert raw.count(b"\n") == 1
    assert jsonlines.decode_event(raw) == event


@given(st.one_of(st.binary(), JSON.map(lambda thing: json.dumps(thing).encode())))
def test_a_client_survives_whatever_a_server_says(raw):
    with suppress(BadJson):
        assert isinstance(jsonlines.decode_event(raw), (events.Event, type(None)))


def test_a_client_overlooks_what_a_newer_server_says():
    assert jsonlines.decode_event(b'{"type":"sparkle","at":1}') is None
    assert jsonlines.decode_event(b'{"type":"pong","sparkle":1}') == events.Pong()


def test_a_client_understands_the_room_of_a_server_without_marks():
    room = events.RoomState("lobby", "k", 1, 0, 0, "", ["alice"], 1)
    assert room.mark is None
    assert jsonlines.decode_event(jsonlines.encode(room)) == room
    marked = events.RoomState("lobby", "k", 1, 0, 0, "", ["alice"], 1, mark=0)
    assert b'"mark":0' in jsonlines.encode(marked)


def test_a_client_refuses_a_line_nested_without_end():
    with pytest.raises(BadJson):
        jsonlines.decode_event(b'{"type":"pong","x":' + b"[" * 100_000)


def test_bad_utf8_and_bad_json_count_as_bad_lines_of_their_own_kind():
    with pytest.raises(BadUtf8):
        jsonlines.decode(b"\xff")
    with pytest.raises(BadJson):
        jsonlines.decode(b"{")
