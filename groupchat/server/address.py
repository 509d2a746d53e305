"""Addresses of connections, as people write them."""

from __future__ import annotations

import ipaddress

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IAddress

from groupchat.wire import addresses

__all__ = ["format_address", "is_loopback"]

LOCAL = "local"  #: a Unix socket


def format_address(address: IAddress | None) -> str:
    """
    Return an address as people write it, in one form.

    An IPv4 address that connected to an IPv6 port is written as IPv4.
    """
    if not isinstance(address, (IPv4Address, IPv6Address)):
        return LOCAL
    host = str(address.host)
    return str(addresses.ip(host)) if ":" in host and "%" not in host else host


def is_loopback(address: str) -> bool:
    """Return whether an address, as `format_address` writes it, is on this machine."""
    return address == LOCAL or ipaddress.ip_address(address).is_loopback
