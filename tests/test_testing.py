"""
The server in memory is a public module: its example works, and it needs no private part of
Twisted.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from groupchat import testing
from groupchat.testing import CLIENTS, MemoryServer
from tests.test_layers import imports


def test_the_example_of_the_docstring_works():
    assert testing.__doc__ is not None
    (example,) = re.findall(r"::\n\n((?:    .*\n|\n(?=    ))+)", testing.__doc__)
    exec("\n".join(line[4:] for line in example.splitlines()), vars(testing).copy())


def test_it_imports_no_private_module():
    for path in Path(testing.__file__).parent.glob("*.py"):
        found = imports(ast.parse(path.read_text()))
        assert [name for name in found if re.search(r"\._(?!_)", name)] == []


@pytest.mark.parametrize("wire", ["plain", "json"])
def test_a_stalled_client_takes_only_what_it_is_told_to(wire):
    server = MemoryServer()
    slow, alice = server.join(wire, "slow"), server.json("alice")
    slow.heard()
    slow.stall(3)
    alice.say("Hello!")
    server.run()
    assert len(slow.transport.taken) == 3
    slow.flow()
    server.run()
    assert slow.heard() == ["alice: Hello!"]


def test_a_reset_connection_is_found_out_when_the_server_runs():
    server = MemoryServer()
    alice, bob = server.plain("alice"), server.plain("bob")
    alice.reset()
    assert bob.heard() == []
    server.run()
    assert alice.gone and bob.heard() == ["alice left."]


def test_every_client_has_a_name():
    assert set(CLIENTS) == {
        *("plain", "json", "websocket", "event stream"),
        *("plain, tls", "json, tls", "websocket, tls"),
    }
