"""
A text file of passwords, for those who keep them elsewhere already: a line for each,
``name:$argon2id$…``. Only read.
"""

from __future__ import annotations

import os
from typing import Any

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import Logger
from zope.interface import implementer

from groupchat.accounts import passwords
from groupchat.core.throttledlog import Trouble
from groupchat.wire import names


@implementer(ICredentialsChecker)
class PasswordFile:
    """
    :param path: of the file. It is read again after a change; if that fails, the passwords read
        before stay valid.

    :ivar work: runs a blocking function; by default at once, in the caller's thread.
    """

    log = Logger()
    credentialInterfaces = (IUsernamePassword,)

    def __init__(self, path: str) -> None:
        self.work: Any = maybeDeferred
        self._path = path
        self._version: tuple[int, ...] = ()
        self._hashes: dict[str, str] = {}
        self._trouble = Trouble(f"read the passwords in {path}", self.log)

    def knows(self, name: str) -> bool:
        """Whether there is a password for this name."""
        return names.key(name) in self._read()

    def requestAvatarId(self, credentials: Any) -> Deferred[bytes | tuple[()]]:
        """
        :raises UnauthorizedLogin: (as its failure) the password is wrong.
        """
        name: str = credentials.username.decode()
        password: str = credentials.password.decode()

        def decide(verified: bool) -> bytes | tuple[()]:
            if not verified:
                raise UnauthorizedLogin
            return name.encode()

        verified: Deferred[bool] = self.work(
            passwords.verify, self._read().get(names.key(name), ""), password
        )
        return verified.addCallback(decide)

    def _read(self) -> dict[str, str]:
        try:
            self._reload_if_changed()
        except (OSError, UnicodeDecodeError) as error:
            if not self._version:  # not read even once
                raise
            self._trouble.failed(getattr(error, "strerror", None) or "it is not UTF-8")
        else:
            self._trouble.worked()
        return self._hashes

    def _reload_if_changed(self) -> None:
        found = os.stat(self._path)
        version = (found.st_mtime_ns, found.st_size, found.st_ino)
        if version != self._version:
            with open(self._path, encoding="utf-8") as file:
                lines = [line.strip().partition(":") for line in file]
            self._hashes = {
                names.key(name): stored
                for name, colon, stored in lines
                if colon and not name.startswith("#")
            }
            self._version = version
