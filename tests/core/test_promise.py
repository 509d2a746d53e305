"""
The promise, under anything that may happen: every reader sees each room in one order and without a
hole, nothing twice; what was answered by an ok is stored, once, at the id that it named; and what
was said is answered in the end.

Three people talk in two rooms. Their connections stall, drain, break and are taken over, they leave
and come back, and the server crashes between storing and answering. They do what the wire asks of a
client: come back with their cursor, and say again what has no answer.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from groupchat.core.entries import JoinEntry
from groupchat.ledgers.memory import MemoryLedger
from groupchat.ledgers.retention import RetentionPolicy
from tests.ledgers.keeping import ALICE, Owner, Unthreaded
from tests.support import JsonClient, Reactor, Server, apply_presence, secret

PEOPLE = ["alice", "bob", "carol"]
ROOMS = ["lobby", "dev"]
REPLAY = 3

#: Small bounds, so that little talk reaches them.
BOUNDS = {
    "groupchat.server.writers.HIGH_WATER_MARK": 1000,
    "groupchat.core.backlog.TAIL_BYTES": 1500,
    "groupchat.ledgers.pages.PAGE_BYTES": 1200,
}


class Brittle:
    """
    A ledger that can be cut off from its server: what was posted is stored or not, and in either
    case not answered.
    """

    def __init__(self, later, inner):
        self._later = later
        self._inner = inner
        self._posted = []
        self.cut = False
        self.node = inner.node
        self.page, self.history, self.rooms = inner.page, inner.history, inner.rooms

    @property
    def epoch(self):
        return self._inner.epoch

    def open(self, owner):
        self._owner = owner
        self._inner.open(self)

    def appended(self, batch):
        self._owner.appended(batch)

    def failed(self, reason):
        self._owner.failed(reason)

    def post(self, draft):
        if not self.cut:
            self._posted.append(draft)
            self._later(0, self.hand_on)

    def hand_on(self):
        posted, self._posted = self._posted, []
        for draft in posted:
            self._inner.post(draft)

    def crash(self, stored):
        self.cut = True
        if stored:
            self.hand_on()
        self._posted.clear()
        self._owner = Owner()


class Stand:
    """A client's knowledge of a room."""

    def __init__(self):
        self.epoch = None
        self.after = None  # everything up to this id was seen, or named by a gap
        self.through = 0
        self.members = set()
        self.awaited = False  # whether a room line is to come
        self.here = False
        self.leaving = False  # whether the ok of a leave is to come
        self.count = 0
        self.outbox = {}
        self.acked = {}

    @property
    def place(self):
        return None if self.after is None else {"epoch": self.epoch, "after": self.after}


