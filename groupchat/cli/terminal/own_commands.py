"""The commands that concern only this client, or mean more in it than on the plain wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from groupchat.cli.naming import room_name
from groupchat.cli.terminal.client_commands import all_commands, find
from groupchat.cli.terminal.feed import Feed
from groupchat.cli.terminal.keys import HELP
from groupchat.cli.terminal.room_list import RoomList, RoomView
from groupchat.cli.terminal.talk import Phase, Talk
from groupchat.cli.terminal.timeline import Kind
from groupchat.wire import commands, events, names
from groupchat.wire import errors as wire_errors
from groupchat.wire.events import Event

if TYPE_CHECKING:
    from groupchat.cli.terminal.commander import Commander

__all__ = ["OFFLINE", "OwnCommands"]

_SET_USAGE = "Type /set presence true or false, /set time %H:%M, or /set notify bell."
OFFLINE = "There is no connection. Ask again when there is."
MAX_DIRECT_ROOMS = 9  #: direct rooms with news that are joined by themselves


class OwnCommands:
    """
    Does what these commands ask for.

    :param commander: reports what goes wrong, and shows rooms.
    :param talk: the chat.
    :param rooms: the rooms.
    :param feed: shows answers.
    """

    def __init__(self, commander: Commander, talk: Talk, rooms: RoomList, feed: Feed) -> None:
        self._commander = commander
        self._talk = talk
        self._rooms = rooms
        self._feed = feed

    def run(self, word: str, rest: str) -> bool:
        """
        Give a command. Returns False if it is not one of these.

        :param word: as it is in the table.
        :raises Refused: it makes no sense.
        """
        act = _DO.get(word)
        if act is not None:
            act(self, rest)
        return act is not None

    def _join(self, rest: str) -> None:
        if not rest:
            raise wire_errors.BadField("Type it like this: /join ROOM")
        name = room_name(rest.split()[0].removeprefix("#"))
        room = self._rooms.get(name)
        if room is not None:
            self._commander.show(room)
            return
        if self._talk.connection.phase is not Phase.ONLINE:
            self._commander.complain(OFFLINE, "/join")
            return
        answer = self._talk.request(commands.Join(room=name))
        answer.addCallbacks(self._joined, self._commander.unanswered, (name,), {}, ("/join",))

    def join_direct(self, event: events.Direct) -> None:
        """Join the direct rooms in which something was not read."""
        unread = [name for name, room in event.rooms.items() if room.head > room.mark]
        for name in unread[:MAX_DIRECT_ROOMS]:
            if self._rooms.get(name) is None:
                answer = self._talk.request(commands.Join(room=name))
                answer.addErrback(self._commander.unanswered, "/join")

    def _joined(self, event: Event, name: str) -> None:
        self._commander.show(self._rooms.add(name))

    def _leave_room(self, rest: str) -> None:
        room = self._rooms.get(rest.removeprefix("#")) if rest else self._rooms.current
        if room is None:
            self._commander.complain(f"You are not in {rest}.", "/leave")
        elif len(self._rooms) == 1:
            self._commander.complain("This is your only room. /quit leaves the server.", "/leave")
        elif room.timeline.waiting:
            self._commander.complain(f"Lines of yours in {room.name} are not stored yet.", "/leave")
        elif self._talk.connection.phase is not Phase.ONLINE:
            self._commander.complain(OFFLINE, "/leave")
        elif not self._talk.is_in(room.name):  # the server has put us out, or never let us in
            self._close(room)
        else:
            answer = self._talk.request(commands.Leave(room=room.name))
            answer.addCallbacks(self._left, self._commander.unanswered, (room,), {}, ("/leave",))

    def _left(self, event: Event, room: RoomView) -> None:
        self._close(room)

    def _close(self, room: RoomView) -> None:
        following = self._rooms.last if room is self._rooms.current else self._rooms.current
        if following is room:
            following = self._rooms.beside(-1)
        self._commander.show(following)
        self._rooms.remove(room)
        self._feed.repaint()

    def _clear(self, rest: str) -> None:
        self._rooms.current.timeline.clear()
        self._rooms.current.viewport.to_end()
        self._feed.repaint()

    def _ignore(self, rest: str) -> None:
        if rest:
            self._rooms.ignored.add(names.key(rest.split()[0].removeprefix("@")))
        listed = ", ".join(sorted(self._rooms.ignored)) or "nobody"
        self._feed.tell(f"You hide what these say: {listed}.", Kind.ANSWER)

    def _unignore(self, rest: str) -> None:
        self._rooms.ignored.discard(names.key(rest.removeprefix("@")))
        self._ignore("")

    def _notify(self, rest: str) -> None:
        notifier = self._feed.notifier
        if rest:
            known = {method.value: method for method in notifier.methods}
            if rest.lower() not in known:
                *first, last = known
                raise wire_errors.BadField(f"Type {', '.join(first)} or {last}.")
            notifier.method = known[rest.lower()]
        method = notifier.method.value
        self._feed.tell(f"A mention is told by: {method}.", Kind.ANSWER)

    def _set(self, rest: str) -> None:
        name, _, value = rest.partition(" ")
        value = value.strip()
        if name == "notify" and value:
            self._notify(value)
        elif name == "presence" and value in ("true", "false"):
            self._rooms.show_presence(value == "true")
        elif name == "time" and value:
            self._rooms.show_times(value)
        else:
            raise wire_errors.BadField(_SET_USAGE)
        self._feed.repaint()

    def _reconnect(self, rest: str) -> None:
        self._talk.reconnect()

    def _help(self, rest: str) -> None:
        if rest:
            command = find("/" + rest.split()[0].removeprefix("/"))
            if command is None:
                raise wire_errors.UnknownType(f"There is no command {rest.split()[0]}.")
            shown = [command]
        else:
            shown = all_commands(self._talk.operator)
        for one in shown:
            usage = f"{one.word} {one.arguments}".strip()
            self._feed.tell(f"{usage:<32} {one.help}", Kind.ANSWER)
            for more in one.more if rest else ():
                self._feed.tell(more, Kind.ANSWER)
        if not rest:
            self._feed.tell("F1 lists the keys. // says a line that begins with /.", Kind.ANSWER)

    def list_keys(self, rest: str = "") -> None:
        """Show what the keys do."""
        for key, meaning in HELP:
            self._feed.tell(f"{key:<38} {meaning}", Kind.ANSWER)

    def _copy(self, rest: str) -> None:
        sender = names.key(rest.split()[0].removeprefix("@")) if rest else None
        room = self._rooms.current
        timeline = room.timeline
        for position in range(timeline.end - 1, timeline.first - 1, -1):
            line = timeline[position]
            if room.can_copy(line) and sender in (None, names.key(line.sender)):
                self._commander.copy(line.text)
                self._feed.tell(f"Copied: {line.text}", Kind.ANSWER)
                return
        self._commander.complain("There is no such message on the screen.", "/copy")

    def _links(self, rest: str) -> None:
        self._commander.show_links()

    def _show_bare(self, rest: str) -> None:
        self._commander.bare()

    def _quit(self, rest: str) -> None:
        self._commander.leave()


_DO: dict[str, Callable[[OwnCommands, str], None]] = {
    "/join": OwnCommands._join,
    "/leave": OwnCommands._leave_room,
    "/bare": OwnCommands._show_bare,
    "/copy": OwnCommands._copy,
    "/links": OwnCommands._links,
    "/clear": OwnCommands._clear,
    "/ignore": OwnCommands._ignore,
    "/unignore": OwnCommands._unignore,
    "/notify": OwnCommands._notify,
    "/set": OwnCommands._set,
    "/reconnect": OwnCommands._reconnect,
    "/keys": OwnCommands.list_keys,
    "/help": OwnCommands._help,
    "/quit": OwnCommands._quit,
}
