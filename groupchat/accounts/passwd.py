"""
``groupchat-passwd``: accounts from the outside, beside a daemon that runs or not. It sees what was
changed within a second.
"""

from __future__ import annotations

import argparse
import getpass
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Sequence

import msgspec

from groupchat import __version__, streams
from groupchat.accounts import passwords
from groupchat.accounts.database import AccountsDatabase
from groupchat.core.permissions import BAN, MUTE, Account, AuditEntry, Permissions, Restriction
from groupchat.errors import CannotStart
from groupchat.settings import MAX_PASSWORD
from groupchat.wire import addresses, names
from groupchat.wire.errors import Refused
from groupchat.wire.events import stamp

LOG_LINES = 50  #: lines of the audit log that are shown


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; ends the process with status 0, 1 (it can't be done) or 2 (wrong usage)."""
    streams.prepare()
    try:
        with streams.written():
            _run(_parser().parse_args(arguments))
    except (CannotStart, Refused) as error:
        sys.exit(f"groupchat-passwd: {error}")
    except BrokenPipeError:
        sys.exit(1)  # whoever reads has read enough, and knows
    except OSError as error:
        sys.exit(f"groupchat-passwd: {error.strerror or error}")
    except (EOFError, KeyboardInterrupt):
        sys.exit("\ngroupchat-passwd: nothing was changed.")


def _run(wanted: argparse.Namespace) -> None:
    try:
        file = AccountsDatabase(wanted.file)
        if os.path.exists(wanted.file):
            _change(wanted, file)
        else:
            _begin(wanted, file)
    except sqlite3.Error as error:
        raise Refused(f"the accounts file {wanted.file}: {error}. Nothing was changed.") from None


def _change(wanted: argparse.Namespace, file: AccountsDatabase) -> None:
    file.open()
    try:
        _do(wanted, file, file.load())
    finally:
        file.close()


def _begin(wanted: argparse.Namespace, file: AccountsDatabase) -> None:
    """
    There is no accounts file. Only setting a password makes one: anything else looks for it in the
    wrong place.
    """
    where = names.visible(os.path.abspath(wanted.file))
    if wanted.what is not None:
        raise Refused(
            f"there is no accounts file {where}. Go to the directory of the ledger, or name the file with -f PATH."
            " (The daemon makes it when it starts; groupchat-passwd NAME does, too.)"
        )
    account = _with_password(Permissions(), _named(wanted))
    file.open()
    try:
        print(f"groupchat-passwd: this made a new accounts file, {where}.", file=sys.stderr)
        _set_password(file, account)
    finally:
        file.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="groupchat-passwd",
        description="Set the password of a name, asking for it (or the first line of standard input), and say who is an operator."
        " A daemon that runs heeds it within a second.",
    )
    parser.add_argument(
        "name",
        nargs="?",
        help="whose password to set; with an option below, whom (or which address) it is about",
    )
    parser.add_argument(
        "-f", "--file", default="groupchat.accounts", metavar="PATH",
        help="the accounts file: beside the ledger, or that of --auth sqlite:PATH (default: groupchat.accounts)",
    )  # fmt: skip
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    what = parser.add_mutually_exclusive_group()
    for option, help in (
        (("-o", "--operator"), "make NAME an operator (a new one gets a password, too)"),
        (("--no-operator",), "take that back"),
        (("--delete",), "NAME is nobody's from now on"),
        (("--unban",), "lift the ban on NAME, an address or a network, as --bans lists it"),
        (("--unmute",), "lift the mute on NAME"),
        (("--bans",), "list the bans and mutes"),
        (("--list",), "list the registered names"),
        (("--log",), f"show the last {LOG_LINES} lines of the audit log"),
    ):
        what.add_argument(*option, dest="what", action="store_const", const=option[-1], help=help)
    return parser


def _do(wanted: argparse.Namespace, file: AccountsDatabase, rights: Permissions) -> None:
    if wanted.what in _LISTS:
        for line in _LISTS[wanted.what](file, rights):
            print(names.visible(line))
    elif wanted.what is None:
        _set_password(file, _with_password(rights, _named(wanted)))
    else:
        print(names.visible(_DEEDS[wanted.what](file, rights, _named(wanted))))


def _named(wanted: argparse.Namespace) -> str:
    if wanted.name is None:
        raise Refused("whose? Give a NAME (--help tells more).")
    name: str = wanted.name
    return name


def _set_password(file: AccountsDatabase, account: Account) -> None:
    file.keep(account, _deed("password", account.name))
    print(f"The password of {account.name} is set.")


# What is listed.


def _accounts(file: AccountsDatabase, rights: Permissions) -> Iterator[str]:
    for account in rights.accounts():
        yield f"{account.name}{'  operator' if account.operator else ''}"


