"""
Where a server is, as people write it.
"""

import os

import pytest

from groupchat.cli import target
from groupchat.cli.exit import USAGE, Exit


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("", (None, "localhost", 9000)),
        ("alice", ("alice", "localhost", 9000)),
        ("alice 9001", ("alice", "localhost", 9001)),
        ("9001", (None, "localhost", 9001)),
        ("9001 localhost", ("9001", "localhost", 9000)),
        ("9001 9002", ("9001", "localhost", 9002)),
        ("alice host", ("alice", "host", 9000)),
        ("alice host 9001", ("alice", "host", 9001)),
        ("alice host:9001", ("alice", "host", 9001)),
        ("host:9001", (None, "host", 9001)),
        ("alice localhost.", ("alice", "localhost", 9000)),
        ("alice localhost.:9001", ("alice", "localhost", 9001)),
        ("alice ::1", ("alice", "::1", 9000)),
        ("alice ::1 9001", ("alice", "::1", 9001)),
        ("alice [::1]", ("alice", "::1", 9000)),
        ("alice [::1] 9001", ("alice", "::1", 9001)),
        ("alice [::1]:9001", ("alice", "::1", 9001)),
        ("[::1]:9001", (None, "::1", 9001)),
        ("::1 9001", (None, "::1", 9001)),
        ("alice [fe80::1%eth0]:9001", ("alice", "fe80::1%eth0", 9001)),
        ("alice unix:/run/Chat.sock", ("alice", "unix:/run/Chat.sock", 0)),
        ("unix:/run/a:b", (None, "unix:/run/a:b", 0)),
        ("alice unix:chat.sock", ("alice", f"unix:{os.getcwd()}/chat.sock", 0)),
        ("alice ²", ("alice", "²", 9000)),
    ],
)
def test_a_name_a_host_and_a_port_may_each_be_left_out(line, wanted):
    assert target.parse(line.split()) == (*wanted, ())


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("alice a,b,c", [("a", 9000), ("b", 9000), ("c", 9000)]),
        ("alice a,b 9001", [("a", 9001), ("b", 9001)]),
        ("alice a:1,b:2", [("a", 1), ("b", 2)]),
        ("a:1,b", [("a", 1), ("b", 9000)]),
        ("alice [::1]:1,::2", [("::1", 1), ("::2", 9000)]),
        ("alice a,unix:/b", [("a", 9000), ("unix:/b", 0)]),
        ("alice unix:/run/a,b", [("unix:/run/a,b", 0)]),
    ],
)
def test_several_nodes_of_a_group_stand_with_commas_between_them(line, wanted):
    _, *first, others = target.parse(line.split())
    assert [tuple(first), *others] == wanted


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("alice a 1 b 2", [("a", 1), ("b", 2)]),
        ("alice a 1 b 2 c 3", [("a", 1), ("b", 2), ("c", 3)]),
        ("alice a:1 b:2", [("a", 1), ("b", 2)]),
        ("alice a:1 b 2", [("a", 1), ("b", 2)]),
        ("alice a b:2", [("a", 9000), ("b", 2)]),
        ("alice a,b 1 c 2", [("a", 1), ("b", 1), ("c", 2)]),
        ("a:1 b:2", [("a", 1), ("b", 2)]),
        ("alice ::1 1 [::1]:2", [("::1", 1), ("::1", 2)]),
        ("alice localhost 1 unix:/run/chat.sock", [("localhost", 1), ("unix:/run/chat.sock", 0)]),
    ],
)
def test_the_addresses_of_further_nodes_may_follow(line, wanted):
    found = target.parse(line.split())
    assert [(found.host, found.port), *found.others] == wanted


NO_HOST = "is no host. Write a name or an address, [ADDRESS]:PORT for IPv6, unix:PATH for a socket."


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["alice", ""], f'"" {NO_HOST}'),
        (["alice", "."], f'"." {NO_HOST}'),
        (["alice", ":9000"], f'":9000" {NO_HOST}'),
        (["alice", "a b"], f'"a b" {NO_HOST}'),
        (["alice", "/run/chat.sock"], f'"/run/chat.sock" {NO_HOST}'),
        (["alice", "http://host:9000"], f'"http://host:9000" {NO_HOST}'),
        (["alice", "tcp:host:9000"], f'"tcp:host:9000" {NO_HOST}'),
        (["alice", "[::1"], f'"[::1" {NO_HOST}'),
        (["alice", "[host]:9000"], f'"[host]:9000" {NO_HOST}'),
        (["alice", "[127.0.0.1]"], f'"[127.0.0.1]" {NO_HOST}'),
        (["alice", "host:"], '"" is no port: a port is a number from 1 to 65535.'),
        (["alice", "[::1]:x"], '"x" is no port: a port is a number from 1 to 65535.'),
        (["alice", "70000"], '"70000" is no port: a port is a number from 1 to 65535.'),
        (["alice", "a,,b"], f'"" {NO_HOST}'),
        (["alice", "a,b:1", "2"], "The port is there twice: a,b:1 and 2. Leave one out."),
        (["alice", "host:1", "2"], "The port is there twice: host:1 and 2. Leave one out."),
        (
            ["alice", "unix:/x", "2"],
            "The port is there twice: unix:/x and 2. A Unix socket has none. Leave one out.",
        ),
        (["alice", "unix:"], '"unix:" is no socket: its path must have 1 to 107 bytes.'),
        (
            ["alice", "unix:/" + "x" * 107],
            f'"unix:/{"x" * 107}" is no socket: its path must have 1 to 107 bytes.',
        ),
        (["a:b", "host", "1"], '"a:b" can\'t be your name: a name has no colon.'),
        (["alice", "host", "1", "2"], '"2" is too much: host has its port already.'),
        (["alice", "host", "1", "other"], '"other" has no port: write other:PORT.'),
        (["alice", "host:1", "other"], '"other" has no port: write other:PORT.'),
        (["alice", "host", "x", "y"], '"x" is no port: a port is a number from 1 to 65535.'),
    ],
)
def test_an_invalid_command_line_is_reported_in_one_line(words, complaint):
    with pytest.raises(Exit) as caught:
        target.parse(words)
    assert (caught.value.status, caught.value.text) == (USAGE, complaint)
