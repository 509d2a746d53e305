"""
``groupchat-passwd``: accounts from the outside, beside a daemon that runs or not. It sees what was changed within a second.
"""

from __future__ import annotations

import argparse
import getpass
import os
import sqlite3
import sys
import time
from collections.abc import Sequence

import msgspec

from groupchat import __version__, names, streams
from groupchat.accounts import passwords
from groupchat.accounts.file import AccountsFile
from groupchat.errors import CannotStart, Refused
from groupchat.events import stamp
from groupchat.rights import Account, Deed, Rights
from groupchat.settings import MAX_PASSWORD

LOG = 50  #: lines of the audit log that are shown


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
    file = AccountsFile(wanted.file)
    file.open()
    try:
        _do(wanted, file, file.load())
    except sqlite3.Error as error:
        raise Refused(f"the accounts file {wanted.file}: {error}. Nothing was changed.") from None
    finally:
        file.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="groupchat-passwd",
        description="Set the password of a name, asking for it (or the first line of standard input), and say who is an operator."
        " A daemon that runs heeds it within a second.",
    )
    parser.add_argument("name", nargs="?", help="whose password to set; with an option below, whom it is about")
    parser.add_argument(
        "-f", "--file", default="groupchat.accounts", metavar="PATH",
        help="the accounts file: beside the ledger, or that of --auth sqlite:PATH (default: groupchat.accounts)",
    )  # fmt: skip
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("-o", "--operator", action="store_true", help="make NAME an operator (a new one gets a password, too)")
    what.add_argument("--no-operator", action="store_true", help="take that back")
    what.add_argument("--delete", action="store_true", help="NAME is nobody's from now on")
    what.add_argument("--list", action="store_true", help="list the registered names")
    what.add_argument("--log", action="store_true", help=f"show the last {LOG} lines of the audit log")
    return parser


def _do(wanted: argparse.Namespace, file: AccountsFile, rights: Rights) -> None:
    if wanted.list:
        for account in rights.accounts():
            print(f"{account.name}{'  operator' if account.operator else ''}")
    elif wanted.log:
        for deed in file.deeds(LOG):
            print(_written(deed))
    elif wanted.name is None:
        raise Refused("whose? Give a NAME (--help tells more).")
    elif wanted.delete:
        file.drop(_known(rights, wanted.name), _deed("delete", wanted.name))
        print(f"{wanted.name} is nobody's now.")
    elif wanted.no_operator:
        _set(file, _known(rights, wanted.name), False, "deop")
        print(f"{wanted.name} is no operator any more.")
    elif wanted.operator:
        account = rights.owner(wanted.name) or _with_password(rights, wanted.name)
        _set(file, account, True, "op")
        print(f"{account.name} is an operator now.")
    else:
        account = _with_password(rights, wanted.name)
        file.keep(account, _deed("password", account.name))
        print(f"The password of {account.name} is set.")


def _set(file: AccountsFile, account: Account, operator: bool, verb: str) -> None:
    file.keep(msgspec.structs.replace(account, operator=operator), _deed(verb, account.name))


def _known(rights: Rights, name: str) -> Account:
    account = rights.owner(name)
    if account is None:
        raise Refused(f'"{names.shown(name)}" is not registered. --list shows who is.')
    return account


def _with_password(rights: Rights, name: str) -> Account:
    """The account of a name, with a password that is asked for. Whoever came in without one no longer does."""
    name = names.rule_for(name).person(name)
    if rights.imitates(name):
        raise Refused(f'"{name}" looks like a registered name.')
    known = rights.owner(name)
    return Account(name, known.operator if known else False, passwords.hashed(_ask(name)))


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


def _deed(verb: str, name: str) -> Deed:
    """Who did it: "!" stands before a user of the machine, and in no name."""
    return Deed(int(time.time() * 1000), f"!{getpass.getuser()}" if _has_name() else f"!{os.getuid()}", verb, name)


def _has_name() -> bool:
    try:
        return bool(getpass.getuser())
    except (KeyError, OSError):
        return False


def _written(deed: Deed) -> str:
    until = f" until {stamp(deed.until)}" if deed.until else ""
    why = f": {deed.text}" if deed.text else ""
    return names.visible(f"{stamp(deed.at)} {deed.by} {deed.verb} {deed.target}{until}{why}")
