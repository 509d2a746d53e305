"""
Real PostgreSQL engines, each in a folder of its own, and run by a user that is not root.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import psycopg

__all__ = ["Engine", "programs"]

PLACES = ["/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin"]
NOBODY = "nobody"  #: the user that runs engines where the tests run as root

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "autovacuum": "off",
    "log_min_messages": "fatal",
    "default_transaction_isolation": "repeatable read",  # what the ledger must not rely on
}


def programs() -> Path | None:
    """The folder of PostgreSQL's programs, the newest version's; None where there are none."""
    found = sorted(
        (path for place in PLACES for path in Path("/").glob(f"{place[1:]}/postgres")),
        key=lambda path: [int(part) for part in path.parts if part.isdigit()],
    )
    on_path = shutil.which("postgres")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def _runs(pid: int) -> bool:
    """Whether a process runs, or could."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


class Engine:
    """
    An engine with a new cluster of databases, or with a copy of another's that follows it.

    :param programs: the folder of its programs.
    :param safe: whether it syncs.
    :param place: the folder in which it makes its own; None: the usual one.

    :ivar folder: its own folder; the Unix socket is there, too.
    :ivar port: its port on 127.0.0.1.
    :ivar databases: those that were created.
    """

    def __init__(
        self,
        programs: Path,
        safe: bool = False,
        place: Path | None = None,
        **settings: str,
    ) -> None:
        self.programs = programs
        # not in pytest's folder, whose path can be too long for a Unix socket
        self.folder = Path(tempfile.mkdtemp(prefix="groupchat-pg-", dir=place))
        self.databases: set[str] = set()
        self._data = self.folder / "data"
        if os.geteuid() == 0:
            shutil.chown(self.folder, NOBODY)
            if place is not None:
                place.chmod(0o711)  # so that the engine gets there
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        options = {} if safe else {"fsync": "off", "full_page_writes": "off"}
        self._settings = {
            **SETTINGS,
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
            **options,
            **settings,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def _initialize(self) -> None:
        self._run(
            "initdb", "-D", str(self._data), "-A", "trust", "-U", "chat", "-E", "UTF8",
            "--no-locale", "--no-sync",
        )  # fmt: skip

    def follow(self, *options: str) -> None:
        """
        Become a standby of another engine at the next start, with a copy of its databases instead
        of those that there are.

        :param options: of pg_basebackup, which say of which and how.
        """
        shutil.rmtree(self._data, ignore_errors=True)
        self._run("pg_basebackup", "-D", str(self._data), *options, "-c", "fast", "--no-sync")

    def configure(self, settings: Mapping[str, str]) -> None:
        """Add these to its file of settings; it reads them at the next start, or reload."""
        with (self._data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{text}'\n" for name, text in settings.items())

    def promote(self) -> None:
        """Let a standby be the primary, and return once it is."""
        self._run("pg_ctl", "promote", "-D", str(self._data))

    def _command(self, program: str, *arguments: str) -> list[str]:
        command = [str(self.programs / program), *arguments]
        as_nobody = ["setpriv", f"--reuid={NOBODY}", "--regid=nogroup", "--clear-groups", "--"]
        return [*as_nobody, *command] if os.geteuid() == 0 else command

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            self._command(program, *arguments), check=True, capture_output=True, cwd=self.folder
        )

    def start(self) -> None:
        """Start it, and return once it answers; at first it makes its databases."""
        if not self._data.exists():
            self._initialize()
        settings = [part for item in self._settings.items() for part in ("-c", "=".join(item))]
        self._process = subprocess.Popen(
            self._command("postgres", "-D", str(self._data), *settings),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        end = time.monotonic() + 20
        while True:
            try:
                psycopg.connect(self.uri("postgres")).close()
            except psycopg.OperationalError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)
            else:
                return

    @property
    def pid(self) -> int:
        """The first of its processes."""
        assert self._process is not None
        return self._process.pid

    def _processes(self) -> list[int]:
        """The engine's process, and those that it has started, each of which leads a session."""
        assert self._process is not None
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid, *map(int, children)]

    def signal(self, number: int) -> None:
        """Send a signal to all its processes."""
        for pid in self._processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill(self) -> None:
        """Kill it with all its processes, and return once they are gone."""
        assert self._process is not None
        processes = self._processes()
        self.signal(signal.SIGKILL)
        self._process.wait()
        end = time.monotonic() + 10
        while any(map(_runs, processes)) and time.monotonic() < end:
            time.sleep(0.01)
        (self._data / "postmaster.pid").unlink(missing_ok=True)

    @property
    def _copy(self) -> Path:
        return self.folder / "copy"

    def copy(self) -> None:
        """Keep a copy of all its databases, while it does not run."""
        subprocess.run(["cp", "-a", self._data, self._copy], check=True)

    def put_back(self) -> None:
        """Go back to the copy, while it does not run."""
        shutil.rmtree(self._data)
        self._copy.rename(self._data)

    def stop(self) -> None:
        """Stop it, if it runs, and delete its folder."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
        shutil.rmtree(self.folder)

    def uri(self, database: str, host: str = "", port: int = 0) -> str:
        """The address of a database: by the Unix socket, unless a host is given."""
        return (
            f"postgresql:///{database}?host={host or self.folder}&port={port or self.port}"
            "&user=chat"
        )

    def create(self, database: str) -> str:
        """Create a database. Returns its address."""
        self.execute(f"CREATE DATABASE {database} STRATEGY file_copy")
        self.databases.add(database)
        return self.uri(database)

    def drop(self, database: str) -> None:
        self.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
        self.databases.discard(database)

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """The rows that a statement returns."""
        with psycopg.connect(self.uri(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []
