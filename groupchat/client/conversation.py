"""Messages and requests of an application, over lost connections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred, fail, succeed

from groupchat.client.directory import ChatRoom, Directory
from groupchat.client.displays import BlankDisplay
from groupchat.client.errors import AnswerLost, Ending, PasswordWithheld, Refused
from groupchat.client.inbound import OLDER_SERVER
from groupchat.client.lifecycle import State as Phase
from groupchat.client.outbox import Answer
from groupchat.client.requester import Requester
from groupchat.wire import commands, events, jsonlines, names
from groupchat.wire import errors as wire_errors

if TYPE_CHECKING:
    from groupchat.client.parts import Parts
    from groupchat.wire.commands import Command, Position
    from groupchat.wire.events import Event

__all__ = ["Conversation"]


class _Joins(BlankDisplay):
    """The rooms that are being joined, and who waits for them."""

    def __init__(self, parts: Parts, directory: Directory) -> None:
        self._agenda = parts.agenda
        self._questions = parts.questions
        self._directory = directory
        self._waiting: dict[str, tuple[str, list[Deferred[ChatRoom]]]] = {}

    def expect(self, name: str) -> tuple[str | None, Deferred[ChatRoom]]:
        """
        Returns the ref for the join of a room, or None if it is being joined already; and the room
        once it is joined.
        """
        joined: Deferred[ChatRoom] = Deferred()
        if name in self._waiting:
            self._waiting[name][1].append(joined)
            return None, joined
        ref, answer = self._questions.ask()
        self._waiting[name] = ref, [joined]
        answer.addCallbacks(lambda _: None, lambda failure: self._fail(name, failure.value))
        return ref, joined

    def _fail(self, name: str, error: Exception) -> None:
        ref, waiting = self._waiting.pop(name, ("", []))
        self._questions.withdraw(ref)
        for joined in waiting:
            self._agenda.add(joined.errback, error)

    def show(
        self, event: Event | None, line: bytes, me: str, past: bool = False, mine: bool = False
    ) -> None:
        if isinstance(event, events.RoomState):
            ref, waiting = self._waiting.pop(event.room, ("", []))
            self._questions.withdraw(ref)
            for joined in waiting:
                self._agenda.add(joined.callback, self._directory[event.room])
        elif isinstance(event, events.Error) and event.ref is None and event.n is None:
            self._fail(event.room or "", Refused(event.code, event.text))


class Conversation(Requester):
    """
    Says things in rooms, and asks the server. Base of `groupchat.client.Chat`.

    :param parts: the parts of the chat.
    :param directory: its rooms.
    """

    def __init__(self, parts: Parts, directory: Directory) -> None:
        self._parts = parts
        self._model = parts.model
        self._directory = directory
        self._unanswered: set[Deferred[int | None]] = set()
        self._leaving: dict[str, Deferred[None]] = {}
        self._joins = _Joins(parts, directory)
        parts.displays.add(directory)
        parts.displays.add(self._joins)

    # Saying.

    def say(
        self, room: str, text: str, act: bool = False, notice: bool = False
    ) -> Deferred[int | None]:
        """
        Say this in a room, now or once there is a connection. The result is the id of the message,
        once it is stored. Fails with `Refused`; or with an `Ending` if the chat ends before: then
        an outbox in a file keeps the message for the next run.

        :param act: whether to say it as an act, like ``/me``.
        :param notice: whether it is said automatically, so that no program answers it; then it is
            no act. An older server tells it as an ordinary message.
        """
        room = names.key(room)
        try:
            text = names.message_text(text)
        except wire_errors.Refused as refused:
            return fail(Refused(refused.code, refused.text))
        say = commands.Say(room=room, text=text, act=act and not notice, notice=notice)
        return self._say(room, say)

    def edit(self, room: str, message_id: int, text: str) -> Deferred[int | None]:
        """Replace the text of a message of ours. Fires and fails as `say` does."""
        room = names.key(room)
        try:
            text = names.message_text(text)
        except wire_errors.Refused as refused:
            return fail(Refused(refused.code, refused.text))
        return self._correct(commands.Correction(room=room, text=text, replaces=message_id))

    def remove(self, room: str, message_id: int) -> Deferred[int | None]:
        """Remove a message of ours. Fires and fails as `say` does."""
        return self._correct(commands.Correction(room=names.key(room), redacts=message_id))

    def _correct(self, correction: commands.Correction) -> Deferred[int | None]:
        known = self._model.rooms.get(correction.room)
        if known is not None and known.joined and not known.corrects:
            return fail(Refused("unknown-type", OLDER_SERVER))
        return self._say(correction.room, correction)

    def _say(self, room: str, say: commands.Say | commands.Correction) -> Deferred[int | None]:
        stored: Deferred[int | None] = Deferred()

        def answered(answer: Answer) -> None:
            if stored not in self._unanswered:  # the chat has ended since, and begun again
                return
            self._unanswered.discard(stored)
            if isinstance(answer, events.Error):
                self._parts.agenda.add(stored.errback, Refused(answer.code, answer.text))
            else:
                self._parts.agenda.add(stored.callback, answer.id)

        if self._parts.lifecycle.state is Phase.ENDED:
            return fail(Ending())
        try:
            self._model.say_line(room, jsonlines.encode_command(say)[:-1], answered)
        except wire_errors.NotInRoom:
            return fail(Refused("not-in-room", f"You are not in {room}. Join it first."))
        self._unanswered.add(stored)
        self._parts.lifecycle.guard(self._model.flush)
        self._on_asked()
        return stored

    def _on_asked(self) -> None:
        """An answer of the server is awaited from now on."""

    def unsent(self, room: str) -> list[str]:
        """Returns the texts said in a room that are not stored yet, oldest first."""
        known = self._model.rooms.get(names.key(room))
        said = [jsonlines.decode(entry.line) for entry in known.window.unanswered] if known else []
        return [one.text for one in said if isinstance(one, commands.Say)]

    def newest_own(self, room: str) -> int | None:
        """Returns the id of our newest message in a room that can be corrected, if one is known."""
        known = self._model.rooms.get(names.key(room))
        return None if known is None else known.own.newest

    # Asking.

    def request(self, command: Command) -> Deferred[Event]:
        if not self._model.session.logged_in:
            return fail(AnswerLost())
        command.ref, answer = self._parts.questions.ask()
        try:
            self._model.request(command)
        except PasswordWithheld as withheld:
            self._parts.questions.withdraw(command.ref)
            refused = Refused("bad-password", str(withheld))
            refused.__cause__ = withheld
            return fail(refused)
        self._on_asked()
        return answer

    # Rooms.

    @property
    def rooms(self) -> dict[str, ChatRoom]:
        """The rooms that we are in."""
        joined = [room.name for room in self._model.rooms if not room.delivery_only]
        return {name: self._directory[name] for name in joined if name in self._directory}

    def join(self, room: str, position: Position | None = None) -> Deferred[ChatRoom]:
        """
        Join a room, now or once there is a connection; ``@NAME`` is the direct room with a
        registered name. Fails with `Refused`.

        :param position: where to read on; None for what is said from now on.
        """
        name = names.key(room)
        if name in self.rooms:
            return succeed(self.rooms[name])
        if position is not None:
            self._directory.resume(name)
        ref, joined = self._joins.expect(name)
        if ref is not None:
            at = position or commands.Position()
            self._model.request(commands.Join(room=name, epoch=at.epoch, after=at.after, ref=ref))
            self._on_asked()
        return joined

    def leave(self, room: str) -> Deferred[None]:
        """Leave a room, once everything that was said there is stored."""
        name = names.key(room)
        left: Deferred[None] = Deferred()
        if not self._model.is_in(name):
            return succeed(None)
        self._leaving[name] = left
        self._leave_rooms()
        return left

    def _leave_rooms(self) -> None:
        """Leave the rooms in which nothing is to be said any more."""
        for name in list(self._leaving):
            room = self._model.rooms.get(name)
            if room is None or room.window.empty:
                if room is not None:
                    self._model.rooms.leave(name)
                self._directory.remove(name)
                self._parts.agenda.add(self._leaving.pop(name).callback, None)

    # The read marks.

    @property
    def direct_rooms(self) -> Mapping[str, events.DirectRoom]:
        """The direct rooms in which something was said, as the server named them at the login."""
        return self._model.marks.direct

    def unread(self, room: str) -> int:
        """Returns how many messages of a room lie behind its read mark, as far as is known."""
        return self._model.marks.unread(names.key(room))

    def mark_read(self, room: str) -> None:
        """Everything that has arrived in a room was read: our other devices may know."""
        self._model.marks.read(names.key(room))

    # The end.

    def _end(self, ending: Ending) -> None:
        unanswered, self._unanswered = self._unanswered, set()
        for stored in unanswered:
            self._parts.agenda.add(stored.errback, ending)
        leaving, self._leaving = self._leaving, {}
        for left in leaving.values():
            self._parts.agenda.add(left.callback, None)
