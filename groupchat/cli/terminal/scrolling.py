"""
Scrolls the room in view, and loads what is above it.
"""

from __future__ import annotations

from groupchat.cli.terminal.feed import Feed
from groupchat.cli.terminal.pager import Pager
from groupchat.cli.terminal.room_list import RoomList

__all__ = ["Scrolling"]


class Scrolling:
    """
    :param rooms: the rooms, one of which is in view.
    :param feed: learns that the person looks at the room.
    :param pager: loads older messages.
    """

    def __init__(self, rooms: RoomList, feed: Feed, pager: Pager) -> None:
        self._rooms = rooms
        self._feed = feed
        self._pager = pager

    def by_pages(self, pages: int) -> None:
        """Scroll down by pages, or up if it is negative."""
        viewport = self._rooms.current.viewport
        if viewport.scroll(pages * viewport.page):
            self._pager.load(self._rooms.current)
        self._feed.look()

    def to_top(self) -> None:
        """Show the oldest line."""
        self._rooms.current.viewport.to_start()
        self._pager.load(self._rooms.current)

    def to_bottom(self) -> None:
        """Show the newest line."""
        self._rooms.current.viewport.to_end()
        self._feed.look()

    def to_first_unread(self) -> None:
        """Show the first line that is news, if there is any."""
        room = self._rooms.current
        if room.timeline.news is not None:
            room.viewport.show(room.timeline.news)

    def to_mention(self, step: int) -> None:
        """Show the next mention, or the one before (-1); without one, the newest line."""
        viewport = self._rooms.current.viewport
        found = viewport.find(lambda line: line.mention, step)
        if found is None:
            viewport.to_end()
        else:
            viewport.pointed = found
            viewport.show(found)
