"""
Checks the files of a server without starting it: nothing is written, and a server that runs does
not notice.
"""

from __future__ import annotations

from groupchat import sqlite_header
from groupchat.accounts.database import APPLICATION as ACCOUNTS
from groupchat.accounts.database import VERSION as ACCOUNTS_VERSION
from groupchat.ledgers.environment import schemas
from groupchat.ledgers.upgrade import APPLICATION as LEDGER
from groupchat.server.tls import Certificate

__all__ = ["check_files"]


def check_files(ledger: str, accounts: str, certificate: Certificate | None) -> None:
    """
    Check the files of a server.

    :param ledger: the path of the ledger, or "" for none.
    :param accounts: the path of the accounts file, or ":memory:".
    :raises CannotStart: one of them cannot be used.
    """
    if ledger:
        sqlite_header.check(f"the ledger {ledger}", ledger, LEDGER, max(schemas()))
    if accounts != ":memory:":
        sqlite_header.check(f"the accounts file {accounts}", accounts, ACCOUNTS, ACCOUNTS_VERSION)
    if certificate is not None:
        certificate.check()
