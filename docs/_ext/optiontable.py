"""
``.. optiontable::`` lists the options of ``twistd groupchat`` from the table that parses them.
"""

from __future__ import annotations

from collections.abc import Iterator
from inspect import signature
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from groupchat.options.table import VALUES
from groupchat.tap import Options


def entries() -> Iterator[tuple[str, str, str | None]]:
    """Each option of our own: its spellings, its help, and its default if it has one."""
    for name, short, default, help, *_ in Options.optParameters:
        metavar = VALUES[name].metavar
        yield f"--{name} {metavar}" + (f", -{short} {metavar}" if short else ""), help, default
    for name, method in vars(Options).items():
        if name.startswith("opt_") and len(signature(method).parameters) > 1:
            option = name.removeprefix("opt_").replace("_", "-")
            yield f"--{option} {VALUES[option].metavar}", method.__doc__, None
    for name, short, help, *_ in Options.optFlags:
        yield f"--{name}" + (f", -{short}" if short else ""), help, None


class OptionTable(SphinxDirective):
    """The options as Sphinx's own ``.. option::``, so that pages can refer to them."""

    def run(self) -> list[nodes.Node]:
        return self.parse_text_to_nodes("\n".join(self._lines()))

    def _lines(self) -> Iterator[str]:
        for spellings, help, default in entries():
            told = f" Default: ``{default}``." if default is not None else ""
            yield from (
                f".. option:: {spellings}",
                "",
                f"   {_escaped(help[:1].upper() + help[1:])}.{told}",
                "",
            )


def _escaped(text: str) -> str:
    return "".join(
        f"\\{character}" if character in "\\*`|_" else character
        for character in text.strip().rstrip(".")
    )


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("optiontable", OptionTable)
    return {"parallel_read_safe": True}
