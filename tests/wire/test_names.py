"""
Names of people and rooms, and texts on their way in.
"""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from precis_i18n import get_profile

from groupchat.wire import names
from groupchat.wire.errors import BadName, NameReserved, TextEmpty, TextTooLong

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
PROPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,31}")


@pytest.mark.parametrize("name", ["a", "alice", "Alice-2", "7of9", "a_b.c-d", "x" * 32])
def test_a_proper_name_is_kept_as_it_is(name):
    assert names.ASCII.person(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "x" * 33,
        "-a",
        ".a",
        "_a",
        "a b",
        " a",
        "a\n",
        "a:",
        "*",
        "!",
        "[a",
        "zoë",
        "\u212a",
        "٣",
        "a\u202e",
    ],
)
def test_what_is_no_name_is_refused(name):
    with pytest.raises(BadName):
        names.ASCII.person(name)
    with pytest.raises(BadName):
        names.ASCII.room(name)


@given(st.one_of(TEXTS, st.from_regex(PROPER, fullmatch=True)))
def test_a_name_is_proper_or_refused(name):
    try:
        assert PROPER.fullmatch(names.ASCII.person(name))
    except BadName:
        assert not PROPER.fullmatch(name)
    except NameReserved:
        assert name.lower() in names.RESERVED


@pytest.mark.parametrize(
    "name",
    "server system admin administrator operator root everyone all here nobody me you groupchat"
    " Server ROOT".split(),
)
def test_nobody_may_bear_a_reserved_name_in_any_case(name):
    with pytest.raises(NameReserved):
        names.ASCII.person(name)


def test_a_room_may_bear_a_name_that_is_reserved_for_people():
    assert names.ASCII.room("all") == "all"


def test_a_room_is_written_in_lower_case():
    assert names.ASCII.room("Lobby") == "lobby"


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


@pytest.mark.parametrize(
    "text",
    ["a\tb", "zoë", "\u200d", "\u200f", "\xa0", "\xad", "👩‍👩‍👧", "\ufdd0", "\uffff", "\u3000"],
)
def test_everything_else_passes_as_it_is(text):
    assert names.visible(text) == text


@given(TEXTS)
def test_no_control_is_left_and_nothing_else_changes(text):
    seen = names.visible(text)
    assert not [
        letter for letter in seen if unicodedata.category(letter) == "Cc" and letter != "\t"
    ]
    assert len(seen) == len(text)
    assert all(
        new in (old, "\ufffd") or 0x2400 <= ord(new) <= 0x2421
        for old, new in zip(text, seen, strict=True)
    )
    assert names.visible(seen) == seen


@pytest.mark.parametrize("text", ["", " ", "\t", " \u3000\xa0 "])
def test_a_text_of_white_space_only_is_empty(text):
    with pytest.raises(TextEmpty):
        names.message_text(text)


def test_emptiness_is_judged_after_controls_are_made_visible():
    assert names.message_text("\n") == "\u240a"


def test_a_text_keeps_the_white_space_around_it():
    assert names.message_text("  code  ") == "  code  "


@pytest.mark.parametrize("text", ["a" * 4096, "é" * 2048, "\x01" * 1365])
def test_a_text_may_have_4096_bytes(text):
    assert len(names.message_text(text).encode()) <= 4096


@pytest.mark.parametrize("text", ["a" * 4097, "é" * 2049, "\x01" * 1366])
def test_a_text_of_more_bytes_is_refused_as_it_would_be_said(text):
    with pytest.raises(TextTooLong):
        names.message_text(text)


def test_a_topic_may_be_empty():
    assert names.topic_text("") == ""


def test_a_topic_has_512_bytes_at_most_and_no_controls():
    assert names.topic_text("é" * 256) == "é" * 256
    assert names.topic_text("a\nb") == "a\u240ab"
    with pytest.raises(TextTooLong):
        names.topic_text("é" * 256 + "a")


# Names in all scripts.


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("alice", "alice"),
        ("Zoë", "Zoë"),
        ("Zoe\u0308", "Zoë"),
        ("Иван", "Иван"),
        ("Straße", "Straße"),
        ("Ｂｏｂ", "Bob"),
        ("김민수", "김민수"),
        ("さくら", "さくら"),
        ("クﾗラ", "クララ"),
        ("王小明", "王小明"),
        ("علی", "علی"),
        ("אבג-1", "אבג-1"),
        ("जोशी", "जोशी"),
        ("สมชาย", "สมชาย"),
        ("٣", None),
        ("7of9é", "7of9é"),
        ("é" * 32, "é" * 32),
        ("ا٣", "ا٣"),
        ("𠮷" * 32, "𠮷" * 32),
        ("e\u0301" * 32, "é" * 32),
        ("ǅ", None),
        ("Tiếng", "Tiếng"),
    ],
)
def test_a_name_of_any_script_is_shown_in_one_form(given, shown):
    if shown is None:
        with pytest.raises(BadName):
            names.UNICODE.person(given)
    else:
        assert names.UNICODE.person(given) == shown
        assert names.UNICODE.person(shown) == shown


