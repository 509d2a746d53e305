"""
A server, people beside the browser, and the page as somebody sees it.

The browser is Debian's Chromium, driven by Playwright. It is one for all tests; each has
contexts of its own, so that nothing is left from one to the next.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

VENV = Path(sys.executable).parent
LIMIT = 10.0  #: seconds to wait for anything

PROBES = Path(__file__).with_name("probes.js")


class Server:
    """
    A daemon in a directory, which can be killed and started again on its port.

    :param directory: where its ledger is.
    :param options: those of its command line.
    :ivar directory: that directory.
    :ivar port: its port.
    """

    def __init__(self, directory: Path, *options: str) -> None:
        self.directory = directory
        self._options = options
        self.port = 0
        self.start()

    def start(self) -> None:
        """Start it, and wait until it listens."""
        command = [str(VENV / "twistd"), "-n", "--pidfile=", "groupchat", "--port", str(self.port)]
        self._process = subprocess.Popen(
            [*command, "--max", "100", *self._options],
            cwd=self.directory,
            env={**os.environ, "TZ": "UTC", "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            found = re.search(r"Listening on port (\d+)", line)
            if found:
                self.port = int(found[1])
                return
        raise AssertionError("The server has ended.")

    def kill(self) -> None:
        """End it as a crash does, and look at what it has logged."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in order, which takes longer, and look at what it has logged."""
        self._end(signal.SIGTERM)

    def _end(self, number: int) -> None:
        self._process.send_signal(number)
        log, _ = self._process.communicate(timeout=LIMIT)
        assert "Traceback" not in log, log

    def passwd(self, *arguments: str) -> None:
        """Change its accounts."""
        subprocess.run(
            [str(VENV / "groupchat-passwd"), *arguments],
            cwd=self.directory,
            check=True,
            timeout=LIMIT,
        )

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}/"


class Person:
    """
    Somebody who talks JSON lines.

    :param server: the server.
    :param name: the person's name.
    :param hello: more fields of the hello.
    """

    def __init__(self, server: Server, name: str, **hello: Any) -> None:
        self._socket = socket.create_connection(("127.0.0.1", server.port), LIMIT)
        self._lines = self._socket.makefile("rb")
        self.send(type="hello", name=name, **hello)
        self.wait("welcome")

    def send(self, **line: Any) -> None:
        self._socket.sendall(json.dumps(line).encode() + b"\n")

    def wait(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Return the next line of this type with these fields."""
        for line in self._lines:
            event: dict[str, Any] = json.loads(line)
            assert kind != "welcome" or event["type"] != "error", event
            if event["type"] == kind and fields.items() <= event.items():
                return event
        raise AssertionError(f"The connection has ended without {kind} {fields}.")

    def say(self, *texts: str, room: str = "lobby", **more: Any) -> int:
        """Say these, and wait until they are stored. Returns the id of the last."""
        answer: dict[str, Any] = {}
        for begin in range(0, len(texts), 100):
            some = texts[begin : begin + 100]
            for number, text in enumerate(some):
                self.send(type="say", room=room, text=text, ref=str(number), **more)
            answer = self.wait("ok", ref=str(len(some) - 1))
        return int(answer.get("id", 0))

    def do(self, **command: Any) -> dict[str, Any]:
        """Give a command, and wait for its ok."""
        self.send(**command, ref="do")
        return self.wait("ok", ref="do")

    def leave(self) -> None:
        self.send(type="quit")
        self._lines.close()
        self._socket.close()


@contextmanager
def person(server: Server, name: str, **hello: Any) -> Iterator[Person]:
    """Somebody who leaves at the end."""
    one = Person(server, name, **hello)
    yield one
    one.leave()


class Screen:
    """
    The page, as somebody sees and uses it.

    :param page: Playwright's page. (Its types are not at hand where Playwright is missing.)
    :param server: the server.
    """

    def __init__(self, page: Any, server: Server) -> None:
        self.page = page
        self.errors: list[str] = []
        self._server = server
        page.set_default_timeout(LIMIT * 1000)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.add_init_script(path=PROBES)

    def open(self, path: str = "") -> Screen:
        self.page.goto(self._server.url + path)
        self.page.wait_for_selector("#login-form button:enabled, #chat:not([hidden])")
        return self

    def join(self, name: str, password: str = "") -> Screen:
        """Open the page, and log in."""
        return self.open().enter(name, password)

    def enter(self, name: str, password: str = "") -> Screen:
        """Log in."""
        self.page.wait_for_selector("#login-form button:enabled")
        self.page.fill("#login-name", name)
        self.page.press("#login-name", "Enter")
        if password:
            self.page.fill("#login-password", password)
            self.page.press("#login-password", "Enter")
        self.page.wait_for_selector("#chat:not([hidden])")
        return self

    def say(self, *lines: str) -> Screen:
        for line in lines:
            self.page.fill("#say", line)
            self.page.press("#say", "Enter")
        return self

    def sees(self, text: str) -> Any:
        """Wait for a line with this text. Returns its element."""
        line = self.page.locator(".line", has=self.page.locator(".text", has_text=text)).last
        line.wait_for()
        return line

    def stored(self, text: str) -> None:
        """Wait until a message of the reader is stored."""
        self.page.locator(".line.own:not(.waiting)", has_text=text).last.wait_for()

    @property
    def texts(self) -> list[str]:
        """The texts of the messages that are drawn."""
        found: list[str] = self.page.locator(".line.message .text").all_text_contents()
        return found

    def wait(self, script: str, argument: Any = None) -> None:
        """Wait until a script says yes."""
        self.page.wait_for_function(script, arg=argument)

    def probe(self, name: str, argument: Any = None) -> Any:
        """Call one of `probes.js`."""
        return self.page.evaluate(f"argument => window.probes.{name}(argument)", argument)

    def check(self) -> None:
        """Fail if the page has thrown an error, or tried what its policy forbids."""
        assert not self.errors, self.errors
        if not self.page.is_closed():
            violations = self.page.evaluate("window.violations ?? []")
            assert not violations, violations


Open = Callable[..., Screen]
