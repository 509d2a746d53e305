"""
HTTP beside a real daemon: the examples of docs/http.rst with curl, and what is said once although
the daemon is killed.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import pytest_twisted

from tests.e2e.support import Daemon, Sandbox

PAGE = Path(__file__).parents[2] / "docs" / "http.rst"
STEP = re.compile(r"^    \$ (.*)\n((?:    (?!\$ ).*\n)*)", re.MULTILINE)
MARK = "--- end of step"


def steps(page: str) -> list[tuple[str, list[str]]]:
    """The commands of the page, each with the lines that it prints."""
    return [
        (command, [line.strip() for line in printed.splitlines()])
        for command, printed in STEP.findall(page)
    ]


def test_the_commands_are_read_from_the_page():
    page = "Say::\n\n    $ curl -d x y\n    {}\n    $ z\n\nThen::\n\n    $ A=b\n"
    assert steps(page) == [("curl -d x y", ["{}"]), ("z", []), ("A=b", [])]


def is_as_shown(shown: list[str], printed: list[str]) -> bool:
    """Whether this is what the page shows, but for empty lines; ``…`` stands for anything."""
    pattern = ".*".join(map(re.escape, "\n".join(shown).split("…")))
    return bool(re.fullmatch(pattern, "\n".join(filter(None, printed)), re.DOTALL))


@pytest.mark.limit(60)
@pytest_twisted.ensureDeferred
async def test_curl_does_what_the_page_shows(sandbox: Sandbox):
    sandbox.needs("curl")
    played = steps(PAGE.read_text())
    for name in ("alice", "bob"):
        await sandbox.run("sh", "-c", f"echo 'open sesame' | groupchat-passwd {name}")
    (made,) = (command for command, _ in played if command.startswith("TOKEN="))
    (token,) = await sandbox.run("sh", "-c", f"{made}; echo $TOKEN")
    daemon = await sandbox.daemon()

    def adapted(command: str) -> str:
        return command.replace("curl", "curl -sS").replace("9000", str(daemon.port))

    script, ended = [f"TOKEN={token}"], []
    for command, shown in played:
        if command is not made and " -N " not in command:
            script += [adapted(command), f"echo; echo '{MARK}'"]
            ended.append((command, shown))
    shell = sandbox.shell("\n".join(script))
    await shell.ended(40)
    printed = "\n".join(shell.out.lines).split(MARK)
    assert len(printed) == len(ended) + 1, shell.err.text
    for (command, shown), lines in zip(ended, printed[:-1], strict=True):
        assert is_as_shown(shown, lines.splitlines()), (command, lines)
    for command, shown in played:
        if " -N " in command:  # which has no end
            follower = sandbox.shell(adapted(command))
            lines = follower.out.lines
            await follower.out.wait(
                lambda shown=shown, lines=lines: is_as_shown(shown, lines) or None, str(shown)
            )
            follower.destroy()
    assert len(played) > 15


# Kept across a kill.


def posting(daemon: Daemon, text: str, key: str) -> str:
    """The command that says something under a key, and prints the status and the answer."""
    url = f"http://localhost:{daemon.port}/api/rooms/lobby/messages?name=cron"
    return f"curl -sS -w '%{{http_code}}\\n' -H 'Idempotency-Key: {key}' -d '{text}' '{url}'"


@pytest_twisted.ensureDeferred
async def test_a_key_is_known_after_a_kill(sandbox: Sandbox):
    sandbox.needs("curl")
    daemon = await sandbox.daemon()
    first = await sandbox.run("sh", "-c", posting(daemon, "once", "k"))
    assert first == ['{"room":"lobby","id":1}', "201"]
    await daemon.kill()
    daemon = await sandbox.again(daemon)
    assert await sandbox.run("sh", "-c", posting(daemon, "once", "k")) == first
    other = await sandbox.run("sh", "-c", posting(daemon, "other", "k"))
    assert json.loads(other[0])["code"] == "conflict" and other[1] == "409"
    assert await sandbox.kept(daemon) == ["once"]


# The description.


@pytest.mark.slow
@pytest.mark.limit(150)
@pytest_twisted.ensureDeferred
async def test_every_answer_is_as_openapi_describes_it(sandbox: Sandbox):
    """By schemathesis, whose requests fit the description or just don't."""
    daemon = await sandbox.daemon("--rate", "0")
    tester = sandbox.start(
        "schemathesis", "run", f"http://localhost:{daemon.port}/openapi.json",
        "--exclude-path-regex", "stream",  # it has no end
        "--max-examples", "20", "--seed", "1", "--no-color",
        "--generation-deterministic",
    )  # fmt: skip
    assert await tester.ended(120) == 0, tester.out.text
