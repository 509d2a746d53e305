"""
Finds everything that a person has said, in a ledger on disk that a server uses.
"""

from __future__ import annotations

import os
from contextlib import closing

from groupchat.ledgers.environment import connect
from groupchat.ledgers.rooms import MAX_ID, ROOM_SHIFT
from groupchat.wire import names

__all__ = ["said_by"]

#: Messages that still have a text, under one of several names or by an account. A replacement
#: counts as the message that it replaces, as long as that is kept.
_FIND = f"""
    SELECT DISTINCT rooms.name, {MAX_ID} & CASE
        WHEN replaces >= (no << {ROOM_SHIFT} | first) THEN replaces ELSE key
    END FROM messages JOIN rooms ON no = key >> {ROOM_SHIFT}
    WHERE (key & {MAX_ID}) >= first AND redacts IS NULL AND redacted IS NULL AND (
        sender IN (SELECT value FROM json_each(:names))
        OR author = (SELECT no FROM identities WHERE identity = :account)
    ) ORDER BY 1, 2
"""


def said_by(path: str, name: str, account: str) -> list[tuple[str, int]]:
    """
    Return the room and the id of each message of a person. Reads the whole file, in any thread.

    :param account: the id of the person's account; "" for none.
    :raises sqlite3.Error: the file can't be read.
    """
    key = names.key(name)
    with closing(connect(os.path.realpath(path), True)) as db:
        db.create_function("is_named", 1, lambda sender: names.key(sender) == key)
        senders = "SELECT json_group_array(sender) FROM (SELECT DISTINCT sender FROM messages)"
        ((listed,),) = db.execute(f"{senders} WHERE is_named(sender)").fetchall()
        return db.execute(_FIND, {"names": listed, "account": account}).fetchall()
