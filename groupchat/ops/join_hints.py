"""
Logs how to join: the addresses at which the server listens, and the commands to type.
"""

from __future__ import annotations

import os
import shlex
import socket

from twisted.internet.interfaces import IListeningPort
from twisted.logger import Logger

from groupchat.server.address import format_address
from groupchat.server.factory import ChatFactory
from groupchat.server.proxy_protocol import ProxyProtocolFactory
from groupchat.server.tls import HTTP
from groupchat.wire import names

__all__ = ["log_how_to_join", "own_addresses"]

_log = Logger()


def log_how_to_join(port: IListeningPort, factory: ChatFactory, limit: int) -> None:
    """
    Log where a port listens, and the commands with which people join there.

    :param limit: members that can be logged in at once.
    """
    host = port.getHost()
    number = getattr(host, "port", None)
    if number is None:
        _log_socket(getattr(host, "name", None), host, limit)
        return
    _log.info("Listening on port {port} ({max} places).", port=number, max=limit)
    if isinstance(getattr(port, "factory", None), ProxyProtocolFactory):
        _log.info("Port {port} accepts only proxies that send the PROXY protocol.", port=number)
        return
    local, remote = _addresses(format_address(host))
    if local is not None:
        _log_command("this machine", f"{local} {number}", nc=f"nc {local} {number}")
    for address in remote:
        tls_option = " --no-tls" if factory.certificate is None else ""
        nc = "" if factory.require_tls else f"nc {address} {number}"
        _log_command("the network", f"{address} {number}{tls_option}", nc)
    if factory.speaks(HTTP):
        pages = [f"http://{_in_url(local)}:{number}/"] if local is not None else []
        scheme = "https" if factory.require_tls else "http"
        pages += [f"{scheme}://{_in_url(address)}:{number}/" for address in remote]
        _log.info("In a browser:  {pages}", pages="   or:  ".join(pages))


def _in_url(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _log_command(where: str, target: str, nc: str) -> None:
    _log.info(
        "Join from {where}:  groupchat-connect YOUR_NAME {target}{plain}",
        where=where,
        target=target,
        plain=f"   or:  {nc}" if nc else "",
    )


def _log_socket(name: bytes | str | None, host: object, limit: int) -> None:
    if not name:
        _log.info("Listening on {host} ({max} places).", host=host, max=limit)
        return
    path = names.visible(shlex.quote(os.path.abspath(os.fsdecode(name))))
    _log.info("Listening on unix:{path} ({max} places).", path=path, max=limit)
    _log_command("this machine", f"unix:{path}", nc=f"nc -U {path}")


def _addresses(host: str) -> tuple[str | None, list[str]]:
    """Returns the addresses of a port bound to `host`, on this machine and in the network."""
    if host in ("0.0.0.0", "::"):
        return "localhost", own_addresses(both=host == "::")
    if host == "::1" or host.startswith("127."):
        return host, []
    return None, [host]


def own_addresses(both: bool) -> list[str]:
    """Returns this machine's own addresses in the network (asking for a route sends nothing)."""
    found = []
    for family, other in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))[
        : 1 + both
    ]:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((other, 9))
                found.append(str(probe.getsockname()[0]))
        except OSError:  # it has none, or the service may not open such a socket
            continue
    return found
