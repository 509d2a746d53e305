"""
Telnet's commands: they are taken out and refused, and never make the server deaf.
"""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupchat.wire.telnet import LONGEST, Telnet

NAWS_10 = b"\xff\xfa\x1f\x00\x0a\x00\x0d\xff\xf0"  # a window of 10 columns and 13 lines


def heard(*pieces: bytes) -> tuple[bytes, bytes]:
    telnet = Telnet()
    parts = [telnet.receive(piece) for piece in pieces]
    return b"".join(text for text, _ in parts), b"".join(answer for _, answer in parts)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"\xff\xfd\x03\xff\xfb\x18alice", b"alice"),
        (b"al\xff\xfa\x18\x00xterm\xff\xf0ice", b"alice"),
        (b"alice\xff\xf4\xff\xfd\x06", b"alice"),
        (b"alice\xff", b"alice"),
        (b"\xff\xffalice", b"alice"),
        (b"\xffalice", b"alice"),
        (NAWS_10 + b"alice", b"alice"),
        (b"\xff\xfa\x1f\x00\xff\xff\xf0\x0a\xff\xf0alice", b"alice"),
        (b"\xff\xfa\x18\xff\xfd\x03alice", b"alice"),  # IAC SE was left out
        (b"\xff\xf4\xff\xff\xf4\xff\xfd\x06alice", b"alice"),  # the mark of urgent data was lost
        (b"\xff\xf1\xff\xee\xff\xf3alice", b"alice"),
        (b"alice\xff\xec", b"alice\x04"),
    ],
)
def test_what_telnet_says_is_taken_out(raw, text):
    assert heard(raw)[0] == text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"a\r\nb\r\0c\nd\re", b"a\r\nb\nc\nd\re"),
        (b"a\r", b"a"),
        (b"\r\r\n", b"\r\r\n"),
        (b"a\n\r", b"a\n"),
        (b"a\0b", b"a\0b"),
    ],
)
def test_a_cr_and_a_nul_end_a_line_and_other_crs_stay(raw, text):
    assert heard(raw) == (text, b"")
    assert heard(*(raw[at : at + 1] for at in range(len(raw)))) == (text, b"")


def test_every_option_is_refused_once_in_each_direction():
    assert heard(b"\xff\xfd\x01\xff\xfb\x01\xff\xfd\x01\xff\xfb\x01") == (
        b"",
        b"\xff\xfc\x01\xff\xfe\x01",
    )


def test_refusals_are_not_answered():
    assert heard(b"\xff\xfc\x01\xff\xfe\x01") == (b"", b"")


def test_each_timing_mark_is_answered():
    assert heard(b"\xff\xf4\xff\xfd\x06", b"\xff\xf4\xff\xfd\x06") == (b"", b"\xff\xfc\x06" * 2)


def test_a_subnegotiation_that_does_not_end_is_over_after_a_while():
    assert heard(b"\xff\xfa\x18" + b"x" * (LONGEST - 1) + b"hi\n")[0] == b"hi\n"


def test_what_has_nothing_of_telnet_in_it_is_not_even_copied():
    data = "zoë 👋\n".encode()
    assert Telnet().receive(data)[0] is data


PARTS = st.sampled_from(
    [
        b"a",
        b"\r",
        b"\n",
        b"\0",
        b"\xff",
        b"\xfa",
        b"\xf0",
        b"\xfd",
        b"\xfb",
        b"\x06",
        b"\xf4",
        b"x" * 600,
    ]
)


@given(st.lists(PARTS, max_size=30), st.lists(st.integers(0, 99)))
def test_it_does_not_matter_where_the_bytes_are_cut(parts, cuts):
    raw = b"".join(parts)
    places = sorted({0, len(raw), *(cut for cut in cuts if cut <= len(raw))})
    assert heard(raw) == heard(*(raw[start:end] for start, end in pairwise(places)))