def _measures(file: AccountsDatabase, rights: Permissions) -> Iterator[str]:
    now = _now()
    for measure in (*rights.restrictions(BAN, now), *rights.restrictions(MUTE, now)):
        until = f"until {stamp(measure.until)}" if measure.until else "for ever"
        why = f": {measure.text}" if measure.text else ""
        yield f"{measure.kind} {addresses.format_address(measure.target)} {until}, by {measure.by}{why}"


def _deeds(file: AccountsDatabase, rights: Permissions) -> Iterator[str]:
    return map(_written, file.deeds(LOG_LINES))


# What is done.


def _operator(file: AccountsDatabase, rights: Permissions, name: str) -> str:
    account = rights.owner(name) or _with_password(rights, name)
    _set(file, account, True, "op")
    return f"{account.name} is an operator now."


def _no_operator(file: AccountsDatabase, rights: Permissions, name: str) -> str:
    _set(file, _known(rights, name), False, "deop")
    return f"{name} is no operator any more."


def _delete(file: AccountsDatabase, rights: Permissions, name: str) -> str:
    file.drop(_known(rights, name), _deed("delete", name))
    return f"{name} is nobody's now."


def _unban(file: AccountsDatabase, rights: Permissions, name: str) -> str:
    is_address = not name.startswith("@") and addresses.is_network(name)
    target = addresses.network(name) if is_address else _key(name)
    measure = rights.restriction(BAN, name) or _held(
        rights, BAN, target
    )  # as it stands there, an older one may be in another form
    file.drop(measure, _deed("unban", measure.target))
    return f"{addresses.format_address(measure.target)} is not banned any more."


def _unmute(file: AccountsDatabase, rights: Permissions, name: str) -> str:
    measure = _held(rights, MUTE, _key(name))
    file.drop(measure, _deed("unmute", measure.target))
    return f"{measure.target} is not muted any more."


def _key(name: str) -> str:
    return names.key(name.removeprefix("@"))


def _held(rights: Permissions, kind: str, target: str) -> Restriction:
    measure = rights.restriction(kind, target)
    if measure is None or not measure.is_active(_now()):
        raise Refused(
            f'there is no {kind} on "{names.printable(addresses.format_address(target))}". --bans lists bans and mutes.'
        )
    return measure


_LISTS: dict[str, Callable[[AccountsDatabase, Permissions], Iterator[str]]] = {
    "--list": _accounts, "--bans": _measures, "--log": _deeds,
}  # fmt: skip
_DEEDS: dict[str, Callable[[AccountsDatabase, Permissions, str], str]] = {
    "--operator": _operator, "--no-operator": _no_operator, "--delete": _delete, "--unban": _unban, "--unmute": _unmute,
}  # fmt: skip


def _set(file: AccountsDatabase, account: Account, operator: bool, verb: str) -> None:
    file.keep(msgspec.structs.replace(account, operator=operator), _deed(verb, account.name))


def _known(rights: Permissions, name: str) -> Account:
    account = rights.owner(name)
    if account is None:
        raise Refused(f'"{names.printable(name)}" is not registered. --list shows who is.')
    return account


def _with_password(rights: Permissions, name: str) -> Account:
    """
    The account of a name, with a password that is asked for. Whoever came in without one no longer
    does.
    """
    name = names.rule_for(name).person(name)
    if rights.is_confusable(name):
        raise Refused(f'"{name}" looks like a registered name.')
    known = rights.owner(name)
    return Account(name, known.operator if known else False, passwords.hash_password(_ask(name)))


def _ask(name: str) -> str:
    try:
        password = _typed(name)
        password.encode()  # what was no UTF-8 is a surrogate where Python let it pass
    except UnicodeError:
        raise Refused("the password is not UTF-8. Nothing was changed.") from None
    if not password or len(password.encode()) > MAX_PASSWORD:
        raise Refused(f"a password has 1 to {MAX_PASSWORD} bytes. Nothing was changed.")
    return password


def _typed(name: str) -> str:
    if sys.stdin is None or not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n") if sys.stdin else ""
    password = getpass.getpass(f"Password for {name}: ")
    if password and getpass.getpass("Once more: ") != password:
        raise Refused("these were two different passwords. Nothing was changed.")
    return password


def _now() -> int:
    return int(time.time() * 1000)


def _deed(verb: str, name: str) -> AuditEntry:
    """Who did it: "!" stands before a user of the machine, and in no name."""
    return AuditEntry(
        _now(), f"!{getpass.getuser()}" if _has_name() else f"!{os.getuid()}", verb, name
    )


def _has_name() -> bool:
    try:
        return bool(getpass.getuser())
    except (KeyError, OSError):
        return False


def _written(deed: AuditEntry) -> str:
    until = f" until {stamp(deed.until)}" if deed.until else ""
    why = f": {deed.text}" if deed.text else ""
    return f"{stamp(deed.at)} {deed.by} {deed.verb} {deed.target}{until}{why}"
