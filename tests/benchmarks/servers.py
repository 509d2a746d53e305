"""
The servers that are measured: each started on a free port of the loopback, waited for until it
answers, and ended.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

from groupchat.server import tls
from groupchat.tap import Options

ROOT = Path(__file__).parents[2]
READY = 60.0  #: seconds until it answers
END = 20.0  #: seconds until it has ended
PLACES = 20_000
TLS = ", TLS"  #: ends the name of a server that speaks TLS
OURS = "groupchat"
BEFORE = ", before"  #: ends the name of another version of it
BASELINE, BASELINE_JSON = "epoll baseline", "epoll baseline (JSON)"
THREAD_PER_CLIENT = "thread-per-client"
LOOPBACK = "127.0.0.1"


#: how the name of a server of ours goes on
WIRES = {
    "json": "",
    "plain": ", plain wire",
    "websocket": ", WebSocket",
    "event-stream": ", event stream",
}


class DidNotStart(Exception):
    """A server did not start; the text is what it said instead."""


class Running(NamedTuple):
    """
    A server that answers.

    :ivar others: further nodes of it.
    :ivar engine: the first process of its database engine; 0: it has none.
    """

    port: int
    pid: int
    others: tuple[Running, ...] = ()
    engine: int = 0

    def options(self) -> list[str]:
        """The ports and the processes, as load.c takes them."""
        nodes = [self, *self.others]
        words = [word for node in nodes for word in ("-p", str(node.port), "-g", str(node.pid))]
        return [*words, "-G", str(self.engine)]

    def cpu(self) -> float:
        """
        Seconds of CPU that all its threads have used: /proc/PID/stat tells the same in steps of 10
        ms.
        """
        return time.clock_gettime(
            ~self.pid << 3 | 2
        )  # what clock_getcpuclockid(3) makes of a process

    def memory(self) -> int:
        """KiB that it occupies."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0])


class Server:
    """
    :ivar name: what it is called in a table.
    :ivar wire: that the load speaks with it.
    :ivar encrypted: whether they speak it over TLS.
    :ivar special: whether it is only for loads that name it.
    """

    name = ""
    wire = ""
    encrypted = False
    special = False

    def missing(self) -> str:
        """Returns why it can't be measured on this machine; "" where it can."""
        return ""

    def command(self, folder: Path, port: int) -> list[str]:
        """Returns the command that starts it in this folder, which holds its configuration."""
        raise NotImplementedError

    def answers(self, connection: socket.socket) -> bool:
        """Returns whether it is ready, once it accepts connections."""
        return True

    @contextmanager
    def running(self, scratch: Path | None = None) -> Iterator[Running]:
        """Start it in a fresh folder, and end it."""
        with (
            tempfile.TemporaryDirectory(prefix="groupchat-benchmark-", dir=scratch) as folder,
            self.started(Path(folder), free_port()) as running,
        ):
            yield running

    @contextmanager
    def started(self, folder: Path, port: int) -> Iterator[Running]:
        """Start it in this folder, and end it."""
        with open(folder / "log", "ab") as log:
            process = subprocess.Popen(
                self.command(folder, port),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment(),
            )
        try:
            self._wait(process, port, folder / "log")
            yield Running(port, process.pid)
        finally:
            _end(process)

    def environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(ROOT)}

    def _wait(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        until = time.monotonic() + READY
        while time.monotonic() < until:
            try:
                with socket.create_connection((LOOPBACK, port), timeout=READY) as connection:
                    if self.answers(connection):
                        return
            except OSError:
                pass  # not yet
            try:
                process.wait(0.02)  # until the next try, or its end
                break
            except subprocess.TimeoutExpired:
                pass
        raise DidNotStart(f"{self.name} did not start:\n{log.read_text(errors='replace')[-3000:]}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def certificate(folder: Path) -> Path:
    """Make a certificate as our daemon makes them, with its key, in this folder."""
    path = folder / "certificate.pem"
    path.write_bytes(tls.make())
    return path


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(END)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class GroupChat(Server):
    """
    Our daemon.

    :param wire: json, plain, websocket or event-stream.
    :param encrypted: whether the load speaks TLS.
    :param ledger: a file to run on; otherwise a fresh one.
    :param options: other than these of a benchmark; "": the default.
    :param python: of an environment with another version of it, which is called "before"; None:
        this one.
    """

    #: those of them that it has (another version, other ones): no limits, as the other servers
    options = {"rate": "0", "connect-rate": "0", "tls-share": "0", "tls-rate": "0"}

    def __init__(
        self,
        wire: str = "json",
        encrypted: bool = False,
        *,
        ledger: Path | None = None,
        options: dict[str, str] | None = None,
        python: Path | None = None,
    ) -> None:
        self.name = OURS + WIRES[wire] + (TLS if encrypted else "") + (BEFORE if python else "")
        self.special = wire in ("websocket", "event-stream")
        self.wire = wire
        self.encrypted = encrypted
        self._ledger = ledger
        self._python = python
        self._options = {**self.options, **(options or {})}

    def command(self, folder: Path, port: int) -> list[str]:
        options = {
            "listen": f"tcp:{port}:interface={LOOPBACK}:backlog=4096",
            "max": str(PLACES),
            "ledger": self.ledger(folder),
            **{name: value for name, value in self._options.items() if value and self._has(name)},
        }
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        return [*self._program(), "-n", "--pidfile=", "groupchat", *words]

    def ledger(self, folder: Path) -> str:
        """Returns what it stores in, as --ledger takes it."""
        return f"sqlite:{self._ledger or folder / 'groupchat.db'}"

    def environment(self) -> dict[str, str]:
        return dict(os.environ) if self._python else super().environment()

    def _program(self) -> list[str]:
        python = self._python or Path(sys.executable)
        return [str(python), str(python.with_name("twistd"))]

    def _has(self, option: str) -> bool:
        """Whether it has this option: another version may call it otherwise."""
        if not self._python:
            return any(parameter[0] == option for parameter in Options.optParameters)
        return f" --{option}=" in _help(*self._program(), "groupchat", "--help")

    def answers(self, connection: socket.socket) -> bool:
        connection.sendall(b'{"type":"ping"}\n')
        return bool(connection.recv(1))


@cache
def _help(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=READY).stdout


class Program(Server):
    """
    One of ours in C or C++ that takes its port as its argument, and a certificate where it speaks
    TLS.

    :param path: of it; None where it could not be compiled.
    :param wire: that the load speaks with it.
    """

    def __init__(self, name: str, path: Path | None, wire: str, encrypted: bool = False) -> None:
        self.name = name
        self.wire = wire
        self.encrypted = encrypted
        self._path = path

    def missing(self) -> str:
        return "" if self._path else "needs c++: install g++"

    def command(self, folder: Path, port: int) -> list[str]:
        more = [str(certificate(folder))] if self.encrypted else []
        return [str(self._path), str(port), *more]
