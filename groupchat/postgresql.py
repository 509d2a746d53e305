"""
Connections to PostgreSQL, set up as the ledger needs them; and the schema of the ledger and the
accounts, which is made and moved forward here.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Mapping
from importlib import resources

import psycopg
from psycopg import conninfo, errors, sql

from groupchat.errors import CannotOpen, CannotOpenYet
from groupchat.primary import Connection, NotConfirmed, Primary

if tuple(map(int, psycopg.__version__.split(".")[:2])) < (3, 3):
    raise ImportError("older ones lose notifications")

__all__ = ["MIN_VERSION", "Connection", "Database", "Link", "schemas"]

MIN_VERSION = 15  #: the oldest PostgreSQL that is supported
SCHEMA = "groupchat"  #: the schema of all tables
CONNECT_TIMEOUT = 5  #: seconds to wait for an answer to a new connection
_LOCK = 1735550824  #: of the log; whoever changes the schema takes it, too

#: Settings that a connection takes from nowhere else. (READ COMMITTED: each
#: statement of a function has to see what was committed before it.)
_SETTINGS = f"""
    SET search_path = {SCHEMA};
    SET default_transaction_isolation = 'read committed';
    SET plan_cache_mode = force_generic_plan;
    SET client_min_messages = warning;
    SET statement_timeout = 0;
    SET idle_session_timeout = 0;
    SET jit = off;
    SET enable_seqscan = off;
    SET enable_bitmapscan = off
