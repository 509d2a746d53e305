"""
The web behind a real nginx and a real HAProxy, with the configurations that the documents show.
"""

from __future__ import annotations

import json
import re
import socket
import textwrap
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import pytest_twisted

from groupchat.testing.websocket import masked, take_frame
from tests.e2e.support import Daemon, Program, Sandbox, Socket, until

DOCS = Path(__file__).parents[2] / "docs"
NAME = "chat.example.org"
CLIENT = "127.0.0.2"  # not the proxy's, which is 127.0.0.1
MADE_UP = {
    "X-Forwarded-For": "192.0.2.1",
    "Forwarded": "for=192.0.2.2",
    "X-Forwarded-Prefix": "/elsewhere",
}
NGINX = """\
daemon off;
master_process off;
pid nginx.pid;
events {{}}
http {{
access_log off;
client_body_temp_path bodies;
proxy_temp_path proxied;
fastcgi_temp_path fastcgi;
uwsgi_temp_path uwsgi;
scgi_temp_path scgi;
{}
}}
"""


# The documents.


def example(page: str, section: str) -> str:
    """The first literal block of a section that is a configuration: it has several lines."""
    _, found, rest = page.partition(f"\n{section}\n{'-' * len(section)}\n")
    assert found, f"no section {section}"
    body = re.split(r"\n[^\n]+\n----*\n", rest)[0]
    blocks = re.findall(r"::\n\n((?:    .*\n|\n)+)", body)
    return next(text for block in blocks if "\n" in (text := textwrap.dedent(block).strip()))


def test_the_configuration_of_a_section_is_read_from_the_page():
    other = "\nA\n-\n\nx::\n\n    no {\n    }\n"
    page = f"{other}\nB\n-\n\nx::\n\n    one\n\ny::\n\n    a {{\n\n      b\n    }}\n\nz\n"
    assert example(page, "B") == "a {\n\n  b\n}"


def adapted(text: str, changes: dict[str, str]) -> str:
    """The text with the ports and files of a test; each has to be in it."""
    for old, new in changes.items():
        assert old in text, f"{old} is not in the document's configuration"
        text = text.replace(old, new)
    return text


# The proxies.


class Way(NamedTuple):
    """
    A way to the daemon.

    :ivar port: the proxy's.
    :ivar prefix: the path of the page.
    """

    sandbox: Sandbox
    daemon: Daemon
    port: int
    prefix: str

    def curl(self, path: str, *options: str) -> Program:
        """curl, asking for this under the name of the documents, with addresses made up."""
        return self.sandbox.start(
            "curl", "-sSkN", "--max-time", "10", "--interface", CLIENT,
            "--connect-to", f"{NAME}:443:127.0.0.1:{self.port}",
            *(word for name, value in MADE_UP.items() for word in ("-H", f"{name}: {value}")),
            *options, f"https://{NAME}{self.prefix}{path}",
        )  # fmt: skip

    async def answer(self, path: str, *options: str) -> str:
        """Returns the text that curl prints."""
        asked = self.curl(path, *options)
        assert await asked.ended() == 0, asked.err.text
        return asked.out.text


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def behind_nginx(sandbox: Sandbox) -> Way:
    sandbox.needs("nginx")
    port = free_port()
    daemon = await sandbox.daemon("--host", NAME, "--trusted-proxy", "127.0.0.1")
    server = adapted(
        example((DOCS / "proxies.rst").read_text(), "nginx"),
        {
            "listen 443 ": f"listen 127.0.0.1:{port} ",
            f"/etc/letsencrypt/live/{NAME}/fullchain.pem": f"{sandbox.directory}/groupchat.pem",
            f"/etc/letsencrypt/live/{NAME}/privkey.pem": f"{sandbox.directory}/groupchat.pem",
            "127.0.0.1:9000": f"127.0.0.1:{daemon.port}",
        },
    )
    (sandbox.directory / "nginx.conf").write_text(NGINX.format(server))
    sandbox.start("nginx", "-p", f"{sandbox.directory}/", "-c", "nginx.conf", "-e", "stderr")
    return Way(sandbox, daemon, port, "/chat/")


async def behind_haproxy(sandbox: Sandbox) -> Way:
    sandbox.needs("haproxy")
    port = free_port()
    daemon = await sandbox.daemon("--host", NAME, "--trusted-proxy", "127.0.0.1")
    config = adapted(
        example((DOCS / "proxies.rst").read_text(), "HAProxy"),
        {
            "bind :443 ": f"bind 127.0.0.1:{port} ",
            f"/etc/haproxy/{NAME}.pem": f"{sandbox.directory}/groupchat.pem",
            "127.0.0.1:9000": f"127.0.0.1:{daemon.port}",
        },
    )
    return haproxy(sandbox, config, Way(sandbox, daemon, port, "/chat/"))


