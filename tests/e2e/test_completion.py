"""
The completions of bash, zsh and fish, in the shells themselves.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from functools import partial
from pathlib import Path

import pytest
import pytest_twisted

from tests.e2e.support import Sandbox
from tests.e2e.terminal.tmux import Terminal

ROOT = Path(__file__).parents[2]
MADE = ROOT / "etc" / "completions"
PROGRAMS = Path(sys.executable).parent  #: fish completes only programs that it finds

#: what is typed, and what its last word can become
LINES = {
    "groupchat-connect --no": ["--no-color", "--no-tls"],
    "groupchat-connect --outbox l": ["letters"],
    "groupchat-connect al": ["alice"],
    "groupchat-connect alice ": ["chat.example.org", "localhost"],
    "groupchat-connect alice chat": ["chat.example.org"],
    "groupchat-connect --room dev alice chat.example.org ": ["9000", "9443"],
    "groupchat-connect alice localhost ": ["9000"],
    "groupchat --max-r": ["--max-rooms", "--max-rooms-per-member"],
    "groupchat --show-addresses ": ["everyone", "nobody", "operators"],
    "groupchat --port 9000 --log-format j": ["json"],
    "groupchat --config l": ["letters"],
    "groupchat-passwd --op": ["--operator"],
    "groupchat-passwd -f l": ["letters"],
    "groupchat-admin un": ["unban", "unmute"],
    "groupchat-admin --admin-socket l": ["letters"],
    "groupchat-admin --admin-socket s kic": ["kick"],
    "groupchat-admin --ver": ["--version"],
    "groupchat-admin forget --y": ["--yes"],
    "groupchat-admin forget alice --js": ["--json"],
    "groupchat-admin export lobby ": ["html", "json", "text"],
    "groupchat-admin --json backup l": ["letters"],
    "groupchat-admin kick ": [],
}
#: Lines of which only one shell splits the last word so.
EQUALS = {
    "groupchat --names=u": ["unicode"],
    "groupchat-connect --password-file=l": ["letters"],
    "groupchat-connect --outbox=l": ["letters"],
}

pytestmark = pytest.mark.slow


@pytest.fixture
def place(sandbox: Sandbox) -> Path:
    """A folder with a file, and a home that knows two servers."""
    state = sandbox.directory / "state" / "groupchat"
    state.mkdir(parents=True)
    (state / "known_hosts").write_text(
        "localhost:9000 SHA256:a\nchat.example.org:9000 SHA256:b\n"
        "chat.example.org:9443 SHA256:c\n# a remark\n"
    )
    for file in ("alice@localhost:9000#x", "alice@localhost:9000#x.cursors", "screen-carl@x:1"):
        (state / file).touch()
    folder = sandbox.directory / "folder"
    folder.mkdir()
    (folder / "letters").touch()
    return folder


def environment(sandbox: Sandbox) -> list[str]:
    return ["env", f"XDG_STATE_HOME={sandbox.directory}/state", f"HOME={sandbox.directory}"]


# Every line, without a terminal.

_BASH = """\
cd {place}
for file in {made}/bash/*; do source "$file"; done
while IFS= read -r line; do
    COMP_LINE=$line words=${{line//=/ = }}
    read -ra COMP_WORDS <<<"$words"
    [[ $line == *' ' ]] && COMP_WORDS+=("")
    COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
    name=_${{COMP_WORDS[0]//-/_}}
    COMPREPLY=()
    "$name" 2>/dev/null
    echo "${{COMPREPLY[*]}}"
done
"""


def expected(lines: dict[str, list[str]]) -> list[str]:
    return [f"{line}: {' '.join(words)}" for line, words in lines.items()]


def beside(lines: dict[str, list[str]], answers: list[str]) -> list[str]:
    return [
        f"{line}: {' '.join(sorted(answer.split()))}"
        for line, answer in zip(lines, answers, strict=True)
    ]


@pytest_twisted.ensureDeferred
async def test_bash_completes_every_line(sandbox: Sandbox, place: Path, needs):
    lines = LINES | EQUALS
    script = _BASH.format(place=shlex.quote(str(place)), made=shlex.quote(str(MADE)))
    given = "\n".join(lines)
    answers = await sandbox.run(
        *environment(sandbox),
        needs("bash"),
        "--norc",
        "-c",
        f"{script.rstrip()} <<'E'\n{given}\nE\n",
    )
    assert beside(lines, answers) == expected(lines)


@pytest_twisted.ensureDeferred
async def test_fish_completes_every_line(sandbox: Sandbox, place: Path, needs):
    script = f"cd {shlex.quote(str(place))}; for file in {MADE}/fish/*; source $file; end; "
    asked = "; ".join(
        f"echo (complete -C {shlex.quote(line)} | string replace -r '\\t.*' '')" for line in LINES
    )
    answers = await sandbox.run(*environment(sandbox), needs("fish"), "-N", "-c", script + asked)
    assert beside(LINES, answers) == expected(LINES)


# Real shells at a terminal, with the files where the package installs them.


@pytest.fixture
def share(sandbox: Sandbox) -> Path:
    """The folder share of an installation."""
    share = sandbox.directory / "share"
    shutil.copytree(MADE / "bash", share / "bash-completion" / "completions")
    shutil.copytree(MADE / "zsh", share / "zsh" / "site-functions")
    shutil.copytree(MADE / "fish", share / "fish" / "vendor_completions.d")
    return share


SHELLS = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "-i"],
}
PREPARED = {
    "bash": "PS1='> '; . /usr/share/bash-completion/bash_completion",
    "zsh": "PS1='> '; fpath=({share}/zsh/site-functions $fpath); autoload -U compinit; compinit -D",
    "fish": "function fish_prompt; echo '> '; end; set fish_greeting",
}
TYPED = {
    "groupchat-connect --finger": "groupchat-connect --fingerprint",
    "groupchat-connect --outbox le": "groupchat-connect --outbox letters",
    "groupchat-connect ali": "groupchat-connect alice",
    "groupchat-connect alice chat": "groupchat-connect alice chat.example.org",
    "groupchat-connect alice localhost 90": "groupchat-connect alice localhost 9000",
    "groupchat --show-addresses every": "groupchat --show-addresses everyone",
    "groupchat --conf": "groupchat --config",
    "groupchat-passwd --no-op": "groupchat-passwd --no-operator",
    "groupchat-admin rel": "groupchat-admin reload",
    "groupchat-admin --json sta": "groupchat-admin --json stat",
    "groupchat-admin forget --y": "groupchat-admin forget --yes",
    "groupchat-admin export lobby ht": "groupchat-admin export lobby html",
    "groupchat-admin backup le": "groupchat-admin backup letters",
}


@pytest.mark.limit(90)
@pytest.mark.parametrize("shell", SHELLS)
@pytest_twisted.ensureDeferred
async def test_a_shell_completes_at_a_terminal(
    sandbox: Sandbox, place: Path, share: Path, shell: str, needs
):
    needs(shell)
    dirs = f"{share}:/usr/local/share:/usr/share"
    inside = [
        *environment(sandbox),
        f"XDG_DATA_DIRS={dirs}",
        f"PATH={PROGRAMS}:{os.environ['PATH']}",
    ]
    command = [*inside, "sh", "-c", f"cd {place} && exec {shlex.join(SHELLS[shell])}"]
    async with Terminal(sandbox, command, shell) as terminal:
        await terminal.until(any, "a prompt")
        await terminal.type(PREPARED[shell].format(share=share), "Enter")
        await terminal.type("clear", "Enter")
        await terminal.until(lambda rows: list(filter(None, rows)) == [">"], "an empty screen")
        for typed, whole in TYPED.items():
            await terminal.press("C-u")
            await terminal.type(typed, "Tab")
            await terminal.until(partial(has_row, f"> {whole}"), whole)


def has_row(wanted: str, rows: list[str]) -> bool:
    return any(row.rstrip("= ") == wanted for row in rows)
