"""
Plays docs/tutorial.rst, word by word, with real programs.

A comment in the page names a terminal and what happens there: ``.. alice runs`` a command,
``types`` lines, ``sees`` lines in this order (among others), or ``interrupts`` with Ctrl-C. The
lines are in the literal block that follows. ``…`` stands for anything.
"""

from __future__ import annotations

import re
import shlex
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_twisted

from tests.e2e.support import Program, Sandbox
from tests.e2e.terminal.tmux import Terminal

PAGE = Path(__file__).parents[2] / "docs" / "tutorial.rst"
STEP = re.compile(
    r"^\.\. (\w+) (runs|types|sees|interrupts)$(?:\n\n::\n\n((?:    .*\n|\n)+))?", re.MULTILINE
)


class Step(NamedTuple):
    terminal: str
    does: str
    lines: list[str]


def steps(page: str) -> Iterator[Step]:
    """The steps in a page."""
    for terminal, does, block in STEP.findall(page):
        yield Step(terminal, does, [line.strip() for line in block.splitlines() if line.strip()])


class Player:
    """
    Plays steps, each terminal with its program; the server gets a free port in place of 9000.

    :param place: where the programs run.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._place = sandbox
        self._port = 0
        self._terminals: dict[str, Program] = {}
        self._screens: dict[str, Terminal] = {}
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Player:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    async def play(self, step: Step) -> None:
        """Do what a step says, or wait for what it shows."""
        await {
            "runs": self._run,
            "types": self._type,
            "sees": self._see,
            "interrupts": self._interrupt,
        }[step.does](step)

    async def _run(self, step: Step) -> None:
        (command,) = step.lines
        command = command.replace(".venv/bin/", "").replace("9000", str(self._port))
        if step.terminal == "server":
            await self._serve(command)
        else:
            await self._start(step.terminal, command)

    async def _start(self, name: str, command: str) -> None:
        if command.startswith("groupchat-connect"):
            screen = Terminal(self._place, shlex.split(command), name)
            self._screens[name] = await self._open.enter_async_context(screen)
        else:
            self._terminals[name] = self._place.start("sh", "-c", command, terminal=True)

    async def _serve(self, command: str) -> None:
        self._terminals["server"] = daemon = self._place.groupchat(*command.split(), terminal=True)
        listening = await daemon.out.wait(
            lambda: re.search(r"Listening on port (\d+) ", daemon.out.text), "its port"
        )
        self._port = int(listening[1])

    async def _type(self, step: Step) -> None:
        if step.terminal in self._screens:
            for line in step.lines:
                await self._screens[step.terminal].type(line, "Enter")
        else:
            self._terminals[step.terminal].send(*step.lines)

    async def _see(self, step: Step) -> None:
        for line in step.lines:
            shown = line.replace("9000", str(self._port))
            pattern = ".*".join(map(re.escape, shown.split("…")))
            if step.terminal in self._screens:
                await self._screens[step.terminal].matches(pattern)
            else:
                await self._terminals[step.terminal].line(pattern)

    async def _interrupt(self, step: Step) -> None:
        self._terminals[step.terminal].signal(signal.SIGINT)
        await self._terminals[step.terminal].ended()


def test_the_steps_are_read_from_the_page():
    page = (
        "Text.\n\n.. alice runs\n\n::\n\n    nc a\n\nMore.\n\n.. bob interrupts\n\n"
        ".. bob sees\n\n::\n\n    x\n\n    y\n\nEnd.\n"
    )
    assert list(steps(page)) == [
        Step("alice", "runs", ["nc a"]),
        Step("bob", "interrupts", []),
        Step("bob", "sees", ["x", "y"]),
    ]


@pytest.mark.limit(60)
@pytest_twisted.ensureDeferred
async def test_the_tutorial_does_what_it_shows(sandbox):
    played = list(steps(PAGE.read_text()))
    async with Player(sandbox) as player:
        for step in played:
            await player.play(step)
    assert len(played) > 20
