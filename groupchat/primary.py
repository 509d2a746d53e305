"""
Finds the primary among the hosts of a PostgreSQL database.

An old primary that is started again after its standby was promoted takes connections, and its data
is older. But its commits don't come through, since they wait for a standby that it doesn't have. So
a connection begins with a commit; where that is not answered, the next host is tried.
"""

from __future__ import annotations

import os
import select
import time

import psycopg
from psycopg import conninfo, errors
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGconn, PGresult
from psycopg.rows import TupleRow

__all__ = ["COMMIT_TIMEOUT", "Connection", "NotConfirmed", "Primary", "check"]

COMMIT_TIMEOUT = 3.0  #: seconds for the first commit of a connection

#: writes something, so that the commit waits for standbys
_COMMIT = b"SELECT pg_logical_emit_message(true, 'groupchat', '')"
#: Ends such commits that nobody waits for any more. Each holds one of the engine's connections
#: until there is a standby, and has written nothing that a standby must have.
_END_ABANDONED = b"""
    SELECT pg_cancel_backend(pid) FROM pg_stat_activity
    WHERE usename = current_user AND wait_event = 'SyncRep' AND query = $query$%s$query$
    AND query_start < clock_timestamp() - %f * interval '1 second'
"""

Connection = psycopg.Connection[TupleRow]


class NotConfirmed(psycopg.OperationalError):
    """Commits don't come through."""

    def __init__(self) -> None:
        super().__init__("its commits wait for a standby, and none confirms them")


class Primary:
    """
    :param uri: of the database, as libpq takes it; it can name several hosts.
    :raises psycopg.ProgrammingError: that is no URI.
    """

    def __init__(self, uri: str) -> None:
        given = conninfo.conninfo_to_dict(uri)
        self._uri = uri
        self._lists = {
            name: str(given.get(name) or os.environ.get(f"PG{name.upper()}", "")).split(",")
            for name in ("host", "hostaddr", "port")
        }
        self._count = max(map(len, self._lists.values()))
        self._begin = 0  # the number of the host that is tried first

    def connect(self) -> Connection:
        """
        Return a connection to a host whose commits come through. The others are tried after it from
        now on.

        :raises psycopg.Error: there is none.
        """
        for _ in range(self._count):
            begin = self._begin
            connection = psycopg.connect(
                self._turned(begin), autocommit=True, application_name="groupchat"
            )
            try:
                end = time.monotonic() + COMMIT_TIMEOUT
                abandoned = _END_ABANDONED % (_COMMIT, COMMIT_TIMEOUT + 1)
                if all(_answers(connection, query, end) for query in (abandoned, _COMMIT)):
                    return connection
            except BaseException:
                connection.close()
                raise
            self._begin = (self._place(connection, begin) + 1) % self._count
            connection.close()
        raise NotConfirmed

    def _turned(self, begin: int) -> str:
        """Return the URI with its hosts in the order in which they are tried."""
        turned = {
            name: ",".join(of[begin:] + of[:begin] if len(of) == self._count else of)
            for name, of in self._lists.items()
        }
        return conninfo.make_conninfo(self._uri, **{name: of for name, of in turned.items() if of})

    def _place(self, connection: Connection, begin: int) -> int:
        """Return the number of the host of a connection, where this one was tried first."""
        info = connection.info
        for at in range(begin, begin + self._count):
            host, address, port = (of[at % len(of)] for of in self._lists.values())
            if (host or address) == info.host and port in ("", str(info.port)):
                return at
        return begin


def _answers(connection: Connection, query: bytes, end: float) -> bool:
    """
    Return whether a query is answered in time.

    :param end: by the monotonic clock.
    :raises psycopg.Error: it fails.
    """
    wire = connection.pgconn
    ready = select.poll()
    ready.register(wire.socket, select.POLLIN)
    wire.send_query(query)
    while wire.flush() or wire.is_busy():
        left = end - time.monotonic()
        if left <= 0:
            return False
        ready.poll(left * 1000)
        wire.consume_input()
    while (result := wire.get_result()) is not None:
        check(wire, result)
    return True


def check(wire: PGconn, result: PGresult) -> None:
    """
    Do nothing if a statement has succeeded.

    :raises psycopg.OperationalError: the connection is lost.
    :raises psycopg.Error: it has failed.
    """
    if result.status in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK):
        return
    if wire.status == ConnStatus.BAD:
        raise psycopg.OperationalError(wire.get_error_message())
    raise errors.error_from_result(result)
