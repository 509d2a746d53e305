"""
The options of ``twistd groupchat``: their help, their defaults, and the check of their values.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

from twisted.cred.credentials import IUsernamePassword
from twisted.cred.strcred import AuthOptionMixin, InvalidAuthType, makeChecker
from twisted.python import usage

import groupchat
from groupchat import prompt, streams
from groupchat.ledgers.retention import RetentionPolicy
from groupchat.ops import stale, systemd
from groupchat.wire import names
from groupchat.wire.limits import MAX_ROOMS

__all__ = [
    "ACCOUNTS_SUFFIX",
    "CERTIFICATE_SUFFIX",
    "Options",
    "not_started",
    "printable",
    "shortened",
]

DEFAULT_MAX = 100
CERTIFICATE_SUFFIX, ACCOUNTS_SUFFIX = ".pem", ".accounts"  #: of the files beside the ledger
PID_FILE = "twistd.pid"  #: twistd's default


def _number(option: str, least: int, most: int) -> Callable[[str], int]:
    def coerce(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if not least <= number <= most:
            raise usage.UsageError(
                f'--{option} takes a whole number from {least} to {most}, not "{shortened(text)}".'
            )
        return number

    return coerce


def _rate(option: str) -> Callable[[str], float]:
    def coerce(text: str) -> float:
        try:
            rate = float(text)
            if 0 <= rate <= 1e6:
                return rate
        except ValueError:
            pass
        raise usage.UsageError(
            f'--{option} takes a number from 0 (no limit) to 1000000, not "{shortened(text)}".'
        )

    return coerce


def _retention(text: str) -> RetentionPolicy:
    try:
        return RetentionPolicy.parse(text)
    except ValueError:
        number = text.strip()
        hint = (
            f' Write "{number}d" for days, or "{number} messages".'
            if re.fullmatch("[1-9][0-9]{0,5}", number)
            else ""
        )
        raise usage.UsageError(
            f'--keep takes "all", "90d" or "100000 messages", not "{shortened(text)}".{hint}'
        ) from None


def _ledger_path(text: str) -> str:
    kind, _, path = text.partition(":")
    if text != "memory" and (kind != "sqlite" or not path):
        raise usage.UsageError(
            f'--ledger takes "memory" or "sqlite:PATH", not "{shortened(text)}".'
        )
    if path == ":memory:" or path.startswith("file:"):
        raise usage.UsageError(
            f'--ledger takes a path after sqlite:, not "{shortened(path)}"'
            " (--ledger memory stores nothing on disk)."
        )
    if path and os.path.basename(path) in ("", ".", ".."):
        raise usage.UsageError(
            f'--ledger takes the path of a file, and "{shortened(path)}" is a directory.'
        )
    if os.path.splitext(path)[1] in (CERTIFICATE_SUFFIX, ACCOUNTS_SUFFIX):
        raise usage.UsageError(
            f"--ledger takes no path that ends in {CERTIFICATE_SUFFIX} or {ACCOUNTS_SUFFIX}:"
            " the server stores its certificate and accounts beside the ledger in such files."
        )
    return path


def _audience(text: str) -> str:
    if text not in ("everyone", "operators", "nobody"):
        raise usage.UsageError(
            f'--show-addresses takes everyone, operators or nobody, not "{shortened(text)}".'
        )
    return text


def _naming_rule(text: str) -> names.Rule:
    try:
        return {"ascii": names.ASCII, "unicode": names.UNICODE}[text]
    except KeyError:
        raise usage.UsageError(
            f'--names takes ascii or unicode, not "{shortened(text)}".'
        ) from None


def _motd(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read(4097).splitlines()
    except OSError as error:
        raise usage.UsageError(
            f"--motd {shortened(path)} cannot be read: {error.strerror}."
        ) from None
    except UnicodeDecodeError:
        raise usage.UsageError(
            f"--motd {shortened(path)} cannot be read: it is not UTF-8."
        ) from None
    text = "\n".join(map(names.visible, lines))
    if len(text) > 4096:
        raise usage.UsageError(f"--motd {shortened(path)} is too long: at most 4096 characters.")
    return text


def shortened(text: str) -> str:
    """Returns at most 80 printable characters of an argument, for an error."""
    return printable(text)[:80]


def printable(argument: str) -> str:
    """
    Returns a command-line argument in a form that any output can carry. Python represents bytes
    that are not UTF-8 as surrogates.
    """
    return names.visible(argument.encode(errors="replace").decode())


class _Option(NamedTuple):
    """A row of `optParameters`, in the order that Twisted expects."""

    name: str
    letter: str | None
    default: str | None
    help: str
    coerce: Callable[[str], object] | None = None


class Options(AuthOptionMixin, usage.Options):
    """The options of the daemon."""

    supportedInterfaces = (IUsernamePassword,)
    command = "twistd groupchat"  #: the command as typed, for error messages

    synopsis = "[--port N] [--max N] [options]"
    longdesc = (
        "A group chat server. People join with groupchat-connect, nc or telnet;"
        " programs use JSON lines."
    )
    optParameters = [
        _Option(
            "port",
            "p",
            None,
            "TCP port to listen on, IPv4 and IPv6; 0: any free port"
            " (default: 9000, or none with --listen)",
            _number("port", 0, 65535),
        ),
        _Option(
            "max",
            "m",
            None,
            "members that can be logged in at once (default: asks at a terminal, else 100)",
            _number("max", 1, 1_000_000),
        ),
        _Option(
            "ledger",
            None,
            "sqlite:groupchat.db",
            'where messages are stored: "sqlite:PATH" or "memory"',
            _ledger_path,
        ),
        _Option(
            "replay",
            None,
            "20",
            "messages of history that a member sees on joining a room",
            _number("replay", 0, 1000),
        ),
        _Option(
            "keep",
            None,
            "all",
            'how long each room keeps its history: "all", "90d" (days) or "100000 messages"',
            _retention,
        ),
        _Option(
            "rate",
            None,
            "50",
            "lines per second that a member can send in the long run; 0: no limit",
            _rate("rate"),
        ),
        _Option(
            "burst",
            None,
            "200",
            "lines that a member can send at once before --rate applies",
            _number("burst", 1, 1_000_000),
        ),
        _Option(
            "certificate",
            None,
            None,
            "PEM file with the TLS certificate, its chain and its key"
            " (default: a self-signed certificate)",
        ),
        _Option(
            "tls-rate",
            None,
            "100",
            "TLS handshakes per second; further ones wait; 0: no limit",
            _number("tls-rate", 0, 1_000_000),
        ),
        _Option(
            "per-address",
            None,
            "0",
            "connections that one address can have open; 0: no limit",
            _number("per-address", 0, 1_000_000),
        ),
        _Option(
            "connect-rate",
            None,
            "20",
            "connections per second from one address that may stay unauthenticated; 0: no limit",
            _rate("connect-rate"),
        ),
        _Option(
            "log-rate",
            None,
            "10",
            "log lines per second about one address; 0: no limit",
            _rate("log-rate"),
        ),
        _Option(
            "max-pending",
            None,
            "64",
            "connections that can be open without having logged in",
            _number("max-pending", 1, 1_000_000),
        ),
        _Option(
            "login-timeout",
            None,
            "10",
            "seconds of silence after which an unauthenticated connection is closed",
            _number("login-timeout", 1, 60),
        ),
        _Option(
            "idle-timeout",
            None,
            "60",
            "seconds of silence after which a JSON client is disconnected",
            _number("idle-timeout", 3, 86_400),
        ),
        _Option(
            "rename-rate",
            None,
            "20",
            "name changes per minute for each member; 0: no limit",
            _number("rename-rate", 0, 1_000_000),
        ),
        _Option(
            "max-rooms",
            None,
            "10000",
            "rooms that can exist at once",
            _number("max-rooms", 1, 1_000_000),
        ),
        _Option(
            "max-rooms-per-member",
            None,
            "32",
            "rooms that a member can be in at once",
            _number("max-rooms-per-member", 1, MAX_ROOMS),
        ),
        _Option(
            "show-addresses",
            None,
            "operators",
            "who sees addresses in /who: everyone, operators or nobody",
            _audience,
        ),
        _Option(
            "names",
            None,
            "ascii",
            "characters that names of people and rooms may have: ascii,"
            " or unicode (letters of all scripts)",
            _naming_rule,
        ),
        _Option(
            "server-name",
            None,
            None,
            "name that the server gives itself (default: groupchat and its version)",
        ),
        _Option(
            "motd",
            None,
            None,
            "file with a message for each member that logs in, at most 4096 characters",
            _motd,
        ),
    ]
    optFlags = [
        ["require-tls", None, "accept unencrypted connections from this machine only"],
        ["no-tls", None, "turn TLS off"],
        ["members-only", None, "let only registered names log in"],
    ]

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self["listen"] = []

    def opt_listen(self, endpoint: str) -> None:
        """
        Twisted endpoint to listen on, e.g. tcp:9000:interface=127.0.0.1 or unix:/run/chat.sock; may
        be given more than once
        """
        self["listen"].append(endpoint)

    def opt_help(self) -> None:
        """Display this help and exit."""
        try:
            with streams.written():
                print(self)
        except BrokenPipeError:
            raise SystemExit(1) from None  # the reader closed the pipe on purpose
        except OSError as error:
            raise SystemExit(f"groupchat: {error.strerror}") from None
        raise SystemExit(0)

    def opt_version(self) -> None:
        """Display the version and exit."""
        print(f"groupchat {groupchat.__version__}")
        raise SystemExit(0)

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """
        Parse the command line. An error ends the process with one line on stderr and status 1;
        twistd would print a page on stdout.
        """
        streams.prepare()
        try:
            super().parseOptions(options)  # type: ignore[no-untyped-call]
        except usage.UsageError as error:
            raise not_started(f"{error} ({self.command} --help lists the options.)") from None

    def opt_auth(self, description: str) -> None:
        """Specify an authentication method for the server."""
        try:
            self.addChecker(makeChecker(description))  # type: ignore[no-untyped-call]
        except InvalidAuthType:
            raise usage.UsageError(
                f'--auth takes a value that --help-auth lists, not "{shortened(description)}".'
            ) from None
        except Exception as error:  # a checker of others can raise anything
            raise usage.UsageError(
                f'--auth "{shortened(description)}": {shortened(str(error))}.'
            ) from None

    def parseArgs(self, *arguments: str) -> None:
        if arguments:
            raise usage.UsageError(f'"{shortened(arguments[0])}" is not an option.')

    def postOptions(self) -> None:
        for name, _, default, _, coerce in self.optParameters:
            # usage coerces given values only
            if coerce is not None and default is not None and self[name] is default:
                self[name] = coerce(default)
        if self["no-tls"] and (self["require-tls"] or self["certificate"]):
            raise usage.UsageError(
                "--no-tls cannot be combined with --require-tls or --certificate."
            )
        if self["port"] is None and not self["listen"]:
            self["port"] = 9000
        if self["max"] is None:
            self["max"] = (
                _ask_max() if self.is_foreground() and prompt.is_possible() else DEFAULT_MAX
            )
        if self.parent is not None:
            _clear_pid_file(self.parent, self.is_foreground())
            _choose_log_format(self.parent, self.is_foreground())

    def is_foreground(self) -> bool:
        """
        Whether the daemon stays in the foreground. (Twisted's twist always does, and has no option
        for it.)
        """
        return self.parent is None or bool(
            self.parent.get("nodaemon", True) or self.parent.get("debug")
        )

    def logs_to_terminal(self) -> bool:
        """Whether the log goes to standard output."""
        return self.is_foreground() and (
            self.parent is None
            or self.parent.get("logfile") in (None, "-")
            and not self.parent.get("syslog")
        )


def _clear_pid_file(twistd: usage.Options, foreground: bool) -> None:
    """Remove a stale pid file: twistd itself compares process numbers only."""
    path: str = twistd.get("pidfile") or ""
    if not path:
        return
    try:
        if stale.clear_pid_file(path):
            return
        why = (
            f"the pid file {shortened(path)} belongs to another running daemon."
            " Stop that one, or choose another file with --pidfile."
        )
    except OSError as error:
        why = (
            f"the pid file {shortened(path)} cannot be written: {error.strerror}."
            " Choose another file with --pidfile."
        )
    if not foreground or path != PID_FILE:
        raise not_started(why)
    twistd["pidfile"] = ""  # the default file, which a daemon in the foreground does not need


def _choose_log_format(twistd: usage.Options, foreground: bool) -> None:
    """If the log goes to the journal, write priorities and leave out the time."""
    elsewhere = (
        twistd.get("logger") or twistd.get("logfile") not in (None, "-") or twistd.get("syslog")
    )
    if foreground and not elsewhere and systemd.is_journal(sys.stdout):
        twistd["logger"] = "groupchat.ops.systemd.journal"


def not_started(why: str) -> SystemExit:
    """Returns the exception that ends the start with one line on stderr and status 1."""
    return SystemExit(systemd.marked(f"groupchat: {why}", sys.stderr))


def _ask_max() -> int:
    """Ask the person at the terminal for the value of --max."""
    while True:
        try:
            answer = prompt.ask(f"How many clients at most? [{DEFAULT_MAX}] ")
        except (EOFError, KeyboardInterrupt):
            raise SystemExit("\ngroupchat: not started.") from None
        if answer is None:
            print(f"\nNo answer: {DEFAULT_MAX}.")
            return DEFAULT_MAX
        try:
            return _number("max", 1, 1_000_000)(answer) if answer else DEFAULT_MAX
        except usage.UsageError as error:
            print(error)
