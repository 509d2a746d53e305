"""
The store of accounts: what survives a restart, what another program changes, and who is asked for
passwords.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse

from groupchat.accounts import passwordfile
from groupchat.accounts.database import APPLICATION, VERSION, AccountsDatabase
from groupchat.accounts.passwordfile import PasswordFile
from groupchat.accounts.passwords import Passwords
from groupchat.accounts.store import AccountStore
from groupchat.core.permissions import (
    BAN,
    Account,
)
from groupchat.errors import CannotStart
from groupchat.wire.errors import Unavailable
from tests.accounts.keeping import BAN_ON_BOB, ENTRY, PASSWORDS, answer, token


def test_the_file_is_nobody_elses_to_read(start, path):
    start()
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_what_another_program_changes_is_seen(start, path):
    store = start()
    other = AccountsDatabase(path)
    other.open()
    other.save(Account("alice", True), ENTRY)
    other.close()
    assert store.permissions.owner("alice") is None
    answer(store.poll())
    assert store.permissions.owner("alice").operator


def test_a_file_that_can_not_be_written_changes_nothing(start, path, expect_logged):
    store = start()
    with sqlite3.connect(path) as other:
        other.execute(
            "CREATE TRIGGER broken BEFORE INSERT ON accounts"
            " BEGIN SELECT RAISE(ABORT, 'no space'); END"
        )
    failure = answer(store.save(Account("alice"), ENTRY))
    assert failure.check(Unavailable)
    assert store.permissions.owner("alice") is None
    assert answer(store.save(BAN_ON_BOB, ENTRY)) is None
    assert [entry.verb for entry in answer(store.audit_entries(9))] == ["test"]
    expect_logged("cannot be written: no space")


@pytest.mark.parametrize("content", [b"no database at all" * 100, b""])
def test_what_is_no_accounts_file_is_not_opened(path, content):
    if content:
        with open(path, "wb") as file:
            file.write(content)
    else:
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE other (a)")
    with pytest.raises(CannotStart, match=r"chat\.accounts"):
        AccountStore(path).open()


def test_a_file_of_a_newer_version_is_not_opened(start, path):
    start()
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA user_version = 99")
    with pytest.raises(CannotStart, match="newer groupchat"):
        AccountStore(path).open()


# The ids of accounts.


# Tokens.


def test_a_token_that_another_program_revokes_does_not_come_back_with_its_account(
    start, alice, path
):
    store = start()
    outside = AccountsDatabase(path)
    outside.open()
    outside.delete(token(alice), ENTRY)
    outside.close()
    answer(store.save(store.permissions.owner("alice"), ENTRY))
    answer(store.poll())
    assert store.permissions.bearer(b"1" * 32) is None
    assert start().permissions.tokens(alice.id) == []


# Older files.


@pytest.fixture
def old(path):
    """A file of the first version, with two accounts, as it was left."""
    schema = Path(passwordfile.__file__).parent / "schema" / "1.sql"
    with sqlite3.connect(path) as db:
        db.executescript(schema.read_text())
        db.execute("INSERT INTO accounts VALUES ('alice', 'Alice', 1, 'x')")
        db.execute("INSERT INTO accounts VALUES ('bob', 'bob', 0, 'y')")
        db.execute("INSERT INTO clients VALUES ('alice', ?, 0)", (b"1" * 16,))
        db.execute("INSERT INTO measures VALUES ('ban', 'bob', 'op', ?, 5, 'spam')", (b"c" * 16,))
        db.execute("INSERT INTO deeds VALUES (1, 'op', 'test', 'bob', 2, 'why')")
        db.execute(f"PRAGMA application_id = {APPLICATION}")
        db.execute("PRAGMA user_version = 1")
    db.close()


def test_a_file_of_the_first_version_is_taken_over(old, start):
    for store in (start(), start()):
        alice, bob = store.permissions.accounts()
        assert (alice.name, alice.operator, alice.password) == ("Alice", True, "x")
        assert alice.clients == (b"1" * 16,)
        assert alice.id and bob.id and alice.id != bob.id
        assert store.permissions.restriction(BAN, "bob") == BAN_ON_BOB
        assert answer(store.audit_entries(9)) == [ENTRY]
    assert start().permissions.owner("alice").id == alice.id


def test_a_file_of_the_second_version_gets_tokens(old, start, path):
    schema = Path(passwordfile.__file__).parent / "schema" / "2.sql"
    with sqlite3.connect(path) as db:
        db.executescript(schema.read_text())
        db.execute("PRAGMA user_version = 2")
        id = db.execute("SELECT id FROM accounts WHERE key = 'alice'").fetchone()[0]
    db.close()
    store = start()
    alice = store.permissions.owner("alice")
    assert alice == Account("Alice", True, "x", (b"1" * 16,), id)
    answer(store.save(token(alice), ENTRY))
    assert start().permissions.bearer(b"1" * 32) == alice


def test_a_take_over_that_is_killed_half_way_changes_nothing(old, start, path, monkeypatch):
    class Killed(sqlite3.Connection):
        def execute(self, statement, *values):
            if "audit_log" in statement:
                raise sqlite3.OperationalError("disk I/O error")
            return super().execute(statement, *values)

    connect = sqlite3.connect
    with monkeypatch.context() as patch, pytest.raises(CannotStart):
        patch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, **k, factory=Killed))
        start()
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
        assert db.execute("SELECT count(*) FROM deeds").fetchone() == (1,)
    db.close()
    assert start().permissions.owner("alice").id


def test_the_file_stays_beside_as_it_was(old, start, path):
    start()
    with sqlite3.connect(f"{path}.v1") as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
        assert db.execute("SELECT name FROM accounts").fetchall() == [("Alice",), ("bob",)]
    db.close()
    assert stat.S_IMODE(os.stat(f"{path}.v1").st_mode) == 0o600


SHAPES = sorted((Path(__file__).parent / "shapes").glob("*.sql"))


def test_there_is_a_file_of_each_version_before_this_one():
    assert [int(shape.stem) for shape in SHAPES] == list(range(1, VERSION))


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.stem)
def test_a_file_of_each_version_is_taken_over_as_its_program_left_it(shape, start, path):
    with sqlite3.connect(path) as db:
        db.executescript(shape.read_text())
    db.close()
    store = start()
    found = [(account.name, account.operator) for account in store.permissions.accounts()]
    assert found == [("alice", True), ("bob", False)]
    assert answer(store.check("alice", "secret")) and not answer(store.check("alice", "wrong"))
    banned = {one.target for one in store.permissions.restrictions(BAN, 0)}
    assert banned == {"mallory", "192.0.2.0/24"}
    verbs = [entry.verb for entry in answer(store.audit_entries(9))]
    assert verbs == ["register", "register", "op", "ban", "ban"]


# Passwords.


@pytest.mark.parametrize("password", ["secret ", "Secret", "", "x" * 5000])
def test_another_password_is_wrong(start, password):
    store = start()
    answer(store.register(Account("alice"), "secret", ENTRY))
    assert answer(store.check("alice", password)) is None


def test_a_name_without_a_password_is_as_much_work_as_one_with():
    verified = []

    class Watched(PasswordHasher):
        def verify(self, stored, password):
            verified.append(stored.rsplit("$", 2)[0])
            return super().verify(stored, password)

    hasher = Watched(time_cost=1, memory_cost=8, parallelism=1)
    store = AccountStore(":memory:", Passwords(hasher))
    store.open()
    answer(store.register(Account("alice"), "secret", ENTRY))
    answer(store.save(Account("bob"), ENTRY))
    for name in ("alice", "bob", "nobody-at-all"):
        answer(store.check(name, "wrong"))
    assert len(verified) == 3 and len(set(verified)) == 1
    store.close()


def test_what_is_no_hash_fits_nothing():
    assert not PASSWORDS.verify("plain text", "plain text")


def test_a_checker_of_anybody_is_asked_and_its_names_are_their_owners_from_then_on(start):
    store = start()
    store.others = [InMemoryUsernamePasswordDatabaseDontUse(alice=b"secret")]
    assert answer(store.check("alice", "wrong")) is None
    assert not store.knows("alice")
    assert answer(store.check("alice", "secret")).name == "alice"
    assert store.knows("alice")
    assert answer(store.check("alice", "wrong")) is None


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "passwords"
    path.write_text(f"# the members\n\nAlice:{PASSWORDS.hash('secret')}\n")
    return path


def test_a_text_file_of_hashes_is_asked_too(start, text):
    store = start()
    store.others = [PasswordFile(str(text), PASSWORDS)]
    assert store.knows("ALICE")
    assert not store.knows("# the members")
    assert answer(store.check("bob", "secret")) is None
    assert answer(store.check("alice", "secret")).name == "alice"


def test_a_text_file_is_read_again_when_it_has_changed(start, text):
    checker = PasswordFile(str(text), PASSWORDS)
    assert not checker.knows("bob")
    text.write_text(text.read_text() + f"bob:{PASSWORDS.hash('other')}\n")
    assert checker.knows("bob")


# Damage.


def test_a_file_that_is_damaged_while_it_runs_is_told_once_and_what_it_said_before_holds(
    start, path, logged, expect_logged
):
    expect_logged("Can't read the accounts file")
    store = start()
    store.save(Account("alice"), ENTRY)
    whole = Path(path).read_bytes()
    with open(path, "r+b") as file:
        file.write(b"damage" * 500)
    for _ in range(3):
        answer(store.poll())
    assert store.permissions.owner("alice")
    with open(path, "r+b") as file:
        file.write(whole)
    for _ in range(2):
        answer(store.poll())
    told, again = logged()
    assert told.startswith(f"Can't read the accounts file {path}: ")
    assert again == f"Can read the accounts file {path} again; it had failed 3 times."


def test_a_file_that_is_moved_while_it_runs_is_told_until_it_is_back(
    start, path, logged, expect_logged
):
    expect_logged("Can't read the accounts file")
    store = start()
    store.save(Account("alice"), ENTRY)
    os.rename(path, f"{path}.moved")
    for _ in range(2):
        answer(store.poll())
    assert store.permissions.owner("alice")
    os.rename(f"{path}.moved", path)
    answer(store.poll())
    told, again = logged()
    assert "it was moved or removed; put it back, or restart the server." in told
    assert again == f"Can read the accounts file {path} again; it had failed 2 times."


def test_a_file_that_is_damaged_at_the_start_is_refused_in_one_line(start, path):
    start().save(Account("alice"), ENTRY)
    with open(path, "r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096 * 3)
    with pytest.raises(
        CannotStart,
        match=r"^the accounts file .*\. Restore a backup\.$",
    ):
        AccountStore(path).open()


def test_a_text_file_of_passwords_that_goes_away_is_told_once_and_what_it_said_before_holds(
    tmp_path, logged, expect_logged
):
    expect_logged("Can't read the passwords")
    path = tmp_path / "passwords"
    path.write_text("alice:x\n")
    checker = PasswordFile(str(path), PASSWORDS)
    assert checker.knows("alice")
    path.unlink()
    assert checker.knows("alice") and checker.knows("alice")
    os.mkfifo(path)
    assert checker.knows("alice"), "and nothing waits for the other end of a pipe"
    path.unlink()
    path.write_text("bob:y\n")
    assert checker.knows("bob") and not checker.knows("alice")
    told, again = logged()
    assert told == (
        f"Can't read the passwords in {path}: No such file or directory."
        " The previous contents stay in use; the server tries again."
    )
    assert again == f"Can read the passwords in {path} again; it had failed 3 times."
