"""
TLS with real sockets: what the daemon shows of itself, and what becomes of those who are in when
its certificate changes.
"""

from __future__ import annotations

import signal
import socket
import stat

import pytest_twisted
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from groupchat.fingerprints import fingerprint
from groupchat.server.tls import make
from tests.e2e.support import Daemon, Sandbox, Socket, until

ENCRYPTED = r".*Encrypted with the certificate (SHA256:[A-Za-z0-9+/]{43})"


async def told(daemon: Daemon) -> str:
    """The fingerprint that it logs."""
    return str((await daemon.line(ENCRYPTED))[1])


def shown(client: Socket) -> str:
    """The fingerprint of the certificate that it shows."""
    certificate = client.transport.getPeerCertificate()
    return fingerprint(certificate.to_cryptography().public_bytes(Encoding.DER))


@pytest_twisted.ensureDeferred
async def test_one_with_tls_and_one_with_nc_are_in_the_same_room(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    bob = await sandbox.nc("bob", daemon)
    alice = await sandbox.member("alice", daemon, tls=True)
    await bob.says("-- alice joined.")
    alice.say("hi", first=1)
    await alice.event("ok", n=1)
    await bob.says("alice: hi")
    bob.send("hello")
    await alice.event("message", text="hello")
    alice.send({"type": "quit"})
    await alice.event("bye", code="quit")
    await alice.ended()
    await bob.says("-- alice left.")
    await daemon.stop()


@pytest_twisted.ensureDeferred
async def test_openssl_is_greeted_and_may_quit(sandbox: Sandbox):
    daemon = await sandbox.daemon("--require-tls")
    alice = sandbox.start("openssl", "s_client", "-quiet", "-connect", f"localhost:{daemon.port}")
    await alice.says("What is your name?")
    alice.send("alice")
    await alice.says("-- You are up to date.")
    alice.send("/quit")
    await alice.says("-- Bye.")
    assert await alice.ended() == 0


@pytest_twisted.ensureDeferred
async def test_curl_and_openssl_with_alpn_are_answered_whichever_endpoint_speaks_tls(
    sandbox: Sandbox,
):
    (sandbox.directory / "x.pem").write_bytes(make())
    daemon = await sandbox.daemon("--listen", "ssl:0:privateKey=x.pem:interface=127.0.0.1")
    other = await daemon.line(r".*Listening on port (\d+) .*")
    for port in (daemon.port, other[1]):
        curl = sandbox.start("curl", "-sk", f"https://127.0.0.1:{port}/")
        await curl.line(f".*groupchat-connect YOUR_NAME 127.0.0.1 {port}")
        assert await curl.ended() == 0
    for offered in ("h2", "irc"):
        alice = sandbox.start(
            "openssl",
            "s_client",
            "-quiet",
            "-alpn",
            offered,
            "-connect",
            f"127.0.0.1:{daemon.port}",
        )
        alice.send("alice", "/quit")
        await alice.says("-- Bye.")
        assert await alice.ended() == 0


@pytest_twisted.ensureDeferred
async def test_a_unix_socket_speaks_tls_too_and_plain_even_where_tls_is_required(sandbox: Sandbox):
    path = sandbox.directory / "chat.sock"
    await sandbox.daemon("--listen", f"unix:{path}", "--require-tls", port=None)
    for tls in (False, True):
        client = await sandbox.socket(path, tls=tls)
        client.send({"type": "hello", "name": f"alice-{tls}"})
        await client.event("welcome")


@pytest_twisted.ensureDeferred
async def test_an_endpoint_that_is_encrypted_already_is_so_and_stays_so(sandbox: Sandbox):
    (sandbox.directory / "x.pem").write_bytes(make())
    daemon = await sandbox.daemon(
        "--listen", "ssl:0:privateKey=x.pem:interface=127.0.0.1", "--require-tls", port=None
    )
    alice = await sandbox.member("alice", daemon, tls=True)
    alice.say("hi", first=1)
    await alice.event("ok", n=1)


@pytest_twisted.ensureDeferred
async def test_its_own_certificate_is_told_and_kept_for_the_next_start(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    first = await told(daemon)
    assert shown(await sandbox.member("alice", daemon, tls=True)) == first
    file = sandbox.directory / "groupchat.pem"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    await daemon.stop()
    again = await sandbox.again(daemon)
    assert await told(again) == first


@pytest_twisted.ensureDeferred
async def test_a_new_certificate_is_shown_to_those_who_come_and_nobody_is_dropped(sandbox: Sandbox):
    file, fresh = sandbox.directory / "x.pem", sandbox.directory / "fresh.pem"
    file.write_bytes(make())
    daemon = await sandbox.daemon(
        "--certificate", "x.pem", through=("setsid",)
    )  # away from the terminal of these tests
    first = await told(daemon)
    alice = await sandbox.member("alice", daemon, tls=True)
    fresh.write_bytes(make())
    fresh.rename(file)
    second = fingerprint(
        x509.load_pem_x509_certificate(file.read_bytes()).public_bytes(Encoding.DER)
    )
    bob = await sandbox.member("bob", daemon, tls=True)
    assert (shown(alice), shown(bob)) == (first, second)
    await daemon.line(rf".*The certificate x\.pem is read: {second.replace('+', '[+]')}")
    file.write_text("no certificate")
    daemon.signal(signal.SIGHUP)
    await daemon.line(r".*The certificate x\.pem can't be used: .* The one before is kept\.")
    carol = await sandbox.member("carol", daemon, tls=True)
    assert shown(carol) == second
    alice.say("still here", first=1)
    for client in (alice, bob, carol):
        await client.event("message", text="still here")
    assert not (sandbox.directory / "groupchat.pem").exists()
    await daemon.stop()


@pytest_twisted.ensureDeferred
async def test_garbage_in_place_of_a_handshake_leaves_no_trace(sandbox: Sandbox):
    daemon = await sandbox.daemon()
    await told(daemon)
    lines = len(daemon.out.lines)
    for garbage in (
        b"\x16\x03\x01\x00\x05hello",
        b"\x16\x03\x03\x40\x00" + b"x" * 30_000,
        b"\x16\x03\x01\x40\x00",
    ):
        with socket.create_connection(("127.0.0.1", daemon.port)) as client:
            client.sendall(garbage)
    await sandbox.member("alice", daemon, tls=True)
    await until(lambda: len(daemon.out.lines) > lines, "the line of alice")
    assert [line.split("] ")[1] for line in daemon.out.lines[lines:]] == [
        "alice joined from 127.0.0.1 (1 of 100)"
    ]
    assert daemon.err.text == ""


@pytest_twisted.ensureDeferred
async def test_groupchat_connect_takes_an_address_in_every_way_that_people_write_it(
    sandbox: Sandbox,
):
    path = sandbox.directory / "chat.sock"
    daemon = await sandbox.daemon("--listen", f"unix:{path}")
    port = daemon.port
    for number, way in enumerate(
        (f"{port}", f"localhost:{port}", f"[::1]:{port}", f"localhost. {port}", f"unix:{path}")
    ):
        client = sandbox.start("groupchat-connect", f"alice{number}", *way.split(), "--json")
        await client.event("catchup")
    known = (sandbox.home / ".local/state/groupchat/known_hosts").read_text()
    assert sorted(line.split()[0] for line in known.splitlines()) == sorted(
        [f"localhost:{port}", f"[::1]:{port}", f"unix:{path}"]
    )
