"""
The members of this node: everybody who has logged in, each with a name of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from groupchat.core.member import Member
from groupchat.core.naming import RenameLimit
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
    :param seconds: a monotonic clock, in seconds.

    :ivar max: members that can be logged in at once.
    :ivar sessions: all sessions that have logged in, in the order in which they did.
    """

    def __init__(self, settings: Settings, log: ThrottledLog, seconds: Callable[[], float]) -> None:
        self.max = settings.max
        self._registry = Registry(settings.names)
        self.sessions = self._registry.sessions
        self._settings = settings
        self._log = log
        self._seconds = seconds

    @property
    def count(self) -> int:
        """The number of members."""
        return len(self._registry.members)

    def named(self, name: str) -> Member | None:
        """Return the member with this name."""
        return self._registry.member_named(name)

    def present(self, name: str) -> Member:
        """
        Return the member with this name.

        :raises NoSuchName: nobody has it.
        """
        member = self.named(name)
        if member is None:
            raise errors.NoSuchName(f'Nobody here is called "{names.printable(name)}".')
        return member

    def of_account(self, account: str) -> list[Session]:
        """
        Return the sessions that are logged in to an account, under whatever name.

        :param account: its id.
        """
        return self._registry.of_account(account)

    def recipients(self, name: str) -> list[Session]:
        """
        Return the sessions of a member that can be told something.

        :raises NoSuchName: nobody has this name.
        :raises Unavailable: the member is behind in reading, on every device.
        """
        member = self.present(name)
        reading = [session for session in member.sessions if not session.peer.full]
        if not reading:
            raise errors.Unavailable(f"{member.name} can't read just now. Try again later.")
        return reading

    def check_free(self, name: str) -> None:
        """
        Check that a guest may have a name.

        :raises NameTaken: a member has it, or one that could be read as it.
        """
        self._registry.check_free(name, None)

    # Logging in and out.

    def enter(self, session: Session, name: str, owner: bool) -> list[Session]:
        """
        Make a session one of the member with this name, or of a new one.

        :param owner: whether the name is that of the session's account.
        :returns: the sessions that it replaces: that of the same client, and those of others that
            have its owner's name.
        :raises NameTaken: another member has the name, or one that could be read as it.
        :raises Disconnect: the server is full, or the member has too many devices.
        """
        registry = self._registry
        older = registry.of_client(session.client)
        member = self._member_of(session, name, older, owner)
        if member is not None:
            replaced = [older] if older is not None else []
        else:
            replaced = self._replaced(name, older, owner)
            self._check_place(session, replaced)
            member = Member(name, session.account, self._rename_limit())
        return self._replace(session, name, member, replaced)

    def _member_of(
        self, session: Session, name: str, older: Session | None, owner: bool
    ) -> Member | None:
        """
        Return the member of which a session is another device, or a new connection; None: a new
        member.

        :param older: the session of the same client.
        :raises Disconnect: the member has too many devices.
        """
        member = self.named(name)
        if member is None or member.account != session.account:
            return None
        if not owner and older not in member.sessions:
            return None  # a guest's name belongs to one client
        others = len(member.sessions) - (older in member.sessions)
        if others >= self._settings.devices:
            raise errors.Disconnect(errors.too_many_devices(others))
        return member

    def _replaced(self, name: str, older: Session | None, owner: bool) -> list[Session]:
        """
        Return the sessions that have to go for a new member.

        :raises NameTaken: another member has the name, or one that could be read as it.
        """
        if not owner:
            alone = older is not None and len(older.member.sessions) == 1
            self._registry.check_free(name, older.member if older is not None and alone else None)
        gone = [older] if older is not None else []
        for holder in self._registry.holders(name):
            gone += holder.sessions
        return list(dict.fromkeys(gone))

    def _check_place(self, session: Session, replaced: list[Session]) -> None:
        """
        Check that there is a place for a new member.

        :param replaced: the sessions that go: a member without any more leaves its place.
        :raises Disconnect: the server is full.
        """
        leaving = {old.member for old in replaced if old.member.sessions.keys() <= {*replaced}}
        # One more than `max` may join where that is an operator.
        if not leaving and self.count >= self.max + session.operator:
            raise errors.Disconnect(errors.full(self.count, self.max))

    def _replace(
        self, session: Session, name: str, member: Member, replaced: list[Session]
    ) -> list[Session]:
        """Put a session in the place of others."""
        member.sessions[session] = None  # before the others go: a member has at least one
        session.member = member
        for old in replaced:
            self.remove(old)
        if member not in self._registry.members:
            self._registry.add(member)
        elif len(member.sessions) == 1 and member.name != name:
            self._registry.rename(member, name)  # it spells its name in another way
        self._registry.add_session(session)
        session.name = member.name
        self._info("{name} joined from {address} ({count} of {max})", session, member.name)
        return replaced

    def remove(self, session: Session) -> None:
        """Take a session out. With the last one of its member, name and place are free."""
        member = session.member
        del member.sessions[session]
        self._registry.remove_session(session)
        if not member.sessions:
            self._registry.remove(member)
        self._info("{name} left, from {address} ({count} of {max})", session, session.name)

    def _rename_limit(self) -> RenameLimit:
        return RenameLimit(self._settings.rename_rate, self._seconds)

    # Names.

    def rename(self, member: Member, name: str) -> None:
        """
        Give a member another name, from this moment on.

        :raises NameTaken: another member has the name, or one that could be read as it.
        """
        self._registry.check_free(name, member)
        self._registry.rename(member, name)
        for session in member.sessions:
            session.name = name

    def register(self, member: Member, account: str) -> None:
        """
        Let a member have an account, which other devices can log in to.

        :param account: its id.
        """
        member.account = account
        for session in member.sessions:
            self._registry.set_account(session, account)

    # The log.

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
            session.peer.address, form, name=shown, count=self.count, max=self.max, **more
        )
