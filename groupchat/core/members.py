"""
The members of this node: the sessions that have logged in, each under its name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupchat.core.registry import Registry
from groupchat.core.throttledlog import ThrottledLog
from groupchat.settings import Settings
from groupchat.wire import errors, names

if TYPE_CHECKING:
    from groupchat.core.session import Session

__all__ = ["Members"]


class Members:
    """
    :param log: where logins and departures are logged.

    :ivar max: members that can be logged in at once.
    :ivar sessions: all sessions that have logged in, in the order in which they did.
    """

    def __init__(self, settings: Settings, log: ThrottledLog) -> None:
        self.max = settings.max
        self._registry: Registry[Session] = Registry(settings.names)
        self.sessions = self._registry.members
        self._log = log

    def named(self, name: str) -> Session | None:
        """Return the session of the member with this name."""
        return self._registry.member_named(name)

    def present(self, name: str) -> Session:
        """
        Return the session of the member with this name.

        :raises NoSuchName: nobody has this name.
        """
        session = self.named(name)
        if session is None:
            raise errors.NoSuchName(f'Nobody here is called "{names.printable(name)}".')
        return session

    def recipient(self, name: str) -> Session:
        """
        Return the session of a member that can be told something.

        :raises NoSuchName: nobody has this name.
        :raises Unavailable: the member is behind in reading.
        """
        session = self.present(name)
        if session.peer.full:
            raise errors.Unavailable(f"{session.name} can't read just now. Try again later.")
        return session

    def enter(self, session: Session, name: str, owner: bool) -> list[Session]:
        """
        Make a session a member under a name.

        :param owner: whether the name is the session's own.
        :returns: the sessions that it replaces: that of the same client, and the one that has its
            owner's name.
        :raises NameTaken: another member has the name, or one that could be read as it.
        :raises Disconnect: the server is full.
        """
        registry = self._registry
        client = registry.of_client(session.client)
        if not owner:
            registry.check_free(name, client)
        replaced = list(
            dict.fromkeys([client, *registry.holders(name)] if client else registry.holders(name))
        )
        # One more than `max` may join where that is an operator.
        if not replaced and len(self.sessions) >= self.max + session.operator:
            raise errors.Disconnect(errors.full(len(self.sessions), self.max))
        for old in replaced:
            self.remove(old)
        registry.add(session, name)
        self._info("{name} joined from {address} ({count} of {max})", session, name)
        return replaced

    def rename(self, session: Session, name: str) -> None:
        """
        Give a session another name, from this moment on.

        :raises NameTaken: another member has the name, or one that could be read as it.
        """
        self._registry.check_free(name, session)
        self._registry.rename(session, name)
        session.name = name

    def remove(self, session: Session) -> None:
        """Take a session out: its name and place are free."""
        self._registry.remove(session)
        self._info("{name} left, from {address} ({count} of {max})", session, session.name)

    def log_refusal(self, session: Session, name: str, code: str) -> None:
        """
        Log that a session was not let in.

        :param name: the name that it gave, or "".
        """
        form = "{name} from {address} was refused: {why} ({count} of {max})"
        self._info(form, session, name, why=code)

    def is_consistent(self) -> bool:
        """Return whether nothing is indexed but what the members have; for tests."""
        return self._registry.is_consistent()

    def _info(self, form: str, session: Session, name: str, **more: str) -> None:
        shown = names.printable(name)
        self._log.info(
            session.peer.address, form, name=shown, count=len(self.sessions), max=self.max, **more
        )
