"""Our login: what the server is told of us, and what it tells."""

import pytest

from groupchat.client.session import Session
from groupchat.wire import jsonlines
from groupchat.wire.commands import Ping, Position
from tests.client.fakes import welcome

SECRET = "s" * 16


@pytest.fixture
def session():
    return Session("alice", SECRET, password="hush")


def hello(session):
    """The hello that a server gets."""
    sent = []
    session.connect(sent.append)
    session.send_hello({"lobby": None, "dev": Position(epoch="e1", after=3)})
    (line,) = sent
    return jsonlines.decode(line)


def test_a_hello_has_the_name_its_proofs_and_the_rooms(session):
    told = hello(session)
    assert (told.name, told.client, told.password) == ("alice", SECRET, "hush")
    assert told.rooms == {"lobby": None, "dev": Position(epoch="e1", after=3)}


def test_a_server_that_shows_nothing_gets_no_password_and_always_the_same_other_secret(session):
    session.unproven = True
    first, second = hello(session), hello(session)
    assert first.password is None
    assert first.client == second.client != SECRET


def test_two_sessions_show_unproven_servers_different_secrets():
    secrets = set()
    for _ in range(2):
        session = Session("alice", SECRET)
        session.unproven = True
        secrets.add(hello(session).client)
    assert len(secrets) == 2


def test_the_server_says_what_we_are_called_and_whether_we_are_in(session):
    session.welcomed(welcome("Alice"))
    assert (session.name, session.logged_in, session.operator) == ("Alice", True, False)
    session.disconnect()
    assert not session.logged_in and session.name == "Alice"


def test_a_rename_of_others_is_none_of_ours(session):
    session.renamed({"bob": "rob"})
    assert session.name == "alice"
    session.renamed({"bob": "rob", "alice": "alicia"})
    assert session.name == "alicia"


def test_without_a_connection_nothing_is_sent(session):
    sent = []
    session.connect(sent.append)
    session.disconnect()
    session.send(Ping())
    assert sent == []


def test_the_first_event_of_each_connection_is_heard():
    heard = []
    session = Session("alice", SECRET, on_first_event=lambda: heard.append(1) or "Told.")
    for _ in range(2):
        session.connect(lambda data: None)
        assert session.unheard
        assert session.hear() == "Told."
        assert not session.unheard
    assert len(heard) == 2
