"""All generated files."""

from __future__ import annotations

from pathlib import Path

from tests.generate import bash, fish, zsh
from tests.generate.manual import page
from tests.generate.pages import PAGES
from tests.generate.programs import programs

__all__ = ["ROOT", "generated"]

ROOT = Path(__file__).parents[2]


def generated() -> dict[str, str]:
    """Returns the text of each file, by its path in the project."""
    found = {}
    for program in programs():
        name = program.name
        found[f"etc/man/{name}.1"] = page(program, PAGES[name])
        found[f"etc/completions/bash/{name}"] = bash.script(program)
        found[f"etc/completions/zsh/_{name}"] = zsh.script(program)
        found[f"etc/completions/fish/{name}.fish"] = fish.script(program)
    return found
