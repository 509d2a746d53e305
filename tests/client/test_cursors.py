"""
Positions in rooms: kept from one run to the next.
"""

import stat

import pytest

from groupchat.client.cursors import Cursors
from groupchat.wire.commands import Position

POSITIONS = {"lobby": Position(epoch="e1", after=7)}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cursors"


def test_the_next_run_goes_on_there(path):
    Cursors(path, writable=True).save(POSITIONS)
    assert Cursors(path, writable=True).read() == POSITIONS
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_second_terminal_reads_it_but_does_not_write_it(path):
    Cursors(path, writable=True).save(POSITIONS)
    second = Cursors(path, writable=False)
    assert second.read() == POSITIONS
    second.save({})
    assert Cursors(path, writable=True).read() == POSITIONS


def test_it_is_written_only_when_something_has_changed(path):
    Cursors(path, writable=True).save(POSITIONS)
    cursors = Cursors(path, writable=True)
    cursors.read()
    before = path.stat().st_ino
    cursors.save(dict(POSITIONS))
    assert path.stat().st_ino == before


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b'{"lobby": {"epoch": "e1"}}',
        b'{"lobby": {"after": 1}}',
        b'{"lobby": 1}',
    ],
)
def test_what_can_not_be_read_counts_for_nothing(path, content):
    path.write_bytes(content)
    assert Cursors(path, writable=True).read() == {}


def test_where_nothing_can_be_written_nothing_is(path):
    path.touch()
    cursors = Cursors(path / "no" / "such", writable=True)
    assert cursors.read() == {}
    cursors.save(POSITIONS)