class Person:
    """A client that keeps its side of the wire, and looks whether the server does."""

    def __init__(self, world, name):
        self.world = world
        self.name = name
        self.client = None
        self.stands = {room: Stand() for room in ROOMS}
        self.wanted = {"lobby"}
        self.secret = secret(name)
        self.names = 0

    # Actions.

    def connect(self):
        if self.client is not None:
            self.read()
        self.client = JsonClient(self.world.server)
        for room, stand in self.stands.items():
            stand.here, stand.leaving, stand.awaited = False, False, room in self.wanted
        self.client.hello(
            self.name,
            client=self.secret,
            rooms={room: self.stands[room].place for room in sorted(self.wanted)},
        )

    def lose(self, received):
        """The connection is lost; what was on its way is received or not."""
        if self.client is None:
            return
        if received:
            self.read()
        if self.client is not None:
            self.client.close()
            self.client = None

    def say(self, room, size):
        stand = self.stands[room]
        stand.count += 1
        text = f"{self.secret} {room} {stand.count} {'x' * size}"
        stand.outbox[stand.count] = text
        if self.client is not None and stand.here:
            self.client.say(text, room=room, n=stand.count)

    def leave(self, room):
        if self.client is not None and self.stands[room].here:
            self.wanted.discard(room)
            self.stands[room].here, self.stands[room].leaving = False, True
            self.client.do("leave", room=room, ref="leave")

    def join(self, room):
        stand = self.stands[room]
        if self.client is not None and room not in self.wanted and not stand.leaving:
            self.wanted.add(room)
            stand.awaited = True
            self.client.do("join", room=room, **(stand.place or {}))

    def rename(self):
        if self.client is not None and any(stand.here for stand in self.stands.values()):
            self.names += 1
            self.client.rename(f"{self.secret[12:16].strip('_')}-{self.names}")

    # Events from the server.

    def read(self):
        client = self.client
        for event in client.events():
            getattr(self, "_" + event["type"].replace("-", "_"))(event)
        if client.gone and self.client is client:
            self.client = None

    def _welcome(self, event):
        self.name = event["name"]

    def _room(self, event):
        stand = self.stands[event["room"]]
        stand.epoch = event["epoch"]
        stand.members = set(event["members"])
        assert event["count"] == len(stand.members)
        if not stand.awaited:
            return  # it fell far behind
        stand.awaited, stand.here = False, True
        assert max(stand.acked, default=0) <= event["said"] <= stand.count, (
            "what was answered is stored"
        )
        for n, text in stand.outbox.items():
            self.client.say(text, room=event["room"], n=n)

    def _catchup(self, event):
        self.stands[event["room"]].through = event["through"]

    def _gap(self, event):
        stand = self.stands[event["room"]]
        assert event["after"] == self._before(stand, event["after"] + 1) < event["before"] - 1
        stand.after = event["before"] - 1
        self.world.gaps[event["room"]] = max(self.world.gaps[event["room"]], event["before"])

    @staticmethod
    def _before(stand, id):
        """
        Return the last id before this one.

        A client that joined without a position begins with the newest few, wherever that is.
        """
        return min(id - 1, stand.through) if stand.after is None else stand.after

    def _message(self, event):
        room, stand = event["room"], self.stands[event["room"]]
        assert event["id"] == self._before(stand, event["id"]) + 1, "no hole, nothing twice"
        stand.after = event["id"]
        self.world.saw(room, event["id"], event["text"], event["from"])
        if event["id"] > stand.through:
            assert event["from"] in stand.members, (
                "nobody speaks before they are told to have joined"
            )

    def _ok(self, event):
        if "n" not in event:
            if event.get("ref") == "leave":
                left = self.stands[event["room"]]
                left.leaving, left.members = False, None  # nothing more of that room may come
            return
        stand = self.stands[event["room"]]
        assert event["n"] == next(iter(stand.outbox)), "oks of one room come in the order said"
        text = stand.outbox.pop(event["n"])
        stand.acked[event["n"]] = event["id"]
        self.world.saw(event["room"], event["id"], text)

    def _presence(self, event):
        apply_presence(self.stands[event["room"]].members, event)

    def _ping(self, event):
        for room, head in event["heads"].items():
            assert self.stands[room].after in (head, None)
        self.client.do("pong")

    def _bye(self, event):
        assert event["code"] in ("idle", "replaced", "slow"), event
        self.client = None


