"""
The questions of a first run: your name, and the server. Later runs offer the servers of before.

Pure: `groupchat.cli.main` asks them.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import Enum, auto
from pathlib import Path

from groupchat import atomicfile
from groupchat.client.address import DEFAULT_PORT, Address, format_address
from groupchat.wire import names

__all__ = ["MAX_SERVERS", "KnownServer", "KnownServers", "Questions"]

MAX_SERVERS = 9  #: servers that are offered
_MAX_FILE_BYTES = 100_000


@dataclass(frozen=True)
class KnownServer:
    """
    A server, and the name that was used there.

    :ivar others: the addresses of the other nodes, if it is a group of several.
    """

    name: str
    host: str
    port: int
    others: tuple[Address, ...] = ()

    @property
    def text(self) -> str:
        """For people."""
        more = f" (and {len(self.others)} more)" if self.others else ""
        return f"{self.name} at {format_address(self.host, self.port)}{more}"


class KnownServers:
    """
    The servers of earlier runs, the last one first.

    :param path: the file that keeps them.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> list[KnownServer]:
        """Returns the servers; none if the file can't be read."""
        try:
            with self._path.open("rb") as file:
                found = json.loads(file.read(_MAX_FILE_BYTES))
            return [
                KnownServer(
                    str(one["name"]),
                    str(one["host"]),
                    int(one["port"]),
                    tuple(Address(str(host), int(port)) for host, port in one.get("others", ())),
                )
                for one in found[:MAX_SERVERS]
            ]
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return []

    def add(self, server: KnownServer) -> None:
        """A server was joined. A failure to write the file is ignored."""
        others = [one for one in self.read() if one != server]
        kept = [asdict(one) for one in [server, *others][:MAX_SERVERS]]
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            atomicfile.write_atomic(str(self._path), json.dumps(kept).encode())


class _Step(Enum):
    CHOICE = auto()
    NAME = auto()
    HOST = auto()
    DONE = auto()


class Questions:
    """
    The questions, one after the other.

    :param known: servers of earlier runs.
    :param default_name: the name that an empty answer means; "" if there is none.
    :param parse_name: returns a name as it is written, or raises ValueError with a sentence.
    :param parse_server: returns one address or several, or raises ValueError with a sentence.
    """

    def __init__(
        self,
        known: list[KnownServer],
        default_name: str,
        parse_name: Callable[[str], str],
        parse_server: Callable[[str], list[Address]],
    ) -> None:
        self._known = known
        self._default_name = default_name
        self._parse_name = parse_name
        self._parse_server = parse_server
        self._step = _Step.CHOICE if known else _Step.NAME
        self._name = ""
        self.result: KnownServer | None = None

    @property
    def text(self) -> str:
        """The question to ask now, which may have several lines; "" once there is a result."""
        if self._step is _Step.CHOICE:
            listed = [
                f"{number}  {names.visible(server.text)}"
                for number, server in enumerate(self._known, 1)
            ]
            return "\n".join([*listed, "Number, or Enter for the first; n for another server: "])
        if self._step is _Step.NAME:
            default = f" [{self._default_name}]" if self._default_name else ""
            return f"Your name{default}: "
        if self._step is _Step.HOST:
            return f"Server, as HOST or HOST:PORT [localhost:{DEFAULT_PORT}]: "
        return ""

    def answer(self, text: str) -> str:
        """Take an answer. Returns what is wrong with it; "" if nothing is."""
        text = text.strip()
        try:
            if self._step is _Step.CHOICE:
                self._choose(text)
            elif self._step is _Step.NAME and not (text or self._default_name):
                raise ValueError("Type the name that the others will see.")
            elif self._step is _Step.NAME:
                self._name = self._parse_name(text or self._default_name)
                self._step = _Step.HOST
            elif self._step is _Step.HOST:
                first, *others = self._parse_server(text or f"localhost:{DEFAULT_PORT}")
                self._finish(KnownServer(self._name, *first, tuple(others)))
        except ValueError as wrong:
            return str(wrong)
        return ""

    def _choose(self, text: str) -> None:
        if text.lower() in ("n", "new"):
            self._step = _Step.NAME
            return
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 3 else 0
        if text and not 1 <= number <= len(self._known):
            raise ValueError(f"Type a number from 1 to {len(self._known)}, or n.")
        self._finish(self._known[max(0, number - 1)])

    def _finish(self, server: KnownServer) -> None:
        self.result = server
        self._step = _Step.DONE
