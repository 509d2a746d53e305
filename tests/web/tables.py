"""
The closed table of commands, as the page has it: ``python -m tests.web.tables`` writes it again.
"""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from groupchat.wire.plain.words import COMMANDS

STATIC = Path(__file__).parents[2] / "groupchat" / "gateways" / "web" / "static"
TABLE = STATIC / "command-table.js"
_HEAD = """\
/**
 * The commands that people type, from groupchat/wire/plain/words.py.
 * `python -m tests.web.tables` writes this file.
 *
 * @type {import("./commands.js").CommandHelp[]}
 */
"""


def table() -> str:
    """Return the text of the module."""
    rows = (json.dumps(msgspec.to_builtins(command), ensure_ascii=False) for command in COMMANDS)
    return f"{_HEAD}export const COMMANDS = [\n{''.join(f'  {row},{chr(10)}' for row in rows)}];\n"


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
