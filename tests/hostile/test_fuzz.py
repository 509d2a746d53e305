"""
Any bytes, in any pieces: the wires and the door answer in lines of their wire, the same ones
however the bytes are cut, and never break.
"""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groupchat.core.room_access import RoomAccess
from groupchat.core.session import Session
from groupchat.wire import commands, events, jsonlines, names, plain
from groupchat.wire.errors import Refused
from tests.hostile import fuzz
from tests.hostile.case import VISIBLE, hello, without_telnet
from tests.hostile.grammar import RAW, Grammar
from tests.hostile.play import RawClient
from tests.support import Server

LETTERS = st.characters(exclude_categories=["Cs"])
TEXTS = st.text(LETTERS, max_size=200)
NAMES = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,31}\Z")
WIRES = {"json": jsonlines, "plain": plain}
ENTRIES = {"json": hello(client="a-secret-of-mallory-0"), "plain": b"mallory\n"}

WIRES_DRAWN = st.sampled_from(["json", "plain"])


@st.composite
def nearly_lines(draw: st.DrawFn, wire: str) -> bytes:
    """Lines as the fuzzer sends them, and pure noise among them."""
    grammar = Grammar(draw(st.integers(0, 2**32)))
    parts = [grammar.line(wire) for _ in range(draw(st.integers(0, 8)))]
    noise = draw(st.one_of(st.binary(max_size=30), TEXTS.map(str.encode), st.sampled_from(RAW)))
    parts.insert(draw(st.integers(0, len(parts))), noise)
    return b"".join(parts)


def told(data: bytes, wire: str, cuts: list[int] = (), inside: bool = True) -> list[bytes]:  # type: ignore[assignment]
    """Returns what mallory and a bystander get when these bytes arrive in these pieces."""
    server = Server()
    amy = server.plain("amy")
    mallory = RawClient(server)
    server.ledger.epoch = "epoch"
    if inside:
        mallory.send(ENTRIES[wire])
        server.run()
    for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        mallory.send(data[start:end])
        server.run()
    data = bytes(mallory.transport.taken)
    return [data if data.startswith(b"{") else without_telnet(data), amy.read()]


def check(out: bytes, wire: str) -> None:
    if not out.startswith(fuzz.ELSEWHERE):
        fuzz.read(out.split(b"\n")[:-1], wire == "json")
        assert out.endswith(b"\n") or not out


# The wires.


@given(wire=WIRES_DRAWN, data=st.data())
def test_any_bytes_are_a_command_or_refused_with_a_sentence(wire, data):
    raw = data.draw(nearly_lines(wire)).replace(b"\n", b"")
    for inside in (True, False):
        try:
            assert isinstance(WIRES[wire].decode(raw, inside), commands.Command)
        except Refused as refused:
            assert refused.text.isprintable() and len(refused.text) < 200
    about = WIRES[wire].about(raw)
    assert about.keys() <= {"n", "room", "ref"}


@given(wire=WIRES_DRAWN, sender=NAMES, text=TEXTS, act=st.booleans(), past=st.booleans())
def test_whatever_is_said_is_one_line_without_a_control(wire, sender, text, act, past):
    message = events.Message(
        "lobby", 1, "2026-11-22T14:03:00.000Z", sender, names.visible(text), act
    )
    line = WIRES[wire].encode(message, "amy", past)
    check(line, wire)
    assert line.count(b"\n") == 1
    shown = text.translate(VISIBLE)
    if wire == "json":
        assert msgspec.json.decode(line)["text"] == shown
    else:
        assert line.decode().endswith(f"{shown}\n") and f"{sender}" in line.decode()


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["type", "name", "text", "room", "n", "ref", "act"]),
            TEXTS | st.integers() | st.none(),
        ),
        max_size=6,
    )
)
def test_a_line_that_json_takes_is_judged_as_json_reads_it(pairs):
    raw = "{" + ",".join(f"{json.dumps(key)}:{json.dumps(value)}" for key, value in pairs) + "}"
    once = json.dumps(dict(pairs))
    assert _decoded(raw) == _decoded(once)


