"""
The servers that are measured: each started on a free port of the loopback, waited for until it
answers, and ended.

Peers get a configuration made here, with their protection against floods off: else they would be
throttled, not measured.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from groupchat.tap import Options
from tests.benchmarks.build import Programs

ROOT = Path(__file__).parents[2]
READY = 60.0  #: seconds until it answers
END = 20.0  #: seconds until it has ended
PLACES = 20_000
BASELINE, BASELINE_JSON = "epoll baseline", "epoll baseline (JSON)"
THREAD_PER_CLIENT = "thread-per-client"
LOOPBACK = "127.0.0.1"


class DidNotStart(Exception):
    """A server did not start; the text is what it said instead."""


class Running(NamedTuple):
    """A server that answers."""

    port: int
    pid: int

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
    """

    name = ""
    wire = ""

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
        with tempfile.TemporaryDirectory(prefix="groupchat-benchmark-", dir=scratch) as place:
            folder, port = Path(place), free_port()
            with open(folder / "log", "wb") as log:
                process = subprocess.Popen(
                    self.command(folder, port),
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env={**os.environ, "PYTHONPATH": str(ROOT)},
                )
            try:
                self._wait(process, port, folder / "log")
                yield Running(port, process.pid)
            finally:
                _end(process)

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

    :param wire: json, plain or tls.
    :param programs: tell whether the load can speak TLS.
    :param ledger: a file to run on; otherwise a fresh one.
    :param rate: as in ``--rate``; "": the default.
    """

    def __init__(
        self, programs: Programs, wire: str = "json", ledger: Path | None = None, rate: str = "0"
    ) -> None:
        self.name = "groupchat" + {"json": "", "plain": ", plain wire", "tls": ", TLS"}[wire]
        self.wire = wire
        self._programs = programs
        self._ledger = ledger
        self._rate = rate

    def missing(self) -> str:
        if self.wire == "tls" and not _has_option("certificate"):
            return "it has no --certificate yet"
        if self.wire == "tls" and not self._programs.tls:
            return "needs OpenSSL's headers: install libssl-dev"
        return ""

    def command(self, folder: Path, port: int) -> list[str]:
        where = f"tcp:{port}:interface={LOOPBACK}:backlog=4096"
        command = [
            sys.executable,
            str(Path(sys.executable).with_name("twistd")),
            "-n",
            "--pidfile=",
            "groupchat",
        ]
        command += [
            "--listen",
            where,
            "--max",
            str(PLACES),
            "--ledger",
            f"sqlite:{self._ledger or folder / 'groupchat.db'}",
        ]
        if self._rate:
            command += ["--rate", self._rate]
        if _has_option("tls-rate"):
            command += ["--tls-rate", "0"]
        return command

    def answers(self, connection: socket.socket) -> bool:
        connection.sendall(b'{"type":"ping"}\n')
        return bool(connection.recv(1))


def _has_option(name: str) -> bool:
    return any(parameter[0] == name for parameter in Options.optParameters)


class Program(Server):
    """
    One of ours in C or C++ that takes its port as its argument.

    :param path: of it; None where it could not be compiled.
    :param wire: that the load speaks with it.
    """

    def __init__(self, name: str, path: Path | None, wire: str) -> None:
        self.name = name
        self.wire = wire
        self._path = path

    def missing(self) -> str:
        return "" if self._path else "needs c++: install g++"

    def command(self, folder: Path, port: int) -> list[str]:
        return [str(self._path), str(port)]


class Peer(Server):
    """A server of others, where it is installed."""

    wire = "irc"
    configuration = ""
    options: list[str] = []

    def missing(self) -> str:
        return "" if self.program() else f"it is not installed: install {self.name}"

    def program(self) -> str | None:
        return shutil.which(
            self.name,
            path=os.pathsep.join(
                [os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"]
            ),
        )

    def command(self, folder: Path, port: int) -> list[str]:
        file = folder / "configuration"
        file.write_text(self.configuration % {"port": port, "address": LOOPBACK, "places": PLACES})
        return [str(self.program()), *self.options, str(file)]


class Ngircd(Peer):
    name = "ngircd"
    options = ["--nodaemon", "--config"]
    configuration = """
[Global]
    Name = benchmark.example
    Info = benchmark
    AdminInfo1 = benchmark
    AdminEMail = nobody@benchmark.example
    Listen = %(address)s
    Ports = %(port)d
[Limits]
    MaxConnections = 0
    MaxConnectionsIP = 0
    MaxNickLength = 20
    MaxPenaltyTime = 0
    PingTimeout = 3600
[Options]
    DNS = no
    Ident = no
    PAM = no
"""


class Inspircd(Peer):
    name = "inspircd"
    configuration = """
<server name="benchmark.example" description="benchmark" network="benchmark">
<admin name="nobody" nick="nobody" email="nobody@benchmark.example">
<bind address="%(address)s" port="%(port)d" type="clients">
<connect allow="*" timeout="60" pingfreq="3600"
    hardsendq="67108864" softsendq="67108864" recvq="16777216"
    threshold="1000000" commandrate="1000000000" fakelag="no"
    limit="%(places)d" localmax="%(places)d" globalmax="%(places)d"
    maxconnwarn="no" resolvehostnames="no" useident="no" usednsbl="no">
<performance softlimit="%(places)d" somaxconn="4096" netbuffersize="65534">
<log method="file" type="* -USERINPUT -USEROUTPUT" level="default" target="inspircd.log">
<options defaultmodes="">
"""

    @property
    def options(self) -> list[str]:  # type: ignore[override]
        return ["--nofork", "--nopid", *(["--runasroot"] if os.geteuid() == 0 else []), "--config"]


def all_servers(programs: Programs) -> list[Server]:
    """All that there are, those that can't be measured here included."""
    return [
        *(GroupChat(programs, wire) for wire in ("json", "plain", "tls")),
        Program(BASELINE, programs.baseline, "baseline"),
        Program(BASELINE_JSON, programs.baseline, "json"),
        Ngircd(),
        Inspircd(),
        Program(THREAD_PER_CLIENT, programs.thread_per_client, "threads"),
    ]
