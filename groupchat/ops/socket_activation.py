"""
The listening sockets that systemd has opened for the daemon (sd_listen_fds(3)): connections wait in
them while the daemon is restarted.
"""

from __future__ import annotations

import os
import socket
from itertools import count
from typing import NamedTuple

from twisted.internet.endpoints import AdoptedStreamServerEndpoint, serverFromString
from twisted.internet.interfaces import IStreamServerEndpoint

from groupchat.clock import IReactor

__all__ = ["PassedSocket", "passed_sockets"]


class PassedSocket(NamedTuple):
    """
    A socket that systemd has opened.

    :ivar name: its address, as errors name it.
    :ivar port: its TCP port; None for a Unix socket.
    :ivar endpoint: listens on it.
    """

    name: str
    port: int | None
    endpoint: IStreamServerEndpoint


def passed_sockets(reactor: IReactor) -> list[PassedSocket]:
    """Return the sockets that systemd has opened for this process."""
    found: list[PassedSocket] = []
    if not os.environ.get("LISTEN_FDNAMES"):
        return found  # so that Twisted does not look for plugins
    for index in count():
        try:  # Twisted has taken the numbers out of the environment, and answers by index only
            descriptor = serverFromString(reactor, f"systemd:domain=INET:index={index}").fileno
        except IndexError:
            break
        found.append(_passed(descriptor, reactor))
    return found


def _passed(descriptor: int, reactor: IReactor) -> PassedSocket:
    with socket.socket(fileno=os.dup(descriptor)) as probe:
        family, where = probe.family, probe.getsockname()
    endpoint = AdoptedStreamServerEndpoint(reactor, descriptor, family)
    if family == socket.AF_UNIX:
        return PassedSocket(f"the socket {os.fsdecode(where)} of systemd", None, endpoint)
    return PassedSocket(f"port {where[1]} of systemd", where[1], endpoint)
