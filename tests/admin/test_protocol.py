"""
The admin socket against tools that are older, broken or hostile.
"""

from __future__ import annotations

import json

import pytest

from groupchat.admin.main import main
from groupchat.admin.messages import MAX_REQUEST
from groupchat.ops.admin_protocol import MAX_CONNECTIONS, REQUEST_TIMEOUT


def answer(machine, line):
    return [json.loads(reply) for reply in machine.ask("", line)]


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"[]",
        b"no json",
        b"\xff",
        b'{"verb": 1}',
        b'{"verb": "fly"}',
        b'{"verb": "kick"}',
        b'{"verb": "kick", "name": ""}',
        b'{"verb": "status", "name": "bob"}',
        b'{"verb": "__class__"}',
        b"x" * (MAX_REQUEST + 1),
    ],
)
def test_a_request_that_makes_no_sense_gets_one_sentence(machine, line):
    (reply,) = answer(machine, line)
    assert reply["type"] == "failed"
    assert reply["text"].endswith(".")


def test_only_the_first_request_is_answered(machine):
    assert len(answer(machine, b'{"verb": "who"}\n{"verb": "who"}')) == 1


def test_a_connection_that_asks_nothing_is_closed(machine):
    protocol = machine.connect()
    machine.server.run(REQUEST_TIMEOUT)
    assert protocol.transport.disconnecting
    protocol.connectionLost()


def test_a_tool_that_goes_away_leaves_nothing_behind(machine):
    before = len(machine.server.reactor.getDelayedCalls())
    machine.connect().connectionLost()
    assert len(machine.server.reactor.getDelayedCalls()) == before


def test_only_some_connections_can_be_open(machine):
    open = [machine.connect() for _ in range(MAX_CONNECTIONS)]
    assert machine.connect() is None
    for protocol in open:
        protocol.connectionLost()
    assert machine.run("who") == ["(none)"]


def test_an_error_of_the_server_is_logged_and_is_one_sentence_for_the_tool(machine, expect_logged):
    expect_logged(TypeError)
    machine.server.hub.moderation.carry_out = None
    (line,) = machine.run("kick", "alice", status=1)
    assert line == "groupchat-admin: The server can't do that just now: its log says why."


def refused_with(status, capsys, *arguments, ask):
    with pytest.raises(SystemExit) as end:
        main(arguments, ask)
    assert end.value.code == status
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.mark.parametrize("lines", [[b"hello\n"], [b"{}\n"], [b'{"type": "later"}\n'], []])
def test_an_answer_that_makes_no_sense_is_one_line_and_status_5(capsys, lines):
    assert refused_with(5, capsys, "who", ask=lambda path, request, go_on: iter(lines))


def test_without_a_server_the_tool_says_where_it_looked(capsys, tmp_path, monkeypatch):
    from groupchat.admin.connection import ask

    monkeypatch.chdir(tmp_path)
    line = refused_with(3, capsys, "who", ask=ask)
    assert "Go to the directory of the ledger" in line
    (tmp_path / "groupchat.db").touch()
    assert "no server runs in" in refused_with(3, capsys, "who", ask=ask)
    line = refused_with(3, capsys, "--admin-socket", "x" * 200, "who", ask=ask)
    assert "--admin-socket PATH" in line
