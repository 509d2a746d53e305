"""
Proxies: the client that one of them asks for, and the address under which people know the page.

A request names the hops that it came through, the nearest last. Anybody can write anything there,
so only what trusted proxies have added counts: the last hop that is not one of them is the client.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_network

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
_FOR = re.compile(r"(?:^|;)\s*for\s*=\s*([^;]*)", re.IGNORECASE)


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

        :raises Problem: it names no client, two clients, or a prefix that is no path.
        """
        if not self.trusts(request.address):
            return request
        headers = request.headers
        clients = {
            self._client(hops)
            for hops in (
                headers.get("x-forwarded-for", "").split(","),
                [_for(hop) for hop in headers.get("forwarded", "").split(",")],
            )
            if hops != [""]
        }
        if not clients:
            return request
        if len(clients) > 1:
            raise bad_hops("X-Forwarded-For and Forwarded differ. Let the proxy remove one.")
        encrypted = headers.get("x-forwarded-proto", "").strip().lower() == "https"
        return msgspec.structs.replace(
            request,
            address=clients.pop(),
            encrypted=encrypted or request.encrypted,
            prefix=_prefix(headers.get("x-forwarded-prefix", "")),
        )

    def _client(self, hops: list[str]) -> str:
        """Return the last of these hops that is no trusted proxy; the first, where all are."""
        client = ""
        for hop in hops[: -MAX_HOPS - 1 : -1]:
            client = _address(hop)
            if not self.trusts(client):
                break
        return client


def _for(hop: str) -> str:
    found = _FOR.search(hop)
    return found[1].strip().strip('"') if found else ""


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
