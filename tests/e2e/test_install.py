"""
The distributions that are built, and their installation: the commands, the plugin, and no tests.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted

from groupchat import __version__
from tests.e2e.building import ROOT, SHIPPED, build
from tests.e2e.support import Sandbox

#: folders of share/, and where their files come from
SHARED = {
    "groupchat/etc": ".",
    "man/man1": "man",
    "bash-completion/completions": "completions/bash",
    "zsh/site-functions": "completions/zsh",
    "fish/vendor_completions.d": "completions/fish",
}
pytestmark = pytest.mark.limit(90)


@pytest.fixture(scope="session")
def installed(built: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment in which the wheel is installed, and what it depends on is there."""
    sandbox = tmp_path_factory.mktemp("installed")
    venv.create(sandbox, symlinks=True)
    packages = sandbox.joinpath(*Path(sysconfig.get_path("purelib")).parts[-3:])
    for library in Path(sysconfig.get_path("purelib")).iterdir():
        if "groupchat" not in library.name and library.name != "twisted":
            (packages / library.name).symlink_to(library)
    mirror(Path(sysconfig.get_path("purelib")) / "twisted", packages / "twisted")
    pip = [sys.executable, "-m", "pip", "-q", "--python", sandbox / "bin" / "python"]
    subprocess.run([*pip, "install", "--no-index", "--no-deps", built[0]], check=True)
    return sandbox


def mirror(source: Path, target: Path) -> None:
    """Twisted as its own installation: its folder of plugins is there, and all else a link."""
    target.mkdir()
    for entry in source.iterdir():
        if entry.name == "plugins":
            ours = shutil.ignore_patterns("groupchat*", "dropin.cache", "__pycache__")
            shutil.copytree(entry, target / entry.name, ignore=ours)
        else:
            (target / entry.name).symlink_to(entry)


def the_plugins(installed: Path) -> Path:
    (plugins,) = installed.glob("lib/*/site-packages/twisted/plugins")
    return plugins


def test_the_wheel_holds_what_runs_and_nothing_else(built: tuple[Path, Path]):
    names = zipfile.ZipFile(built[0]).namelist()
    tops = {name.split("/")[0] for name in names}
    information = f"groupchat-{__version__}"
    assert tops == {"groupchat", "twisted", f"{information}.dist-info", f"{information}.data"}
    assert {name for name in names if ".data/" in name} == {
        f"{information}.data/data/share/{target}/{path.name}"
        for target, folder in SHARED.items()
        for path in (ROOT / "etc" / folder).iterdir()
        if path.is_file()
    }
    runs = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "groupchat").rglob("*")
        if path.suffix in (".py", ".txt", ".sql")
    }
    assert runs < set(names)
    assert {name.rpartition("/")[0] for name in names if "test" in name} == {"groupchat/testing"}


#: what runs and tests leave in a checkout
GENERATED = {"__pycache__", "node_modules", "dropin.cache"}


def test_the_sdist_ships_all_that_the_tests_need(built: tuple[Path, Path]):
    with tarfile.open(built[1]) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    files = {
        path.relative_to(ROOT).as_posix()
        for top in SHIPPED
        for path in [ROOT / top, *(ROOT / top).rglob("*")]
        if path.is_file() and not GENERATED & {*path.parts}
    }
    assert not files - names
    assert not [name for name in names if name.endswith((".pyc", "dropin.cache"))]


def test_an_sdist_has_what_is_in_the_repository(built: tuple[Path, Path]):
    """As check-manifest would say: nothing is missing but what is for the repository alone."""
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("this is no clone of the repository")
    with tarfile.open(built[1]) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    missing = [name for name in listed.stdout.splitlines() if name not in names]
    assert not [name for name in missing if not name.startswith(".")]


def test_two_builds_are_the_same(built: tuple[Path, Path], tmp_path: Path):
    source, target = tmp_path / "elsewhere", tmp_path / "built"
    source.mkdir()
    target.mkdir()
    again = build(source, target)
    assert [path.name for path in again] == [path.name for path in built]
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in built]


