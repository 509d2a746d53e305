"""
What ``--auth`` takes of ours. twistd looks at this for every command, so nothing is imported before it is asked for.
"""

from __future__ import annotations

from typing import Any

from twisted.cred.credentials import IUsernamePassword
from twisted.cred.strcred import ICheckerFactory
from twisted.plugin import IPlugin
from zope.interface import implementer


@implementer(ICheckerFactory, IPlugin)
class _Sqlite:
    authType = "sqlite"
    argStringFormat = "PATH"
    authHelp = "Accounts in an SQLite file, made where it is not there. /register and groupchat-passwd write it."
    credentialInterfaces = (IUsernamePassword,)

    def generateChecker(self, argstring: str) -> Any:
        from groupchat.accounts.keeper import Keeper

        return Keeper(_path(self.authType, argstring))


@implementer(ICheckerFactory, IPlugin)
class _Argon2:
    authType = "argon2"
    argStringFormat = "PATH"
    authHelp = "A text file, name:$argon2id$... in each line. It is only read, and read again when it has changed."
    credentialInterfaces = (IUsernamePassword,)

    def generateChecker(self, argstring: str) -> Any:
        from groupchat.accounts.argonfile import ArgonFile

        checker = ArgonFile(_path(self.authType, argstring))
        try:
            checker.knows("")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not UTF-8"
            raise SystemExit(f"groupchat: --auth argon2:{ascii(argstring)[1:-1]} can't be read: {why}.") from None
        return checker


def _path(kind: str, path: str) -> str:
    if not path:
        raise SystemExit(f"groupchat: --auth {kind} needs a file: --auth {kind}:PATH")
    return path


sqlite = _Sqlite()
argon2 = _Argon2()