"""


def schemas() -> dict[int, str]:
    """Return the schema files by their number: each leads from the version before it."""
    folder = resources.files("groupchat.ledgers.postgresql") / "schema"
    return {
        int(file.name[:-4]): file.read_text()
        for file in folder.iterdir()
        if file.name.endswith(".sql")
    }


class Link:
    """
    A connection that another thread can cut. To cancel a statement instead would show others a
    commit that no standby has yet.

    :param greet: what a new connection is used for first.
    """

    def __init__(self, database: Database, greet: Callable[[Connection], object]) -> None:
        self._database = database
        self._greet = greet
        self._connection: Connection | None = None

    def connection(self) -> Connection:
        """
        Return the connection; make it first if there is none.

        :raises psycopg.Error: it cannot be made now.
        """
        if self._connection is None or self._connection.closed:
            connection = self.fresh()
            try:
                self._greet(connection)
            except BaseException:
                self.close()
                raise
        assert self._connection is not None
        return self._connection

    def fresh(self) -> Connection:
        """Make a new connection, which is used for nothing yet."""
        self.close()
        self._connection = self._database.connect()
        return self._connection

    @property
    def is_open(self) -> bool:
        return self._connection is not None and not self._connection.closed

    def cut(self) -> None:
        """End what waits on the connection. Called from any thread."""
        connection = self._connection
        if connection is None or connection.closed:
            return
        with (
            contextlib.suppress(OSError, psycopg.Error),
            socket.socket(fileno=os.dup(connection.fileno())) as wire,
        ):
            wire.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection, in the thread that uses it."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Database:
    """
    A database, by its URI as libpq takes it.

    :raises CannotOpen: that is no URI.

    :ivar name: the database as the log names it, without a password.
    """

    def __init__(self, uri: str, schemas: Mapping[int, str]) -> None:
        self._schemas = schemas
        try:
            self._primary, self.name = Primary(_with_defaults(uri)), _printable(uri)
        except psycopg.ProgrammingError as error:
            raise CannotOpen(f"--ledger: {_line(error)}") from None

    def connect(self) -> Connection:
        """
        Return a new connection.

        :raises psycopg.Error: there is none.
        """
        connection = self._primary.connect()
        try:
            connection.prepare_threshold = 0
            connection.execute(_SETTINGS, prepare=False)
        except psycopg.Error:
            connection.close()
            raise
        return connection

    def prepare(self) -> None:
        """
        Make the schema, or bring it to the newest version. One that is of the next version is good:
        another node is upgraded already.

        :raises CannotOpen: this database cannot be used.
        """
        try:
            with self.connect() as connection:
                self._check(connection)
                with connection.transaction():
                    connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
                    self._upgrade(connection)
        except psycopg.Error as error:
            raise self.cannot_open(error) from None

    def _check(self, connection: Connection) -> None:
        version = connection.info.server_version // 10_000
        if version < MIN_VERSION:
            raise CannotOpen(
                f"{self.name} is PostgreSQL {version}, which is too old:"
                f" it has to be {MIN_VERSION} or newer"
            )
        encoding = connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            raise CannotOpen(
                f"{self.name} stores text as {encoding}",
                "Create one with UTF8: createdb -E UTF8 -T template0",
            )

    def _upgrade(self, connection: Connection) -> None:
        version, newest = self._version(connection), max(self._schemas)
        if version > newest + 1:  # the next version is one with which this one works, too
            raise CannotOpen(
                f"{self.name} was written by a newer groupchat"
                f" (version {version}, this one knows {newest})",
                "Install that one",
            )
        if version == 0:
            name = sql.Identifier(SCHEMA)
            connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(name))
        for number in range(version + 1, newest + 1):
            connection.execute(self._schemas[number].encode(), prepare=False)
        if version < newest:
            connection.execute("UPDATE version SET number = %s", [newest])

    def _version(self, connection: Connection) -> int:
        """Return the version of the schema; 0 for none."""
        found = connection.execute("SELECT to_regclass(%s)", [f"{SCHEMA}.version"]).fetchone()
        if found is None or found[0] is None:
            return 0
        row = connection.execute("SELECT number FROM version").fetchone()
        return row[0] if row else 0

    def cannot_open(self, error: psycopg.Error) -> CannotOpen:
        """Return an error that says in one line what is wrong, and what to do."""
        if isinstance(error, errors.InsufficientPrivilege):
            return CannotOpen(
                f"{self.name}: {_line(error)}",
                "Let its user own the database: ALTER DATABASE … OWNER TO …",
            )
        if isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
            return self._unreachable(error)
        return CannotOpen(f"{self.name}: {_line(error)}")

    def _unreachable(self, error: psycopg.Error) -> CannotOpen:
        what = _line(error)
        if "password" in what or "authentication" in what:
            return CannotOpen(
                f"{self.name}: {what}",
                "Put the right password into ~/.pgpass, or the file that PGPASSFILE names",
            )
        if "does not exist" in what or "pg_hba" in what:
            return CannotOpen(f"{self.name}: {what}")
        if isinstance(error, NotConfirmed):
            return CannotOpenYet(
                f"{self.name}: {what}", "Start its standby, or see docs/cluster.rst"
            )
        return CannotOpenYet(
            f"{self.name} cannot be reached: {what}", "Make sure that PostgreSQL runs there"
        )


def _with_defaults(uri: str) -> str:
    """Return a URI with what else a connection needs, unless it says otherwise itself."""
    given = conninfo.conninfo_to_dict(uri)
    defaults: dict[str, str | int] = {
        "connect_timeout": CONNECT_TIMEOUT,
        "target_session_attrs": "read-write",
        "client_encoding": "UTF8",
        # a machine that is gone is noticed about as soon as a dead node is
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": 10_000,
    }
    return conninfo.make_conninfo(uri, **{k: v for k, v in defaults.items() if k not in given})


def _printable(uri: str) -> str:
    """Return what a URI names, as a person reads it."""
    given = conninfo.conninfo_to_dict(uri)
    name = given.get("dbname") or os.environ.get("PGDATABASE") or given.get("user")
    where = given.get("host") or os.environ.get("PGHOST")
    database = f"the database {name}" if name else "the database"
    return f"{database} at {where}" if where else database


def _line(error: psycopg.Error) -> str:
    """Return the last line of an error that says something, without what libpq puts before it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    what = lines[0] if lines else type(error).__name__
    for line in lines:
        if "failed: " in line:
            what = line.rpartition("failed: ")[2]
    return what.removeprefix("FATAL:").removeprefix("ERROR:").strip().rstrip(".")
