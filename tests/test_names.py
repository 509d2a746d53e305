"""
What a person or a room may be called, and what becomes of a text on its way in.
"""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupchat import names
from groupchat.errors import BadName, NameReserved, TextEmpty, TextTooLong

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
PROPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,31}")


@pytest.mark.parametrize("name", ["a", "alice", "Alice-2", "7of9", "a_b.c-d", "x" * 32])
def test_a_proper_name_is_kept_as_it_is(name):
    assert names.person(name) == name


@pytest.mark.parametrize(
    "name", ["", "x" * 33, "-a", ".a", "_a", "a b", " a", "a\n", "a:", "*", "!", "[a", "zoë", "\u212a", "٣", "a\u202e"]
)
def test_what_is_no_name_is_refused(name):
    with pytest.raises(BadName):
        names.person(name)
    with pytest.raises(BadName):
        names.room(name)


@given(st.one_of(TEXTS, st.from_regex(PROPER, fullmatch=True)))
def test_a_name_is_proper_or_refused(name):
    try:
        assert PROPER.fullmatch(names.person(name))
    except BadName:
        assert not PROPER.fullmatch(name)
    except NameReserved:
        assert name.lower() in names.RESERVED


@pytest.mark.parametrize(
    "name",
    "server system admin administrator operator root everyone all here nobody me you groupchat Server ROOT".split(),
)
def test_nobody_may_bear_a_reserved_name_in_any_case(name):
    with pytest.raises(NameReserved):
        names.person(name)


def test_a_room_may_bear_a_name_that_is_reserved_for_people():
    assert names.room("all") == "all"


def test_a_room_is_written_in_lower_case():
    assert names.room("Lobby") == "lobby"


def test_names_that_differ_in_case_only_are_the_same():
    assert names.key("Alice") == names.key("aLICE")


@pytest.mark.parametrize(
    ("hidden", "shown"),
    [
        ("\x00", "\u2400"),
        ("\n", "\u240a"),
        ("\r", "\u240d"),
        ("\x1b", "\u241b"),
        ("\x1f", "\u241f"),
        ("\x7f", "\u2421"),
        *((chr(code), "\ufffd") for code in [0x80, 0x85, 0x9B, 0x9F, 0x2028, 0x2029]),
        *((chr(code), "\ufffd") for code in [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]),
    ],
)
def test_a_control_becomes_visible(hidden, shown):
    assert names.visible(f"a{hidden}b") == f"a{shown}b"


@pytest.mark.parametrize("text", ["a\tb", "zoë", "\u200d", "\u200f", "\xa0", "\xad", "👩‍👩‍👧", "\ufdd0", "\uffff", "\u3000"])
def test_everything_else_passes_as_it_is(text):
    assert names.visible(text) == text


@given(TEXTS)
def test_no_control_is_left_and_nothing_else_changes(text):
    seen = names.visible(text)
    assert not [letter for letter in seen if unicodedata.category(letter) == "Cc" and letter != "\t"]
    assert len(seen) == len(text)
    assert all(new in (old, "\ufffd") or 0x2400 <= ord(new) <= 0x2421 for old, new in zip(text, seen, strict=True))
    assert names.visible(seen) == seen


@pytest.mark.parametrize("text", ["", " ", "\t", " \u3000\xa0 "])
def test_a_text_of_white_space_only_is_empty(text):
    with pytest.raises(TextEmpty):
        names.said(text)


def test_emptiness_is_judged_after_controls_are_made_visible():
    assert names.said("\n") == "\u240a"


def test_a_text_keeps_the_white_space_around_it():
    assert names.said("  code  ") == "  code  "


@pytest.mark.parametrize("text", ["a" * 4096, "é" * 2048, "\x01" * 1365])
def test_a_text_may_have_4096_bytes(text):
    assert len(names.said(text).encode()) <= 4096


@pytest.mark.parametrize("text", ["a" * 4097, "é" * 2049, "\x01" * 1366])
def test_a_text_of_more_bytes_is_refused_as_it_would_be_said(text):
    with pytest.raises(TextTooLong):
        names.said(text)


def test_a_topic_may_be_empty():
    assert names.topic("") == ""


def test_a_topic_has_512_bytes_at_most_and_no_controls():
    assert names.topic("é" * 256) == "é" * 256
    assert names.topic("a\nb") == "a\u240ab"
    with pytest.raises(TextTooLong):
        names.topic("é" * 256 + "a")
