"""
Proxies: the client that one of them asks for, and the address under which people know the page.

A request names the hops that it came through, the nearest last. Anybody can write anything there,
so only what trusted proxies have added counts: the last hop that is not one of them is the client.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import NamedTuple

import msgspec

from groupchat.gateways.web.message import Request
from groupchat.gateways.web.problem import Problem
from groupchat.wire import addresses

__all__ = ["LOCAL", "MAX_PREFIX", "Proxies"]

LOCAL = "local"  #: a proxy that connects to a Unix socket
MAX_HOPS = 32
MAX_PREFIX = 256  #: characters
#: a path that needs no quotes in a shell
_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]+)*/?")
#: a parameter of a hop, if there is one, and what ends it. Proxies don't always quote addresses.
_PAIR = re.compile(
    r"""\s*(?:([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;,"]+)\s*)?([;,]|\Z)"""
)
_ESCAPED = re.compile(r"\\(.)")


class Proxies:
    """
    The proxies that are trusted.

    :param trusted: their addresses or networks; `LOCAL` stands for a Unix socket.
    """

    def __init__(self, trusted: Iterable[str]) -> None:
        self._networks: list[IPv4Network | IPv6Network] = []
        self._local = False
        for one in trusted:
            if one == LOCAL:
                self._local = True
            else:
                self._networks.append(ip_network(one, strict=False))

    def trusts(self, address: str) -> bool:
        """Return whether an address is that of a trusted proxy."""
        if address == LOCAL:
            return self._local
        if not self._networks:
            return False
        try:
            found = addresses.ip(address)
        except ValueError:
            return False
        return any(found in network for network in self._networks)

    def unwrapped(self, request: Request) -> Request:
        """
        Return a request as its client has made it; the same one where no proxy is trusted.

        :raises Problem: it names no client, two clients or protocols, or a prefix that is no path.
        """
        if not self.trusts(request.address):
            return request
        headers = request.headers
        listed = self._client([_Hop(one) for one in headers.get("x-forwarded-for", "").split(",")])
        named = self._client(_forwarded(headers.get("forwarded", "")))
        address = _same(listed.address, named.address, "X-Forwarded-For and Forwarded")
        if not address:
            return request
        proto = headers.get("x-forwarded-proto", "").strip().lower()
        proto = _same(proto, named.proto, "X-Forwarded-Proto and Forwarded")
        return msgspec.structs.replace(
            request,
            address=address,
            encrypted=proto == "https" or request.encrypted,
            prefix=_prefix(headers.get("x-forwarded-prefix", "")),
        )

    def _client(self, hops: list[_Hop]) -> _Hop:
        """Return the last of these hops that is no trusted proxy; the first, where all are."""
        client = hops[-1]
        if len(hops) == 1 and not client.address:
            return client  # nothing names an address
        for hop in hops[: -MAX_HOPS - 1 : -1]:
            client = hop._replace(address=_address(hop.address))
            if not self.trusts(client.address):
                break
        return client


class _Hop(NamedTuple):
    """
    A hop, as a proxy names it.

    :ivar address: as it is written; "" for none.
    :ivar proto: the protocol that it spoke with the proxy, in small letters; "" for none.
    """

    address: str
    proto: str = ""


def _forwarded(header: str) -> list[_Hop]:
    """
    Return the hops in a Forwarded header (RFC 7239): at least one.

    :raises Problem: the header is malformed.
    """
    hops: list[dict[str, str]] = [{}]
    at = 0
    while at < len(header):
        found = _PAIR.match(header, at)
        name = found[1].lower() if found is not None and found[1] else ""
        if found is None or name in hops[-1]:
            raise bad_hops("Forwarded is malformed. Let the proxy replace what clients send.")
        if name:
            hops[-1][name] = _unquoted(found[2])
        if found[3] == ",":
            hops.append({})
        at = found.end()
    return [_Hop(hop.get("for", ""), hop.get("proto", "").lower()) for hop in hops]


def _unquoted(value: str) -> str:
    return _ESCAPED.sub(r"\1", value[1:-1]) if value.startswith('"') else value


def _same(one: str, other: str, where: str) -> str:
    """
    Return what is told in one or two places.

    :raises Problem: they differ.
    """
    if one and other and one != other:
        raise bad_hops(f"{where} differ. Let the proxy remove one.")
    return one or other


def _address(hop: str) -> str:
    """Return the address of a hop, which may have a port, in the one form of addresses."""
    host = hop.strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        return str(addresses.ip(host))
    except ValueError:
        raise bad_hops("The proxy names a hop that is no address.") from None


def _prefix(header: str) -> str:
    """Return the path that the proxy has removed, without a slash at its end."""
    prefix = header.strip()
    if len(prefix) > MAX_PREFIX or not _PREFIX.fullmatch(prefix):
        raise bad_hops("X-Forwarded-Prefix is no path like /chat. Let the proxy replace it.")
    return prefix.rstrip("/")


def bad_hops(detail: str) -> Problem:
    """Return the refusal of a request of which a proxy tells nonsense."""
    return Problem(400, "bad-forwarded", detail)
