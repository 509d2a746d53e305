"""
Reads what a running server can read again: the certificate, the options, and the accounts' files.
The log says what changed; whatever is wrong stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from twisted.logger import Logger
from twisted.python import usage

from groupchat.interfaces import IAccounts
from groupchat.server.tls import Certificate
from groupchat.settings import Settings
from groupchat.wire import names

__all__ = ["LIVE", "Configuration", "Reload"]

#: the settings that can change while the server runs: whoever needs one reads it each time
LIVE = frozenset(
    {
        "burst", "devices", "edit_within", "idle_timeout", "login_timeout", "max", "max_rooms",
        "max_rooms_per_member", "max_visitors", "members_only", "motd", "per_address", "rate",
        "rename_rate", "replay", "server", "show_addresses",
    }
)  # fmt: skip
_OWN = frozenset({"config", "check"})  # options that are about the options


class Configuration(NamedTuple):
    """
    The options of a server.

    :ivar settings: their values.
    :ivar given: the arguments of each option that was given.
    """

    settings: Settings
    given: Mapping[str, list[str]]


class Reload:
    """
    :param running: the options of the running server; its settings are changed.
    :param read: returns the options as they are now, or raises `usage.UsageError`.
    :param decide_max: called with the number of members that can be in, where that has changed.
    """

    log = Logger()

    def __init__(
        self,
        running: Configuration,
        read: Callable[[], Configuration],
        decide_max: Callable[[int], None],
        accounts: IAccounts,
        certificate: Certificate | None,
    ) -> None:
        self._settings = running.settings
        self._given = dict(running.given)
        self._read = read
        self._decide_max = decide_max
        self._accounts = accounts
        self._certificate = certificate

    async def run(self) -> None:
        """Read everything again."""
        if self._certificate is not None:
            self._certificate.refresh()
        try:
            new = self._read()
        except usage.UsageError as error:
            self.log.warn("{why} The options before are kept.", why=str(error))
        else:
            self._take(new)
        await self._accounts.reload()

    def _take(self, new: Configuration) -> None:
        settings = {_option(field): field for field in Settings.__struct_fields__}
        for option in sorted({*settings, *new.given, *self._given} - _OWN):
            field = settings.get(option)
            if field in LIVE:
                self._change(option, field, new)
            elif new.given.get(option) != self._given.get(option):
                self.log.warn(
                    "--{option} can't change while the server runs:"
                    " restart it, and it is {new} (now: {old}).",
                    option=option,
                    new=_shown(new.given, option),
                    old=_shown(self._given, option),
                )

    def _change(self, option: str, field: str, new: Configuration) -> None:
        value = getattr(new.settings, field)
        if value == getattr(self._settings, field):
            return
        setattr(self._settings, field, value)
        if field == "max":
            self._decide_max(new.settings.max)
        old, now = _shown(self._given, option), _shown(new.given, option)
        if old == now:
            self.log.info("--{option} {now} has changed: it is read.", option=option, now=now)
        else:
            self.log.info(
                "--{option} is {now} now (before: {old}).", option=option, now=now, old=old
            )
        self._given.pop(option, None)
        if option in new.given:
            self._given[option] = new.given[option]


def _option(field: str) -> str:
    """Return the name of the option with the value of a setting."""
    return "server-name" if field == "server" else field.replace("_", "-")


def _shown(given: Mapping[str, list[str]], option: str) -> str:
    """Return the arguments of an option for people."""
    if option not in given:
        return "the default"
    shown = " ".join(given[option]).encode(errors="replace").decode()
    return names.visible(shown)[:80] or "on"
