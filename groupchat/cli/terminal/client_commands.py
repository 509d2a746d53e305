"""
The commands that a person can type: the server's closed table, and what the terminal client adds.

The additions stand in the same form, so that help and completion know both. `/join` and `/leave`
mean a little more here than on the plain wire: several rooms stay open.
"""

from __future__ import annotations

from groupchat.wire.plain.words import COMMANDS, CommandHelp

__all__ = ["CLIENT_COMMANDS", "all_commands", "find", "kinds"]

CLIENT_COMMANDS = (
    CommandHelp("/join", "ROOM", "enters another room, and keeps the others", ("/j", "/room")),
    CommandHelp("/leave", "[ROOM]", "leaves this room, or another", ("/part",)),
    CommandHelp("/bare", "", "shows plain lines, for the terminal's own selection (Alt-l)"),
    CommandHelp("/copy", "[NAME]", "copies the newest message, or the newest of someone"),
    CommandHelp("/links", "", "lists the newest links, to open or to copy (Alt-o)"),
    CommandHelp("/clear", "", "clears this room's lines from the screen"),
    CommandHelp("/ignore", "[NAME]", "hides what someone says, or lists the hidden names"),
    CommandHelp("/unignore", "NAME", "shows again what someone says"),
    CommandHelp("/notify", "[HOW]", "bell, desktop, command or none: how you learn of a mention"),
    CommandHelp(
        "/set",
        "NAME VALUE",
        "changes a setting for this run: presence, time or notify",
        more=("/set presence false hides joins and leaves. /set time %H:%M:%S shows seconds.",),
    ),
    CommandHelp("/reconnect", "", "connects again at once"),
    CommandHelp("/keys", "", "lists the keys (F1)"),
)


def all_commands(operator: bool) -> list[CommandHelp]:
    """
    Returns the commands, in the order in which help lists them.

    :param operator: whether commands of operators are among them.
    """
    own = {command.word: command for command in CLIENT_COMMANDS}
    shared = [own.pop(one.word, one) for one in COMMANDS if operator or not one.operator]
    return shared + list(own.values())


def find(word: str) -> CommandHelp | None:
    """Returns the command that this word, with its slash, stands for; None if there is none."""
    word = word.lower()
    for command in (*CLIENT_COMMANDS, *COMMANDS):
        if word == command.word or word in command.aliases:
            return command
    return None


def kinds(command: CommandHelp, position: int) -> frozenset[str]:
    """
    Returns what may stand at a position of a command's arguments, like NAME or TEXT. The last
    argument of a text is as long as people like.
    """
    arguments = command.arguments.replace("[", "").replace("]", "").split()
    if not arguments:
        return frozenset()
    if position >= len(arguments) and arguments[-1] != "TEXT":
        return frozenset()
    return frozenset(arguments[min(position, len(arguments) - 1)].split("|"))
