"""
Addresses and networks as people write them, and the one form in which they are kept and compared.
Pure.
"""

from __future__ import annotations

import ipaddress
import re

_ZONE = re.compile(r"%[^/]*")
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")


def ip(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """
    The address of a connection; an IPv4 one that is written as an IPv6 one is the IPv4 one.

    :raises ValueError: it is none.
    """
    parsed = ipaddress.ip_address(address.partition("%")[0])
    return getattr(parsed, "ipv4_mapped", None) or parsed


def network(address: str) -> str:
    """
    An address or a network, written in the one way in which it is kept: in the way of the address
    family that connections have, and without bits of a host.

    :raises ValueError: it is neither.
    """
    parsed = ipaddress.ip_network(_ZONE.sub("", address.strip("[]")), strict=False)
    if (
        isinstance(parsed, ipaddress.IPv6Network)
        and parsed.prefixlen >= _MAPPED.prefixlen
        and parsed.subnet_of(_MAPPED)
    ):
        mapped = int(parsed.network_address) & 0xFFFF_FFFF
        parsed = ipaddress.IPv4Network((mapped, parsed.prefixlen - _MAPPED.prefixlen))
    return str(parsed)


def format_address(target: str) -> str:
    """
    Whom a ban is on, as people write it: a network of one address is that address; a name that
    could be read as an address has an @ before it.

    :param target: a name or a `network`.
    """
    address, slash, bits = target.partition("/")
    if not slash:
        return f"@{target}" if is_network(target) else target
    return address if bits == ("128" if ":" in address else "32") else target


def is_network(word: str) -> bool:
    """Whether this is an address or a network."""
    try:
        network(word)
    except ValueError:
        return False
    return True
