"""
The outbox in a file: what was taken survives, under the same numbers and the same secret.
"""

import contextlib
import shutil
import stat

import pytest
from twisted.internet.task import Clock

from groupchat.client.errors import (
    OutboxError,
    OutboxForAnotherServer,
    OutboxLocked,
    OutboxOwned,
    OutboxUnusable,
)
from groupchat.client.file_outbox import LOCK_POLL_INTERVAL, FileOutbox
from groupchat.client.outbox import Entry, Outbox
from groupchat.wire.commands import Position

OWNER = "alice@localhost:9000"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "outbox"


@pytest.fixture
def opened(path):
    boxes = []

    def opened(where=path, owner=OWNER):
        boxes.append(FileOutbox(str(where), owner))
        return boxes[-1]

    yield opened
    for box in boxes:
        with contextlib.suppress(OutboxError):  # the test has closed it
            box.close()


def crashed(path, tmp_path):
    """Copies what a kill -9 at this moment would leave on disk."""
    copy = tmp_path / "after the crash"
    copy.mkdir(exist_ok=True)
    for file in path.parent.glob("outbox*"):
        shutil.copy(file, copy / file.name)
    return copy / "outbox"


def look(box):
    return [(entry.room, entry.line, entry.n) for entry in box.entries()]


def test_in_memory_it_only_counts():
    box = Outbox()
    entry = Entry("lobby", b"{}")
    box.add(entry)
    assert box.count == 1
    box.remove(entry)
    assert (box.count, box.entries()) == (0, [])


def test_what_was_committed_survives_a_crash_with_its_number(opened, path, tmp_path):
    box = opened()
    first, second = Entry("lobby", b'{"a":1}'), Entry("dev", b'{"b":2}')
    box.add(first)
    box.add(second)
    box.number(first, 7)
    box.commit()
    again = opened(crashed(path, tmp_path))
    assert look(again) == [("lobby", b'{"a":1}', 7), ("dev", b'{"b":2}', None)]
    assert (again.count, again.client_id) == (2, box.client_id)


def test_what_was_not_committed_was_not_taken(opened, path, tmp_path):
    box = opened()
    box.add(Entry("lobby", b"{}"))
    assert look(opened(crashed(path, tmp_path))) == []


def test_a_torn_end_is_dropped(opened, path, tmp_path):
    box = opened()
    for text in (b"{1}", b"{2}"):
        box.add(Entry("lobby", text))
        box.commit()
    log = crashed(path, tmp_path).with_name("outbox-wal")
    log.write_bytes(log.read_bytes()[:-100])
    assert look(opened(log.with_name("outbox"))) == [("lobby", b"{1}", None)]


def test_what_was_answered_is_gone_after_a_good_end(opened):
    box = opened()
    entry = Entry("lobby", b"{}")
    box.add(entry)
    box.commit()
    box.remove(entry)
    box.close()
    assert look(opened()) == []


def test_it_knows_where_its_numbers_belong(opened):
    box = opened()
    box.remember("lobby", Position(epoch="e1", after=3))
    box.remember("lobby", Position(epoch="e1", after=4))
    box.remember("dev", Position(epoch="e1", after=4))
    box.remember("dev", None)
    box.close()
    again = opened()
    assert (again.position("lobby"), again.position("dev")) == (Position(epoch="e1", after=4), None)


def test_two_cannot_use_it_at_once(opened):
    opened()
    with pytest.raises(OutboxLocked):
        opened()


def test_a_script_waits_until_another_run_has_closed_it(opened, path):
    first = opened()
    FileOutbox(str(path), OWNER, lock_timeout=10, sleep=lambda seconds: first.close()).close()


def test_a_script_waits_only_so_long(opened, path):
    opened()
    clock = Clock()
    with pytest.raises(OutboxLocked):
        FileOutbox(str(path), OWNER, lock_timeout=10, now=clock.seconds, sleep=clock.advance)
    assert 10 <= clock.seconds() < 10 + 2 * LOCK_POLL_INTERVAL


def test_an_outbox_of_another_person_is_refused(opened, path):
    opened().close()
    with pytest.raises(OutboxOwned, match=f"belongs to {OWNER}"):
        opened(owner="bob@localhost:9000")


def test_a_file_of_another_kind_is_left_alone(opened, path):
    path.write_text("shopping list\n" * 100)
    with pytest.raises(OutboxUnusable, match="not a database"):
        opened()
    assert path.read_text().startswith("shopping list")


def test_a_directory_that_does_not_exist_is_reported(opened, tmp_path):
    with pytest.raises(OutboxUnusable, match="No such file or directory"):
        opened(tmp_path / "nowhere" / "outbox")


def test_nobody_else_can_read_it(opened, path):
    opened()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_is_kept_goes_to_the_server_with_that_certificate_only(opened):
    box = opened()
    box.bind("SHA256:a")
    box.bind("SHA256:a")
    box.add(Entry("lobby", b"{}"))
    box.close()
    box = opened()
    box.bind("SHA256:a")
    with pytest.raises(OutboxForAnotherServer):
        box.bind("SHA256:b")


def test_an_outbox_that_keeps_nothing_changes_over_to_another_server_with_another_secret(opened):
    box = opened()
    box.bind("SHA256:a")
    box.remember("lobby", Position(epoch="e", after=3))
    first = box.client_id
    box.close()
    box = opened()
    box.add(Entry("lobby", b"{}"))
    box.bind("SHA256:b")
    box.close()
    again = opened()
    again.bind("SHA256:b")
    assert again.client_id == box.client_id != first
    assert again.position("lobby") is None and look(again) == [("lobby", b"{}", None)]
