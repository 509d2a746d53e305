"""
Behind a real HAProxy: members have their own addresses, and all else is as it is without it.
"""

from __future__ import annotations

import socket

import pytest_twisted

from tests.e2e.support import Sandbox, until

CONFIG = """
defaults
    mode tcp
    timeout connect 5s
    timeout client 1h
    timeout server 1h
listen first
    bind 127.0.0.1:{first}
    server chat 127.0.0.1:{behind} send-proxy check inter 100ms
listen second
    bind 127.0.0.1:{second}
    server chat 127.0.0.1:{behind} send-proxy-v2 check inter 100ms
"""


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest_twisted.ensureDeferred
async def test_members_behind_haproxy_have_their_own_addresses(sandbox: Sandbox):
    sandbox.needs("haproxy")
    daemon = await sandbox.daemon("--listen", "haproxy:tcp:0:interface=127.0.0.1", port=None)
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as other,
    ):
        first, second = (free.getsockname()[1] for free in (one, other))
    (sandbox.directory / "haproxy.cfg").write_text(
        CONFIG.format(first=first, second=second, behind=daemon.port)
    )
    sandbox.start("haproxy", "-db", "-f", "haproxy.cfg")
    await until(lambda: listens(second), "HAProxy listens")
    alice = sandbox.start("nc", "-N", "-s", "127.0.0.2", "127.0.0.1", str(first))
    alice.send("alice", "/quit")
    await alice.says("-- Bye.")
    await daemon.line(r".*alice joined from 127\.0\.0\.2 .*")
    bob = sandbox.start(
        "openssl", "s_client", "-quiet", "-bind", "127.0.0.3", "-connect", f"127.0.0.1:{second}"
    )
    await bob.says("What is your name?")
    bob.send("bob", "/quit")
    await bob.says("-- Bye.")
    await daemon.line(r".*bob joined from 127\.0\.0\.3 .*")
    with socket.create_connection(("127.0.0.1", daemon.port)) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
    await daemon.line(
        r".*A connection from 127\.0\.0\.1 was closed: it did not begin with a PROXY header\."
    )
    await daemon.stop()
