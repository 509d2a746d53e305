"""
Values that are kept from run to run, and plain lines of a room.
"""

import pytest

from groupchat.cli.terminal.kept import Kept, KeptFile
from groupchat.cli.terminal.plain_view import plain_view
from tests.cli.terminal.fakes import Desk, message


def test_rooms_and_drafts_survive_the_run(tmp_path):
    kept = Kept(["lobby", "dev"], {"dev": "half a li"}, ["bob"])
    KeptFile(tmp_path / "state", "alice@../x:9000").save(kept)
    assert KeptFile(tmp_path / "state", "alice@../x:9000").read() == kept
    assert [path.parent for path in tmp_path.rglob("screen-*")] == [tmp_path / "state"]


@pytest.mark.parametrize("content", ["", "x", "[]", '{"rooms": 1}'])
def test_a_broken_file_is_an_empty_one(tmp_path, content):
    (tmp_path / "screen-x").write_text(content)
    assert KeptFile(tmp_path, "x").read() == Kept()


def test_a_folder_that_cannot_be_made_costs_nothing_else(tmp_path):
    (tmp_path / "file").write_text("")
    KeptFile(tmp_path / "file", "x").save(Kept(["lobby"]))


def test_a_room_as_plain_lines():
    desk = Desk()
    desk.hear(message(1, "a\x1b[31m"))
    desk.hear(message(2, "waves", act=True))
    desk.feed.tell("told")
    lines = plain_view(desk.rooms.current).splitlines()
    assert lines[0] == "-- lobby: " and lines[-1] == "Press Enter to go back."
    assert [line.partition("] ")[2] for line in lines[1:3]] == ["bob: a\u241b[31m", "* bob waves"]
    assert lines[3] == "-- told"
