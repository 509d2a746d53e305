"""
Lines that were typed before.
"""

import stat

import pytest

from groupchat.cli.terminal.input_history import MAX_KEPT, InputHistory


@pytest.fixture
def history():
    made = InputHistory()
    for line in ("one", "two", "three"):
        made.add(line)
    return made


def test_older_lines_and_back_to_the_one_that_was_begun(history):
    assert history.older("begun") == "three"
    assert history.older("three") == "two"
    assert history.older("two") == "one"
    assert history.older("one") is None
    assert [history.newer() for _ in range(4)] == ["two", "three", "begun", None]


def test_a_line_that_is_repeated_is_kept_once(history):
    history.add("three")
    assert history.older("") == "three" and history.older("") == "two"


def test_lines_are_found_by_a_part_of_them(history):
    history.add("Two and more")
    assert history.search("two") == "Two and more"
    assert history.search("two", skip=1) == "two"
    assert history.search("two", skip=2) is None
    assert history.search("") is None


@pytest.mark.parametrize("line", ["/register geheim", "  /REGISTER geheim", "   "])
def test_a_password_and_an_empty_line_are_not_kept(history, line):
    history.add(line)
    assert history.older("") == "three"


def test_lines_survive_the_run_in_a_file_for_their_owner_only(tmp_path):
    path = tmp_path / "history"
    first = InputHistory(path)
    first.add("hello\nworld")
    first.save()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert InputHistory(path).older("") == "hello\nworld"


def test_a_very_long_line_is_not_kept(history):
    history.add("x" * 5000)
    assert history.older("") == "three"


def test_a_file_that_does_not_change_is_not_written(tmp_path):
    path = tmp_path / "history"
    InputHistory(path).save()
    assert not path.exists()


@pytest.mark.parametrize("content", [b"not JSON", b"{}", b"[1, 2]", b"\xff"])
def test_a_broken_file_is_an_empty_history(tmp_path, content):
    path = tmp_path / "history"
    path.write_bytes(content)
    assert InputHistory(path).older("") is None


def test_only_the_newest_lines_are_kept(tmp_path):
    history = InputHistory(tmp_path / "history")
    for number in range(MAX_KEPT + 5):
        history.add(f"line {number}")
    history.save()
    again = InputHistory(tmp_path / "history")
    found = [again.older("") for _ in range(MAX_KEPT + 1)]
    assert found[-1] is None and found[-2] == "line 5"


def test_a_directory_that_is_missing_costs_nothing_but_the_history(tmp_path):
    history = InputHistory(tmp_path / "missing" / "history")
    history.add("hello")
    history.save()
    assert history.older("") == "hello"
