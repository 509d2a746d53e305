"""A terminal in tmux, in which a program runs and which the test looks at."""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Callable

from tests.e2e.support import LIMIT, Sandbox

__all__ = ["Terminal"]


class Terminal:
    """
    A terminal.

    :param sandbox: where it runs.
    :param command: runs in it; afterwards the terminal shows its exit status and the modes.
    :param name: tells terminals of one test apart.
    :param environment: more variables for the command.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        command: list[str],
        name: str = "main",
        environment: dict[str, str] | None = None,
        size: tuple[int, int] = (100, 24),
    ) -> None:
        self._sandbox = sandbox
        self._name = name
        given = [f"{key}={value}" for key, value in (environment or {}).items()]
        run = shlex.join(["env", "-u", "NO_COLOR", *given, *command])
        self._command = (
            f"{run}; printf '\\nended with %d\\n' $?; "
            "case $(stty -a) in *-echo\\ *) echo no echo;; *) echo echoes;; esac; exec cat"
        )
        self._size = size

    async def __aenter__(self) -> Terminal:
        width, height = map(str, self._size)
        await self._tmux(
            "-f", "/dev/null", "new-session", "-d", "-x", width, "-y", height, self._command
        )
        await self._tmux("set-option", "-g", "focus-events", "on")
        await self._tmux("set-option", "-g", "status", "off")
        await self._tmux("set-option", "-g", "window-size", "manual")
        await self.resize(*self._size)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._tmux("kill-server")

    async def _tmux(self, *arguments: str) -> list[str]:
        return await self._sandbox.run("tmux", "-L", self._name, *arguments)

    # Keys.

    async def press(self, *keys: str) -> None:
        """Press keys, by tmux's names."""
        await self._tmux("send-keys", *keys)

    async def type(self, text: str, *keys: str) -> None:
        """Type this text, and press keys afterwards."""
        await self._tmux("send-keys", "-l", text)
        if keys:
            await self.press(*keys)

    async def paste(self, text: str) -> None:
        path = self._sandbox.directory / "clipboard"
        path.write_text(text)
        await self._tmux("load-buffer", str(path))
        await self._tmux("paste-buffer", "-p")

    async def resize(self, width: int, height: int) -> None:
        await self._tmux("resize-window", "-x", str(width), "-y", str(height))

    # The screen.

    async def screen(self, *options: str) -> list[str]:
        """The rows of the screen."""
        return await self._tmux("capture-pane", "-p", *options)

    async def until(
        self, seen: Callable[[list[str]], bool], what: str, limit: float = LIMIT
    ) -> list[str]:
        """Wait until the screen is so."""
        end = time.monotonic() + limit
        while not seen(screen := await self.screen()):
            assert time.monotonic() < end, f"{what} is not on the screen:\n" + "\n".join(screen)
        return screen

    async def shows(self, text: str) -> list[str]:
        """Wait until a row has this text."""
        return await self.until(lambda rows: any(text in row for row in rows), repr(text))

    async def matches(self, pattern: str) -> list[str]:
        """Wait until a whole row matches this."""
        found = re.compile(pattern)
        return await self.until(lambda rows: any(map(found.fullmatch, rows)), repr(pattern))

    async def line(self, text: str) -> list[str]:
        """Wait until the lowest row is this."""
        return await self.until(lambda rows: bool(rows) and rows[-1] == text, f"the line {text!r}")

    async def asks(self, question: str) -> str:
        """Returns one of tmux's values."""
        (found,) = await self._tmux("display-message", "-p", question)
        return found
