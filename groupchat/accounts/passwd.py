"""
``groupchat-passwd``: edits the accounts file from outside, whether the server runs or not. A
running server picks up the change within a second.
"""

from __future__ import annotations

import argparse
import getpass
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence

import msgspec

from groupchat import __version__, streams
from groupchat.accounts.database import AccountsDatabase
from groupchat.accounts.passwords import Passwords
from groupchat.accounts.storage import Storage
from groupchat.core.permissions import BAN, MUTE, Account, AuditEntry, Permissions, Restriction
from groupchat.core.tokens import make_token, token_named
from groupchat.errors import CannotOpen
from groupchat.settings import MAX_PASSWORD, is_database
from groupchat.wire import addresses, names
from groupchat.wire.errors import Refused
from groupchat.wire.timestamps import stamp

__all__ = ["main", "make_parser"]

TOKEN = "default"  #: the name of a token where none is given
LOG_LINES = 50  #: entries of the audit log that --log shows


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; ends the process with status 0, 1 (failed) or 2 (wrong usage)."""
    streams.prepare()
    try:
        with streams.written():
            _run(make_parser().parse_args(arguments))
    except CannotOpen as error:
        sys.exit(f"groupchat-passwd: {error.or_else('name another with -f PATH')}")
    except Refused as error:
        sys.exit(f"groupchat-passwd: {error}")
    except BrokenPipeError:
        sys.exit(1)  # the reader closed the pipe on purpose
    except OSError as error:
        sys.exit(f"groupchat-passwd: {error.strerror or error}")
    except (EOFError, KeyboardInterrupt):
        sys.exit("\ngroupchat-passwd: nothing was changed.")


def _run(wanted: argparse.Namespace) -> None:
    file = _storage(wanted.file)
    try:
        if is_database(wanted.file) or os.path.exists(wanted.file):
            _change(wanted, file)
        else:
            _begin(wanted, file)
    except file.error as error:
        why = str(error).partition("\n")[0]
        raise Refused(f"{file.name}: {why}. Nothing was changed.") from None


def _storage(where: str) -> Storage:
    """Return the storage in a file, or in a database."""
    if not is_database(where):
        return AccountsDatabase(where)
    try:
        from groupchat.accounts.tables import open_tables
    except ImportError:
        raise Refused('that needs psycopg 3.3: pip install "groupchat[postgresql]".') from None
    return open_tables(where)


def _change(wanted: argparse.Namespace, file: Storage) -> None:
    file.open()
    try:
        _do(wanted, file, file.load())
    finally:
        file.close()


def _begin(wanted: argparse.Namespace, file: Storage) -> None:
    """
    Create the accounts file. Only setting a password does so: any other command most likely names
    the wrong file.
    """
    where = names.visible(os.path.abspath(wanted.file))
    if wanted.what is not None:
        raise Refused(
            f"there is no accounts file {where}."
            " Go to the directory of the ledger, or name the file with -f PATH."
            " (The daemon makes it when it starts; groupchat-passwd NAME does, too.)"
        )
    account = _with_password(Permissions(), _named(wanted))
    file.open()
    try:
        print(f"groupchat-passwd: this made a new accounts file, {where}.", file=sys.stderr)
        _set_password(file, account)
    finally:
        file.close()


#: the options that say what to do, and their help
_OPTIONS = (
    (
        ("-o", "--operator"),
        "make NAME an operator (asks for a password if NAME is not registered)",
    ),
    (("--no-operator",), "make NAME an ordinary member again"),
    (("--delete",), "delete the account of NAME"),
    (
        ("--token",),
        "make a token, with which HTTP requests act as NAME; it is printed, and shown only once",
    ),
    (("--tokens",), "list the tokens of NAME"),
    (("--revoke",), "end the token TOKEN of NAME"),
    (("--unban",), "lift the ban on NAME, an address or a network, as --bans lists it"),
    (("--unmute",), "lift the mute on NAME"),
    (("--bans",), "list the bans and mutes"),
    (("--list",), "list the registered names"),
    (("--log",), f"show the last {LOG_LINES} entries of the audit log"),
)


def make_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="groupchat-passwd",
        description="Set the password of a name, or manage operators and bans. The password is"
        " asked for at the terminal, or read from the first line of standard input."
        " A running server picks up the change within a second.",
    )
    parser.add_argument(
        "name",
        nargs="?",
        help="the name whose password to set;"
        " with an option below, the name (or address) to change",
    )
    parser.add_argument(
        "token",
        nargs="?",
        metavar="TOKEN",
        help=f"with --token and --revoke, the name of the token (default: {TOKEN})",
    )
    parser.add_argument(
        "-f",
        "--file",
        default="groupchat.accounts",
        metavar="PATH",
        help="the accounts file, beside the ledger or as in the server's --auth sqlite:PATH;"
        " or the server's --ledger, if that is postgresql://HOST/DATABASE"
        " (default: groupchat.accounts)",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    what = parser.add_mutually_exclusive_group()
    for option, help in _OPTIONS:
        what.add_argument(*option, dest="what", action="store_const", const=option[-1], help=help)
    return parser


def _do(wanted: argparse.Namespace, file: Storage, permissions: Permissions) -> None:
    if wanted.what in _LISTS:
        for line in _LISTS[wanted.what](file, permissions):
            print(names.visible(line))
    elif wanted.what in _OF_TOKENS:
        _OF_TOKENS[wanted.what](file, permissions, _named(wanted), wanted.token or TOKEN)
    elif wanted.what is None:
        _set_password(file, _with_password(permissions, _named(wanted)))
    else:
        print(names.visible(_CHANGES[wanted.what](file, permissions, _named(wanted))))


def _named(wanted: argparse.Namespace) -> str:
    if wanted.name is None:
        raise Refused("whose? Give a NAME (--help tells more).")
    name: str = wanted.name
    return name


def _set_password(file: Storage, account: Account) -> None:
    file.reset(account, _audit_entry("password", account.name))
    print(f"The password of {account.name} is set.")


# Lists.


def _accounts(file: Storage, permissions: Permissions) -> Iterator[str]:
    for account in permissions.accounts():
        yield f"{account.name}{'  operator' if account.operator else ''}"


def _restrictions(file: Storage, permissions: Permissions) -> Iterator[str]:
    now = _now()
    for restriction in (*permissions.restrictions(BAN, now), *permissions.restrictions(MUTE, now)):
        until = f"until {stamp(restriction.until)}" if restriction.until else "for ever"
        why = f": {restriction.text}" if restriction.text else ""
        target = addresses.format_address(restriction.target)
        yield f"{restriction.kind} {target} {until}, by {restriction.by}{why}"


def _audit_log(file: Storage, permissions: Permissions) -> Iterator[str]:
    return map(_format, file.audit_entries(LOG_LINES))


# Changes.


def _operator(file: Storage, permissions: Permissions, name: str) -> str:
    account = permissions.owner(name) or _with_password(permissions, name)
    _set(file, account, True, "op")
    return f"{account.name} is an operator now."


def _no_operator(file: Storage, permissions: Permissions, name: str) -> str:
    _set(file, _known(permissions, name), False, "deop")
    return f"{name} is no operator any more."


def _delete(file: Storage, permissions: Permissions, name: str) -> str:
    file.delete(_known(permissions, name), _audit_entry("delete", name))
    return f"{name} is not registered any more."


def _make_token(file: Storage, permissions: Permissions, name: str, token: str) -> None:
    account = _known(permissions, name)
    made, secret = make_token(account, token, permissions.tokens(account.id), _now())
    file.save(made, _audit_entry("token", account.name, made.name))
    print(secret)
    print(
        f"groupchat-passwd: that is the token {made.name} of {account.name}. It is shown only now.",
        file=sys.stderr,
    )


def _list_tokens(file: Storage, permissions: Permissions, name: str, token: str) -> None:
    for held in permissions.tokens(_known(permissions, name).id):
        print(f"{held.name} made {stamp(held.made)}")


def _revoke(file: Storage, permissions: Permissions, name: str, token: str) -> None:
    account = _known(permissions, name)
    held = token_named(permissions, account.id, token)
    file.delete(held, _audit_entry("revoke", account.name, held.name))
    print(f"The token {held.name} of {account.name} is revoked.")


def _unban(file: Storage, permissions: Permissions, name: str) -> str:
    is_address = not name.startswith("@") and addresses.is_network(name)
    target = addresses.network(name) if is_address else _key(name)
    # an older ban may be stored under the name as typed
    restriction = permissions.restriction(BAN, name) or _held(permissions, BAN, target)
    file.delete(restriction, _audit_entry("unban", restriction.target))
    return f"{addresses.format_address(restriction.target)} is not banned any more."


def _unmute(file: Storage, permissions: Permissions, name: str) -> str:
    restriction = _held(permissions, MUTE, _key(name))
    file.delete(restriction, _audit_entry("unmute", restriction.target))
    return f"{restriction.target} is not muted any more."


def _key(name: str) -> str:
    return names.key(name.removeprefix("@"))


def _held(permissions: Permissions, kind: str, target: str) -> Restriction:
    restriction = permissions.restriction(kind, target)
    if restriction is None or not restriction.is_active(_now()):
        shown = names.printable(addresses.format_address(target))
        raise Refused(f'there is no {kind} on "{shown}". --bans lists bans and mutes.')
    return restriction


_LISTS: dict[str, Callable[[Storage, Permissions], Iterator[str]]] = {
    "--list": _accounts,
    "--bans": _restrictions,
    "--log": _audit_log,
}
_CHANGES: dict[str, Callable[[Storage, Permissions, str], str]] = {
    "--operator": _operator,
    "--no-operator": _no_operator,
    "--delete": _delete,
    "--unban": _unban,
    "--unmute": _unmute,
}


_OF_TOKENS: dict[str, Callable[[Storage, Permissions, str, str], None]] = {
    "--token": _make_token,
    "--tokens": _list_tokens,
    "--revoke": _revoke,
}


def _set(file: Storage, account: Account, operator: bool, verb: str) -> None:
    file.save(msgspec.structs.replace(account, operator=operator), _audit_entry(verb, account.name))


def _known(permissions: Permissions, name: str) -> Account:
    account = permissions.owner(name)
    if account is None:
        raise Refused(f'"{names.printable(name)}" is not registered. --list shows who is.')
    return account


def _with_password(permissions: Permissions, name: str) -> Account:
    """
    Return the account of a name with a password that the user types. Clients that logged in
    without a password have to give the new one; tokens end.
    """
    name = names.rule_for(name).person(name)
    if permissions.is_confusable(name):
        raise Refused(f'"{name}" looks like a registered name.')
    account = permissions.owner(name) or Account(name)
    password = Passwords().hash(_ask(name))
    return msgspec.structs.replace(account, name=name, password=password, clients=())


def _ask(name: str) -> str:
    try:
        password = _typed(name)
        password.encode()  # bytes that are not UTF-8 may be surrogates
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
        raise Refused("the two passwords differ. Nothing was changed.")
    return password


def _now() -> int:
    return int(time.time() * 1000)


def _audit_entry(verb: str, name: str, text: str = "") -> AuditEntry:
    """
    Return an entry by this user of the machine, marked with a "!", which no member's name has.
    """
    user = getpass.getuser() if _has_name() else str(os.getuid())
    return AuditEntry(_now(), f"!{user}", verb, name, text=text)


def _has_name() -> bool:
    try:
        return bool(getpass.getuser())
    except (KeyError, OSError):
        return False


def _format(entry: AuditEntry) -> str:
    until = f" until {stamp(entry.until)}" if entry.until else ""
    why = f": {entry.text}" if entry.text else ""
    return f"{stamp(entry.at)} {entry.by} {entry.verb} {entry.target}{until}{why}"
