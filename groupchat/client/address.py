"""
Where a server is, and who wants to join: what ``[NAME] [HOST] [PORT]`` on the command line mean.

A Unix socket stands in the place of a host as ``unix:PATH``, with port 0.
"""

from __future__ import annotations

import ipaddress
import os
import re
from typing import NamedTuple

from groupchat.cli.exit import USAGE, Exit

HOST = "localhost"
PORT = 9000
UNIX_PREFIX = "unix:"
_MAX_SOCKET_PATH = 107  #: bytes of the path of a socket (unix(7))
_BRACKETS = re.compile(r"\[([^\[\]]*)\](?::(.*))?")


class Wanted(NamedTuple):
    """
    What the command line asks for.

    :ivar name: None where it says none.
    :ivar host: a name, an address without brackets, or ``unix:`` and an absolute path.
    :ivar port: 0 for a Unix socket.
    """

    name: str | None
    host: str
    port: int


def parse(words: list[str]) -> Wanted:
    """
    The first word is the name, unless it has a colon (as no name has, but addresses do) or is a
    number that stands alone.

    :raises Ending: it makes no sense.
    """
    if len(words) > 3:
        raise Exit(USAGE, f'"{words[3]}" is too much: NAME, HOST and PORT are all there is.')
    named = bool(words) and ":" not in words[0] and not (len(words) == 1 and _is_number(words[0]))
    name = words[0] if named else None
    where = words[1:] if named else words
    if len(where) > 2:
        raise Exit(USAGE, f'"{words[0]}" can\'t be your name: a name has no colon.')
    if len(where) == 1 and _is_number(where[0]):
        return Wanted(name, HOST, parse_port(where[0]))
    host, port = _split(where[0]) if where else (HOST, None)
    if len(where) == 2:
        if port is not None:
            raise Exit(
                USAGE,
                f"The port is there twice: {where[0]} and {where[1]}. {_no_port(host)}Leave one out.",
            )
        port = parse_port(where[1])
    return Wanted(name, host, PORT if port is None else port)


def parse_port(text: str) -> int:
    """
    :raises Ending: it is no port.
    """
    if not _is_number(text) or not 1 <= int(text[:9]) <= 65535:
        raise Exit(USAGE, f'"{text}" is no port: a port is a number from 1 to 65535.')
    return int(text)


def socket_path(host: str) -> str | None:
    """The path of the Unix socket that stands in the place of a host, or None."""
    return host.removeprefix(UNIX_PREFIX) if host.startswith(UNIX_PREFIX) else None


def format_address(host: str, port: int) -> str:
    """Where that is, for people."""
    return host if socket_path(host) else f"{host}, port {port}"


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _no_port(host: str) -> str:
    return "A Unix socket has none. " if socket_path(host) else ""


def _split(text: str) -> tuple[str, int | None]:
    """The host, and the port where there is one behind it."""
    if text.startswith(UNIX_PREFIX):
        return _socket(text.removeprefix(UNIX_PREFIX)), 0
    brackets = _BRACKETS.fullmatch(text)
    if brackets and _is_ipv6(brackets[1]):
        return brackets[1], None if brackets[2] is None else parse_port(brackets[2])
    if _is_ipv6(text):
        return text, None
    host, colon, port = text.partition(":")
    if (
        "/" in text
        or not host.removesuffix(".")
        or ":" in port
        or any(ord(character) < 33 for character in text)
        or "[" in text
    ):
        raise Exit(
            USAGE,
            f'"{text}" is no host. Write a name or an address, [ADDRESS]:PORT for IPv6, unix:PATH for a socket.',
        )
    return host.removesuffix("."), parse_port(port) if colon else None


def _socket(path: str) -> str:
    path = os.path.abspath(os.path.expanduser(path)) if path else ""
    if not 1 <= len(os.fsencode(path)) <= _MAX_SOCKET_PATH:
        raise Exit(
            USAGE,
            f'"{UNIX_PREFIX}{path}" is no socket: its path has to have 1 to {_MAX_SOCKET_PATH} bytes.',
        )
    return UNIX_PREFIX + path


def _is_ipv6(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).version == 6
    except ValueError:
        return False
