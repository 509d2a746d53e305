"""The session that is recorded: three members, and a server that is killed while alice types."""

from __future__ import annotations

from collections.abc import Callable

from tests.e2e.support import Program, Sandbox, until
from tests.e2e.terminal.tmux import Terminal
from tests.recording.cells import Row, parse, with_cursor
from tests.recording.svg import Film, Frame

__all__ = ["Session"]

COLUMNS, CHAT_ROWS, SERVER_ROWS = 80, 13, 5
KEY = 55  #: milliseconds that a key takes in the film
BACK = 60.0  #: seconds until all have come back, at most: their pauses grow
SHELL = ["dash", "-i"]
TITLES = {0: "alice", CHAT_ROWS: "the server"}


class Session:
    """
    Plays the session and records it.

    :param sandbox: where the programs run.
    :param port: of the server.
    :param by_key: whether each key is a frame; else a text is typed at once.
    """

    def __init__(self, sandbox: Sandbox, port: int, by_key: bool = True) -> None:
        self._sandbox = sandbox
        self._port = port
        self._by_key = by_key
        environment = {"PS1": "$ ", "TERM": "tmux-256color"}
        self._chat = Terminal(sandbox, SHELL, "chat", environment, (COLUMNS, CHAT_ROWS))
        self._server = Terminal(sandbox, SHELL, "server", environment, (COLUMNS, SERVER_ROWS))
        self._active = self._server
        self.film = Film(COLUMNS, TITLES)

    async def record(self) -> Film:
        """Returns the film of the whole session."""
        async with self._chat, self._server:
            await self._start_server()
            bob = await self._others()
            await self._join()
            await self._talk(bob)
            await self._kill()
            await self._say_meanwhile()
            await self._start_server()
            await self._return(bob)
            await self._stop_server()
        return self.film

    async def _start_server(self) -> None:
        self._active = self._server
        await self._enter(f"groupchat --port {self._port} --max 20 >log &")
        await self._listens()
        await self._snap(700)

    async def _stop_server(self) -> None:
        """Stop the server, which would outlive its terminal. Nobody sees it."""
        await self._server.type("kill $!; wait; echo stopped")
        await self._server.press("Enter")
        await self._server.until(lambda rows: "stopped" in rows, "stopped")

    async def _others(self) -> Program:
        bob, carol = (
            self._sandbox.start("groupchat-connect", name, "localhost", str(self._port), *options)
            for name, options in (("bob", ["--commands"]), ("carol", ["--show"]))
        )
        bob.send("/topic release day: tea at four", "morning! the build is green")
        await carol.line(".*the build is green")
        carol.send("早上好 👋 who brings the cake?")
        return bob

    async def _join(self) -> None:
        self._active = self._chat
        await self._enter(f"groupchat-connect alice localhost {self._port}")
        await self._chat.until(lambda rows: any("cake?" in row for row in rows), "the screen")
        await self._chat.line("alice>")
        await self._snap(1600)

    async def _talk(self, bob: Program) -> None:
        await self._type("I do. Nobody bro")
        bob.send("alice: can you look at the migration once more?")
        await self._chat.shows("migration")
        await self._snap(500)
        await self._type("ught one last year.", "I do. Nobody bro")
        await self._press_enter()
        await self._snap(1300)

    async def _kill(self) -> None:
        self._active = self._server
        await self._enter("kill -9 %1")
        await self._chat.shows("again in")
        await self._snap(1800)

    async def _say_meanwhile(self) -> None:
        self._active = self._chat
        await self._type("a server that dies takes no word of mine")
        await self._press_enter()
        await self._chat.shows("1 line waits")
        await self._snap(2200)

    async def _return(self, bob: Program) -> None:
        self._active = self._chat
        whole = " lobby 3 · TLS"
        await self._chat.until(lambda rows: rows[-2] == whole, whole, BACK)
        await self._chat.until(lambda rows: not any("…" in row for row in rows), "a stored line")
        await self._snap(1500)
        bob.send("alice: read it, every word. And the cake?")
        await self._chat.shows("every word")
        await self._snap(900)
        await self._type("at four, with the ")
        await self._snap(5000, still=True)

    # The terminals.

    async def _listens(self) -> None:
        log = self._sandbox.directory / "log"

        def listens() -> bool:
            text = log.read_text() if log.exists() else ""
            assert "cannot" not in text, text
            return f"Listening on port {self._port} " in text

        await until(listens, f"the server on port {self._port}")

    async def _type(self, text: str, before: str = "") -> None:
        """Type text, which stands behind the text before."""
        for part in text if self._by_key else [text]:
            await self._active.type(part)
            before += part
            await self._active.until(_ends_with(before), repr(before))
            await self._snap(KEY)

    async def _enter(self, command: str) -> None:
        await self._active.until(_ends_with_prompt, "a prompt")
        await self._snap(500)
        await self._type(command, "$ ")
        await self._snap(350)
        await self._active.press("Enter")

    async def _press_enter(self) -> None:
        await self._snap(300)
        await self._active.press("Enter")
        await self._active.line("alice>")

    async def _snap(self, milliseconds: int, still: bool = False) -> None:
        rows = [*await self._rows(self._chat), *await self._rows(self._server)]
        self.film.frames.append(Frame(milliseconds, tuple(rows), still))

    async def _rows(self, terminal: Terminal) -> list[Row]:
        rows = parse(await terminal.screen("-e", "-N"))
        if terminal is self._active:
            x, y = map(int, (await terminal.asks("#{cursor_x} #{cursor_y}")).split())
            rows[y] = with_cursor(rows[y], x)
        return rows


def _ends_with_prompt(rows: list[str]) -> bool:
    return [row.strip() for row in rows if row.strip()][-1:] == ["$"]


def _ends_with(text: str) -> Callable[[list[str]], bool]:
    return lambda rows: any(row.endswith(text.rstrip()) for row in rows)
