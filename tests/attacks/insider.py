"""
``python -m tests.attacks.insider KIND PORT SECONDS``: attackers who speak the protocol, each in one
process of its own.

Prints one line of JSON with what it got done. Ends early on SIGTERM.
"""

from __future__ import annotations

import contextlib
import json
import selectors
import signal
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from tests.benchmarks.flood import JSON, PLAIN, Wire
from tests.benchmarks.servers import LOOPBACK

ATTACKERS = [f"127.0.0.{number}" for number in range(2, 10)]  #: addresses that they come from
OWNER, PASSWORD = "owner", "correct horse battery staple"
READERS = 50
LOG_INS = 100
HANDSHAKERS = 8
CHUNK = 65_536
LIMIT = 10.0  #: seconds to wait for an answer


def _line(**fields: Any) -> bytes:
    return json.dumps(fields).encode() + b"\n"


#: Lines that one member sends without end, and their wire.
FLOODS: dict[str, tuple[Wire, bytes]] = {
    "lines": (PLAIN, b"x\n"),
    "json": (JSON, _line(type="say", room="lobby", text="x")),
    "empty": (PLAIN, b"\n"),
    "long": (PLAIN, b"x" * 40_000 + b"\n"),
    "endless": (PLAIN, b"x"),
    "nonsense": (JSON, b"{x\n"),
    "tells": (JSON, _line(type="tell", to="b0", text="x" * 300)),
    "who": (JSON, _line(type="who", room="lobby")),
    "history": (JSON, _line(type="history", room="lobby", limit=1000)),
    "pings": (JSON, _line(type="ping")),
}


class Over(Exception):
    """The time is over."""


def connect(port: int, address: str = ATTACKERS[0], **options: int) -> socket.socket:
    connection = socket.socket()
    for option, value in options.items():
        connection.setsockopt(socket.SOL_SOCKET, getattr(socket, option), value)
    connection.bind((address, 0))
    connection.settimeout(LIMIT)
    connection.connect((LOOPBACK, port))
    return connection


def come_in(connection: socket.socket, wire: Wire, number: int) -> None:
    connection.sendall(wire.hello.replace(b"n%d", b"x%d") % number)
    heard = b""
    while wire.inside not in heard:
        data = connection.recv(CHUNK)
        if not data:
            raise ConnectionError(heard)
        heard += data


def flood(kind: str) -> Callable[[int, float], dict[str, Any]]:
    """One member sends as fast as TCP takes it, and reads what it gets."""
    wire, unit = FLOODS[kind]
    block = unit * max(1, CHUNK // len(unit))

    def run(port: int, until: float) -> dict[str, Any]:
        sent = connections = 0
        while time.monotonic() < until:
            with contextlib.suppress(OSError), connect(port) as connection:
                come_in(connection, wire, connections)
                connections += 1
                connection.setblocking(False)
                for taken in _pour(connection, block, until):
                    sent += taken
        return {"MB": round(sent / 1e6, 1), "connections": connections}

    return run


def _pour(connection: socket.socket, block: bytes, until: float) -> Any:
    left = memoryview(block)
    with selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_READ | selectors.EVENT_WRITE)
        while time.monotonic() < until:
            for _, events in selector.select(0.1):
                if events & selectors.EVENT_READ and not connection.recv(1 << 20):
                    return
                if events & selectors.EVENT_WRITE:
                    taken = connection.send(left)
                    left = left[taken:] or memoryview(block)
                    yield taken


def stalled(port: int, until: float) -> dict[str, Any]:
    """Log in many clients that ask for pages of history, and never read."""
    readers = []
    for number in range(READERS):
        reader = connect(port, SO_RCVBUF=2304)
        come_in(reader, JSON, number)
        reader.sendall(FLOODS["history"][1] * 40)
        readers.append(reader)
    time.sleep(max(0.0, until - time.monotonic()))
    for reader in readers:
        reader.close()
    return {"readers": len(readers)}


def log_ins(port: int, until: float) -> dict[str, Any]:
    """
    A hundred at once say hello with a wrong password, and go on until they are sent away; again
    each second.
    """
    tries, wave = 0, time.monotonic()
    with selectors.DefaultSelector() as selector:
        while time.monotonic() < until:
            while len(selector.get_map()) < LOG_INS and time.monotonic() >= wave:
                with contextlib.suppress(OSError):
                    one = connect(port, ATTACKERS[tries % len(ATTACKERS)])
                    _try(one)
                    selector.register(one, selectors.EVENT_READ)
            if time.monotonic() >= wave:
                wave += 1
            for key, _ in selector.select(0.1):
                one = key.fileobj  # type: ignore[assignment]
                try:
                    heard = one.recv(CHUNK)
                    if heard:
                        tries += heard.count(b'"error"')
                        _try(one)
                        continue
                except OSError:
                    pass
                selector.unregister(one)
                one.close()
        for key in list(selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
    return {"tries": tries}


def _try(connection: socket.socket) -> None:
    connection.sendall(_line(type="hello", name=OWNER, password="wrong"))


def handshakes(port: int, until: float) -> dict[str, Any]:
    """Real TLS handshakes, one after the other, from several addresses."""
    done: list[int] = []

    def shake(address: str) -> None:
        context = careless()
        count = 0
        while time.monotonic() < until:
            with (
                contextlib.suppress(OSError),
                connect(port, address) as connection,
                context.wrap_socket(connection),
            ):
                count += 1
        done.append(count)

    threads = [
        threading.Thread(target=shake, args=[ATTACKERS[n % len(ATTACKERS)]])
        for n in range(HANDSHAKERS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"handshakes": sum(done)}


def careless() -> ssl.SSLContext:
    """Trusts anyone."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


# Attacks for which a server may lack what they need.


def without_tls(port: int) -> str:
    """Returns why there is no TLS; "" where there is."""
    try:
        with connect(port, "127.0.0.1") as connection, careless().wrap_socket(connection):
            return ""
    except OSError:
        return "no TLS"


def without_accounts(port: int) -> str:
    """Register the owner's name. Returns why names have no passwords; "" where they have."""
    with connect(port, "127.0.0.1") as connection:
        connection.sendall(
            _line(type="hello", name=OWNER) + _line(type="register", password=PASSWORD, ref="r")
        )
        heard = b""
        while b'"ref":"r"' not in heard:
            data = connection.recv(CHUNK)
            if not data:
                break
            heard += data
    return "" if b'{"type":"ok"' in heard else "no accounts"


KINDS: dict[str, Callable[[int, float], dict[str, Any]]] = {
    **{f"flood-{kind}": flood(kind) for kind in FLOODS},
    "stalled": stalled,
    "log-ins": log_ins,
    "handshakes": handshakes,
}


def main(kind: str, port: str, seconds: str) -> None:
    def over(*_: Any) -> None:
        raise Over

    signal.signal(signal.SIGTERM, over)
    until = time.monotonic() + float(seconds)
    print(json.dumps(KINDS[kind](int(port), until)))


if __name__ == "__main__":
    main(*sys.argv[1:])
