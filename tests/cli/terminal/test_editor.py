"""
The line that is being typed.
"""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupchat.cli.terminal.editor import Editor
from tests.cli.terminal.texts import hard_texts


def editor(text):
    """An editor with the cursor at the bar."""
    before, _, after = text.partition("|")
    made = Editor(before + after)
    made.set(before + after, len(before))
    return made


def state(edited):
    return f"{edited.before}|{edited.after}"


@pytest.mark.parametrize(
    ("before", "act", "after"),
    [
        ("ab|c", "backspace", "a|c"),
        ("ab|c", "delete", "ab|"),
        ("ab|c", "left", "a|bc"),
        ("ab|c", "right", "abc|"),
        ("ab|c", "home", "|abc"),
        ("ab|c", "end", "abc|"),
        ("one two| three", "word_left", "one |two three"),
        ("one| two three", "word_right", "one two| three"),
        ("one two|", "kill_word_before", "one |"),
        ("one a-b|", "kill_word_before", "one a-|"),
        ("one a-b|", "kill_blank_word_before", "one |"),
        ("one| two", "kill_word", "one|"),
        ("one| two", "kill_after", "one|"),
        ("one| two", "kill_before", "| two"),
        ("ab|", "transpose", "ba|"),
        ("a|b", "transpose", "ba|"),
        ("|", "backspace", "|"),
        ("|", "delete", "|"),
        ("a\n|b", "backspace", "a|b"),
        ("a|\nb", "delete", "a|b"),
        ("x👩‍👩‍👧|", "backspace", "x|"),
        ("x👩‍👩‍👧|", "left", "x|👩‍👩‍👧"),
        ("|🇨🇦x", "delete", "|x"),
        ("|🇨🇦x", "right", "🇨🇦|x"),
        ("e\u0301|", "backspace", "|"),
    ],
)
def test_a_key_does_what_it_does_in_emacs(before, act, after):
    edited = editor(before)
    getattr(edited, act)()
    assert state(edited) == after


def test_texts_killed_in_a_row_are_yanked_together():
    edited = editor("one two three|")
    edited.kill_word_before()
    edited.kill_word_before()
    edited.yank()
    assert state(edited) == "one two three|"
    edited.home()
    edited.kill_after()
    edited.set("")
    edited.yank()
    assert state(edited) == "one two three|"


def test_older_killed_texts_can_be_yanked_instead():
    edited = editor("one|")
    edited.kill_before()
    edited.insert("two")
    edited.kill_before()
    edited.yank()
    assert state(edited) == "two|"
    edited.yank_older()
    assert state(edited) == "one|"
    edited.yank_older()
    assert state(edited) == "two|"


def test_undo_takes_back_a_word_as_it_was_typed_and_a_paste_as_a_whole():
    edited = Editor()
    for letter in "one two":
        edited.insert(letter)
    edited.insert("pasted\nlines", pasted=True)
    edited.undo()
    assert edited.text == "one two"
    edited.undo()
    assert edited.text == "one "
    edited.undo()
    edited.undo()
    assert edited.text == ""
    edited.undo()
    assert edited.text == ""


def test_a_paste_keeps_its_lines_and_shows_its_controls():
    edited = Editor()
    edited.insert("a\r\nb\rc\td\x1b[31m", pasted=True)
    assert edited.text == "a\nb\nc    d\u241b[31m"


def test_a_taken_line_leaves_an_empty_one():
    edited = editor("he|llo")
    assert edited.take() == "hello"
    edited.undo()
    assert edited.text == ""


ACTS = [
    "backspace",
    "delete",
    "transpose",
    "left",
    "right",
    "word_left",
    "word_right",
    "home",
    "end",
    "kill_before",
    "kill_after",
    "kill_word",
    "kill_word_before",
    "kill_blank_word_before",
    "yank",
    "yank_older",
    "undo",
]


@given(st.lists(st.sampled_from(ACTS) | hard_texts.map(lambda text: (text,)), max_size=20))
def test_no_sequence_of_keys_lets_a_control_in(acts):
    edited = Editor()
    for act in acts:
        if isinstance(act, tuple):
            edited.insert(act[0], pasted=True)
        else:
            getattr(edited, act)()
        controls = [one for one in edited.text if unicodedata.category(one) == "Cc"]
        assert set(controls) <= {"\n"}


@given(hard_texts)
def test_moving_through_a_text_to_its_beginning_changes_nothing(text):
    edited = Editor()
    edited.insert(text, pasted=True)
    whole = edited.text
    for _ in whole:
        edited.left()
    assert edited.before == "" and edited.after == whole
    for _ in whole:
        edited.right()
    assert edited.before == whole
