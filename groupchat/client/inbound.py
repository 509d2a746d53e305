"""Applies the events of the server: each to the room, the request or the login that it is about."""

from __future__ import annotations

import msgspec

from groupchat.client.interfaces import Display
from groupchat.client.marks import ReadMarks
from groupchat.client.requests import ANSWERS, FILL_REF, Requests, is_own
from groupchat.client.room import Refusal, Room, RoomEvent
from groupchat.client.rooms import Rooms, RoomSwitch
from groupchat.client.sender import RETRYABLE
from groupchat.client.session import Session
from groupchat.wire import commands, events, names
from groupchat.wire.events import Event

__all__ = ["OLDER_SERVER", "Inbound"]

OLDER_SERVER = "This server is older than your client: it does not know that."


class Inbound:
    """
    The way in of a model.

    :param session: the login.
    :param rooms: the rooms.
    :param switch: the room that what is typed goes to.
    :param requests: the requests without an answer.
    :param marks: the read marks.
    :param display: shows what happens.

    :ivar refused: messages and requests that the server has refused for good.
    """

    def __init__(
        self,
        session: Session,
        rooms: Rooms,
        switch: RoomSwitch,
        requests: Requests,
        marks: ReadMarks,
        display: Display,
    ) -> None:
        self.refused = 0
        self._session = session
        self._rooms = rooms
        self._switch = switch
        self._requests = requests
        self._marks = marks
        self._display = display

    def receive(self, event: Event | None, line: bytes) -> None:
        """
        Handle a line of the server.

        :param event: None if this client does not know the event.
        """
        if event is not None and self._session.unheard:
            self._greet()
        if isinstance(event, RoomEvent):  # an answer, if it is a topic
            self._on_room_event(event, line)
        elif isinstance(event, ANSWERS):
            self._on_answer(event, line, asked=self._requests.settle(event))
        elif isinstance(event, events.Welcome):
            self._session.welcomed(event)
            self._show(event, line)
            self._session.listener.on_welcome()
        elif isinstance(event, events.Ping):
            self._on_ping(event, line)
        else:
            self._on_notice(event, line)

    def _on_notice(self, event: Event | None, line: bytes) -> None:
        if isinstance(event, events.Direct):
            self._on_direct(event, line)
            return
        self._show(event, line)
        if isinstance(event, events.Mark):
            self._marks.on_mark(event.room, event.id)
        elif isinstance(event, events.Bye):
            self._session.listener.on_bye(event)

    def _greet(self) -> None:
        notice = self._session.hear()
        if notice:
            self._display.warn(notice)

    def _on_direct(self, event: events.Direct, line: bytes) -> None:
        self._marks.on_direct(event.rooms)
        others = {name: room for name, room in event.rooms.items() if name not in self._rooms}
        self._show(events.Direct(rooms=others), line)  # a person is about to read the rest

    def _on_answer(self, event: Event, line: bytes, asked: bool) -> None:
        if isinstance(event, events.Ok):
            self._on_ok(event, line)
        elif isinstance(event, events.Error):
            self._on_error(event, line, asked)
        elif isinstance(event, events.History):
            self._on_history(event, line)
        else:
            self._show(event, line)

    def _show(self, event: Event | None, line: bytes) -> None:
        if not is_own(event):
            self._display.show(event, line, self._session.name)

    def _on_ping(self, event: events.Ping, line: bytes) -> None:
        self._show(event, line)
        self._session.send(commands.Pong())
        for name, head in event.heads.items():
            room = self._rooms.get(name)
            if room is not None and room.joined:
                room.receiver.on_head(head)

    def _on_room_event(self, event: RoomEvent, line: bytes) -> None:
        if isinstance(event, events.Topic):
            self._requests.settle(event)
        room = self._rooms.get(event.room)
        if room is None:
            self._display.show_elsewhere(event, line)
            return
        if isinstance(event, events.Presence):
            self._session.renamed(event.renamed)
        elif isinstance(event, events.RoomState):
            self._marks.on_room(event.room, event.mark, event.head)
        room.handle(event, line)
        if isinstance(event, events.Catchup) and event.room == self._switch.target:
            self._marks.flush()
            self._rooms.leave(self._switch.finish(event.room))

    def _on_history(self, event: events.History, line: bytes) -> None:
        room = self._rooms.get(event.room)
        if event.ref != FILL_REF:
            self._show(event, line)
            if room is not None:
                room.page_shown(event)
        elif room is not None:
            room.receiver.fill(event)

    def _on_ok(self, event: events.Ok, line: bytes) -> None:
        room = self._rooms.get(event.room or "")
        if room is not None and event.n is not None:
            room.acknowledged(event)
        self._show(event, line)

    def _on_error(self, event: events.Error, line: bytes, asked: bool) -> None:
        room = self._rooms.get(names.key(event.room or ""))
        refusal = Refusal.SHOWN if room is None else self._apply_error(room, event, asked)
        if refusal is not Refusal.HIDDEN:
            self._show(_explain(event), line)
        if is_own(event):
            return
        if not self._session.logged_in:
            self._session.listener.on_rejected(event)
        elif event.ref is not None and event.n is None:
            self.refused += 1

    def _apply_error(self, room: Room, error: events.Error, asked: bool) -> Refusal:
        """
        Tell the room that the error is about.

        :param asked: whether a request of ours is answered by it, other than a message.
        """
        if error.n is not None:
            refusal = room.refused(error)
            self.refused += refusal is Refusal.LOST
            return refusal
        if error.ref == FILL_REF:
            room.receiver.fill(None)
        elif room.unconfirmed:
            self._rooms.remove(room.name)
            self._switch.cancel()
        elif not asked and error.ref is None:  # the server has put us out, or let us in no more
            self.refused += room.window.abandon(error)
            self._rooms.remove(room.name)
        return Refusal.SHOWN


def _explain(error: events.Error) -> events.Error:
    """Returns an error as a person should read it."""
    text = error.text
    if error.code == "unknown-type":
        text = OLDER_SERVER
    elif error.n is not None and error.code in RETRYABLE:
        text = text.replace("try again later", "it is tried again by itself")
    return msgspec.structs.replace(error, text=text)
