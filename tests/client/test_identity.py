"""
The client's identity to its server, once the server has shown which it is.
"""

import pytest

from groupchat.client import client_id
from groupchat.client.identity import Identity
from groupchat.client.local_trust import LocalServer
from groupchat.client.model import Model
from groupchat.client.outbox import Outbox
from groupchat.client.session import Session
from groupchat.wire.commands import Position
from tests.client.fakes import FakeDisplay
from tests.support import Reactor

A, B = LocalServer("SHA256:a", inherits=False), LocalServer("SHA256:b", inherits=False)
READ = {"lobby": Position(epoch="e", after=8)}


@pytest.fixture
def claim(tmp_path):
    claimed = []

    def claim(server):
        claimed.append(client_id.claim("alice", "localhost", 9000, tmp_path, *(server or ())))
        return claimed[-1]

    yield claim
    for one in claimed:
        one.close()


@pytest.fixture
def identify(claim):
    """An identity, and the model that uses it."""

    def identify(claimed=None, resumes_reading=True):
        identity = Identity(claimed, claim, lambda certificate: None, resumes_reading)
        session = Session("alice", identity.value)
        identity.user = Model(
            session, ["lobby"], FakeDisplay(), Outbox(), Reactor(), identity.read()
        )
        return identity, identity.user

    return identify


def test_each_server_knows_another_secret_and_its_rooms_are_read_apart(identify):
    identity, model = identify()
    before = model.session.client
    identity.on_server(A)
    identity.save_positions(READ)
    identity.close()
    one = model.session.client
    identity, model = identify()
    identity.on_server(B)
    assert model.positions == {} and len({before, one, model.session.client}) == 3
    identity, model = identify()
    identity.on_server(A)
    assert model.positions == READ and model.session.client == one


def test_positions_read_in_plain_text_are_kept_for_the_address(identify):
    for positions in {}, READ:
        identity, model = identify()
        identity.set_unproven(True)
        identity.set_unproven(True)
        assert model.session.unproven and model.positions == positions
        identity.save_positions(READ)
        identity.close()


def test_without_a_person_who_goes_on_reading_no_position_is_kept(identify):
    identity, _ = identify(resumes_reading=False)
    identity.on_server(A)
    identity.save_positions(READ)
    identity.close()
    identity, model = identify()
    identity.on_server(A)
    assert model.positions == {}


def test_a_script_goes_over_to_the_first_secret_of_the_server_once_that_is_free(identify, claim):
    first = claim(A)
    identity, _ = identify()
    identity.on_server(A)
    second = identity.value
    assert identity.secondary and identity.take() == second != first.value
    first.close()
    assert identity.take() == first.value and not identity.secondary
    assert identity.take() == first.value
    identity.close()
    assert claim(A).value == first.value, "and lets go of both"
