"""
Any keys, in any order, while anything happens: the screen is always whole, and nothing is lost.
"""

from hypothesis import given
from hypothesis import strategies as st

from groupchat.cli.terminal.keys import KEYS
from groupchat.cli.terminal.talk import Connection, Phase
from groupchat.cli.terminal.width import columns
from groupchat.client import AnswerLost, Refused
from groupchat.wire import events
from groupchat.wire.plain.words import COMMANDS
from tests.cli.terminal.fakes import AT, Desk, message, state
from tests.cli.terminal.texts import HARD
from tests.support import examples

ROOMS = ("lobby", "dev", "@bob")
LINES = [
    *(command.word for command in COMMANDS),
    "/join tea",
    "/search x",
    "/ignore bob",
    "/edit y",
    "/notify none",
    "hello",
    "alice: look https://example.org/x",
]
keys = st.sampled_from([*KEYS, "meta 1", "meta 3", "r", "q", "y", "e", "d", "n", *HARD])
typed = st.sampled_from(LINES).map(lambda text: ("line", text))
heard = st.sampled_from(
    ["message", "page", "answer", "refuse", "lost", "store", "offline", "online", "presence"]
).map(lambda what: ("hear", what))
sizes = st.tuples(st.integers(1, 120), st.integers(1, 30)).map(lambda size: ("size", size))


class World:
    """A desk, and a server that gives any answer that it may give."""

    def __init__(self):
        self.desk = Desk(ROOMS)
        self.heads = dict.fromkeys(ROOMS, 0)

    def step(self, step):
        if isinstance(step, str):
            self.desk.press(step)
        elif step[0] == "line":
            self.desk.type(step[1], "enter")
        elif step[0] == "size":
            self.desk.size = step[1]
        else:
            getattr(self, step[1])()

    def message(self):
        room = ROOMS[sum(self.heads.values()) % 3]
        self.heads[room] += 1
        text = HARD[self.heads[room] % len(HARD)]
        self.desk.hear(message(self.heads[room], f"alice: {text}", room=room))

    def presence(self):
        self.desk.hear(events.Presence(room="dev", count=3, joined=["carol"], left=["bob"]))

    def offline(self):
        self.desk.talk.connection = Connection(Phase.WAITING, 3)

    def online(self):
        self.desk.talk.connection = Connection(Phase.ONLINE)

    def store(self):
        if self.desk.talk.said:
            room = self.desk.talk.said[0][0]
            self.heads.setdefault(room, 0)
            self.heads[room] += 1
            text = self.desk.talk.said[0][1]
            self.desk.talk.store(self.heads[room])
            own = message(self.heads[room], text, sender="alice", room=room)
            self.desk.hear(own, mine=True)

    def page(self):
        asked = self.desk.talk.requested
        if asked and type(asked[-1][0]).__name__ == "AskHistory":
            self.desk.talk.answer(events.History(room=asked[-1][0].room, messages=[], more=False))

    def answer(self):
        if not self.desk.talk.requested:
            return
        command = self.desk.talk.asked
        name = type(command).__name__
        if name == "Join":
            self.desk.hear(state(command.room))
            self.desk.talk.answer(state(command.room))
        elif name == "Search":
            found = [message(1, "x"), message(7, "gone", room=command.room)]
            self.desk.talk.answer(
                events.Found(room=command.room, messages=found, more=True, before=1)
            )
        elif name == "AskHistory":
            self.page()
        elif name == "AskWho":
            member = events.Member(name="bob", since=AT)
            self.desk.talk.answer(events.Who(room=command.room, members=[member], count=1))
        else:
            self.desk.talk.answer(events.Ok())

    def refuse(self):
        if self.desk.talk.requested:
            self.desk.talk.fail(Refused("not-allowed", "No."))
        elif self.desk.talk.said:
            self.desk.talk.refuse(Refused("muted", "You are muted."))

    def lost(self):
        if self.desk.talk.requested:
            self.desk.talk.fail(AnswerLost("The connection was lost."))


@examples(1.5)
@given(st.lists(keys | keys | typed | heard | sizes, max_size=40))
def test_the_screen_is_always_whole(steps):
    world = World()
    for step in steps:
        world.step(step)
        width, height = world.desk.size
        page = world.desk.page
        assert len(page.rows) == height
        for row in page.rows:
            assert sum(columns(segment.text) for segment in row) == width
    pending = sum(room.timeline.waiting for room in world.desk.rooms)
    assert pending <= len(world.desk.talk.said)
