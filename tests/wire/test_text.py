"""
Text is text: in whatever field it arrives, no control character, bidi override or line separator
leaves the server raw, and a line stays one line.
"""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.logger import globalLogPublisher

from groupchat.cli.display import JsonDisplay, PlainDisplay
from groupchat.wire import errors, jsonlines, names
from groupchat.wire.names import ASCII, UNICODE
from tests.support import Server

BIDI = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
HOSTILE = "".join(
    map(
        chr,
        [
            *range(0x20),
            *range(0x7F, 0xA0),
            0x2028,
            0x2029,
            *range(0x202A, 0x202F),
            *range(0x2066, 0x206A),
        ],
    )
)
HIDING = "\u061c\u200e\u200f\ufeff\ufff9\ufffb\xad\U000e0041"
TEXTS = st.text(
    st.one_of(
        st.sampled_from(HOSTILE + HIDING + "aé-!:*[{ "), st.characters(exclude_categories=["Cs"])
    ),
    max_size=40,
)


def raw(data: bytes) -> list[str]:
    """Returns all that could act on a terminal, or end a line, in the lines of a server."""
    return [
        letter
        for letter in data.decode().replace("\n", "")
        if unicodedata.bidirectional(letter) in BIDI
        or (unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") and letter != "\t")
    ]


@pytest.mark.limit(120)
@given(TEXTS, st.sampled_from([ASCII, UNICODE]))
def test_nothing_raw_comes_out_of_any_wire_or_into_the_log(text, rule):
    logged = []
    globalLogPublisher.addObserver(logged.append)
    try:
        server = Server(
            names=rule,
            motd="\n".join(map(names.visible, text.splitlines())),
            server=names.visible(text),
        )
        plain, alice, stranger = server.plain("bob"), server.json("alice"), server.connect()
        data = [client.read() for client in (plain, alice)]
        typed = text.replace("\n", "").replace("\r", "")
        words = ["/me", "/topic", "/msg alice", "/join", "/name", "/kick"]
        plain.type(typed, *(f"{word} {typed}" for word in words), f"/msg {typed} hi")
        stranger.hello(text)
        stranger.hello("carol", rooms={text: None}, ref=text[:64])
        for type, fields in [
            ("say", {"room": "lobby", "text": text}),
            ("say", {"room": text, "text": text, "n": 1}),
            ("topic", {"room": text}),
            ("tell", {"to": text, "text": text}),
            ("tell", {"to": "bob", "text": text}),
            ("topic", {"room": "lobby", "text": text}),
            ("join", {"room": text}),
            ("leave", {"room": text}),
            ("rename", {"name": text}),
            (text, {}),
            ("ping", {}),
            ("rooms", {"after": text}),
            ("who", {"room": "lobby", "after": text}),
            ("kick", {"name": text}),
            ("history", {"room": "lobby"}),
            ("history", {"room": text, f"?{text}": text}),
        ]:
            alice.do(type, **fields, ref=text[:64])
        server.run()
        plain.type("/who", "/rooms", "/history", "/topic", "/quit")
        server.run()
        data += [client.read() for client in (plain, alice, stranger)]
    finally:
        globalLogPublisher.removeObserver(logged.append)
    assert [raw(lines) for lines in data] == [[]] * 5
    assert all(str(event.get("name", "")).isprintable() for event in logged)


@given(TEXTS)
def test_what_a_client_gave_comes_back_as_it_was(text):
    line = jsonlines.safe(json.dumps({"ref": text}, ensure_ascii=False).encode())
    assert json.loads(line) == {"ref": text}
    assert not raw(line)


@given(st.binary(max_size=80))
def test_whatever_a_server_says_a_program_gets_no_raw_control(data):
    out: list[bytes] = []
    display = JsonDisplay(out.append, out.append)
    for line in data.split(b"\n"):
        display.show(None, line, "alice")
        display.show_elsewhere(None, line)
    assert not raw(b"".join(out))


@given(TEXTS)
def test_whatever_the_client_says_itself_no_control_reaches_the_terminal(text):
    out: list[bytes] = []
    display = PlainDisplay(out.append)
    display.tell(text)
    display.complain(text)
    assert not raw(b"".join(out))
    assert len(b"".join(out).decode().split("\n")) == 3


@given(TEXTS)
def test_no_refusal_of_a_name_holds_what_hides_or_turns(text):
    for judge in (ASCII.person, ASCII.room, UNICODE.person, UNICODE.room):
        try:
            judge(text)
        except errors.Refused as refused:
            assert refused.text.isprintable()


def test_a_name_of_ten_thousand_marks_takes_no_time():
    marks = "a" + "\u0301\u0316" * 8000
    assert names.key(marks) == marks
    with pytest.raises(errors.BadName):
        UNICODE.person(marks)
