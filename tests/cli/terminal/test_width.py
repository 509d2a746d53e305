"""
Texts as a terminal shows them.
"""

import unicodedata

import pytest
import wcwidth
from hypothesis import given
from hypothesis import strategies as st
from urwid import str_util

from groupchat.cli.terminal.width import clusters, columns, cut, pad_left, printable, shown
from tests.cli.terminal.texts import hard_texts

str_util.set_byte_encoding("utf8")


@pytest.mark.parametrize("letter", ["👩‍👩‍👧", "🇨🇦", "❤️", "👋🏻", "早"])
def test_a_letter_of_several_characters_is_one_cluster_of_two_columns(letter):
    assert clusters(letter) == [(letter, 2)]


@pytest.mark.parametrize("mark", ["\u0301", "\U0001f3fb"])
def test_a_lone_mark_gets_a_carrier_and_does_not_change_the_cell_before(mark):
    assert [one.text[0] for one in clusters(mark)] in (["\u25cc"], ["\ufffd"])
    assert columns(pad_left(mark, 3)) == 3


@given(hard_texts)
def test_no_control_leaves(text):
    for cluster in clusters(text):
        assert not any(unicodedata.category(letter) in ("Cc", "Cs") for letter in cluster.text)


@given(hard_texts)
def test_the_toolkit_counts_the_same_columns_for_each_letter(text):
    for cluster in clusters(text):
        data = cluster.text.encode()
        assert str_util.calc_width(data, 0, len(data)) == cluster.columns


@given(hard_texts)
def test_what_is_shown_is_shown_alike_again(text):
    assert shown(shown(text)) == shown(text)


@given(hard_texts)
def test_nothing_is_lost_that_can_be_seen(text):
    seen = [
        letter
        for letter in printable(text)
        if unicodedata.category(letter)[0] in "LNPS"
        and wcwidth.wcwidth(letter) > 0
        and not "\U0001f3fb" <= letter <= "\U0001f3ff"  # it may have nothing to colour
    ]
    for letter in seen:
        assert letter in shown(text)


@given(hard_texts, st.integers(0, 40))
def test_a_text_is_cut_to_fit(text, width):
    assert columns(cut(text, width)) <= width
    if columns(text) <= width:
        assert columns(cut(text, width)) == columns(text)


@given(hard_texts, st.integers(0, 40))
def test_a_padded_text_is_exactly_as_wide(text, width):
    assert columns(pad_left(text, width)) == width


def test_a_letter_that_no_skin_colour_fits_keeps_its_own_cell():
    assert clusters("a\U0001f3fb") == [("a", 1), ("\ufffd", 1)]


def test_cutting_takes_no_letter_apart():
    assert cut("ab👩‍👩‍👧cd", 4) == "ab…"
    assert wcwidth.width(cut("早上好", 4)) == 3
