"""
Who the client is to its server, once it has shown which it is.
"""

import pytest

from groupchat.client import client_id
from groupchat.client.identity import Identity
from groupchat.client.model import Model
from groupchat.client.outbox import Outbox
from groupchat.client.trust import Server
from groupchat.wire.commands import Position
from tests.client.fakes import Screen
from tests.support import Reactor

A, B = Server("SHA256:a", heir=False), Server("SHA256:b", heir=False)
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
    """An identity, and the conversation that it is for."""

    def identify(claimed=None, goes_on=True):
        identity = Identity(claimed, claim, lambda certificate: None, goes_on)
        identity.claimant = Model(
            "alice", identity.value, ["lobby"], Screen(), Outbox(), Reactor(), identity.read()
        )
        return identity, identity.claimant

    return identify


def test_each_server_knows_another_secret_and_its_rooms_are_read_apart(identify):
    identity, mind = identify()
    before = mind.client
    identity.meet(A)
    identity.keep(READ)
    identity.close()
    one = mind.client
    identity, mind = identify()
    identity.meet(B)
    assert mind.places == {} and len({before, one, mind.client}) == 3
    identity, mind = identify()
    identity.meet(A)
    assert mind.places == READ and mind.client == one


def test_where_rooms_were_read_in_plain_is_kept_for_the_place(identify):
    for places in {}, READ:
        identity, mind = identify()
        identity.doubt(True)
        identity.doubt(True)
        assert mind.unproven and mind.places == places
        identity.keep(READ)
        identity.close()


def test_where_nobody_goes_on_reading_nothing_is_kept(identify):
    identity, _ = identify(goes_on=False)
    identity.meet(A)
    identity.keep(READ)
    identity.close()
    identity, mind = identify()
    identity.meet(A)
    assert mind.places == {}


def test_a_script_goes_over_to_the_first_secret_of_the_server_once_that_is_free(identify, claim):
    first = claim(A)
    identity, _ = identify()
    identity.meet(A)
    second = identity.value
    assert identity.spare and identity.take() == second != first.value
    first.close()
    assert identity.take() == first.value and not identity.spare
    assert identity.take() == first.value
    identity.close()
    assert claim(A).value == first.value, "and lets go of both"
