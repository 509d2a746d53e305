"""
The ledger in PostgreSQL: which databases it does not open, and what it does where the database is
gone for a while.
"""

from __future__ import annotations

import time

import psycopg
import pytest

from groupchat import postgresql as opening
from groupchat import primary
from groupchat.core.entries import PrivacyEntry
from groupchat.errors import CannotOpen, CannotStart
from groupchat.ledgers.postgresql.environment import Environment
from groupchat.postgresql import Database
from groupchat.wire.errors import Conflict
from tests.ledgers.keeping import BOB, Log
from tests.ledgers.nodes import database, on_postgresql

pytestmark = pytest.mark.slow  # of a real engine


@pytest.fixture
def uri(engine):
    return database(engine)


@pytest.fixture
def start(opened, uri, machine):
    """Starts nodes on one database; several can be open at once."""

    def start(address=uri):
        return opened(lambda reactor: on_postgresql(address)(reactor, None, machine))

    return start


@pytest.fixture
def log(start):
    return start()


def test_what_was_pruned_is_still_known_by_its_n(uri, engine, machine):
    from groupchat.ledgers.retention import RetentionPolicy

    policy = RetentionPolicy.parse("2 messages")
    log = Log(lambda reactor: on_postgresql(uri)(reactor, policy, machine))
    for n in range(1, 6):
        log.said(str(n), n=n)
    machine.clock.days(0.01)
    log.said("6", n=6)
    assert engine.execute("SELECT min(id), max(id) FROM groupchat.messages", "ledger") == [(4, 6)]
    assert log.said("2", n=2).id == 2 and log.said("1", n=1).refusal is None
    assert isinstance(log.said("x", n=2).refusal, Conflict)
    assert log.said("7", n=7).id == 7
    log.close()


# One call for each batch.


def test_a_batch_of_every_kind_is_one_bundle(log, engine):
    before = engine.execute("SELECT max(seq) FROM groupchat.bundles", "ledger")[0][0]
    said = [log.say("a", n=1), log.say("b", n=2), log.say("c", client=BOB, n=1)]
    log.post(PrivacyEntry("den", True, "1"))
    said += [log.say("d", n=3), log.say("e", room="dev", n=1)]
    log.run()
    assert [one.id for one in said] == [1, 2, 3, 4, 1]
    assert engine.execute("SELECT max(seq) FROM groupchat.bundles", "ledger") == [(before + 1,)]


# Databases that are not opened.


def cannot_start(start, uri, kind=CannotOpen):
    """Returns the one line with which a start fails."""
    with pytest.raises(CannotStart) as caught:
        start(uri)
    line = str(caught.value)
    assert isinstance(caught.value, kind) and line.isprintable() and line.endswith(".")
    return line


def test_a_database_that_can_not_be_reached_may_be_there_later(start):
    line = cannot_start(start, "postgresql:///chat?host=/nowhere", opening.CannotOpenYet)
    assert line.startswith("the database chat at /nowhere cannot be reached: ")
    assert line.endswith("Make sure that PostgreSQL runs there.")


@pytest.fixture
def no_standby(engine):
    """No commit comes through."""

    def set_to(names):
        engine.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{names}'")
        engine.execute("SELECT pg_reload_conf()")

    set_to("nobody")
    yield
    set_to("")


def test_a_database_whose_commits_wait_for_a_standby_that_is_not_there(
    start, engine, uri, no_standby, monkeypatch
):
    monkeypatch.setattr(primary, "COMMIT_TIMEOUT", 0.2)
    for host in (engine.folder, f"{engine.folder},127.0.0.1"):
        line = cannot_start(start, engine.uri("ledger", host), opening.CannotOpenYet)
        assert "its commits wait for a standby, and none confirms them. Start its" in line


def test_commits_that_nobody_waits_for_do_not_fill_the_engine(engine, uri, no_standby, monkeypatch):
    monkeypatch.setattr(primary, "COMMIT_TIMEOUT", 0.2)
    finder, ends = primary.Primary(uri), time.monotonic() + 2.5
    while time.monotonic() < ends:
        with pytest.raises(primary.NotConfirmed):
            finder.connect()
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    ((count,),) = engine.execute(waiting)
    assert 0 < count < 9, "those of the last 1.2 s"


@pytest.mark.parametrize("port", ["{0}", "1,{0}", "{0},"])
def test_a_database_is_found_among_several_hosts(engine, uri, port):
    hosts = f"{engine.folder},{engine.folder}"
    found = engine.uri("ledger", hosts, port.format(engine.port))
    Database(found, Environment().schemas()).prepare()


def test_a_database_that_is_not_there(start, engine):
    line = cannot_start(start, engine.uri("nothing"))
    assert line.endswith(': database "nothing" does not exist.')


def test_an_address_that_is_none(start):
    line = cannot_start(start, "postgresql://[::1/chat")
    assert line.startswith("--ledger: end of string reached")


