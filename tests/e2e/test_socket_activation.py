"""
A socket that was open before the server: whoever connects meanwhile waits, and is served.
"""

from __future__ import annotations

import socket

import pytest
import pytest_twisted

from tests.e2e.support import PACKAGES, Daemon, Sandbox

PACKAGES["systemd-socket-activate"] = "systemd"


def activated(sandbox: Sandbox, where: str, *options: str) -> Daemon:
    """A server that is started by the first connection to a socket."""
    return sandbox.groupchat(
        "systemd-socket-activate", "--fdname=chat", f"--listen={where}",
        sandbox.needs("twistd"), "-n", "--pidfile=", "groupchat", "--ledger=memory", *options,
    )  # fmt: skip


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


@pytest_twisted.ensureDeferred
async def test_a_unix_socket_is_taken_over(sandbox: Sandbox):
    path = sandbox.directory / "chat.socket"
    daemon = activated(sandbox, str(path))
    await daemon.err.line("Listening on .*")
    first = await sandbox.socket(path)
    first.send("alice")
    await first.line("-- Welcome to lobby, alice.*")
    await daemon.stop()


@pytest.mark.parametrize("given", [(), ("--port={port}",)])
@pytest_twisted.ensureDeferred
async def test_a_port_is_taken_over(sandbox: Sandbox, given: tuple[str, ...]):
    port = free_port()
    options = [option.format(port=port) for option in given]
    daemon = activated(sandbox, f"127.0.0.1:{port}", *options)
    await daemon.err.line("Listening on .*")
    first = await sandbox.socket(port)
    first.send("alice")
    await first.line("-- Welcome to lobby, alice.*")
    await daemon.line(rf".*Listening on port {port} \(100 places\)\.")
    await daemon.stop()
