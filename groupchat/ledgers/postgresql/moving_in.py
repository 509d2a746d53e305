"""
Moves a ledger from a file into PostgreSQL: all rows, with their ids, in the transaction of a
connection.

The digests of corrections whose text is gone can't be moved, and neither can what an import has
reached: a correction that is repeated after its message was removed is taken for another one.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator

from psycopg.rows import TupleRow

from groupchat.ledgers.dedupe import REMEMBERED_NUMBERS, digest
from groupchat.ledgers.kinds import Kind
from groupchat.ledgers.rooms import MAX_ID, ROOM_SHIFT
from groupchat.postgresql import Connection

__all__ = ["move_in"]

#: The numbers of a room and a message in a row of messages, and whether it is still kept.
_ROOM, _ID = f"key >> {ROOM_SHIFT}", f"key & {MAX_ID}"
_KEPT = f"{_ID} >= (SELECT first FROM rooms WHERE no = {_ROOM})"
#: An identity as an account, and as the client of a guest.
_ACCOUNT = "CASE typeof(i.identity) WHEN 'text' THEN i.identity ELSE '' END"
_GUEST = "CASE typeof(i.identity) WHEN 'blob' THEN i.identity ELSE x'' END"

_ROOMS = """
    SELECT no, name, first - 1, first, aged, coalesce((
        SELECT max(epoch) FROM epoch_starts WHERE room = no
    ), 0), topic, topic_by, owner, private, (
        SELECT json_group_array(account) FROM invitations WHERE room = no
    ) FROM rooms
"""
_MESSAGES = f"""
    SELECT {_ROOM}, {_ID}, at, CASE WHEN c.no IS NOT NULL THEN m.n END, d.digest, received,
        replaces & {MAX_ID}, redacts & {MAX_ID}, act, redacted IS NOT NULL, sender,
        {_ACCOUNT}, coalesce(c.client, {_GUEST}), text
    FROM messages m LEFT JOIN clients c ON c.no = m.client LEFT JOIN identities i ON i.no = m.author
    LEFT JOIN digests d ON d.client = m.client AND d.n = m.n AND m.redacted IS NOT NULL
    WHERE {_KEPT} ORDER BY key
"""
#: The numbers that clients have counted, of messages that are deleted.
_DIGESTS = f"""
    WITH counted AS (
        SELECT c.*, d.n, d.id AS sent, d.digest FROM digests d JOIN clients c ON c.no = d.client
        WHERE d.n > c.last - {REMEMBERED_NUMBERS}
        UNION ALL SELECT c.*, c.last, c.id, NULL FROM clients c WHERE c.last > 0
        AND NOT EXISTS (SELECT 1 FROM digests d WHERE d.client = c.no AND d.n = c.last)
    ) SELECT room, client, n, sent, digest, seen FROM counted c WHERE NOT EXISTS (
        SELECT 1 FROM messages WHERE key = c.room << {ROOM_SHIFT} | c.sent AND {_KEPT}
    )
"""
_MARKS = f"""
    SELECT {_ACCOUNT}, {_GUEST}, m.room, m.id, i.seen
    FROM marks m JOIN identities i ON i.no = m.identity
"""
_COPY_MESSAGES = b"""
    COPY messages (
        room, id, at, n, digest, received, replaces, redacts, act, notice, redacted, sender,
        account, client, text
    ) FROM STDIN
"""
_STEP = 1000  #: messages between two reports


def move_in(source: sqlite3.Connection, to: Connection) -> Iterator[int]:
    """Copy a ledger into empty tables. Yields the number of messages so far, from time to time."""
    rows = source.execute
    _copy(to, "epochs (no, token, engine)", rows("SELECT no, token, 'file' FROM epochs"))
    _copy(
        to,
        "rooms (no, name, base, first, aged, epoch, topic, topic_by, owner, private, invited)",
        ((*row[:9], bool(row[9]), json.loads(row[10])) for row in rows(_ROOMS)),
    )
    _copy(to, "epoch_starts (room, epoch, head)", rows("SELECT * FROM epoch_starts"))
    _copy(to, "direct_rooms (account, room)", rows("SELECT * FROM direct_rooms"))
    _copy(to, "marks (account, client, room, id, at)", rows(_MARKS))
    _copy(
        to,
        "digests (room, client, n, id, digest, at)",
        ((*row[:4], _number(row[4]), row[5]) for row in rows(_DIGESTS)),
    )
    with to.cursor() as cursor, cursor.copy(_COPY_MESSAGES) as copy:
        for count, row in enumerate(rows(_MESSAGES), 1):
            copy.write_row(_message(row))
            if count % _STEP == 0:
                yield count
    for table in "epochs", "rooms":
        last = f"SELECT setval(pg_get_serial_sequence('{table}', 'no'), max(no)) FROM {table}"
        to.execute(last.encode())


def _copy(to: Connection, table: str, rows: Iterable[TupleRow]) -> None:
    with to.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN".encode()) as copy:
        for row in rows:
            copy.write_row(row)


def _message(row: TupleRow) -> TupleRow:
    room, id, at, n, kept, received, replaces, redacts, kind, redacted, *said = row
    text = said[-1]
    number = None
    if n is not None and not redacted:
        number = _number(digest(text, kind))
    elif n is not None and replaces is None and redacts is None:
        number = _number(kept)
    act, notice = kind == Kind.ACT, kind == Kind.NOTICE
    facts = room, id, at, n, number, received, replaces, redacts, act, notice, bool(redacted)
    return *facts, *said


def _number(digest: bytes | None) -> int | None:
    """Return a digest as PostgreSQL keeps it."""
    return None if digest is None else int.from_bytes(digest, "big", signed=True)
