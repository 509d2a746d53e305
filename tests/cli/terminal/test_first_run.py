"""
The questions of a first run.
"""

import pytest

from groupchat.cli.terminal.first_run import MAX_SERVERS, KnownServer, KnownServers, Questions

SERVER = KnownServer("alice", "chat.example.org", 9000)


def parse_name(text):
    if not text.isalnum():
        raise ValueError(f'"{text}" is no name.')
    return text


def parse_server(text):
    host, _, port = text.partition(":")
    return [(host, int(port or 9000))]


def questions(known=(), default="alice"):
    return Questions(list(known), default, parse_name, parse_server)


def test_a_first_run_asks_for_the_name_and_the_server():
    asked = questions()
    assert asked.text == "Your name [alice]: "
    assert asked.answer("b b") == '"b b" is no name.'
    assert asked.answer("bob") == ""
    assert asked.text == "Server, as HOST or HOST:PORT [localhost:9000]: "
    assert asked.answer("chat.example.org") == ""
    assert asked.result == KnownServer("bob", "chat.example.org", 9000) and asked.text == ""


def test_empty_answers_take_the_usual():
    asked = questions()
    asked.answer("")
    asked.answer("")
    assert asked.result == KnownServer("alice", "localhost", 9000)


def test_a_later_run_offers_the_servers_of_before():
    asked = questions([SERVER, KnownServer("al", "localhost", 9001)])
    assert asked.text.splitlines()[:2] == [
        "1  alice at chat.example.org, port 9000",
        "2  al at localhost, port 9001",
    ]
    assert asked.answer("3") == "Type a number from 1 to 2, or n."
    assert asked.answer("2") == "" and asked.result == KnownServer("al", "localhost", 9001)
    asked = questions([SERVER])
    assert asked.answer("") == "" and asked.result == SERVER
    asked = questions([SERVER])
    asked.answer("n")
    assert asked.text == "Your name [alice]: "


def test_a_group_of_several_nodes_is_one_server(tmp_path):
    asked = Questions([], "alice", parse_name, lambda text: [("a", 1), ("b", 2), ("c", 3)])
    asked.answer("")
    asked.answer("a:1,b:2,c:3")
    group = KnownServer("alice", "a", 1, (("b", 2), ("c", 3)))
    assert asked.result == group and group.text == "alice at a, port 1 (and 2 more)"
    KnownServers(tmp_path / "servers").add(group)
    assert KnownServers(tmp_path / "servers").read() == [group]


def test_servers_are_kept_the_last_one_first(tmp_path):
    kept = KnownServers(tmp_path / "state" / "servers")
    assert kept.read() == []
    for number in range(MAX_SERVERS + 3):
        kept.add(KnownServer("alice", "localhost", 9000 + number))
    kept.add(KnownServer("alice", "localhost", 9010))
    found = kept.read()
    assert len(found) == MAX_SERVERS and [one.port for one in found[:3]] == [9010, 9011, 9009]


@pytest.mark.parametrize(
    "content",
    ["x", "{}", '[{"name": "a"}]', "[1]", '[{"name": "a", "host": "h", "port": 1, "others": 1}]'],
)
def test_a_broken_file_offers_nothing(tmp_path, content):
    (tmp_path / "servers").write_text(content)
    assert KnownServers(tmp_path / "servers").read() == []
