"""
The address of a server: a host and a port, or a Unix socket.

A Unix socket is written in place of the host as ``unix:PATH``, with port 0.
"""

from __future__ import annotations

import contextlib
import ipaddress
from typing import NamedTuple
from urllib.parse import quote

import idna

__all__ = [
    "DEFAULT_HOST",
    "DEFAULT_PORT",
    "UNIX_PREFIX",
    "Address",
    "canonical",
    "format_address",
    "host_key",
    "is_loopback",
    "socket_path",
]

DEFAULT_HOST = "localhost"
DEFAULT_PORT = 9000
UNIX_PREFIX = "unix:"


class Address(NamedTuple):
    """
    An address.

    :ivar host: a name, an IP address, or ``unix:PATH``.
    :ivar port: 0 for a Unix socket.
    """

    host: str
    port: int


def socket_path(host: str) -> str | None:
    """Returns the path of the Unix socket that is written in place of a host, or None."""
    return host.removeprefix(UNIX_PREFIX) if host.startswith(UNIX_PREFIX) else None


def format_address(host: str, port: int) -> str:
    """Returns the address for people."""
    return host if socket_path(host) else f"{host}, port {port}"


def canonical(host: str) -> str:
    """
    Returns a host in the form in which it is sent and compared: ASCII and lower case; addresses as
    in RFC 5952.
    """
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(host))
    host = host.lower().removesuffix(".")
    try:
        return idna.encode(host, uts46=True).decode()
    except UnicodeError:
        return quote(host, safe="")  # not a valid host name; the resolver will say so


def host_key(host: str, port: int) -> str:
    """Returns the address as known_hosts writes it."""
    path = socket_path(host)
    if path is not None:
        return UNIX_PREFIX + quote(path)
    name = canonical(host)
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"


def is_loopback(host: str) -> bool:
    """Returns whether a connection to this host, or Unix socket, stays on this machine."""
    if socket_path(host) is not None:
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return canonical(host) == "localhost"
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback
