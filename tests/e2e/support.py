"""
Real programs and real sockets: start them, talk to them, wait for what they say.

Nothing here sleeps: one waits for a line, for an end or for a condition, each with a limit; what
came instead stands in the failure. Whatever a `Sandbox` has started it ends, and it fails where
one of its programs showed a traceback.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from OpenSSL import SSL
from twisted.internet import reactor, task
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import (
    TCP4ClientEndpoint,
    TCP6ClientEndpoint,
    UNIXClientEndpoint,
    wrapClientTLS,
)
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.interfaces import IHalfCloseableProtocol, IOpenSSLClientConnectionCreator
from twisted.internet.protocol import Factory, ProcessProtocol, Protocol
from zope.interface import implementer

LIMIT = 10.0  #: seconds to wait for anything
VENV = Path(sys.executable).parent
PACKAGES = {
    "nc": "netcat-openbsd",
    "setpriv": "util-linux",
    "setsid": "util-linux",
    "unshare": "util-linux",
}


class LineBuffer:
    """
    The output of one side so far, line by line; each line is waited for once, in order.

    :param who: the side, as failures call it.
    :ivar over: how it ended, or None while more can come.
    """

    def __init__(self, who: str) -> None:
        self.who = who
        self.lines: list[str] = []
        self.rest = ""  # what has no end of line yet
        self._bytes = b""
        self._next = 0
        self._look: Callable[[], None] | None = None
        self.over: str | None = None

    @property
    def text(self) -> str:
        return "\n".join([*self.lines, self.rest])

    def take(self, data: bytes) -> None:
        *lines, self._bytes = (self._bytes + data).split(b"\n")
        self.lines += [line.decode(errors="backslashreplace").removesuffix("\r") for line in lines]
        self.rest = self._bytes.decode(errors="backslashreplace")
        self._try()

    def end(self, how: str) -> None:
        self.over = how
        self._try()

    def _try(self) -> None:
        if self._look is not None:
            self._look()

    def wait(self, find: Callable[[], Any], what: str, limit: float = LIMIT) -> Deferred[Any]:
        """Wait until `find` finds something, which is the answer."""

        def look() -> None:
            found = find()
            if found is not None:
                self._look = None
                waiting.callback(found)
            elif self.over is not None:
                self._look = None
                waiting.errback(AssertionError(self._never(what, self.over)))

        def too_long(result: Any, seconds: float) -> None:
            self._look = None
            raise AssertionError(self._never(what, f"and {seconds:g} s are over"))

        waiting: Deferred[Any] = Deferred()
        waiting.addTimeout(limit, reactor, too_long)
        self._look = look
        self._try()
        return waiting

    def _never(self, what: str, how: str | None) -> str:
        return f"{self.who} never said {what} ({how}). What it said:\n{self.text[-6000:]}"

    def line(self, pattern: str, limit: float = LIMIT) -> Deferred[re.Match[str]]:
        """Wait for the next line that is like this, as a whole."""
        return self._next_line(re.compile(pattern).fullmatch, repr(pattern), limit)

    def says(self, line: str, limit: float = LIMIT) -> Deferred[str]:
        """Wait for the next line that is this one."""
        return self._next_line(lambda other: line if other == line else None, repr(line), limit)

    def event(self, kind: str, limit: float = LIMIT, **fields: Any) -> Deferred[dict[str, Any]]:
        """Wait for the next line of the JSON wire with this type and these fields."""
        wanted = {"type": kind, **{name.rstrip("_"): value for name, value in fields.items()}}

        def read(line: str) -> dict[str, Any] | None:
            event: dict[str, Any] = json.loads(line) if line.startswith("{") else {}
            return event if wanted.items() <= event.items() else None

        return self._next_line(read, str(wanted), limit)

    def _next_line(self, read: Callable[[str], Any], what: str, limit: float) -> Deferred[Any]:
        def find() -> Any:
            while self._next < len(self.lines):
                self._next += 1
                found = read(self.lines[self._next - 1])
                if found is not None:
                    return found
            return None

        return self.wait(find, what, limit)

    def prompt(self, text: str, limit: float = LIMIT) -> Deferred[str]:
        """Wait for this without an end of line behind it."""
        return self.wait(lambda: text if self.rest.endswith(text) else None, repr(text), limit)

    def events(self, kind: str) -> list[dict[str, Any]]:
        """All lines of the JSON wire with this type, so far."""
        found = (json.loads(line) for line in self.lines if line.startswith("{"))
        return [event for event in found if event["type"] == kind]


@implementer(IHalfCloseableProtocol)
class Socket(Protocol):
    """A connection to the daemon, made here."""

    def __init__(self) -> None:
        self.received = LineBuffer("the server")
        self.line, self.says, self.event, self.events = (
            self.received.line,
            self.received.says,
            self.received.event,
            self.received.events,
        )
        self.closed: Deferred[None] = Deferred()
        self.is_closed = False

    def dataReceived(self, data: bytes) -> None:
        self.received.take(data)

    def send(self, *lines: Any) -> None:
        """Send lines: texts as they are, all else as JSON."""
        texts = (line if isinstance(line, str) else json.dumps(line) for line in lines)
        self.transport.write("".join(f"{text}\n" for text in texts).encode())

    def say(self, *texts: str, first: int | None = None, room: str = "lobby") -> None:
        """Say these on the JSON wire, counted from `first` on."""
        count = (lambda at: {"n": first + at}) if first is not None else (lambda at: {})
        self.send(
            *(
                {"type": "say", "room": room, "text": text, **count(at)}
                for at, text in enumerate(texts)
            )
        )

    def stall(self) -> None:
        """Read no more."""
        self.transport.pauseProducing()

    def go_on(self) -> None:
        self.transport.resumeProducing()

    def ended(self, limit: float = LIMIT) -> Deferred[bool]:
        """Wait until the server has closed it."""
        return self.received.wait(lambda: self.received.over is not None or None, "good-bye", limit)

    def readConnectionLost(self) -> None:
        self.received.end("it has ended")
        self.transport.loseConnection()

    def writeConnectionLost(self) -> None:
        pass

    def connectionLost(self, reason: Any = None) -> None:
        self.received.end("it has ended")
        self.is_closed = True
        self.closed.callback(None)


@implementer(IOpenSSLClientConnectionCreator)
class TrustAnyone:
    """Speaks TLS with whoever it is."""

    def clientConnectionForTLS(self, layer: Any) -> SSL.Connection:
        return SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD))


class Program(ProcessProtocol):
    """
    A program that runs.

    :param arguments: the program, and what follows it.
    :param options: of `spawnProcess`.
    """

    def __init__(self, arguments: list[str], **options: Any) -> None:
        self.arguments = arguments
        self.out = LineBuffer(f"{Path(arguments[0]).name}, on stdout,")
        self.err = LineBuffer(f"{Path(arguments[0]).name}, on stderr,")
        self.line, self.says, self.event, self.events, self.prompt = (
            self.out.line,
            self.out.says,
            self.out.event,
            self.out.events,
            self.out.prompt,
        )
        self.status: int | None = None
        self._ending: list[Deferred[int]] = []
        self.transport = reactor.spawnProcess(self, arguments[0], arguments, **options)  # type: ignore[attr-defined]
        self.pid: int = self.transport.pid

    def outReceived(self, data: bytes) -> None:
        self.out.take(data)

    def errReceived(self, data: bytes) -> None:
        self.err.take(data)

    def processEnded(self, reason: Any) -> None:
        self.status = reason.value.exitCode if reason.value.signal is None else -reason.value.signal
        for received in (self.out, self.err):
            received.end(f"it has ended with {self.status}; on stderr: {self.err.text}")
        ending, self._ending = self._ending, []
        for waiting in ending:
            waiting.callback(self.status)

    def send(self, *lines: str) -> None:
        """Type these."""
        self.transport.write("".join(f"{line}\n" for line in lines).encode())

    def press(self, keys: str) -> None:
        """Type this, without a new line."""
        self.transport.write(keys.encode())

    def close_input(self) -> None:
        self.transport.closeStdin()

    def signal(self, number: int) -> None:
        self.transport.signalProcess(number)

    def ended(self, limit: float = LIMIT) -> Deferred[int]:
        """Wait for the end. Answers with the exit status; -N where signal N ended it."""
        waiting: Deferred[int] = Deferred()
        if self.status is not None:
            waiting.callback(self.status)
            return waiting
        self._ending.append(waiting)

        def too_long(result: Any, seconds: float) -> None:
            self._ending.remove(waiting)
            raise AssertionError(
                f"{self.arguments} has not ended after {seconds:g} s; it said:\n"
                f"{self.out.text}\n{self.err.text}"
            )

        return waiting.addTimeout(limit, reactor, too_long)

    async def ended_within(self, limit: float) -> bool:
        """Whether it ends so soon."""
        try:
            await self.ended(limit)
        except AssertionError:
            return False
        return True

    def destroy(self) -> None:
        """End it, and those that it has started where it is a shell, if it has not ended."""
        if (
            self.status is None
        ):  # so it, or one of its group, is there, and the number is not another's
            with contextlib.suppress(ProcessExitedAlready, ProcessLookupError):
                self.signal(signal.SIGKILL)
            with contextlib.suppress(ProcessLookupError):  # where it leads no group
                os.killpg(self.pid, signal.SIGKILL)

    async def kill(self) -> None:
        """End it without a warning."""
        self.signal(signal.SIGKILL)
        await self.ended()

    @property
    def memory(self) -> int:
        """KiB of it that are in memory."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+)", status)
        assert found
        return int(found[1])


