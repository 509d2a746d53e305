"""
Private rooms by any order of commands, beside a model that says who is in the room.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.core.accounts import joined, made, types
from tests.support import examples

NAMES = ["alice", "bob", "carol", "op", "zoe"]
REGISTERED = NAMES[:4]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["join", "join", "leave", "say", "private", "open", "invite", "uninvite", "close"]
        ),
        st.sampled_from(NAMES),
        st.sampled_from(REGISTERED),
    ),
    min_size=5,
    max_size=30,
)
#: Before any others: the den has an owner, who has invited one, and a guest has come and gone.
BEGINNING = [
    ("join", "alice", "bob"), ("join", "bob", "bob"), ("join", "zoe", "bob"),
    ("private", "alice", "bob"), ("say", "bob", "bob"),
]  # fmt: skip


class Model:
    """The den as it should be. Each method returns whether a command is carried out."""

    def __init__(self):
        self.inside = set()
        self.owner = None
        self.private = False
        self.invited = set()

    def admits(self, name):
        return not self.private or name == self.owner or name in self.invited

    def join(self, name, _):
        may = name not in self.inside and self.admits(name)
        self.inside |= {name} if may else set()
        return may

    def leave(self, name, _):
        may = name in self.inside
        self.inside.discard(name)
        return may

    def say(self, name, _):
        return name in self.inside

    def make_private(self, name, _):
        if name not in self.inside or name not in REGISTERED or self.owner not in (None, name):
            return False
        self.owner, self.private = name, True
        self.invited |= self.inside & set(REGISTERED)
        self._expel()
        return True

    def open(self, name, _):
        if name != self.owner and not (name == "op" and self.private):
            return False
        self.owner = name if name == self.owner else None
        self.private, self.invited = False, set()
        return True

    def invite(self, name, other):
        may = name == self.owner
        self.invited |= {other} if may else set()
        return may

    def uninvite(self, name, other):
        may = name == self.owner
        self.invited -= {other} if may else set()
        self._expel()
        return may

    def close(self, name, _):
        may = name == "op" and self.private
        if may:
            self.invited, self.inside = set(), set()
        return may

    def _expel(self):
        self.inside = {name for name in self.inside if self.admits(name)}


def command(act, other):
    """Returns the type and the fields of a command about the den."""
    return {
        "private": ("private", {"private": True}),
        "open": ("private", {"private": False}),
        "say": ("say", {"text": "a secret"}),
        "invite": ("invite", {"name": other}),
        "uninvite": ("uninvite", {"name": other}),
    }.get(act, (act, {}))


def people(server):
    """Returns a client for each name, which is in the lobby."""
    clients = {name: joined(server, name) for name in REGISTERED}
    clients["zoe"] = server.json("zoe")
    for client in clients.values():
        client.read()
    return clients


@examples(1.5)
@given(steps=STEPS)
def test_whatever_is_commanded_those_in_a_private_room_are_those_who_may(steps):
    server, model = made("carol"), Model()
    clients = people(server)
    for act, name, other in [*BEGINNING, *steps]:
        type, fields = command(act, other)
        told = clients[name].ask(type, room="den", ref="r", **fields)
        before = set(model.inside)
        done = getattr(model, "make_private" if act == "private" else act)(name, other)
        (answer,) = [event for event in told if event.get("ref") == "r"]
        assert (answer["type"] != "error") is done, (act, answer)
        for one, client in clients.items():
            events = client.events() if client is not clients[name] else told
            heard = any(event["text"] == "a secret" for event in types(events, "message"))
            if act == "say":
                assert heard is (done and one in model.inside)
            sent_out = any("ref" not in event for event in types(events, "error"))
            assert sent_out is (act != "leave" and one in before - model.inside)
        room = server.hub.rooms.get("den")
        assert {member.name for member in room.members} == model.inside if room else True
        assert bool(room) is bool(model.inside)
        (rooms,) = clients[other].ask("rooms")
        listed = {row["room"] for row in rooms["rooms"]}
        assert "den" not in listed or model.admits(other)


@examples(1.5)
@given(steps=STEPS, runs=st.lists(st.booleans(), min_size=34, max_size=34))
def test_in_whatever_turns_nobody_is_in_a_private_room_who_may_not(steps, runs):
    server = made("carol")
    clients = people(server)
    for (act, name, other), run in zip([*BEGINNING, *steps], [False, *runs], strict=False):
        type, fields = command(act, other)
        clients[name].do(type, room="den", **fields)
        if run:
            server.run()
    server.run()
    room = server.hub.rooms.get("den")
    if room is not None:
        accounts = server.accounts.permissions
        for member in room.members:
            account = accounts.owner(member.name)
            assert room.access.admits(account.id if account else "")
    for client in clients.values():
        assert not client.gone
        client.close()
    server.run()
    assert not server.hub.rooms and server.hub.members.is_consistent()
