"""
Our plugins for ``--auth``. twistd imports this module for every command, so the plugins import what
they need only when they are used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.cred.credentials import IUsernamePassword
from twisted.cred.strcred import ICheckerFactory
from twisted.plugin import IPlugin
from zope.interface import implementer


@implementer(ICheckerFactory, IPlugin)
class _Factory:
    """
    A plugin that makes a checker from a path.

    :param make: returns the checker of a path.
    """

    argStringFormat = "PATH"
    credentialInterfaces = (IUsernamePassword,)

    def __init__(self, authType: str, authHelp: str, make: Callable[[str], Any]) -> None:
        self.authType = authType
        self.authHelp = authHelp
        self._make = make

    def generateChecker(self, argstring: str) -> Any:
        if not argstring:
            raise SystemExit(
                f"groupchat: --auth {self.authType} needs a file: --auth {self.authType}:PATH"
            )
        return self._make(argstring)


def _account_store(path: str) -> Any:
    from groupchat.accounts.store import AccountStore

    return AccountStore(path)


def _password_file(path: str) -> Any:
    from groupchat.accounts.passwordfile import PasswordFile

    checker = PasswordFile(path)
    try:
        checker.knows("")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        raise SystemExit(
            f"groupchat: --auth argon2:{ascii(path)[1:-1]} cannot be read: {why}."
        ) from None
    return checker


sqlite = _Factory(
    "sqlite",
    "Accounts in an SQLite file, created if missing. /register and groupchat-passwd write it.",
    _account_store,
)
argon2 = _Factory(
    "argon2",
    "A text file with name:$argon2id$... in each line. The server only reads it, again after each change.",
    _password_file,
)