def test_twine_finds_nothing_wrong(built: tuple[Path, Path]):
    command = [sys.executable, "-m", "twine", "check", "--strict", *map(str, built)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def index() -> dict[str, str]:
    """The package index that pip uses, and what it trusts, as uv wants to be told."""
    names = {"global.index-url": "UV_DEFAULT_INDEX", "global.cert": "SSL_CERT_FILE"}
    command = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = dict(line.split("=", 1) for line in listed.splitlines())
    return {names[name]: value.strip("'") for name, value in found.items() if name in names}


INSTALLERS = {
    "pipx": ["pipx", "install", "--python", sys.executable],
    "uv": ["uv", "tool", "install", "--python", sys.executable],
}


@pytest.mark.slow
@pytest.mark.parametrize("installer", INSTALLERS)
@pytest_twisted.ensureDeferred
async def test_an_installer_of_programs_installs_the_server(
    sandbox: Sandbox, built: tuple[Path, Path], tmp_path: Path, installer: str, needs: Any
):
    needs(installer)
    bin = tmp_path / "bin"
    folders = {"PIPX_HOME": "pipx", "UV_TOOL_DIR": "uv", "UV_CACHE_DIR": "cache", "HOME": "home"}
    places = {name: str(tmp_path / folder) for name, folder in folders.items()}
    places |= {"PIPX_BIN_DIR": str(bin), "UV_TOOL_BIN_DIR": str(bin), **index()}
    command = ["env", *(f"{name}={value}" for name, value in places.items())]
    await sandbox.run(*command, *INSTALLERS[installer], str(built[0]))
    daemon = sandbox.groupchat(str(bin / "groupchat"), "--port", "0", "--max", "3")
    await daemon.listens()
    await sandbox.run(str(bin / "groupchat-admin"), "status")
    await daemon.stop()
    (twistd,) = tmp_path.glob("*/**/groupchat/bin/twistd")
    assert any(" groupchat " in line for line in await sandbox.run(str(twistd), "--help"))


def test_the_tests_of_an_sdist_can_be_collected(built: tuple[Path, Path], tmp_path: Path):
    with tarfile.open(built[1]) as sdist:
        sdist.extractall(tmp_path)
    (folder,) = tmp_path.iterdir()
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--collect-only",
        "-p",
        "no:cacheprovider",
        "tests/e2e",
        "tests/test_style.py",
    ]
    # a run that collects and runs nothing covers nothing
    environment = {k: v for k, v in os.environ.items() if k != "GROUPCHAT_COVERAGE"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("by", ["groupchat", "python -m groupchat"])
@pytest_twisted.ensureDeferred
async def test_an_installation_starts_the_server(sandbox: Sandbox, installed: Path, by: str):
    program, *more = by.split()
    command = [str(installed / "bin" / program), *more]
    (told,) = await sandbox.run(*command, "--version")
    assert told == f"groupchat {__version__}"
    daemon = sandbox.groupchat(*command, "--port", "0", "--max", "3", "--ledger", "memory")
    await daemon.listens()
    assert re.search(rf"groupchat {__version__} \(Twisted .*, Python .*\)", daemon.out.lines[0])
    await sandbox.nc("alice", daemon)
    await daemon.stop()
    assert not (the_plugins(installed) / "dropin.cache").exists()


@pytest.mark.parametrize("cache", ["damaged", "not to be written"])
@pytest_twisted.ensureDeferred
async def test_twistd_finds_the_plugin_whatever_became_of_its_cache(
    sandbox: Sandbox, installed: Path, cache: str
):
    path = the_plugins(installed) / "dropin.cache"
    if cache == "damaged":
        path.write_bytes(b"no pickle")
    else:
        path.mkdir()  # so that not even root can write a file there
    try:
        program = "from twisted.scripts.twistd import run; run()"
        daemon = sandbox.groupchat(
            str(installed / "bin" / "python"),
            "-c",
            program,
            *"-n --pidfile= groupchat --port 0".split(),
        )
        await daemon.listens()
        assert daemon.err.text == ""
        await daemon.stop()
    finally:
        path.unlink() if cache == "damaged" else path.rmdir()


@pytest.mark.parametrize("program", ["groupchat", "groupchat-connect", "groupchat-passwd"])
@pytest_twisted.ensureDeferred
async def test_every_program_tells_its_version(sandbox: Sandbox, program: str):
    assert await sandbox.run(program, "--version") == [f"{program} {__version__}"]


@pytest_twisted.ensureDeferred
async def test_what_the_groupchat_command_says_names_itself_and_not_twistd(sandbox: Sandbox):
    assert (await sandbox.run("groupchat", "--help"))[
        0
    ] == "Usage: groupchat [--port N] [--max N] [options]"
    daemon = sandbox.groupchat("groupchat", "--frobnicate")
    assert await daemon.ended() == 1
    assert daemon.err.lines == [
        "groupchat: option --frobnicate not recognized (groupchat --help lists the options.)"
    ]