def test_a_password_is_in_no_line(start):
    assert "secret" not in cannot_start(start, "postgresql://alice:secret@127.0.0.1:1/chat")


def test_a_user_without_rights(start, engine, uri):
    engine.execute("DROP ROLE IF EXISTS poor")
    engine.execute("CREATE ROLE poor LOGIN")
    engine.create("theirs")
    line = cannot_start(start, engine.uri("theirs").replace("user=chat", "user=poor"))
    engine.drop("theirs")
    engine.execute("DROP ROLE poor")
    assert "permission denied for database theirs" in line and "OWNER" in line


def test_a_database_without_unicode(start, engine):
    engine.execute("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
    line = cannot_start(start, engine.uri("latin"))
    engine.drop("latin")
    assert "stores text as LATIN1. Create one with UTF8" in line


def is_version(engine, number):
    engine.execute(f"UPDATE groupchat.version SET number = {number}", "ledger")


def test_a_newer_schema_but_the_next(start, log, engine):
    newest = max(Environment().schemas())
    is_version(engine, newest + 2)
    line = cannot_start(start, engine.uri("ledger"))
    is_version(engine, newest)
    assert f"written by a newer groupchat (version {newest + 2}," in line


def test_a_node_that_is_restarted_in_an_upgrade_joins_on_the_next_schema(engine, uri):
    newest = max(Environment().schemas())
    schemas = Environment().schemas()
    Database(uri, schemas).prepare()
    Database(uri, {**schemas, newest + 1: "CREATE TABLE more (x int)"}).prepare()
    Database(uri, schemas).prepare()
    assert engine.execute("SELECT number FROM groupchat.version", "ledger") == [(newest + 1,)]
    engine.execute("DROP TABLE groupchat.more", "ledger")
    is_version(engine, newest)


def test_an_engine_that_is_too_old(start, uri, monkeypatch):
    monkeypatch.setattr(opening, "MIN_VERSION", 99)
    assert "which is too old: it has to be 99 or newer." in cannot_start(start, uri)


def test_an_upgrade_that_fails_changes_nothing(engine, uri):
    schemas = Environment().schemas()
    engine.create("fresh")
    broken = {**schemas, max(schemas) + 1: "CREATE TABLE more (x int); SELECT 1 / 0"}
    with pytest.raises(CannotOpen, match="division by zero"):
        Database(engine.uri("fresh"), broken).prepare()
    assert engine.execute("SELECT to_regclass('groupchat.version')", "fresh") == [(None,)]
    Database(engine.uri("fresh"), schemas).prepare()
    Database(engine.uri("fresh"), schemas).prepare()
    engine.drop("fresh")


# A database that is gone for a while.


def terminate(engine):
    """Ends all connections to the database."""
    engine.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = 'ledger'"
    )


def test_a_connection_that_is_lost_is_made_again(log, engine):
    log.said("one", n=1)
    terminate(engine)
    assert log.said("two", n=2).id == 2
    terminate(engine)
    assert [message.text for message in log.page(0, 9)] == ["one", "two"]
    assert log.ledger.trouble == "" and log.owner.reasons == []


def test_a_batch_whose_answer_was_lost_is_stored_once(log, engine, machine, monkeypatch):
    ask = log.ledger._writer._ask
    lost = []

    def lose(connection, request):
        answer = ask(connection, request)
        if not lost:
            lost.append(answer)
            connection.close()
            raise psycopg.OperationalError("the connection is lost")
        return answer

    monkeypatch.setattr(log.ledger._writer, "_ask", lose)
    first, second = log.say("no n"), log.say("n", n=1)
    log.run()
    assert lost and (first.id, second.id) == (1, 2)
    assert log.said("next").id == 3
    assert [message.text for message in log.page(0, 9)] == ["no n", "n", "next"]


def test_an_error_of_which_nobody_knows_what_it_means_ends_the_ledger(log, engine):
    engine.execute("ALTER TABLE groupchat.bundles RENAME TO elsewhere", "ledger")
    log.say()
    log.run()
    engine.execute("ALTER TABLE groupchat.elsewhere RENAME TO bundles", "ledger")
    (reason,) = log.owner.reasons
    assert reason.startswith("the database ledger at ") and "bundles" in reason
    log.closed = True
    log.ledger.shut()


# Things that nodes share beside the log.


def test_the_first_node_makes_the_certificate_and_the_others_have_the_same(start):
    made = []

    def make():
        made.append(f"certificate {len(made)}".encode())
        return made[-1]

    first, second = start(), start()
    assert first.ledger.keep_file(".pem", make) == b"certificate 0"
    assert second.ledger.keep_file(".pem", make) == b"certificate 0" and len(made) == 1


def test_a_node_that_was_fenced_reads_and_saves_nothing(log, engine):
    link = log.ledger.link()
    engine.execute("DELETE FROM groupchat.nodes", "ledger")
    with pytest.raises(psycopg.OperationalError, match="joining the others again"):
        link.connection()
