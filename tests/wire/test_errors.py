"""
Refusals and farewells carry the codes that docs/protocol.rst lists.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from groupchat.wire import errors
from groupchat.wire.errors import Refused
from groupchat.wire.events import Bye

PROTOCOL = Path(__file__).parents[2] / "docs" / "protocol.rst"


def children(kind: type[Refused]) -> Iterator[type[Refused]]:
    for child in kind.__subclasses__():
        yield child
        yield from children(child)


def listed(heading: str) -> set[str]:
    """The codes in the definition list under a heading of protocol.rst."""
    section = PROTOCOL.read_text().split(f"\n{heading}\n", 1)[1]
    return set(
        re.findall(
            r"^``([a-z0-9-]+)``$", re.split(r"\n[-=~]{4,}\n", f"\n{section}")[1], re.MULTILINE
        )
    )


def test_every_refusal_has_a_code_that_the_protocol_lists():
    codes = {kind.code for kind in children(Refused) if kind is not errors.BadLine}
    assert codes <= listed("Error codes")


def test_every_farewell_has_a_code_that_the_protocol_lists():
    byes = [bye for bye in vars(errors).values() if isinstance(bye, Bye)] + [errors.full(1, 1)]
    assert {bye.code for bye in byes} <= listed("Bye codes")


def test_a_farewell_for_bad_lines_has_the_last_ones_code_and_no_retry():
    bye = errors.protocol_violation(errors.BadUtf8("That line is not UTF-8."))
    assert (bye.code, bye.retry) == ("bad-utf8", None)


def test_a_full_server_says_how_full_it_is():
    assert errors.full(20, 20).text == "The server is full (20 of 20). Try again later."