def _decoded(raw: str) -> object:
    try:
        return jsonlines.decode(raw.encode())
    except Refused as refused:
        return refused.code


# The door.


@settings(max_examples=150)
@given(wire=WIRES_DRAWN, data=st.data(), inside=st.booleans())
def test_any_bytes_in_any_pieces_are_answered_alike_and_in_lines(wire, data, inside):
    raw = data.draw(nearly_lines(wire))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=6)))
    whole, cut = told(raw, wire, [], inside), told(raw, wire, cuts, inside)
    for mine, others in (whole, cut):
        check(mine, "json" if mine.startswith(b"{") else "plain")
        check(others, "plain")
    assert list(map(answers, whole)) == list(map(answers, cut))


@settings(max_examples=50)
@given(wire=WIRES_DRAWN, data=st.data())
def test_one_byte_at_a_time_is_as_good_as_all_at_once(wire, data):
    raw = data.draw(nearly_lines(wire))[:300]
    whole, cut = told(raw, wire), told(raw, wire, list(range(1, len(raw))))
    assert list(map(answers, whole)) == list(map(answers, cut))


def answers(data: bytes) -> list[bytes]:
    """
    Returns the lines that do not depend on the pieces. Left out are those that tell the state at
    the moment of asking, presence (one line for one turn), and messages to a client that leaves in
    the same turn or does not.
    """
    return sorted(line for line in data.splitlines() if not line.startswith(_MOMENTARY))


_MOMENTARY = (
    b"[",
    b"-- ",
    *(
        b'{"type":"%s"' % kind
        for kind in (b"history", b"who", b"room", b"rooms", b"presence", b"message", b"topic")
    ),
)


# The fuzzer itself.


def test_a_few_thousand_lines_find_nothing():
    short = fuzz.Fuzz(1)
    short.run(5000)
    assert short.counts["lines"] >= 5000
    short.server.factory.doStop()


@pytest.mark.parametrize(
    "line",
    [
        b"-- ",
        b"mallory hi",
        b"ben: a\x1bb",
        b"\xff",
        b"",
        b"[2026] ben: hi",
        "* ben a\u202eb".encode(),
    ],
)
def test_a_line_that_is_none_is_found(line):
    with pytest.raises(fuzz.Found):
        fuzz.read([line], False)


@pytest.mark.parametrize(
    "line", [b"hi", b"{}", b'{"type":"dance"}', b'{"type":"ok","n":"1"}', b"-- ben left."]
)
def test_a_line_that_is_none_of_the_json_wire_is_found(line):
    with pytest.raises(fuzz.Found):
        fuzz.read([line], True)


def test_a_line_that_breaks_the_server_is_found(monkeypatch, expect_logged):
    expect_logged(ZeroDivisionError)
    broken = fuzz.Fuzz(1)
    monkeypatch.setattr(Session, "send", lambda self, event: 1 / 0)
    with pytest.raises(fuzz.Found, match="ZeroDivisionError"):
        broken.run(5000)


def test_a_turn_that_takes_long_is_found(monkeypatch):
    monkeypatch.setattr(fuzz, "TURN", 0.00001)
    with pytest.raises(fuzz.Found, match="turn of the reactor"):
        fuzz.Fuzz(1).run(5000)


def test_a_word_that_is_lost_is_found(monkeypatch):
    encode_all = plain.encode_all
    monkeypatch.setattr(
        plain, "encode_all", lambda told: encode_all(told).replace(b"ben: word 4\n", b"")
    )
    with pytest.raises(fuzz.Found, match="was not heard once: word 4"):
        fuzz.Fuzz(1).run(5000)


def test_a_private_room_that_is_open_is_found(monkeypatch):
    monkeypatch.setattr(RoomAccess, "admits", lambda self, account: True)
    with pytest.raises(fuzz.Found, match="not for her"):
        fuzz.Fuzz(2).run(5000)
