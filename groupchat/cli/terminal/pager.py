"""Loads older messages from the server: as the person scrolls, and to reach one of them."""

from __future__ import annotations

from twisted.python.failure import Failure

from groupchat.cli.terminal.feed import Feed, lines_of
from groupchat.cli.terminal.room_list import RoomView
from groupchat.cli.terminal.talk import Phase, Talk
from groupchat.client import AnswerLost, Ending, Refused
from groupchat.wire import commands, events
from groupchat.wire.events import Event

__all__ = ["Pager"]

PAGE_OF_HISTORY = 100  #: older messages asked for at once
MAX_PAGE_OF_HISTORY = 1000  #: the same, to reach one that a search has found
MAX_PAGES_TO_FIND = 10  #: pages that are loaded for it, at most


class Pager:
    """
    Loads pages of rooms.

    :param talk: the chat.
    :param feed: tells what is wrong.
    """

    def __init__(self, talk: Talk, feed: Feed) -> None:
        self._talk = talk
        self._feed = feed

    def load(self, room: RoomView, limit: int = PAGE_OF_HISTORY) -> None:
        """Load the page before the oldest message of a room, if there may be one."""
        offline = self._talk.connection.phase is not Phase.ONLINE
        if room.loading or room.timeline.complete or offline or not self._talk.is_in(room.name):
            return
        before = room.timeline.oldest_id or room.timeline.head + 1
        room.loading = True
        page = commands.AskHistory(room=room.name, before=before, limit=limit)
        self._talk.request(page).addCallbacks(self._loaded, self._not_loaded, (room,), {}, (room,))

    def _loaded(self, event: Event, room: RoomView) -> None:
        room.loading = False
        if isinstance(event, events.History):
            lines = lines_of(event.messages, room, self._talk.name)
            oldest = event.messages[0].id if event.messages else None
            room.timeline.prepend(lines, event.more, oldest)
        if room.wanted is not None:
            self.go_to(room, room.wanted, room.wanted_pages)
        self._feed.repaint()

    def _not_loaded(self, failure: Failure, room: RoomView) -> None:
        room.loading = False
        room.wanted = None
        failure.trap(Refused, AnswerLost, Ending)
        self._feed.tell(str(failure.value), room=room)

    def go_to(self, room: RoomView, message_id: int, pages: int = MAX_PAGES_TO_FIND) -> None:
        """Bring a message into sight, once everything from it on is loaded."""
        room.wanted = None
        position = room.timeline.position_of(message_id)
        if position is not None:
            room.viewport.pointed = position
            room.viewport.show(position)
        elif not pages or room.timeline.complete:
            self._feed.tell("That message is too far back to be shown here.", room=room)
        else:
            room.wanted, room.wanted_pages = message_id, pages - 1
            self.load(room, MAX_PAGE_OF_HISTORY)
