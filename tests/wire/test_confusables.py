"""
Confusable names: which can be read as which; of hundreds that could be read as one that is taken,
none gets in.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from importlib.resources import files
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupchat.wire import confusables, names
from tests.support import Server

TAKEN = ["alice", "bob.smith", "Straße", "иван", "Νίκος", "אבגד", "Zoë-9"]
INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202e"
    "\u2060\u2066\u2069\u3164\ufe0f\ufeff\ufff9\U000e0041"
)
ACCENTS = (
    "\u0300\u0301\u0306\u0308\u030a\u0323\u0327\u0332\u0335\u0338\u0345"
    "\u05b4\u064e\u1ab4\u20d2\u20dd\ufe20"
)
SPACES = " \t\xa0\u2003\u3000\n\x00\x85\u2028"


@pytest.mark.parametrize(
    "others",
    [
        "alice Alice ALICE aIice a1ice al1ce a|ice аlice ａlice αlіce 𝐚lice áłíçę",
        "bob Bob b0b B0B Вов ВОВ bоb ʙob",
        "mother rnother Mother m0ther",
        "www vvvvvv vvww",
        "иван Иван ИВАН ИBAH",
        "Straße STRASSE strasse",
        "ΝΊΚΟΣ νίκος νικοσ",
    ],
)
def test_these_have_one_look(others):
    assert len({names.skeleton(other) for other in others.split()}) == 1


@pytest.mark.parametrize(
    "others",
    [
        "alice alicia",
        "bob rob",
        "van nan",
        "u10 u12",
        "иван егор",
        "कि का",
        "김민수 김민주",
        "さくら ざくら",
        "5 s",
        "ab a-b a.b",
    ],
)
def test_these_have_looks_of_their_own(others):
    assert len({names.skeleton(other) for other in others.split()}) == len(others.split())


@given(st.text())
def test_a_name_in_another_case_has_the_same_look(name):
    assert names.skeleton(name) == names.skeleton(names.key(name))


@given(st.text(st.characters(categories=["L", "M", "Nd"])))
def test_a_look_has_itself_as_its_look(name):
    assert names.skeleton(names.skeleton(name)) == names.skeleton(name)


@given(st.text())
def test_any_text_has_a_look_without_capitals(name):
    assert names.skeleton(name) == names.skeleton(name).lower()


@given(st.text(st.characters(codec="ascii")))
def test_what_is_ascii_needs_no_table(name):
    seen = (
        name.lower().replace("m", "rn").replace("w", "vv").translate(str.maketrans("i1|0", "lllo"))
    )
    assert names.skeleton(name) == seen


def test_the_table_is_what_its_head_says():
    lines = files("groupchat.wire").joinpath("confusables.txt").read_text("ascii").splitlines()
    rows = [line.split() for line in lines if not line.startswith("#")]
    letters = [chr(int(row[0], 16)) for row in rows]
    assert len(rows) > 2000 and letters == sorted(set(letters))
    assert all(len(row) > 1 for row in rows)
    assert [letter for letter in letters if unicodedata.normalize("NFKD", letter) != letter] == []


# Impostors.


def _likenesses() -> dict[str, list[str]]:
    """For each letter those that look like it."""
    found: dict[str, list[str]] = {}
    for code, seen in confusables._LIKENESS.items():
        if seen and unicodedata.category(chr(code)) != "Cn":
            found.setdefault(seen, []).append(chr(code))
    return found


def variants(name: str) -> Iterator[str]:
    """Names that could be taken for this one."""
    like = _likenesses()
    for case in {name, name.lower(), name.upper(), name.title(), name.swapcase(), name.casefold()}:
        yield case
        yield unicodedata.normalize("NFD", case)
        yield "".join(
            chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in case
        )
        yield "".join(like.get(letter, [letter])[0] for letter in case)
        for place, letter in enumerate(case):
            before, after = case[:place], case[place + 1 :]
            base = unicodedata.normalize("NFD", letter)[0]
            for other in {
                *like.get(letter, []),
                *like.get(base, []),
                *like.get(confusables.lowercase_reading(base), []),
                confusables.lowercase_reading(base),
            }:
                yield before + other + after
            for hidden in INVISIBLE + SPACES:
                yield before + letter + hidden + after
            for accent in ACCENTS:
                yield before + letter + accent + after
            if "!" <= letter <= "~":
                yield before + chr(ord(letter) + 0xFEE0) + after
    for old, new in [
        ("l", "1"),
        ("i", "1"),
        ("l", "I"),
        ("i", "l"),
        ("o", "0"),
        ("m", "rn"),
        ("ss", "ß"),
        ("ß", "ss"),
        ("ß", "ẞ"),
    ]:
        yield name.replace(old, new)
    yield from (
        f"{name}\u202e",
        f"\u202d{name}",
        f" {name} {name}",
        f"{name}:",
        f"-- {name}",
        f"* {name}",
        f"[{name}",
    )


def refused(server: Server, name: str, **fields: object) -> str:
    """The code by which this name is refused, or "" if it gets in."""
    client = server.connect()
    client.hello(name, client="somebody-else-00", **fields)
    server.run()
    told = client.events()[0]
    client.close()
    return str(told.get("code", ""))


@pytest.mark.limit(120)
@pytest.mark.parametrize("taken", TAKEN)
def test_no_variant_of_a_taken_name_gets_in(taken):
    server = Server(names=names.UNICODE, connect_rate=0)
    server.json(taken, client="the-one-who-has-it")
    tried = list(dict.fromkeys(variants(taken)))
    codes = {name: refused(server, name) for name in tried}
    assert len(tried) >= 150
    assert set(codes.values()) <= {"bad-name", "name-taken", "name-reserved"}, {
        n for n, code in codes.items() if not code
    }


@pytest.mark.limit(120)
def test_five_hundred_variants_are_tried_and_many_of_them_are_names_but_for_the_one_that_is_taken():
    tried = {name for taken in ["alice", "bob.smith", "Straße", "иван"] for name in variants(taken)}
    server = Server(names=names.UNICODE, connect_rate=0)
    admitted = (name for name in sorted(tried) if not refused(server, name))
    assert len(list(islice(admitted, 500))) == 500


@pytest.mark.parametrize(
    "name", "Server аdmin ѕerver ѕуѕtеm rооt αll nobόdу Ηеrе ｍｅ yоu grоupсhat".split()
)
def test_a_name_that_could_be_read_as_a_reserved_one_is_reserved(name):
    assert refused(Server(names=names.UNICODE, connect_rate=0), name) == "name-reserved"
