"""
``python -m tests.benchmarks.screen``: how fast the full-screen client is, on a terminal whose other
end this program holds. docs/performance.rst tells more.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.benchmarks.servers import free_port

BIN = Path(sys.executable).parent
PATIENCE = 60.0  #: seconds to wait for anything
FOCUS = b"\x1b[I"
KILL_LINE = b"\x15"


class Terminal:
    """
    The client in a terminal of 100 columns and 30 rows.

    :param port: the server.
    :param home: the directory of its files.
    """

    def __init__(self, port: int, home: str) -> None:
        self._ours, theirs = os.openpty()
        termios.tcsetwinsize(self._ours, (30, 100))
        environment = {**os.environ, "TERM": "xterm-256color", "XDG_STATE_HOME": home}
        self._start = time.monotonic()
        self._unseen = b""  # what followed the last thing that was waited for
        command = [str(BIN / "groupchat-connect"), "bench", "localhost", str(port)]
        self.process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment
        )
        os.close(theirs)

    def until(self, expected: bytes) -> float:
        """Read until this is shown; returns the milliseconds since the start."""
        shown = self._unseen
        while expected not in shown:
            if not select.select([self._ours], [], [], PATIENCE)[0]:
                raise SystemExit(f"The screen never showed {expected!r}.")
            shown += os.read(self._ours, 1 << 16)
        self._unseen = shown.partition(expected)[2]
        return (time.monotonic() - self._start) * 1000

    def read(self, seconds: float) -> int:
        """Read for this long; returns the bytes."""
        self._unseen = b""
        count, end = 0, time.monotonic() + seconds
        while (rest := end - time.monotonic()) > 0:
            if select.select([self._ours], [], [], rest)[0]:
                count += len(os.read(self._ours, 1 << 16))
        return count

    def write(self, data: bytes) -> None:
        os.write(self._ours, data)

    def press(self, letter: str) -> float:
        """Press a key; returns the milliseconds until its letter is shown."""
        begin = time.monotonic()
        self.write(letter.encode())
        self.until(letter.encode())
        return (time.monotonic() - begin) * 1000

    def latencies(self, count: int) -> list[float]:
        """Press keys, one after the other; returns the milliseconds until each is shown, sorted."""
        found = []
        for number in range(count):
            found.append(self.press(chr(0xC0 + number % 23)))  # letters that nobody says
            self.read(0.03)
            if number % 20 == 19:
                self.write(KILL_LINE)
                self.read(0.05)
        return sorted(found)

    def cpu(self) -> float:
        """Seconds of CPU that the client has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """MB of it that are in memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    def close(self) -> None:
        self.process.terminate()
        with suppress(OSError):  # as a terminal without a program says that it is at its end
            self.read(0.1)
        self.process.wait()
        os.close(self._ours)


@contextmanager
def server(folder: str) -> Iterator[int]:
    """A server; yields its port."""
    port = free_port()
    command = [str(BIN / "groupchat"), "--port", str(port), "--rate", "0", "--max", "9"]
    daemon = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                socket.create_connection(("localhost", port)).close()
                break
            except OSError:
                time.sleep(0.05)
        yield port
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait()


def say(port: int, count: int, rate: float) -> None:
    """A member says `count` messages, `rate` of them in a second."""
    with socket.create_connection(("localhost", port)) as member:
        member.sendall(b'{"type": "hello", "name": "talker"}\n')
        begin = time.monotonic()
        for number in range(count):
            text = f"{number} lorem ipsum dolor sit amet https://example.org/{number}"
            line = json.dumps({"type": "say", "room": "lobby", "text": text})
            member.sendall(line.encode() + b"\n")
            time.sleep(max(0.0, begin + number / rate - time.monotonic()))
            member.setblocking(False)
            try:
                while member.recv(1 << 16):
                    pass
            except BlockingIOError:
                pass
            member.setblocking(True)
        time.sleep(1)


def _percentiles(found: list[float]) -> str:
    return f"p50 {statistics.median(found):.1f}, p95 {found[int(len(found) * 0.95)]:.1f}"


def main(rounds: int, messages: int, keys: int) -> None:
    """Measure, and print a line for each number."""
    with tempfile.TemporaryDirectory(prefix="groupchat-screen-") as folder, server(folder) as port:
        painted, online = [], []
        for _ in range(rounds):
            terminal = Terminal(port, folder)
            painted.append(terminal.until(b"connecting"))
            online.append(terminal.until(b"TLS"))
            terminal.close()
        print(f"first frame, ms: {statistics.median(painted):.0f}")
        print(f"online, ms: {statistics.median(online):.0f}")
        terminal = Terminal(port, folder)
        terminal.until(b"TLS")
        terminal.write(FOCUS)
        terminal.read(0.5)
        print(f"a key is shown, ms: {_percentiles(terminal.latencies(keys))}")
        code = f"from tests.benchmarks.screen import say; say({port}, {messages}, 500)"
        talker = subprocess.Popen([sys.executable, "-c", code])
        terminal.read(1)
        cpu, begin = terminal.cpu(), time.monotonic()
        count = terminal.read(messages / 500 / 3)
        passed = time.monotonic() - begin
        print(f"CPU at 500 messages a second, %: {(terminal.cpu() - cpu) / passed * 100:.0f}")
        print(f"to the terminal, KB/s: {count / passed / 1024:.0f}")
        print(f"a key is shown then, ms: {_percentiles(terminal.latencies(keys))}")
        while talker.poll() is None:
            terminal.read(0.2)
        terminal.read(1)
        print(f"in memory with {messages} lines, MB: {terminal.memory():.0f}")
        terminal.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.screen")
    parser.add_argument("--rounds", type=int, default=7, help="starts (default: 7)")
    parser.add_argument("--messages", type=int, default=10_000, help="messages (default: 10000)")
    parser.add_argument("--keys", type=int, default=100, help="keys (default: 100)")
    chosen = parser.parse_args()
    main(chosen.rounds, chosen.messages, chosen.keys)