class Daemon(Program):
    """``twistd groupchat``, running."""

    port: int

    async def listens(self) -> None:
        found = await self.line(r".*Listening on (?:port (\d+)|(?:.*)) \(\d+ places\)\.")
        self.port = int(found[1] or 0)

    async def stop(self) -> None:
        """Ask it to end, and see that it does so well."""
        self.signal(signal.SIGTERM)
        assert await self.ended(5) == 0


class Sandbox:
    """
    A directory in which programs run, and sockets to them; all of it is gone when the test is over.

    :param directory: where they run.
    :param needs: finds a program; see tests/conftest.py.
    """

    def __init__(self, directory: Path, needs: Callable[..., str]) -> None:
        self.directory = directory
        self._needs = needs
        self.home = directory / "home"
        self.home.mkdir()
        self.environment = {
            "HOME": str(self.home),
            "PATH": os.pathsep.join([str(VENV), os.environ.get("PATH", os.defpath)]),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "TERM": "xterm",
            "TMUX_TMPDIR": str(directory),
        }
        self._programs: list[Program] = []
        self._sockets: list[Socket] = []

    # Programs.

    def needs(self, program: str) -> str:
        """Where this program is. Without it the test is skipped, or fails in CI."""
        return self._needs(program, PACKAGES.get(program, ""))

    def start(
        self, *arguments: str, terminal: bool = False, files: dict[int, Any] | None = None
    ) -> Program:
        """
        Start a program.

        :param terminal: whether it has one.
        :param files: open files in place of pipes, by descriptor.
        """
        return self._started(Program, arguments, terminal, files)

    def _started(
        self,
        kind: type[Program],
        arguments: tuple[str, ...],
        terminal: bool,
        files: dict[int, Any] | None = None,
    ) -> Program:
        found = self.needs(arguments[0])
        options: dict[str, Any] = {"env": self.environment, "path": str(self.directory)}
        if terminal:
            options["usePTY"] = True
        else:
            options["childFDs"] = {
                0: "w",
                1: "r",
                2: "r",
                **{to: file.fileno() for to, file in (files or {}).items()},
            }
        program = kind([found, *arguments[1:]], **options)
        self._programs.append(program)
        return program

    def shell(self, script: str, *arguments: str) -> Program:
        """A script, in a process group of its own."""
        return self.start("setsid", "sh", "-c", script, "sh", *arguments)

    async def run(self, *arguments: str) -> list[str]:
        """
        Run a program that is done at once, and has to be content. Answers with the lines that it
        prints.
        """
        program = self.start(*arguments)
        assert await program.ended() == 0, program.err.text
        self._programs.remove(program)
        return program.out.lines

    def twistd(
        self,
        *options: str,
        terminal: bool = False,
        through: tuple[str, ...] = (),
        pidfile: str | None = "",
    ) -> Daemon:
        """
        Start the daemon, whatever becomes of it.

        :param through: the command that starts it in turn.
        :param pidfile: its path; empty: there is none; None: nothing is said about it.
        """
        told = [] if pidfile is None else [f"--pidfile={pidfile}"]
        command = (*through, "twistd", "-n", *told, "groupchat", *options)
        daemon = self._started(Daemon, command, terminal)
        assert isinstance(daemon, Daemon)
        return daemon

    def groupchat(self, *command: str, terminal: bool = False) -> Daemon:
        """Start the daemon by another command than twistd, whatever becomes of it."""
        daemon = self._started(Daemon, command, terminal)
        assert isinstance(daemon, Daemon)
        return daemon

    async def daemon(
        self, *options: str, port: int | None = 0, through: tuple[str, ...] = ()
    ) -> Daemon:
        """
        Start the daemon and wait until it listens; on any free port where none is said, on none
        where it is None.
        """
        numbered = [] if port is None else ["--port", str(port)]
        daemon = self.twistd(*numbered, *options, through=through)
        await daemon.listens()
        return daemon

    async def again(self, daemon: Daemon, *options: str) -> Daemon:
        """Start another on the port of one that has ended, in the same directory."""
        return await self.daemon(*options, port=daemon.port)

    async def nc(self, name: str, daemon: Daemon, host: str = "localhost") -> Program:
        """Returns nc, logged in."""
        program = self.start("nc", host, str(daemon.port))
        program.send(name)
        await program.says("-- You are up to date.")
        return program

    def connect(self, name: str, daemon: Daemon, *options: str, **more: Any) -> Program:
        """groupchat-connect in a pipe, talked to as at a terminal, whatever becomes of it."""
        as_at_a_terminal = () if "--json" in options else ("--show", "--commands")
        return self.pipe(name, daemon, *as_at_a_terminal, *options, **more)

    def pipe(self, name: str, daemon: Daemon, *options: str, **more: Any) -> Program:
        """groupchat-connect in a pipe, whatever becomes of it."""
        return self.start(
            "groupchat-connect", name, "localhost", str(daemon.port), *options, **more
        )

    # Sockets.

    async def socket(
        self,
        where: int | str | Path,
        host: str = "127.0.0.1",
        tls: bool = False,
        source: str | None = None,
        kind: type[Socket] = Socket,
    ) -> Socket:
        """
        A connection to a port, or to a Unix socket.

        :param source: the address that an IPv4 connection comes from.
        :param kind: what speaks on it.
        """
        endpoint: Any
        if not isinstance(where, int):
            endpoint = UNIXClientEndpoint(reactor, str(where))
        elif ":" in host:
            endpoint = TCP6ClientEndpoint(reactor, host, where)
        else:
            bound = (source, 0) if source else None
            endpoint = TCP4ClientEndpoint(reactor, host, where, bindAddress=bound)
        if tls:
            endpoint = wrapClientTLS(TrustAnyone(), endpoint)
        factory = Factory.forProtocol(kind)
        factory.noisy = False
        socket: Socket = await endpoint.connect(factory)
        self._sockets.append(socket)
        return socket

    async def json(self, name: str, daemon: Daemon, tls: bool = False, **hello: Any) -> Socket:
        """Someone on the JSON wire, who says hello."""
        socket = await self.socket(daemon.port, tls=tls)
        socket.send({"type": "hello", "name": name, **hello})
        return socket

    async def member(self, name: str, daemon: Daemon, **hello: Any) -> Socket:
        """Returns a connection on the JSON wire, logged in."""
        socket = await self.json(name, daemon, **hello)
        await socket.event("catchup")
        return socket

    async def kept(self, daemon: Daemon, room: str = "lobby") -> list[str]:
        """Returns all messages of a room, from its beginning, as the daemon tells them now."""
        reader = await self.json("the-reader", daemon, rooms={room: {"after": 0}})
        through = (await reader.event("catchup"))["through"]
        if through:
            await reader.event("message", id=through)
        assert [message["id"] for message in reader.events("message")] == list(
            range(1, through + 1)
        )
        reader.send({"type": "quit"})
        await reader.event("bye")
        return [message["text"] for message in reader.events("message")]

    # The end.

    async def end(self) -> None:
        """End everything that was started here."""
        for program in self._programs:
            program.destroy()
        for program in self._programs:
            await program.ended()
        for socket in self._sockets:
            if not socket.is_closed:
                socket.transport.abortConnection()
                await socket.closed
        for program in self._programs:
            print(
                f"--- {' '.join(program.arguments)}: {program.status}",
                program.out.text[-9000:],
                program.err.text,
                sep="\n",
            )
            assert "Traceback" not in program.out.text + program.err.text


def numbered(what: str, count: int) -> list[str]:
    """Returns `count` texts, all different."""
    return [f"{what} {number}" for number in range(1, count + 1)]


async def until(condition: Callable[[], Any], what: str, limit: float = LIMIT) -> Any:
    """Wait for what announces itself by nothing."""
    end = time.monotonic() + limit
    while not (found := condition()):
        assert time.monotonic() < end, f"{what} has not come in {limit:g} s"
        await task.deferLater(reactor, 0.02)
    return found
