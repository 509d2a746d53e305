"""
The target of a run: who joins, and which server, as ``[NAME] [HOST] [PORT]`` on the command line
say it. A group of several nodes has several hosts: more of them follow, or stand there with commas.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections import deque
from typing import NamedTuple

from groupchat.cli.exit import USAGE, Exit
from groupchat.client.address import (
    DEFAULT_HOST,
    DEFAULT_PORT,
    UNIX_PREFIX,
    Address,
    socket_path,
)

__all__ = ["Target", "parse", "parse_addresses", "parse_port"]

_MAX_SOCKET_PATH = 107  #: bytes of the path of a socket (unix(7))
_BRACKETS = re.compile(r"\[([^\[\]]*)\](?::(.*))?")


class Target(NamedTuple):
    """
    The target that the command line asks for.

    :ivar name: None if there is none on the command line.
    :ivar host: a name, an address without brackets, or ``unix:`` and an absolute path.
    :ivar port: 0 for a Unix socket.
    :ivar others: further addresses.
    """

    name: str | None
    host: str
    port: int
    others: tuple[Address, ...] = ()


def parse(words: list[str]) -> Target:
    """
    Parse the positional arguments.

    The first word is the name, unless it has a colon (names have none, addresses do) or is a
    number that stands alone.

    :raises Exit: they make no sense.
    """
    named = bool(words) and ":" not in words[0] and not (len(words) == 1 and _is_number(words[0]))
    name = words[0] if named else None
    where = words[1:] if named else words
    if not named and len(where) > 2 and not (":" in where[1] or _is_number(where[1])):
        raise Exit(USAGE, f'"{words[0]}" can\'t be your name: a name has no colon.')
    if len(where) == 1 and _is_number(where[0]):
        return Target(name, DEFAULT_HOST, parse_port(where[0]))
    first, *others = _addresses(where or [DEFAULT_HOST])
    return Target(name, *first, tuple(others))


def _addresses(words: list[str]) -> list[Address]:
    """Returns the addresses: each is a word, and its port may be the next one."""
    found: list[Address] = []
    left = deque(words)
    while left:
        word = left.popleft()
        if found and _is_number(word):
            raise Exit(USAGE, f'"{word}" is too much: {found[-1].host} has its port already.')
        has_port = bool(left) and (_is_number(left[0]) or ":" not in word + left[0])
        if found and not has_port and ":" not in word:
            raise Exit(USAGE, f'"{word}" has no port: write {word}:PORT.')
        found += parse_addresses(word, left.popleft() if has_port else None)
    return found


def parse_addresses(text: str, port: str | None = None) -> list[Address]:
    """
    Parse one address or several, with commas between them.

    :param port: the port of all of them, if it stands apart.
    :raises Exit: they make no sense.
    """
    words = [text] if text.startswith(UNIX_PREFIX) else text.split(",")
    found = [_split(word) for word in words]
    if port is None:
        return [Address(host, DEFAULT_PORT if own is None else own) for host, own in found]
    for host, own in found:
        if own is not None:
            raise Exit(
                USAGE,
                f"The port is there twice: {text} and {port}. {_no_port(host)}Leave one out.",
            )
    common = parse_port(port)
    return [Address(host, common) for host, _ in found]


def parse_port(text: str) -> int:
    """
    Parse a port.

    :raises Exit: it is not a number from 1 to 65535.
    """
    if not _is_number(text) or not 1 <= int(text[:9]) <= 65535:
        raise Exit(USAGE, f'"{text}" is no port: a port is a number from 1 to 65535.')
    return int(text)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _no_port(host: str) -> str:
    return "A Unix socket has none. " if socket_path(host) else ""


def _split(text: str) -> tuple[str, int | None]:
    """Returns the host, and the port if there is one behind it."""
    if text.startswith(UNIX_PREFIX):
        return _parse_socket(text.removeprefix(UNIX_PREFIX)), 0
    brackets = _BRACKETS.fullmatch(text)
    if brackets and _is_ipv6(brackets[1]):
        return brackets[1], None if brackets[2] is None else parse_port(brackets[2])
    if _is_ipv6(text):
        return text, None
    host, colon, port = text.partition(":")
    if not _may_be_host(text, host) or ":" in port:
        raise Exit(
            USAGE,
            f'"{text}" is no host. '
            "Write a name or an address, [ADDRESS]:PORT for IPv6, unix:PATH for a socket.",
        )
    return host.removesuffix("."), parse_port(port) if colon else None


def _may_be_host(text: str, host: str) -> bool:
    has_bad = any(character in "/[" or ord(character) < 33 for character in text)
    return bool(host.removesuffix(".")) and not has_bad


def _parse_socket(path: str) -> str:
    path = os.path.abspath(os.path.expanduser(path)) if path else ""
    if not 1 <= len(os.fsencode(path)) <= _MAX_SOCKET_PATH:
        raise Exit(
            USAGE,
            f'"{UNIX_PREFIX}{path}" is no socket: '
            f"its path must have 1 to {_MAX_SOCKET_PATH} bytes.",
        )
    return UNIX_PREFIX + path


def _is_ipv6(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).version == 6
    except ValueError:
        return False
