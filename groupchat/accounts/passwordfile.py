"""
A text file of passwords, for those who keep them elsewhere already: a line for each,
``name:$argon2id$…``. Only read.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword
from twisted.cred.error import UnauthorizedLogin
from twisted.logger import Logger
from zope.interface import implementer

from groupchat import smallfile
from groupchat.accounts.passwords import Passwords
from groupchat.accounts.worker import InlineWorker, Worker
from groupchat.core.throttledlog import Trouble
from groupchat.wire import names

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

__all__ = ["PasswordFile"]

_LIMIT = 256 << 20  #: bytes of the file, which has some 120 for each name


@implementer(ICredentialsChecker)
class PasswordFile:
    """
    :param path: of the file. It is read again after a change; if that fails, the passwords read
        before stay valid.
    :param passwords: verifies them.

    :ivar worker: runs what blocks. Somebody else starts and stops it.
    """

    log = Logger()
    credentialInterfaces = (IUsernamePassword,)

    def __init__(self, path: str, passwords: Passwords | None = None) -> None:
        self.worker: Worker = InlineWorker()
        self._passwords = passwords or Passwords()
        self._path = path
        self._version: tuple[int, ...] = ()
        self._hashes: dict[str, str] = {}
        self._trouble = Trouble(f"read the passwords in {path}", self.log)

    def knows(self, name: str) -> bool:
        """Return whether there is a password for this name."""
        return names.key(name) in self._read()

    def reload(self) -> None:
        """Read the file again, if it has changed."""
        self._read()
        if not self._trouble.failing:
            self.log.info("The passwords in {path} are read.", path=self._path)

    def requestAvatarId(self, credentials: IUsernamePassword) -> Deferred[bytes | tuple[()]]:
        """
        :raises UnauthorizedLogin: (as its failure) the password is wrong.
        """
        name, password = credentials.username.decode(), credentials.password.decode()

        def decide(verified: bool) -> bytes | tuple[()]:
            if not verified:
                raise UnauthorizedLogin
            return name.encode()

        stored = self._read().get(names.key(name), "")
        return self.worker.do(self._passwords.verify, stored, password).addCallback(decide)

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
            text = smallfile.read(self._path, _LIMIT).decode("utf-8-sig")
            lines = [line.strip().partition(":") for line in text.split("\n")]
            self._hashes = {
                names.key(name): stored
                for name, colon, stored in lines
                if colon and not name.startswith("#")
            }
            self._version = version
