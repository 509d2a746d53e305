"""
The verbs of the admin socket that act as an operator in the chat does, and reload.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from groupchat.admin.messages import Done
from groupchat.core.moderation import Moderation
from groupchat.ops.admin_protocol import Call, Verbs
from groupchat.wire import commands
from groupchat.wire.commands import Command, OperatorCommand
from groupchat.wire.errors import BadField
from groupchat.wire.plain import moderation as parse

__all__ = ["Acts"]

MAX_MEMBERS = 1_000_000


class Acts:
    """
    :param reload: reads everything again that can be.
    """

    def __init__(self, moderation: Moderation, reload: Callable[[], Awaitable[None]]) -> None:
        self._moderation = moderation
        self._reload = reload

    @property
    def verbs(self) -> Verbs:
        acts: Verbs = {verb: self._act(read) for verb, read in _COMMANDS.items()}
        return {**acts, "reload": self._read_again}

    def _act(self, read: Callable[[Call], Command]) -> Callable[[Call], Awaitable[Done]]:
        async def act(call: Call) -> Done:
            command = read(call)
            assert isinstance(command, OperatorCommand)
            return Done(await self._moderation.carry_out(call.by, command))

        return act

    async def _read_again(self, call: Call) -> Done:
        await self._reload()
        return Done("Everything is read again. The server's log says what has changed.")


def _words(call: Call, first: str) -> str:
    """Return a call's arguments as people type them in the chat."""
    return f"{call.arguments[first]} {call.arguments.get('why', '')}".rstrip()


def _max(call: Call) -> Command:
    text = call.arguments["number"]
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MAX_MEMBERS):
        raise BadField(f"The number of members is a whole number from 1 to {MAX_MEMBERS}.")
    return commands.Max(max=int(text))


_COMMANDS: dict[str, Callable[[Call], Command]] = {
    "kick": lambda call: parse.kick(_words(call, "name")),
    "ban": lambda call: parse.ban(_words(call, "target")),
    "unban": lambda call: parse.unban(call.arguments["target"]),
    "mute": lambda call: parse.mute(_words(call, "name")),
    "unmute": lambda call: parse.on_person(commands.Unmute)(call.arguments["name"]),
    "max": _max,
    "say": lambda call: commands.Announce(text=call.arguments["text"]),
}
