"""The file of known hosts."""

import os
import stat

import pytest

from groupchat.cli.exit import TURNED_AWAY, USAGE
from groupchat.client.known_hosts import KnownHosts
from groupchat.client.trust import TofuTrust
from tests.client.trust_support import HERE, HEX, ONE, THREE, TWO, meet, refusal


def test_each_host_and_port_has_its_own(known_hosts):
    for shown, where in [(ONE, "a:1"), (TWO, "a:2"), (THREE, "b:1")]:
        assert meet(known_hosts, shown, where=where).startswith("First time at ")
    assert known_hosts.read_text() == f"a:1 {ONE}\na:2 {TWO}\nb:1 {THREE}\n"


@pytest.mark.parametrize(
    "line",
    [
        f"{HERE} {ONE}",
        f"  {HERE.upper()}\t{ONE}= of my server",
        f"{HERE} SHA256:{HEX}",
        f"{HERE} {TWO}\n{HERE} {ONE}",
    ],
)
def test_lines_written_by_hand_are_understood(known_hosts, write_known_hosts, line):
    write_known_hosts(f"{line}\n")
    assert meet(known_hosts) == ""


def test_a_comment_is_not_about_a_server(known_hosts, write_known_hosts):
    write_known_hosts(f"# {HERE} {TWO}\n#{HERE} {TWO}\n")
    assert meet(known_hosts).startswith("First time")


@pytest.mark.parametrize("value", ["", " SHA256:", " garbage", " \xff"])
def test_a_broken_line_lets_nobody_by(known_hosts, write_known_hosts, value):
    write_known_hosts(f"{HERE}{value}\n")
    assert "remove line 1 of" in refusal(TofuTrust(HERE, known_hosts).check, ONE, False)[1]


def test_all_lines_to_be_removed_are_named(known_hosts, write_known_hosts):
    write_known_hosts(f"{HERE} {TWO}\n\n{HERE} {THREE}\n")
    assert "remove lines 1, 3 of" in refusal(TofuTrust(HERE, known_hosts).check, ONE, False)[1]


def test_all_other_lines_stay_as_they_are(known_hosts):
    known_hosts.parent.mkdir(parents=True)
    known_hosts.write_bytes(
        b"# \xe9\r\n\n"
        + f"{HERE} {TWO}\n".encode()
        + b"x:1 y z\n"
        + f"{HERE} {THREE}\n".encode()
        + b"last"
    )
    meet(known_hosts, ONE, ca_verified=True)
    assert (
        known_hosts.read_bytes()
        == b"# \xe9\r\n\n" + f"{HERE} authorities\n".encode() + b"x:1 y z\nlast\n"
    )


def test_nobody_else_can_read_it_and_no_other_file_is_left(known_hosts, write_known_hosts):
    write_known_hosts("")
    known_hosts.chmod(0o644)
    meet(known_hosts)
    assert stat.S_IMODE(known_hosts.stat().st_mode) == 0o600
    assert os.listdir(known_hosts.parent) == ["known_hosts"]


def test_its_directory_is_made(known_hosts):
    meet(known_hosts)
    assert stat.S_IMODE(known_hosts.parent.stat().st_mode) == 0o700


def test_a_link_stays_a_link(known_hosts, tmp_path):
    known_hosts.parent.mkdir(parents=True)
    known_hosts.symlink_to(tmp_path / "elsewhere")
    meet(known_hosts)
    assert known_hosts.is_symlink() and (tmp_path / "elsewhere").read_text() == f"{HERE} {ONE}\n"


def test_the_old_file_stays_where_the_new_one_cannot_be_made(
    known_hosts, write_known_hosts, monkeypatch
):
    write_known_hosts(f"x:1 {TWO}\n")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    assert meet(known_hosts).endswith(
        f"it can't be remembered in {known_hosts}: No space left on device."
    )
    assert known_hosts.read_text() == f"x:1 {TWO}\n"
    assert os.listdir(known_hosts.parent) == ["known_hosts"]


def test_a_file_that_cannot_be_read_is_not_taken_for_an_empty_one(known_hosts):
    known_hosts.mkdir(parents=True)
    status, text = refusal(TofuTrust(HERE, known_hosts).check, ONE, False)
    assert (status, text) == (
        USAGE,
        f"{known_hosts} can't be read: Is a directory. Make it readable, or use --fingerprint.",
    )


def test_of_two_at_once_the_second_goes_by_what_the_first_has_seen(known_hosts):
    seen = TofuTrust(HERE, known_hosts)
    seen.check(ONE, False)
    meet(known_hosts, TWO)
    assert refusal(seen.remember)[0] == TURNED_AWAY
    assert known_hosts.read_text() == f"{HERE} {TWO}\n"


def test_what_two_write_at_once_is_all_kept(known_hosts):
    first, second = KnownHosts(known_hosts), KnownHosts(known_hosts)
    with first.locked():
        first.put("a:1", ONE)
    with second.locked():
        second.put("b:1", TWO)
    assert known_hosts.read_text() == f"a:1 {ONE}\nb:1 {TWO}\n"
