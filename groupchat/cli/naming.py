"""
The name to join under: the one on the command line, that of the user, or one that is asked for at
the terminal.
"""

from __future__ import annotations

import os

from groupchat import prompt
from groupchat.cli.exit import USAGE, Exit
from groupchat.wire import names
from groupchat.wire.errors import Refused

MAX_QUESTIONS = 3  #: names that are asked for, at most


def person(name: str) -> str:
    """
    The name as it is written to the server.

    :raises Ending: it can't be one.
    """
    try:
        return names.rule_for(name).person(name)
    except Refused as refused:
        raise Exit(USAGE, f'"{name}" can\'t be your name: {clause(refused)}') from None


def own(program: str, asks: bool) -> str:
    """
    The name of the user, or one that is typed.

    :param program: what the client is called.
    :param asks: whether there is a person at the terminal to ask.
    :raises Ending: there is no name.
    """
    name = os.environ.get("USER") or os.environ.get("LOGNAME")
    try:
        return _of_user(name, f"{program} NAME [HOST] [PORT].")
    except Exit:
        found = _ask() if asks else None
        if found is None:
            raise
        return found


def clause(refused: Refused) -> str:
    """Why something was refused, to stand behind a colon."""
    return refused.text[:1].lower() + refused.text[1:]


def _of_user(name: str | None, usage: str) -> str:
    if not name:
        raise Exit(USAGE, f"Who are you? There is no $USER: {usage}")
    try:
        return names.rule_for(name).person(name)
    except Refused as refused:
        text = f'Without a NAME it is that of $USER, but "{name}" can\'t be yours here: {clause(refused)}'
        raise Exit(USAGE, f"{text} Try: {usage}") from None


def _ask() -> str | None:
    """The first answer that is a name; None where there is none."""
    question = "Your name: "
    try:
        for _ in range(MAX_QUESTIONS):
            answer = prompt.ask(question)
            if not answer:
                return None
            try:
                return person(answer)
            except Exit as wrong:
                question = f"{names.visible(wrong.text)}\nYour name: "
    except (EOFError, KeyboardInterrupt):
        print()
    return None
