"""Checks and converts the values of options. A `usage.UsageError` says what an option takes."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from ipaddress import ip_address

from twisted.python import usage

from groupchat import smallfile
from groupchat.gateways.table import GATEWAYS
from groupchat.gateways.web.forwarded import Proxies
from groupchat.ledgers.retention import RetentionPolicy
from groupchat.settings import (
    ACCOUNTS_SUFFIX,
    ADMIN_SUFFIX,
    CERTIFICATE_SUFFIX,
    is_database,
)
from groupchat.wire import durations, names

__all__ = [
    "AUDIENCES",
    "LOG_FORMATS",
    "NAMING_RULES",
    "audience",
    "duration",
    "endpoint",
    "gateways",
    "host",
    "ledger_path",
    "log_format",
    "motd",
    "naming_rule",
    "number",
    "printable",
    "proxy",
    "rate",
    "retention",
    "shortened",
]


_MOTD_LIMIT = 64 << 10  #: bytes of the file
AUDIENCES = ("everyone", "operators", "nobody")  #: of --show-addresses
LOG_FORMATS = ("text", "json")
NAMING_RULES = {"ascii": names.ASCII, "unicode": names.UNICODE}


def number(option: str, least: int, most: int) -> Callable[[str], int]:
    def coerce(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if not least <= value <= most:
            raise usage.UsageError(
                f'--{option} takes a whole number from {least} to {most}, not "{shortened(text)}".'
            )
        return value

    return coerce


def rate(option: str) -> Callable[[str], float]:
    def coerce(text: str) -> float:
        try:
            value = float(text)
            if 0 <= value <= 1e6:
                return value
        except ValueError:
            pass
        raise usage.UsageError(
            f'--{option} takes a number from 0 (no limit) to 1000000, not "{shortened(text)}".'
        )

    return coerce


def gateways(text: str) -> list[str]:
    names = [] if text == "none" else text.split(",")
    if not set(names) <= set(GATEWAYS):
        raise usage.UsageError(
            f'--gateways takes {", ".join(GATEWAYS)} or none, not "{shortened(text)}".'
        )
    return names


def host(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.?", text, re.IGNORECASE):
        raise usage.UsageError(
            f'--host takes a name like chat.example.org, not "{shortened(text)}".'
        )
    return text


def proxy(text: str) -> str:
    try:
        Proxies([text])
    except ValueError:
        raise usage.UsageError(
            f'--trusted-proxy takes an address, a network or local, not "{shortened(text)}".'
        ) from None
    return text


def retention(text: str) -> RetentionPolicy:
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


def ledger_path(text: str) -> str:
    """Return the path of a file, the address of a database, or "" for memory."""
    if is_database(text):
        return text
    kind, _, path = text.partition(":")
    if text != "memory" and (kind != "sqlite" or not path):
        raise usage.UsageError(
            '--ledger takes "memory", "sqlite:PATH" or "postgresql://HOST/DATABASE",'
            f' not "{shortened(text)}".'
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
    if os.path.splitext(path)[1] in (CERTIFICATE_SUFFIX, ACCOUNTS_SUFFIX, ADMIN_SUFFIX):
        raise usage.UsageError(
            f"--ledger takes no path that ends in {CERTIFICATE_SUFFIX}, {ACCOUNTS_SUFFIX} or"
            f" {ADMIN_SUFFIX}: the server's certificate, accounts and admin socket, which are"
            " beside the ledger, have such names."
        )
    return path


def audience(text: str) -> str:
    if text not in AUDIENCES:
        raise usage.UsageError(
            f'--show-addresses takes everyone, operators or nobody, not "{shortened(text)}".'
        )
    return text


def log_format(text: str) -> str:
    if text not in LOG_FORMATS:
        raise usage.UsageError(f'--log-format takes text or json, not "{shortened(text)}".')
    return text


def naming_rule(text: str) -> names.Rule:
    try:
        return NAMING_RULES[text]
    except KeyError:
        raise usage.UsageError(
            f'--names takes ascii or unicode, not "{shortened(text)}".'
        ) from None


def motd(path: str) -> str:
    try:
        lines = smallfile.read(path, _MOTD_LIMIT).decode("utf-8-sig").splitlines()
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


def duration(option: str) -> Callable[[str], int]:
    """Return the parser of a time, in seconds; 0 is none."""

    def coerce(text: str) -> int:
        try:
            seconds, rest = (0, "") if text == "0" else durations.split(text)
        except ValueError:
            rest = text
        if rest or not text.strip():
            raise usage.UsageError(
                f"--{option} takes a time like 90s, 15m or 2h, or 0 for never,"
                f' not "{shortened(text)}".'
            )
        return durations.MAX_SECONDS if seconds is None else seconds

    return coerce


def endpoint(text: str) -> str:
    """Return the Twisted endpoint for HOST:PORT; any other text is one already."""
    host, _, port = text.rpartition(":")
    bare = {"localhost": "127.0.0.1"}.get(host, host.removeprefix("[").removesuffix("]"))
    try:
        version = ip_address(bare).version
    except ValueError:
        return text
    if not port.isdecimal():
        return text
    kind = "tcp" if version == 4 else "tcp6"
    return f"{kind}:{port}:interface=" + bare.replace(":", r"\:")


def shortened(text: str) -> str:
    """Returns at most 80 printable characters of an argument, for an error."""
    return printable(text)[:80]


def printable(argument: str) -> str:
    """
    Returns a command-line argument in a form that any output can carry. Python represents bytes
    that are not UTF-8 as surrogates.
    """
    return names.visible(argument.encode(errors="replace").decode())
