"""
Paints the screen: the topic, the room in view, the bar and the line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from twisted.internet.interfaces import IReactorTime

from groupchat.cli.terminal.line_input import LineInput
from groupchat.cli.terminal.page import Page, compose
from groupchat.cli.terminal.palette import Entry
from groupchat.cli.terminal.repaint import Repainter
from groupchat.cli.terminal.room_list import RoomList
from groupchat.cli.terminal.rows import Row, Segment, fit
from groupchat.cli.terminal.screen import Screen
from groupchat.cli.terminal.selection import HINT
from groupchat.cli.terminal.status import Bar, title
from groupchat.cli.terminal.talk import Connection, Phase, Talk
from groupchat.cli.terminal.window import Window
from groupchat.client.timer import Timer

__all__ = ["Painter", "page", "state_text"]

_TICK = 1.0  #: seconds between two frames while the bar counts down


def state_text(connection: Connection) -> str:
    """Returns the state of the connection as the bar shows it; "" if all is well."""
    if connection.phase is Phase.CONNECTING:
        return "connecting…"
    if connection.phase is Phase.WAITING:
        # The first sentence is the reason; the others say what to do, and the bar does.
        reason = connection.reason.partition(". ")[0].removesuffix(".")
        again = f"again in {connection.seconds:.0f} s"
        return f"{reason}: {again}" if reason else again
    return "" if connection.phase is Phase.ONLINE else "not connected"


def page(
    talk: Talk, rooms: RoomList, line: LineInput, above: list[Row], width: int, height: int
) -> Page:
    """
    Returns the screen as it is to be, in a window of this size.

    :param above: rows above the bar in place of hints; none for the hints.
    """
    room = rooms.current
    topic = f" {room.name}: {room.topic}" if room.topic else f" {room.name}"
    top: Row = fit([Segment("topic", topic)], width)
    top = tuple(segment._replace(style="topic") for segment in top)
    connection = talk.connection
    bar = Bar(
        room.name,
        room.count,
        connection.encrypted,
        state_text(connection),
        sum(one.timeline.waiting for one in rooms) if state_text(connection) else 0,
        room.viewport.below,
        rooms.news(),
        HINT if room.viewport.selected is not None else "",
    )
    typed = line.view(f"{talk.name}> ")
    if above:
        typed = replace(typed, hints=above)
    return compose(width, height, top, room.viewport, bar, typed)


class Painter:
    """
    Paints when there is something new.

    :param screen: the terminal.
    :param compose: returns the page for a width and a height.
    :param talk: the chat, for the bar's countdown.
    :param rooms: the rooms, for the title.
    :param clock: the reactor's time.
    :param failed: gets an error of painting.
    """

    def __init__(
        self,
        screen: Screen,
        compose: Callable[[int, int], Page],
        talk: Talk,
        rooms: RoomList,
        clock: IReactorTime,
        failed: Callable[[Exception], None],
    ) -> None:
        self._screen = screen
        self._talk = talk
        self._rooms = rooms
        self._failed = failed
        self._window = Window(compose, lambda key: None, screen.link_attribute)
        self._size = (0, 0)
        self._title = ""
        self._tick = Timer(clock, self._count_down)
        self.repainter = Repainter(clock, self._paint, lambda: screen.started and screen.ready)

    def start(self, palette: list[Entry], colours: bool) -> None:
        """Take the screen, and paint."""
        self._screen.start(palette, colours)
        self._title = ""
        self.repainter.start()

    def stop(self) -> None:
        """Leave the screen."""
        self._tick.cancel()
        self.repainter.stop()
        self._screen.stop()

    def redraw(self) -> None:
        """Paint everything again."""
        self._screen.clear()
        self.repainter.now()

    def _paint(self) -> None:
        try:
            self._draw()
        except Exception as error:
            self._failed(error)

    def _draw(self) -> None:
        size = self._screen.size
        if size != self._size:
            self._size = size
            self._screen.clear()
        self._screen.draw(size, self._window.render(size, focus=True))
        found = title(self._rooms.current.name, self._rooms.unread)
        if found != self._title:
            self._title = found
            self._screen.set_title(found)
        if self._talk.connection.phase is Phase.WAITING and not self._tick.active:
            self._tick.start(_TICK)

    def _count_down(self) -> None:
        self.repainter.soon()