async def behind_the_proxy_protocol(sandbox: Sandbox) -> Way:
    sandbox.needs("haproxy")
    port = free_port()
    daemon = await sandbox.daemon(
        "--listen", "haproxy:tcp:0:interface=127.0.0.1", "--host", NAME, port=None
    )
    config = adapted(
        example((DOCS / "operating.rst").read_text(), "Behind HAProxy"),
        {
            "bind :9000": f"bind 127.0.0.1:{port}",
            "127.0.0.1:9001": f"127.0.0.1:{daemon.port}",
        },
    )
    return haproxy(sandbox, config, Way(sandbox, daemon, port, "/"))


def haproxy(sandbox: Sandbox, config: str, way: Way) -> Way:
    (sandbox.directory / "haproxy.cfg").write_text(f"{config}\n")
    sandbox.start("haproxy", "-db", "-f", "haproxy.cfg")
    return way


# The checks behind each.


class WebSocket(Socket):
    """The JSON wire over WebSocket, from the page of the documents' name."""

    prefix = "/"

    def __init__(self) -> None:
        super().__init__()
        self._arrived = bytearray()
        self.head = b""

    def connectionMade(self) -> None:
        made_up = "".join(f"{name}: {value}\r\n" for name, value in MADE_UP.items())
        self.transport.write(
            f"GET {self.prefix}ws HTTP/1.1\r\nHost: {NAME}\r\nOrigin: https://{NAME}\r\n{made_up}"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )

    def dataReceived(self, data: bytes) -> None:
        self._arrived += data
        if not self.head:
            head, end, rest = bytes(self._arrived).partition(b"\r\n\r\n")
            if not end:
                return
            self.head, self._arrived = head, bytearray(rest)
            self.received.take(head.splitlines()[0] + b"\n")
        while (frame := take_frame(self._arrived)) is not None:
            self.received.take(frame[1])

    def send(self, *lines: Any) -> None:
        self.transport.write(masked("".join(f"{json.dumps(line)}\n" for line in lines).encode()))


class PrefixedWebSocket(WebSocket):
    prefix = "/chat/"


async def the_page_is_there(way: Way) -> None:
    page = await way.answer("", "-H", "Accept: text/html")
    (asset,) = re.findall(r'<script[^>]* src="([^"]+\.js)"', page)
    answer = await way.answer(asset, "-i")
    assert re.match(r"HTTP/[\d.]+ 200\b", answer)
    assert re.search(r"(?im)^content-type: text/javascript", answer)
    if way.prefix != "/":
        moved = await way.answer("../chat", "-i")
        assert re.search(r"(?im)^location: \S*/chat/$", moved)
    text = await way.answer("")
    assert re.search(rf"In a browser: +https://{NAME}{way.prefix}\n", text)


async def websocket_has_the_clients_address(way: Way) -> None:
    kind = WebSocket if way.prefix == "/" else PrefixedWebSocket
    alice = await way.sandbox.socket(way.port, tls=True, source=CLIENT, kind=kind)
    await alice.line(r"HTTP/1\.1 101 .*")
    alice.send({"type": "hello", "name": "alice"})
    await alice.event("catchup")
    await way.daemon.line(rf".*alice joined from {re.escape(CLIENT)} .*")
    alice.say("by WebSocket")
    await alice.event("message", text="by WebSocket")


async def the_event_stream_has_the_clients_address(way: Way) -> None:
    session = f"session={'5e' * 16}"
    stream = way.curl(f"stream?{session}", "-H", "Accept: text/event-stream")
    await stream.line(".*")
    hello = json.dumps({"type": "hello", "name": "bob"}) + "\n"
    await way.answer(f"lines?{session}", "-H", f"Origin: https://{NAME}", "-d", hello)
    await way.daemon.line(rf".*bob joined from {re.escape(CLIENT)} .*")
    await stream.line(r'data: \{"type":"message",.*"text":"by WebSocket".*')
    stream.destroy()


async def posts_are_streamed(way: Way) -> None:
    follower = way.curl("api/rooms/lobby/stream?after=1")
    await follower.line("retry: .*")
    posted = await way.answer("api/rooms/lobby/messages?name=carol", "-d", "by POST")
    assert json.loads(posted) == {"room": "lobby", "id": 2}
    await follower.line(r'data: \{"type":"message",.*"text":"by POST".*')
    follower.destroy()


@pytest.mark.slow
@pytest.mark.parametrize(
    "behind",
    [behind_nginx, behind_haproxy, behind_the_proxy_protocol],
    ids=["nginx", "haproxy", "proxy protocol"],
)
@pytest_twisted.ensureDeferred
async def test_the_web_works_behind_a_proxy(
    sandbox: Sandbox, behind: Callable[[Sandbox], Awaitable[Way]]
):
    sandbox.needs("curl")
    way = await behind(sandbox)
    await until(lambda: listens(way.port), "The proxy")
    await the_page_is_there(way)
    await websocket_has_the_clients_address(way)
    await the_event_stream_has_the_clients_address(way)
    await posts_are_streamed(way)
    await way.daemon.stop()
