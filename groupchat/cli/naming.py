"""
The name to join under: from the command line, the user's own, or asked for at the terminal.
"""

from __future__ import annotations

import os

from groupchat import prompt
from groupchat.cli.exit import USAGE, Exit
from groupchat.wire import names
from groupchat.wire.errors import Refused

__all__ = ["NAME_VARIABLE", "clause", "default_name", "parse_name", "parse_room", "room_name"]

NAME_VARIABLE = "GROUPCHAT_NAME"  #: of the environment: the name, if the command line has none
MAX_QUESTIONS = 3  #: times that a name is asked for


def parse_name(name: str) -> str:
    """
    Returns the name as the server gets it.

    :raises Exit: it is not a valid name.
    """
    try:
        return names.rule_for(name).person(name)
    except Refused as refused:
        raise Exit(USAGE, f'"{name}" can\'t be your name: {clause(refused)}') from None


def room_name(name: str) -> str:
    """
    Returns a room as the server writes it: an ordinary one, or ``@NAME``.

    :raises BadName: it is no room.
    """
    rule = names.rule_for(name)
    return rule.direct_room(name) if name.startswith(names.DIRECT) else rule.room(name)


def parse_room(name: str) -> str:
    """
    Returns a room as the server writes it.

    :raises Exit: it is no room.
    """
    try:
        return room_name(name)
    except Refused as refused:
        raise Exit(USAGE, f'"{name}" is no room: {clause(refused)}') from None


def default_name(program: str, asks: bool) -> str:
    """
    Returns the user's own name, or one that the person types.

    :param program: the name of this program.
    :param asks: whether there is a person at the terminal to ask.
    :raises Exit: there is no name.
    """
    chosen = os.environ.get(NAME_VARIABLE)
    if chosen:
        return _name_of_variable(chosen)
    name = os.environ.get("USER") or os.environ.get("LOGNAME")
    try:
        return _name_of_user(name, f"{program} NAME [HOST] [PORT].")
    except Exit:
        found = _ask() if asks else None
        if found is None:
            raise
        return found


def clause(refused: Refused) -> str:
    """Returns the reason for a refusal, to follow a colon."""
    return refused.text[:1].lower() + refused.text[1:]


def _name_of_variable(name: str) -> str:
    try:
        return parse_name(name)
    except Exit as wrong:
        raise Exit(USAGE, f"${NAME_VARIABLE}: {wrong.text}") from None


def _name_of_user(name: str | None, usage: str) -> str:
    if not name:
        raise Exit(USAGE, f"Who are you? There is no $USER: {usage}")
    try:
        return names.rule_for(name).person(name)
    except Refused as refused:
        text = (
            f'Without a NAME it is that of $USER, but "{name}" can\'t be yours here: '
            f"{clause(refused)}"
        )
        raise Exit(USAGE, f"{text} Try: {usage}") from None


def _ask() -> str | None:
    """Returns the first answer that is a valid name, or None."""
    question = "Your name: "
    try:
        for _ in range(MAX_QUESTIONS):
            answer = prompt.ask(question)
            if not answer:
                return None
            try:
                return parse_name(answer)
            except Exit as wrong:
                question = f"{names.visible(wrong.text)}\nYour name: "
    except (EOFError, KeyboardInterrupt):
        print()
    return None