class Promise(RuleBasedStateMachine):
    """
    :ivar log: for each room and id, the text that someone saw there, and whose it was.
    :ivar gaps: for each room, up to where someone was told that messages are no longer kept.
    """

    def __init__(self):
        super().__init__()
        self.log = {room: {} for room in ROOMS}
        self.gaps = dict.fromkeys(ROOMS, 0)
        self.patches = ExitStack()
        for name, value in BOUNDS.items():
            self.patches.enter_context(patch(name, value))

    @initialize(keep=st.sampled_from(["all", "4 messages"]), big=st.sampled_from([200, 2]))
    def begin(self, keep, big):
        self.patches.enter_context(patch("groupchat.core.room.LARGE_ROOM", big))
        self.keep = RetentionPolicy.parse(keep)
        self.start()
        self.people = {name: Person(self, name) for name in PEOPLE}
        for person in self.people.values():
            person.connect()
        self.server.run()

    # The ledger, which outlives the server.

    def open_ledger(self):
        if not hasattr(self, "inner"):
            self.inner = MemoryLedger(lambda *call: self.reactor.callLater(*call), self.keep)
        return self.inner

    def close_ledger(self):
        """Do nothing: a ledger in memory stays there."""

    def start(self):
        self.reactor = Reactor()
        self.server = Server(
            ledger=lambda reactor: Brittle(reactor.callLater, self.open_ledger()),
            reactor=self.reactor,
            replay=REPLAY,
        )

    def saw(self, room, id, text, sender=None):
        seen = self.log[room].setdefault(id, (text, sender))
        assert seen[0] == text, "all see one order"
        if sender is not None:
            assert seen[1] in (None, sender)
            self.log[room][id] = text, sender

    # Rules.

    who = st.sampled_from(PEOPLE)
    where = st.sampled_from(ROOMS)

    @rule(name=who, room=where, count=st.integers(1, 9), size=st.sampled_from([0, 200]))
    def say(self, name, room, count, size):
        for _ in range(count):
            self.people[name].say(room, size)

    @rule(count=st.integers(1, 3))
    def take_turns(self, count):
        for _ in range(count):
            self.reactor.turn()

    @rule(seconds=st.sampled_from([0, 0, 0, 0.05, 0.2, 1, 25, 70]))
    def let_time_pass(self, seconds):
        self.server.run(seconds)

    @rule(name=who, room=st.sampled_from([0, 50, 700, 2000]))
    def stall(self, name, room):
        if self.people[name].client is not None:
            self.people[name].client.stall(room)

    @rule(name=who, room=where, other=who, received=st.booleans())
    def fall_behind(self, name, room, other, received):
        """Much is said, a message a turn, while one does not read."""
        self.stall(name, 0)
        for _ in range(12):
            self.people[other].say(room, 200)
            self.server.run()
            self.everyone_reads()
        if received:
            self.drain(name)

    @rule(name=who)
    def drain(self, name):
        if self.people[name].client is not None:
            self.people[name].client.flow()

    @rule(name=who, received=st.booleans())
    def lose(self, name, received):
        self.people[name].lose(received)

    @rule(name=who)
    def come_back_or_take_over(self, name):
        self.people[name].connect()

    @rule(name=who, room=where)
    def leave(self, name, room):
        self.people[name].leave(room)

    @rule(name=who, room=where)
    def join(self, name, room):
        self.people[name].join(room)

    @rule(name=who)
    def rename(self, name):
        self.people[name].rename()

    @rule(stored=st.booleans(), received=st.booleans())
    def crash(self, stored, received):
        """Between storing and answering."""
        self.server.ledger.crash(stored)
        for person in self.people.values():
            person.lose(received)
        self.server.run()
        self.close_ledger()
        self.start()

    # Invariants.

    @invariant()
    def everyone_reads(self):
        for person in getattr(self, "people", {}).values():
            if person.client is not None:
                person.read()

    def teardown(self):
        try:
            if hasattr(self, "people"):
                self.all_ends_well()
                self.close_ledger()
        finally:
            self.patches.close()

    def all_ends_well(self):
        for person in self.people.values():
            person.lose(received=True)
            person.wanted = set(ROOMS)
        self.server.run(1)
        for person in self.people.values():
            person.connect()
        for _ in range(3):
            self.server.run(1)
            self.everyone_reads()
        self.server.ledger.crash(stored=True)
        for room in ROOMS:
            self.look_at(room)

    def look_at(self, room):
        stored, first, head = self.stored(room)
        assert self.gaps[room] <= first
        for id, text in stored.items():
            assert self.log[room].get(id, (text,))[0] == text
        texts = [text for text, _ in self.log[room].values()]
        assert len(set(texts)) == len(texts), "nothing is stored twice"
        for person in self.people.values():
            stand = person.stands[room]
            assert (stand.through if stand.after is None else stand.after) == head, (
                "everyone has seen everything"
            )
            assert not stand.outbox, "everything is answered"
            assert list(stand.acked) == list(range(1, stand.count + 1))

    def stored(self, room):
        entering = JoinEntry(room, ALICE)
        self.inner.post(entering)
        self.server.run()
        stored = {}
        after = entering.first - 1
        while after < entering.head:
            pages = []
            self.inner.page(room, after, entering.head).addCallback(pages.append)
            self.server.run()
            stored.update((message.id, message.text) for message in pages[0])
            after = pages[0][-1].id
        assert list(stored) == list(range(entering.first, entering.head + 1))
        return stored, entering.first, entering.head


class PromiseOnDisk(Promise):
    """The same on disk, where each start is a new epoch."""

    def open_ledger(self):
        if not hasattr(self, "folder"):
            memory = Path("/dev/shm")
            self.folder = tempfile.mkdtemp(dir=memory if memory.is_dir() else None)
        self.inner = Unthreaded(self.reactor, f"{self.folder}/chat.db", self.keep)
        return self.inner

    def close_ledger(self):
        self.inner.close()
        self.server.run()

    def teardown(self):
        try:
            super().teardown()
        finally:
            shutil.rmtree(getattr(self, "folder", ""), ignore_errors=True)


# To shrink what fails can take minutes, and the run would be over before it is told: do that by
# hand, with Phase.shrink.
found = (Phase.explicit, Phase.reuse, Phase.generate)
long = settings(stateful_step_count=40, phases=found, suppress_health_check=list(HealthCheck))


def test_the_promise_holds_in_memory():
    run_state_machine_as_test(Promise, settings=long)


def test_the_promise_holds_on_disk():
    fewer = settings(long, max_examples=long.max_examples // 4)
    run_state_machine_as_test(PromiseOnDisk, settings=fewer)
