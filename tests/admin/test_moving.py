"""A ledger moves from a file into PostgreSQL and back, and nothing of it is lost."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from groupchat.admin.messages import Done, Failed
from groupchat.admin.moving import move
from groupchat.ledgers.dedupe import digest
from groupchat.ledgers.locks import Locks
from groupchat.ledgers.upgrade import APPLICATION

pytestmark = pytest.mark.slow  # they need PostgreSQL

SHAPES = Path(__file__).parents[1]
ID = (1 << 40) - 1
#: The tables of a ledger and its accounts, with names in place of the numbers that may change.
LEDGER = [
    "SELECT no, token FROM epochs ORDER BY 1",
    "SELECT no, name, head, first, topic, topic_by, aged, owner, private FROM rooms ORDER BY 1",
    "SELECT * FROM invitations ORDER BY 1, 2",
    "SELECT * FROM epoch_starts ORDER BY 1, 2",
    "SELECT * FROM direct_rooms ORDER BY 1, 2",
    "SELECT * FROM replacements ORDER BY 1",
    "SELECT identity, room, id FROM (SELECT i.identity, m.room, m.id FROM marks m"
    " JOIN identities i ON i.no = m.identity) ORDER BY 2, 3, 1",
    "SELECT key, at, sender, text, act, c.client, n, previous, received, i.identity, replaces,"
    " redacts, redacted FROM messages m LEFT JOIN clients c ON c.no = m.client"
    " LEFT JOIN identities i ON i.no = m.author ORDER BY 1",
    "SELECT client, room, last, id FROM clients ORDER BY 1, 2",
    "SELECT c.client, c.room, n, d.id, digest FROM digests d JOIN clients c ON c.no = d.client"
    " ORDER BY 1, 2, 3",
]
ACCOUNTS = [
    "SELECT * FROM accounts ORDER BY 1",
    "SELECT * FROM clients ORDER BY 1, 3",
    "SELECT * FROM tokens ORDER BY 1",
    "SELECT * FROM restrictions ORDER BY 1, 2",
    "SELECT * FROM audit_log ORDER BY rowid",
]


def made(path: Path, shape: str, *more: str) -> Path:
    with closing(sqlite3.connect(path)) as db:
        db.executescript((SHAPES / shape).read_text())
        for statement in more:
            db.execute(statement)
        db.commit()
    return path


#: A client has counted four messages: one of them is deleted, and one removed.
ALICE, ROOM = "x'616c696365'", 5
COUNTED = [
    f"INSERT INTO rooms (no, name, head, first) VALUES ({ROOM}, 'count', 4, 2)",
    f"INSERT INTO identities VALUES (9, {ALICE}, 4)",
    f"INSERT INTO clients (no, client, room, last, seen, id) VALUES (1, {ALICE}, {ROOM}, 4, 9, 4)",
    *(
        f"INSERT INTO messages (key, at, sender, text, act, author, client, n, previous)"
        f" VALUES ({ROOM << 40 | n}, {n}, 'alice', '{'' if n == 3 else f'text {n}'}', {n - 2}, 9,"
        f" 1, {n}, {n - 1})"
        for n in (2, 3, 4)
    ),
    f"UPDATE messages SET redacted = 1 WHERE key = {ROOM << 40 | 3}",
    *(
        f"INSERT INTO digests VALUES (1, {n}, {n}, x'{digest(f'text {n}', n == 3).hex()}')"
        for n in (1, 3)
    ),
]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    made(tmp_path / "old.accounts", "accounts/shapes/2.sql")
    (tmp_path / "old.pem").write_bytes(b"the certificate\n")
    return made(tmp_path / "old.db", "ledgers/shapes/5.sql", *COUNTED)


@pytest.fixture
def database(engine: Any) -> Any:
    yield engine.create("moving")
    engine.drop("moving")


def moved(source: object, target: object) -> str:
    last = list(move(str(source), str(target)))[-1]
    assert isinstance(last, Done), last
    return last.text


def refused(source: object, target: object) -> str:
    (last,) = move(str(source), str(target))
    assert isinstance(last, Failed)
    return last.text


def dumped(path: Path, queries: list[str]) -> list[Any]:
    with closing(sqlite3.connect(path)) as db:
        return [db.execute(query).fetchall() for query in queries]


def test_there_and_back_again_all_is_as_it_was(source: Path, database: str, tmp_path: Path):
    assert moved(source, database).startswith("15 messages are moved to the database moving")
    new = tmp_path / "new.db"
    assert moved(database, f"sqlite:{new}").startswith(f"15 messages are moved to {new}.")
    for before, after in zip(dumped(source, LEDGER), dumped(new, LEDGER), strict=True):
        assert after == before
    accounts = dumped(tmp_path / "old.accounts", ACCOUNTS)
    assert dumped(tmp_path / "new.accounts", ACCOUNTS) == accounts
    assert any(map(len, accounts))
    assert (tmp_path / "new.pem").read_bytes() == b"the certificate\n"
    assert not list(tmp_path.glob("*.moving*"))


def test_a_move_that_is_broken_off_can_begin_again(
    source: Path, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def broken(*_: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as breaking:
        breaking.setattr("groupchat.accounts.moving.move_in", broken)
        with pytest.raises(KeyboardInterrupt):
            moved(source, database)
    moved(source, database)
    new = tmp_path / "new.db"
    with monkeypatch.context() as breaking:
        breaking.setattr("groupchat.admin.moving.sync_folder", broken)
        with pytest.raises(KeyboardInterrupt):
            moved(database, new)
    assert (tmp_path / "new.accounts").exists() and not new.exists()
    moved(database, new)
    assert dumped(new, LEDGER) == dumped(source, LEDGER)


def test_the_source_keeps_everything(source: Path, database: str, tmp_path: Path):
    moved(source, database)
    before = dumped(source, LEDGER)
    moved(database, tmp_path / "one.db")
    moved(database, tmp_path / "two.db")
    assert dumped(source, LEDGER) == before
    assert dumped(tmp_path / "two.db", LEDGER) == dumped(tmp_path / "one.db", LEDGER)


def test_nothing_is_overwritten(source: Path, database: str, tmp_path: Path):
    moved(source, database)
    assert refused(source, database).endswith(" it is complete; else create another database.")
    assert refused(database, source) == f"{source} is there already. Name a new file."
    (tmp_path / "new.accounts").touch()
    told = refused(database, tmp_path / "new.db")
    assert told == f"{tmp_path / 'new.accounts'} is there already. Name a new file."


def test_what_makes_no_sense_is_told_in_one_line(source: Path, database: str, tmp_path: Path):
    kinds = "One of the two has to be a file, and the other a database: postgresql://…"
    assert refused(source, tmp_path / "new.db") == kinds
    assert refused(database, database) == kinds
    assert refused(tmp_path / "no.db", database) == f"{tmp_path / 'no.db'} is no file."
    (tmp_path / "text.db").write_text("no ledger" * 100)
    assert "\n" not in refused(tmp_path / "text.db", database)
    away = "postgresql:///moving?host=/nowhere"
    assert "cannot be reached" in refused(source, away)
    assert refused(database, "/nowhere/new.db") == "/nowhere/new.db: No such file or directory."
    with closing(sqlite3.connect(source)) as db:
        db.execute(f"PRAGMA application_id = {APPLICATION}")
        db.execute("PRAGMA user_version = 99")
    assert "was written by a newer groupchat" in refused(source, database)


def test_a_ledger_that_a_server_uses_is_refused(source: Path, database: str):
    locks = Locks(str(source), str(source))
    locks.acquire()
    assert refused(source, database).endswith("is in use by another daemon. Stop that one.")
    locks.release()
