"""
The line as it is shown.
"""

from hypothesis import given
from hypothesis import strategies as st

from groupchat.cli.terminal.line_view import MAX_ROWS, show_line
from groupchat.cli.terminal.width import columns
from groupchat.wire.limits import MAX_TEXT
from tests.cli.terminal.texts import hard_texts


def texts(view):
    return ["".join(segment.text for segment in row) for row in view.rows]


def styles(view):
    return {segment.style for row in view.rows for segment in row if segment.text}


def test_a_line_begins_with_its_prompt_and_the_cursor_is_behind_the_text():
    view = show_line("alice> ", "hel", "lo", 40)
    assert texts(view) == ["alice> hello"] and view.cursor == (10, 0)


def test_a_long_line_goes_on_in_further_rows():
    view = show_line("a> ", "x" * 20, "", 12)
    assert texts(view) == ["a> xxxxxxxxx", "xxxxxxxxxxx"] and view.cursor == (11, 1)


def test_the_cursor_has_a_row_of_its_own_behind_a_full_one():
    view = show_line("a> ", "x" * 9, "", 12)
    assert texts(view) == ["a> xxxxxxxxx", ""] and view.cursor == (0, 1)


def test_a_very_long_line_shows_the_rows_around_the_cursor():
    view = show_line("", "x" * 200, "y" * 5, 10)
    assert len(view.rows) == MAX_ROWS and view.cursor == (0, MAX_ROWS - 1)
    assert texts(view)[-1] == "yyyyy"
    view = show_line("", "", "y" * 200, 10)
    assert len(view.rows) == MAX_ROWS and view.cursor == (0, 0)


def test_a_line_break_is_seen():
    assert texts(show_line("", "a\nb", "", 40)) == ["a⏎b"]


def test_a_password_is_not():
    view = show_line("Password: ", "geheim", "", 40, masked=True)
    assert texts(view) == ["Password: ••••••"]


def test_a_command_looks_different_but_not_a_line_with_two_slashes():
    assert "command" in styles(show_line("", "/who", "", 40))
    assert "command" not in styles(show_line("", "//who", "", 40))


def test_a_line_that_can_be_no_command_looks_wrong():
    assert styles(show_line("", "/nosuch", "", 40, wrong=True)) == {"error"}


def test_what_is_too_long_for_a_message_is_marked():
    assert "error" not in styles(show_line("", "x" * MAX_TEXT, "", 200, limit=60))
    view = show_line("", "x" * MAX_TEXT + "y", "", 200, limit=60)
    assert [segment.text for segment in view.rows[-1] if segment.style == "error"] == ["y"]


@given(hard_texts, hard_texts, hard_texts, st.integers(2, 200), st.integers(1, MAX_ROWS))
def test_rows_fit_and_the_cursor_is_in_sight(prompt, before, after, width, limit):
    view = show_line(prompt, before, after, width, limit=limit)
    assert 1 <= len(view.rows) <= limit
    assert all(columns(text) <= width for text in texts(view))
    column, row = view.cursor
    assert 0 <= column < width and 0 <= row < len(view.rows)
