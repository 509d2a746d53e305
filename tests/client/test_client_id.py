"""
The client secret: kept, private, and one for each terminal.
"""

import stat

import pytest

from groupchat.client import client_id
from groupchat.wire.commands import Position


@pytest.fixture
def claim(tmp_path):
    claimed = []

    def claim(
        name="alice", host="localhost", port=9000, where=tmp_path / "state" / "groupchat", **server
    ):
        claimed.append(client_id.claim(name, host, port, where, **server))
        return claimed[-1]

    yield claim
    for one in claimed:
        one.close()


def test_the_next_run_has_the_same_secret(claim):
    first = claim()
    first.close()
    assert claim().value == first.value


def test_another_terminal_has_another_secret(claim, tmp_path):
    assert claim().value != claim().value
    files = sorted(path.name for path in tmp_path.rglob("alice*"))
    assert files == ["alice@localhost:9000", "alice@localhost:9000.1"]


def test_of_two_terminals_the_first_remembers_how_far_the_rooms_were_read(claim):
    first, second = claim(), claim()
    second.cursors.save({"lobby": Position(epoch="e", after=9)})
    first.cursors.save({"lobby": Position(epoch="e", after=8)})
    for one in (first, second, claim()):
        assert one.cursors.read() == {"lobby": Position(epoch="e", after=8)}


def test_each_name_host_and_port_has_its_own(claim):
    positions = [("alice", "a", 1), ("bob", "a", 1), ("alice", "b", 1), ("alice", "a", 2)]
    assert len({claim(*place).value for place in positions}) == 4


def test_each_certificate_has_its_own(claim, tmp_path):
    servers = [
        {},
        {"certificate": "SHA256:a/+"},
        {"certificate": "SHA256:b"},
        {"certificate": "authorities"},
    ]
    values = [claim(**server).value for server in servers]
    assert len(set(values)) == 4
    assert sorted(path.name for path in tmp_path.rglob("alice*")) == [
        "alice@localhost:9000",
        "alice@localhost:9000#a%2F%2B",
        "alice@localhost:9000#authorities",
        "alice@localhost:9000#b",
    ]


def test_an_heir_takes_over_what_says_no_certificate(claim):
    old, second, other = claim(), claim(), claim(port=90001)
    old.cursors.save({"lobby": Position(epoch="e", after=8)})
    for one in old, second, other:
        one.close()
    stranger = claim(certificate="SHA256:x")
    assert stranger.value not in (old.value, second.value) and stranger.cursors.read() == {}
    new = claim(certificate="SHA256:a", inherits=True)
    assert new.value == old.value and new.cursors.read() == {"lobby": Position(epoch="e", after=8)}
    assert claim(certificate="SHA256:a", inherits=True).value == second.value
    assert claim().value != old.value, "and it is nobody else's"
    assert claim(port=90001).value == other.value


def test_an_heir_keeps_what_it_has(claim):
    new, old = claim(certificate="SHA256:a"), claim()
    new.close()
    assert claim(certificate="SHA256:a", inherits=True).value == new.value
    old.close()
    assert claim().value == old.value


def test_what_a_forgotten_server_knows_is_removed_and_nothing_else(claim, tmp_path):
    for name in "alice", "bob":
        for certificate in "SHA256:a", "SHA256:b", "":
            claim(name, certificate=certificate).cursors.save({})
    claim(port=9001, certificate="SHA256:a")
    client_id.forget("LOCALHOST", 9000, tmp_path / "state" / "groupchat", "SHA256:a")
    assert sorted(path.name for path in tmp_path.rglob("*@*")) == [
        "alice@localhost:9000",
        "alice@localhost:9000#b",
        "alice@localhost:9001#a",
        "bob@localhost:9000",
        "bob@localhost:9000#b",
    ]


def test_a_name_is_the_same_in_any_case(claim):
    first = claim("Alice", "LOCALHOST")
    first.close()
    assert claim("alice", "localhost").value == first.value


def test_nobody_else_can_read_it(claim, tmp_path):
    claim()
    path = tmp_path / "state" / "groupchat" / "alice@localhost:9000"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_file_that_holds_no_secret_gets_one(claim, tmp_path):
    directory = tmp_path / "state" / "groupchat"
    directory.mkdir(parents=True)
    (directory / "alice@localhost:9000").write_text("short\n")
    value = claim().value
    assert (directory / "alice@localhost:9000").read_text() == f"{value}\n"


def test_a_host_cannot_lead_out_of_the_directory(claim, tmp_path):
    claim(host="../../x")
    assert [path.parent.name for path in tmp_path.rglob("alice*")] == ["groupchat"]


def test_where_nothing_can_be_written_a_fresh_one_does(claim, tmp_path):
    (tmp_path / "file").touch()
    assert len(claim(where=tmp_path / "file" / "groupchat").value) >= 16


def test_the_state_directory_is_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert client_id.directory() == tmp_path / "groupchat"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert client_id.directory() == tmp_path / ".local" / "state" / "groupchat"
