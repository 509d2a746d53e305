"""
The plugins of this project for Twisted's ``AuthOptionMixin``. twistd imports this module for every
command, so the plugins import what they need only when they are used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from twisted.cred.credentials import IUsernamePassword
from twisted.cred.strcred import ICheckerFactory, InvalidAuthArgumentString
from twisted.plugin import IPlugin
from zope.interface import implementer

if TYPE_CHECKING:
    from twisted.cred.checkers import ICredentialsChecker

__all__ = ["argon2", "sqlite"]


@implementer(ICheckerFactory, IPlugin)
class _Factory:
    """
    A plugin that makes a checker from a path.

    :param make: returns the checker of a path.
    """

    argStringFormat = "PATH"
    credentialInterfaces = (IUsernamePassword,)

    def __init__(
        self, authType: str, authHelp: str, make: Callable[[str], ICredentialsChecker]
    ) -> None:
        self.authType = authType
        self.authHelp = authHelp
        self._make = make

    def generateChecker(self, argstring: str) -> ICredentialsChecker:
        """
        :raises InvalidAuthArgumentString: the path is missing, or its file cannot be read.
        """
        if not argstring:
            raise InvalidAuthArgumentString(f"it needs a file: {self.authType}:PATH")
        return self._make(argstring)


def _account_store(path: str) -> ICredentialsChecker:
    from groupchat.accounts.store import AccountStore

    return AccountStore(path)


def _password_file(path: str) -> ICredentialsChecker:
    from groupchat.accounts.passwordfile import PasswordFile

    checker = PasswordFile(path)
    try:
        checker.knows("")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        raise InvalidAuthArgumentString(f"the file cannot be read: {why}") from None
    return checker


sqlite = _Factory(
    "sqlite",
    "Accounts in an SQLite file, created if missing. /register and groupchat-passwd write it.",
    _account_store,
)
argon2 = _Factory(
    "argon2",
    "A text file with name:$argon2id$... in each line."
    " The server only reads it, again after each change.",
    _password_file,
)
