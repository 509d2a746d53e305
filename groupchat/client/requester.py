"""The requests of an application, each with its answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, TypeVar

from groupchat.client.errors import Refused
from groupchat.wire import commands, events, names

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from groupchat.wire.commands import Command
    from groupchat.wire.events import Event

__all__ = ["PAGE", "Requester"]

PAGE = 100  #: messages in a page of history, unless the application says otherwise
E = TypeVar("E", bound=events.Event)


class Requester:
    """
    Asks the server. Every answer fails with `Refused` if the server refuses, and with `AnswerLost`
    if there is no connection, or if it is lost before the answer arrives.
    """

    def request(self, command: Command) -> Deferred[Event]:
        """
        Ask for anything: see `groupchat.wire.commands`, also for the commands of operators. The
        result is the event that answers the command. The command's ``ref`` is overwritten.
        """
        raise NotImplementedError

    def tell(self, name: str, text: str) -> Deferred[int | None]:
        """
        Say something to one member only. The result is the id in the direct room of both; None if
        one of the names is not registered, so that it is not stored.
        """
        told = self._ask(commands.Tell(to=name, text=text), events.Ok)
        return told.addCallback(lambda ok: ok.id)

    def who(self, room: str, after: str | None = None) -> Deferred[events.Who]:
        """
        List the members of a room, up to 1,000 at once.

        :param after: the last name of the page before.
        """
        return self._ask(commands.AskWho(room=names.key(room), after=after), events.Who)

    def list_rooms(self, after: str | None = None) -> Deferred[events.Rooms]:
        """
        List the rooms of the server, up to 1,000 at once.

        :param after: the last room of the page before.
        """
        return self._ask(commands.AskRooms(after=after), events.Rooms)

    def topic(self, room: str) -> Deferred[events.Topic]:
        """Ask for the topic of a room."""
        return self._ask(commands.SetTopic(room=names.key(room)), events.Topic)

    def set_topic(self, room: str, text: str) -> Deferred[events.Ok]:
        """Set the topic of a room; an empty one clears it."""
        return self._ask(commands.SetTopic(room=names.key(room), text=text), events.Ok)

    def history(
        self, room: str, before: int | None = None, limit: int = PAGE
    ) -> Deferred[events.History]:
        """
        Ask for a page of older messages of a room.

        :param before: only messages older than this id; None for the newest.
        :param limit: messages, at most: 1 to 1,000.
        """
        return self._ask(
            commands.AskHistory(room=names.key(room), before=before, limit=limit), events.History
        )

    async def older(self, room: str, before: int | None = None) -> AsyncIterator[events.Message]:
        """
        Iterate over the messages of a room from the newest to the oldest, page by page.

        :param before: only messages older than this id.
        """
        more = True
        while more:
            page = await self.history(room, before)
            for message in reversed(page.messages):
                yield message
                before = message.id
            more = page.more and bool(page.messages)

    def search(
        self,
        room: str,
        text: str,
        *,
        sender: str | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> Deferred[events.Found]:
        """
        Find the newest messages of a room that contain every word of a text. To go on, search
        ``before`` the id in the answer, as long as there are ``more``.

        :param sender: only messages that were said under this name.
        :param before: only messages older than this id.
        :param limit: messages, at most: 1 to 100.
        """
        search = commands.Search(
            room=names.key(room), text=text, sender=sender, before=before, limit=limit
        )
        return self._ask(search, events.Found)

    def rename(self, name: str) -> Deferred[events.Ok]:
        """Take another name."""
        return self._ask(commands.Rename(name=name), events.Ok)

    def register(self, password: str) -> Deferred[events.Ok]:
        """Register the name that the chat has."""
        return self._ask(commands.Register(password=password), events.Ok)

    def set_private(self, room: str, private: bool = True) -> Deferred[events.Ok]:
        """Make a room private, or open it to everyone."""
        return self._ask(commands.Private(room=names.key(room), private=private), events.Ok)

    def invite(self, room: str, name: str) -> Deferred[events.Ok]:
        """Let a registered name into a private room."""
        return self._ask(commands.Invite(room=names.key(room), name=name), events.Ok)

    def uninvite(self, room: str, name: str) -> Deferred[events.Ok]:
        """Take an invitation back."""
        return self._ask(commands.Uninvite(room=names.key(room), name=name), events.Ok)

    def _ask(self, command: Command, kind: type[E]) -> Deferred[E]:
        def check(answer: Event) -> E:
            if not isinstance(answer, kind):
                raise Refused("unavailable", "The answer of the server makes no sense.")
            return answer

        return self.request(command).addCallback(check)
