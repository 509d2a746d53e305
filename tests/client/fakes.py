"""
Doubles for the client's neighbours: a server that keeps the wire's promise, and a display and a
listener that remember.
"""

from __future__ import annotations

from groupchat.wire import commands, events, jsonlines, names

LIMITS = {"line": 32768, "text": 4096}
AT = "2026-11-22T14:03:00.000Z"


def line(event):
    return jsonlines.encode(event)[:-1]


def message(number, text="hello", sender="bob", room="lobby"):
    return events.Message(room=room, id=number, at=AT, sender=sender, text=text)


def state(room="lobby", epoch="e1", first=1, head=0, said=0, mark=0):
    return events.RoomState(
        room=room,
        epoch=epoch,
        first=first,
        head=head,
        said=said,
        topic="",
        members=["alice"],
        count=1,
        mark=mark,
    )


def welcome(name="alice"):
    return events.Welcome(name=name, server="fake", max=20, operator=False, limits=LIMITS)


class FakeDisplay:
    """Remembers what it was to display: `shown` without what was typed here."""

    def __init__(self):
        self.events = []
        self.shown = []
        self.told = []
        self.complaints = []

    def show(self, event, line, me, past=False, mine=False):
        self.events.append(event)
        if not mine:
            self.shown.append((event, past))

    def show_elsewhere(self, event, line):
        pass

    def tell(self, text):
        self.told.append(text)

    warn = tell

    def complain(self, text, word=None):
        self.complaints.append(f"{word}: {text}" if word else text)

    def texts(self):
        return [event.text for event, _ in self.shown if isinstance(event, events.Message)]

    def ids(self):
        return [event.id for event in self.events if isinstance(event, events.Message)]


class SessionListener:
    """Remembers what it was told about the connection."""

    def __init__(self):
        self.told = []

    def on_welcome(self):
        self.told.append("welcomed")

    def on_rejected(self, error):
        self.told.append(error.code)

    def on_bye(self, bye):
        self.told.append(bye.code)


class Server:
    """One room of a server: its log outlives its one connection. It acts on lines when told to."""

    def __init__(self):
        self.log = []
        self.first = 1
        self.epoch = "e1"
        self.said = {}
        self.ids = {}
        self.full = False
        self.muted = False
        self.client = None
        self.due = []  # lines on their way to the client
        self.received = []  # lines on their way from it

    # At the server.

    def append(self, sender, text, act=False, replaces=None, redacts=None):
        self.log.append(
            events.Message(
                room="lobby",
                id=len(self.log) + 1,
                at=AT,
                sender=sender,
                text=text,
                act=act,
                replaces=replaces,
                redacts=redacts,
            )
        )
        if self.client:
            self.due.append(line(self.log[-1]))

    def forget(self, count):
        """Keep only the newest `count`."""
        self.first = max(self.first, len(self.log) - count + 1)

    def drop(self):
        """The connection is lost, with everything that is on its way."""
        self.client = None
        self.due.clear()
        self.received.clear()

    # The wire.

    def take(self, data):
        """The client sends this."""
        self.received += data.splitlines()

    def work(self, count=None):
        """Act on the next lines received."""
        now, self.received = self.received[:count], self.received[len(self.received[:count]) :]
        for one in now:
            self._act(jsonlines.decode(one))

    def give(self, model, count=None):
        """Hand the next lines over to the client."""
        now, self.due = self.due[:count], self.due[len(self.due[:count]) :]
        for one in now:
            model.receive(jsonlines.decode_event(one), one)
        model.flush()

    def _act(self, command):
        if isinstance(command, commands.Hello):
            self.client = command.client
            self._send(welcome(command.name))
            self._enter(command.rooms["lobby"])
        elif isinstance(command, commands.Say | commands.Correction):
            self._say(command)
        elif isinstance(command, commands.AskHistory):
            found = [one for one in self.log[self.first - 1 :] if one.id < command.before][
                -command.limit :
            ]
            more = bool(found) and found[0].id > self.first
            self._send(events.History(room="lobby", messages=found, more=more, ref=command.ref))

    def _send(self, event):
        self.due.append(line(event))

    def _enter(self, place):
        head = len(self.log)
        said = self.said.get(self.client, 0)
        self._send(state(epoch=self.epoch, first=min(self.first, head + 1), head=head, said=said))
        if place is None:
            start = max(self.first - 1, head - 3)
        else:
            start = max(place.after, self.first - 1)
            if start > place.after:
                self._send(events.Gap(room="lobby", after=place.after, before=self.first))
        self._send(events.Catchup(room="lobby", through=head))
        for one in self.log[start:]:
            self._send(one)

    def _say(self, say):
        said = self.said.get(self.client, 0)
        content = (say.text, say.replaces, say.redacts)
        if say.n <= said:
            number, known = self.ids[self.client, say.n]
            if known == content:
                self._send(events.Ok(n=say.n, room="lobby", id=number, ref=say.ref))
            else:
                self._refuse(say, "conflict")
        elif say.n > said + 1:
            self._refuse(say, "out-of-order", want=said + 1)
        elif self.full:
            self._refuse(say, "storage-full")
        elif self.muted:
            self._refuse(say, "muted")
        else:
            self.said[self.client] = say.n
            self.ids[self.client, say.n] = (len(self.log) + 1, content)
            self._send(events.Ok(n=say.n, room="lobby", id=len(self.log) + 1, ref=say.ref))
            text = names.visible(say.text or "")
            self.append("alice", text, say.act, say.replaces, say.redacts)

    def _refuse(self, say, code, want=None):
        self._send(
            events.Error(
                code=code, text=f"That is {code}.", n=say.n, room="lobby", ref=say.ref, want=want
            )
        )
