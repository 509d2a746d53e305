"""
The ledger on disk: the text of a redacted message is in none of its files soon after.
"""

from __future__ import annotations

import shutil
import sqlite3
from random import Random

import pytest

from groupchat.ledgers import wal
from groupchat.ledgers.erasure import BLOCK, Traces, blocks, find_pages, is_sound, unallocated
from tests.ledgers.keeping import rows

SOON = 30.0  #: seconds


@pytest.fixture
def log(start):
    return start()


def files_with(path, text):
    """The files of a ledger that have a text."""
    return [
        file.name
        for file in path.parent.iterdir()
        if file.name.startswith(path.name) and text.encode() in file.read_bytes()
    ]


def secrets(size):
    """A text of about this many bytes, each part of which is found nowhere else."""
    return "-".join(f"s3cr3t{number}" for number in range(max(1, size // 8)))


@pytest.mark.parametrize("size", [8, 80, 4096], ids=["short", "usual", "on overflow pages"])
@pytest.mark.parametrize("written_back", [True, False])
def test_a_redacted_text_is_in_no_file_soon_after(log, path, machine, size, written_back):
    text = secrets(size)
    log.fill(20)
    log.said(text)
    log.fill(20)
    if written_back:
        machine.writing.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert files_with(path, "s3cr3t0") == ["chat.db" if written_back else "chat.db-wal"]
    assert log.removed(21).refusal is None
    log.reactor.run(SOON)
    assert files_with(path, "s3cr3t") == []
    assert log.page(20, 21)[0].redacted


def test_the_replacements_of_a_redacted_text_are_in_no_file_either(log, path):
    log.said("helo")
    log.corrected(secrets(80), replaces=1)
    log.corrected(secrets(4000), replaces=1)
    log.removed(1)
    log.reactor.run(SOON)
    assert files_with(path, "s3cr3t") == []


def test_a_short_text_is_gone_as_well_and_others_that_say_it_stay(log, path):
    for _ in range(3):
        log.said("ok")
    log.removed(2)
    log.reactor.run(SOON)
    assert [message.text for message in log.page(0, 3)] == ["ok", "", "ok"]
    assert rows(path, "SELECT count(*) FROM erasures") == [(0,)]


def copied(path, tmp_path):
    """The files as they are when the process is killed now."""
    folder = tmp_path / "killed"
    folder.mkdir()
    for suffix in ("", "-wal"):
        shutil.copy(f"{path}{suffix}", folder / f"chat.db{suffix}")
    return folder / "chat.db"


@pytest.mark.parametrize("seconds", [0.0, wal.RETRY_SECONDS])
def test_a_redacted_text_is_in_no_file_soon_after_a_start_if_the_process_was_killed(
    log, start, path, tmp_path, seconds
):
    log.said(secrets(80))
    log.fill(5)
    log.removed(1)
    log.reactor.run(seconds)
    killed = copied(path, tmp_path)
    again = start(file=killed)
    again.reactor.run(SOON)
    assert files_with(killed, "s3cr3t") == []
    assert rows(killed, "SELECT count(*) FROM erasures") == [(0,)]


def test_a_reader_that_holds_the_wal_only_delays_it(log, path):
    log.said(secrets(80))
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM messages").fetchone()
    log.removed(1)
    log.reactor.run(SOON)
    assert files_with(path, "s3cr3t") != []
    reader.execute("COMMIT")
    log.reactor.run(SOON)
    assert files_with(path, "s3cr3t") == []
    reader.close()


def test_a_copy_that_was_left_where_a_message_was_moved_from_is_cleaned(start, path):
    """SQLite leaves such copies where rooms grow between each other; here they are put there."""
    log, rng = start(), Random(1)
    for _ in range(200):
        log.said("x" * rng.choice([3, 40, 80, 700, 2500]), room=rng.choice(["lobby", "dev"]))
    messages = log.page(0, 999) + log.page(0, 999, "dev")
    log.close()
    text, left = secrets(80), 0
    with path.open("r+b") as file:
        data = file.read()
        for start_of_page in range(4096, len(data), 4096):
            begin, end = unallocated(data[start_of_page : start_of_page + 4096])
            if end - begin > 2 * BLOCK:
                file.seek(start_of_page + begin)
                file.write((text.encode() * 99)[: end - begin])
                left += 1
    assert left > 5
    with sqlite3.connect(path) as db:
        db.execute("INSERT INTO erasures (trace) VALUES (?)", (text,))
    db.close()
    log = start()
    log.reactor.run(SOON)
    assert files_with(path, "s3cr3t") == []
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    assert log.page(0, 999) + log.page(0, 999, "dev") == messages


@pytest.mark.parametrize("seed", [1, 2, 19])
def test_redacted_texts_are_gone_wherever_messages_were_moved(start, path, machine, seed):
    """
    Rooms whose messages are between each other in the file, with messages of all sizes that are
    corrected, expire and are redacted.
    """
    rng = Random(seed)
    machine.limits = {"prune_interval": 0.0, "pruning_seconds": 0.0}
    machine.limits["pruned_messages"] = rng.choice([3, 50])
    log = start(keep=rng.choice(["all", "100 messages"]))
    messages, gone = {}, set()
    for number in range(300):
        kind, room = rng.random() if messages else 0.0, rng.choice(["lobby", "dev"])
        known = [key for key in messages if key[0] == room]
        id = rng.choice(known)[1] if known else 0
        text = f"m{number:05}|" * rng.choice([1, 4, 10, 90, 500])
        if kind < 0.8:
            entry = log.said(text, room=room)
        elif kind < 0.9:
            entry = log.corrected(text, replaces=id, room=room)
        else:
            redacted = log.removed(id, room=room).redacted
            gone |= {messages.pop((room, id)) for id in redacted if (room, id) in messages}
            continue
        if entry.id:
            messages[room, entry.id] = text[:6]
    log.reactor.run(2 * SOON)
    assert len(gone) > 15
    assert [text for text in gone if files_with(path, text)] == []
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]


# Pages.


def test_the_unallocated_space_is_between_the_pointers_and_the_rows(log, path, machine):
    log.fill(30)
    machine.writing.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = path.read_bytes()
    pages = [data[start : start + 4096] for start in range(4096, len(data), 4096)]
    (page,) = [page for page in pages if b"alice30" in page]
    start, end = unallocated(page)
    assert start == 8 + 2 * 30
    assert page[start:end].strip(b"\0") == b"" and page.index(b"alice30") - end < 40


@pytest.mark.parametrize(
    "page",
    [
        b"",
        b"\x05" + bytes(4095),
        b"\x0d" * 4096,
        b"\x0d\0\0\xff\xff\x0f\x00" + bytes(4089),
        b"\x0d\0\0\0\1\xff\xff\0\x0e\0" + bytes(4086),
    ],
    ids=["none", "another", "nonsense", "too many rows", "rows beyond its end"],
)
def test_a_page_that_has_no_rows_has_no_unallocated_space(page):
    assert unallocated(page) == (0, 0)


def test_a_page_whose_rows_are_not_after_that_space_is_left_alone():
    sound = b"\x0d\0\0\0\1\x0f\0\0\x0f\0" + bytes(4086)
    assert unallocated(sound) == (10, 0xF00) and is_sound(sound)
    assert not is_sound(sound.replace(b"\x0f\0\0\x0f\0", b"\x0f\0\0\x0e\0"))


def test_a_scan_ends_at_once_when_the_server_does(machine):
    """Its thread would delay the end: a big file takes long."""
    slices = []

    class File:
        page_size = 4096

        def read(self, offset, size):
            slices.append(offset)
            return bytes(size)

    traces = Traces(frozenset([b"s3cr3t"]), 1)
    assert find_pages(File(), traces, machine.clock, lambda: len(slices) == 3) == []
    assert slices == [0, 256 * 4096, 2 * 256 * 4096]


def test_any_longer_part_of_a_text_has_a_block_of_it():
    text = secrets(100)
    found = list(blocks(text))
    for start in range(len(text) - 2 * BLOCK + 1):
        part = text[start : start + 2 * BLOCK - 1].encode()
        assert any(block in part for block in found)
    assert list(blocks("aliceok")) == [b"aliceok"]