@pytest.mark.parametrize(
    "name",
    [
        "",
        "é" * 33,
        "𠮷" * 33,
        "क" * 32 + "ि",
        "ẗ" * 31 + "t\u0331\u0331",
        "-é",
        "é b",
        "é\n",
        "é\x00",
        "é:",
        "é*",
        "*é",
        "[é",
        "!é",
        "é\u3000",
        "é\u202e",
        "é\u2066",
        "é\u200b",
        "é\u200d",
        "é\ufeff",
        "é\xad",
        "é\u034f",
        "é\ufe0f",
        "é\u3164",
        "é\ufff9",
        "é\U000e0041",
        "é\u061c",
        "é\u200e",
        "é\u2028",
        "é\ud800",
        "é\ue000",
        "é\u0378",
        "🙂",
        "é🙂",
        "ﬁ",
        "ⅷ",
        "½é",
        "²é",
        "ſ",
        "\u0301e",
        "é·b",
        "é、",
        "1אב",
        "אבa",
        "aאב",
        "ا٣۴",
        "e\u0301\u0302\u0303\u0304\u0305",
        "é" * 100_000,
        "－é",
        "é＠",
    ],
)
def test_what_is_no_name_in_any_script_is_refused(name):
    with pytest.raises(BadName):
        names.UNICODE.person(name)
    with pytest.raises(BadName):
        names.UNICODE.room(name)


LETTERS = st.text(st.characters(categories=["L", "M", "N", "Cf", "P", "Zs"]), max_size=6)


@given(st.one_of(TEXTS, LETTERS))
def test_a_name_of_any_script_can_look_like_no_line_of_the_server_and_break_none(name):
    try:
        shown = names.UNICODE.person(name)
    except (BadName, NameReserved):
        return
    assert 1 <= len(shown) <= 32 and len(shown.encode()) <= 128
    assert (
        shown == names.printable(shown)
        and shown[0].isalnum()
        and not set(shown) & set(" :*![]()/,\"'")
    )
    assert unicodedata.is_normalized("NFC", shown) and names.UNICODE.person(shown) == shown
    assert (
        names.key(shown)
        == names.key(name)
        == names.UNICODE.room(name)
        == names.UNICODE.room(names.UNICODE.room(name))
    )
    assert get_profile("UsernameCaseMapped").enforce(name) == names.key(name)


@given(st.one_of(TEXTS, LETTERS))
def test_names_of_one_key_are_the_same_in_every_form(name):
    key = names.key(name)
    assert names.key(key) == key
    assert (
        names.key(unicodedata.normalize("NFC", name))
        == key
        == names.key(unicodedata.normalize("NFD", name))
    )


@given(st.text(st.characters(codec="ascii")))
def test_the_two_rules_agree_on_ascii_but_for_what_looks_reserved(name):
    def judged(rule):
        try:
            return rule.person(name)
        except (BadName, NameReserved) as refused:
            return refused.code

    assert judged(names.UNICODE) in (judged(names.ASCII), "name-reserved")
    assert names.key(name) == name.lower()


@pytest.mark.parametrize(
    "hidden",
    "\u061c\u200e\u200f\u200b\u202e\ufeff\xad\ufff9\ufffb\U000e0041\x1b\x9b\u2028\ud800\n\t",
)
def test_what_is_shown_as_a_name_hides_and_turns_nothing(hidden):
    seen = names.printable(f"a{hidden}b" * 40)
    assert seen.isprintable() and len(seen) == 64


def test_a_direct_room_is_written_with_the_key_of_the_name():
    assert names.ASCII.direct_room("@Bob") == "@bob"
    assert names.UNICODE.direct_room("@ZOË") == "@zoë"
    for bad in ("@", "@@bob", "@a b", "@" + "x" * 33):
        with pytest.raises(BadName):
            names.ASCII.direct_room(bad)


def test_no_other_room_and_no_person_has_the_name_of_a_direct_room():
    for rule in (names.ASCII, names.UNICODE):
        with pytest.raises(BadName):
            rule.room("@bob")
        with pytest.raises(BadName):
            rule.person("@bob")
