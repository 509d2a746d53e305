"""
Parse addresses and networks as people write them into the one form that is stored and compared.
"""

from __future__ import annotations

import ipaddress
import re

__all__ = ["format_address", "ip", "is_network", "network"]

_ZONE = re.compile(r"%[^/]*")
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")


def ip(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """
    Parse the address of a connection. An IPv4-mapped IPv6 address becomes the IPv4 address.

    :raises ValueError: it is not an address.
    """
    parsed = ipaddress.ip_address(address.partition("%")[0])
    return getattr(parsed, "ipv4_mapped", None) or parsed


def network(address: str) -> str:
    """
    Return an address or a network in its stored form: in the address family that connections have,
    and without host bits.

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
    Format the target of a ban: a network of one address becomes that address; a name that could be
    read as an address gets a leading @.

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
