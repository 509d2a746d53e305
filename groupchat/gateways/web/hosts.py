"""
Checks of the host that a request is for, and of the page that has made it.

A page of a stranger can let its own name point here (DNS rebinding); then its requests come with
an origin that is their host. So the host has to be one that is known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from ipaddress import ip_address

from groupchat.gateways.web.message import Request
from groupchat.gateways.web.problem import Problem

__all__ = ["Hosts", "host_name", "require_same_origin"]

#: an address in brackets or a name, and perhaps a port
_HOST = re.compile(r"(?:\[([^]]*)]|([^:]*))(?::[0-9]*)?")
_HERE = ("same-origin", "none")  # Sec-Fetch-Site: this page, or a person


class Hosts:
    """
    The names under which the server may be asked for.

    :param names: names that were given by an option.
    :param certified: returns the names of the certificate, as it is now.
    """

    def __init__(self, names: Collection[str], certified: Callable[[], Iterable[str]]) -> None:
        self._names = frozenset(name.lower().rstrip(".") for name in names)
        self._certified = certified

    def check(self, request: Request) -> None:
        """
        Refuse a request that is for another host. One without a host is HTTP/1.0's.

        :raises Problem: it is refused.
        """
        host = request.headers.get("host")
        if host is not None and not self._is_known(host_name(host)):
            raise Problem(
                421,
                "bad-host",
                "This server does not know itself by that name."
                " Start it with --host NAME, or use its address.",
            )

    def _is_known(self, name: str) -> bool:
        if name in ("localhost", *self._names) or name.endswith((".local", ".localhost")):
            return True
        try:
            ip_address(name)
        except ValueError:
            return any(_matches(name, pattern) for pattern in self._certified())
        return True


def _matches(name: str, pattern: str) -> bool:
    """Return whether a name of a certificate is this one; its first label may be ``*``."""
    pattern = pattern.lower()
    if pattern.startswith("*."):
        return name.partition(".")[2] == pattern[2:]
    return name == pattern


def host_name(host: str) -> str:
    """Return the name or the address in a Host header, without its port; "" where it is none."""
    host = host.lower()
    found = _HOST.fullmatch(host)
    return (found[1] or found[2] or "").rstrip(".") if found else ""


def require_same_origin(request: Request) -> None:
    """
    Refuse a request that a page of another origin has made. Programs send no origin.

    :raises Problem: it is refused.
    """
    origin, host = request.headers.get("origin"), request.headers.get("host", "")
    if origin is not None and not _is_same(origin, host):
        raise Problem(
            403,
            "bad-origin",
            f"The page is from {origin}, and asks {host or 'no host'}. Behind a proxy, let it pass"
            " the Host header on (nginx: proxy_set_header Host $http_host;).",
        )
    if request.headers.get("sec-fetch-site", "none") not in _HERE:
        raise Problem(403, "bad-origin", "Another page may not do that.")


def _is_same(origin: str, host: str) -> bool:
    scheme, separator, rest = origin.lower().partition("://")
    default = {"http": ":80", "https": ":443"}.get(scheme)
    if not separator or default is None:
        return False
    return rest.removesuffix(default) == host.lower().removesuffix(default)
