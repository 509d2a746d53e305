"""
Which certificate is good, and what is remembered of it.
"""

import os
import re
import stat

import pytest

from groupchat import fingerprints
from groupchat.cli.exit import TURNED_AWAY, USAGE
from groupchat.cli.failures import exit_for
from groupchat.client import address
from groupchat.client.errors import ClientError
from groupchat.client.known_hosts import KnownHosts
from groupchat.client.local_trust import MAX_CERTIFICATES, LocalServer, LocalTrust, pinned_server
from groupchat.client.trust import AUTHORITIES, PinnedTrust, TofuTrust, Verdict, classify

ONE, TWO, THREE = (fingerprints.fingerprint(der) for der in (b"one", b"two", b"three"))
HEX = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"  # of b"one"
HERE = "chat.example.org:9000"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "groupchat" / "known_hosts"


@pytest.fixture
def remembered(path):
    """Write this into the file."""

    def remember(text):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    return remember


def meet(path, shown=ONE, ca_verified=False, where=HERE):
    """Come to a server that shows this, and hear it answer. Returns what is told."""
    seen = TofuTrust(where, path)
    seen.check(shown, ca_verified)
    return seen.remember()


def refusal(act, *arguments):
    with pytest.raises(ClientError) as caught:
        act(*arguments)
    ending = exit_for(caught.value)
    return ending.status, ending.text


# Fingerprints and places.


@pytest.mark.parametrize(
    "text",
    [
        ONE,
        ONE + "=",
        ONE.removeprefix("SHA256:"),
        ONE.replace("SHA256", "sha256"),
        HEX,
        HEX.upper(),
        "SHA256:" + HEX,
        ":".join(re.findall("..", HEX)),
        ":".join(re.findall("..", HEX.upper())),
    ],
)
def test_a_fingerprint_is_read_in_every_way_it_is_written(text):
    assert fingerprints.parse_fingerprint(text) == ONE


def test_a_fingerprint_is_written_as_ssh_does():
    assert re.fullmatch(r"SHA256:[A-Za-z0-9+/]{43}", ONE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SHA256:",
        "x",
        ONE[:-1],
        ONE + "==",
        ONE + "A",
        ONE + "\n",
        HEX[1:],
        HEX + "0",
        HEX[2:] + ":ed",
        "SHA1:" + HEX,
        "é" * 43,
    ],
)
def test_what_is_no_fingerprint_is_not_taken_for_one(text):
    with pytest.raises(ValueError, match="not a SHA-256 fingerprint"):
        fingerprints.parse_fingerprint(text)


@pytest.mark.parametrize(
    ("host", "written"),
    [
        ("Chat.Example.ORG", "chat.example.org:1"),
        ("chat.example.org.", "chat.example.org:1"),
        ("BÜCHER.example", "xn--bcher-kva.example:1"),
        ("bücher.example", "xn--bcher-kva.example:1"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example:1"),
        ("192.0.2.7", "192.0.2.7:1"),
        ("2001:DB8::0:7", "[2001:db8::7]:1"),
        ("fe80::1%eth0", "[fe80::1%eth0]:1"),
        ("my_host", "my_host:1"),
        ("a b\n#", "a%20b%0A%23:1"),
    ],
)
def test_a_place_is_written_in_one_way(host, written):
    assert address.host_key(host, 1) == written


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "127.0.0.1",
        "127.1.2.3",
        "::1",
        "0:0::1",
        "::ffff:127.0.0.1",
    ],
)
def test_this_machine_is_known_by_its_names(host):
    assert address.is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "localhost.example.org",
        "192.0.2.7",
        "::",
        "0.0.0.0",
        "::2",
        "127.example.org",
        "128.0.0.1",
    ],
)
def test_other_machines_are_not_taken_for_this_one(host):
    assert not address.is_loopback(host)


# The decision.


@pytest.mark.parametrize(
    ("known", "ca_verified", "verdict"),
    [
        ([], False, Verdict.FIRST),
        ([], True, Verdict.CA_VERIFIED),
        ([ONE], False, Verdict.KNOWN),
        ([ONE], True, Verdict.KNOWN),
        ([TWO, ONE], False, Verdict.KNOWN),
        ([TWO], False, Verdict.CHANGED),
        ([TWO], True, Verdict.RENEWED),
        ([""], False, Verdict.CHANGED),
        ([AUTHORITIES], True, Verdict.KNOWN),
        ([AUTHORITIES], False, Verdict.CHANGED),
        ([AUTHORITIES, ONE], False, Verdict.KNOWN),
    ],
)
def test_a_certificate_is_judged_by_what_was_there_before(known, ca_verified, verdict):
    assert classify(known, ONE, ca_verified) is verdict


# What is remembered.


def test_the_first_one_is_remembered_and_told(path):
    assert (
        meet(path) == f"First time at {HERE}. Its certificate is {ONE}; it is remembered in {path}."
    )
    assert path.read_text() == f"{HERE} {ONE}\n"


def test_nothing_is_remembered_before_the_server_has_answered(path):
    TofuTrust(HERE, path).check(ONE, False)
    assert not path.exists()


def test_the_same_one_is_taken_without_a_word(path):
    meet(path)
    before = path.stat().st_ino
    assert meet(path) == ""
    assert path.stat().st_ino == before, "and nothing is written"


def test_another_one_is_refused_before_anything_is_said(path, remembered):
    remembered(f"# mine\nother:9000 {TWO}\n{HERE} {ONE}\n")
    assert refusal(TofuTrust(HERE, path).check, TWO, False) == (
        TURNED_AWAY,
        f"The certificate of {HERE} is {TWO}, and not the one it had before. Somebody may be in between, or the server was "
        f"set up again. If you know that it was: remove line 3 of {path}, or give the fingerprint that you were told with "
        "--fingerprint.",
    )
    assert path.read_text() == f"# mine\nother:9000 {TWO}\n{HERE} {ONE}\n"


def test_what_the_authorities_vouch_for_is_taken_without_a_word(path):
    assert meet(path, ONE, ca_verified=True) == ""
    assert meet(path, TWO, ca_verified=True) == ""
    assert path.read_text() == f"{HERE} authorities\n"


def test_where_authorities_once_vouched_nothing_less_will_do(path):
    meet(path, ONE, ca_verified=True)
    status, text = refusal(TofuTrust(HERE, path).check, TWO, False)
    assert (status, "not one that the system's authorities vouch for" in text) == (
        TURNED_AWAY,
        True,
    )


def test_a_new_one_that_authorities_vouch_for_is_taken_and_told(path, remembered):
    remembered(f"{HERE} {ONE}\n")
    told = meet(path, TWO, ca_verified=True)
    assert (
        told
        == f"{HERE} has a new certificate, for which the system's authorities vouch; it is remembered in {path}."
    )
    assert path.read_text() == f"{HERE} authorities\n"


def test_each_host_and_port_has_its_own(path):
    for shown, where in [(ONE, "a:1"), (TWO, "a:2"), (THREE, "b:1")]:
        assert meet(path, shown, where=where).startswith("First time at ")
    assert path.read_text() == f"a:1 {ONE}\na:2 {TWO}\nb:1 {THREE}\n"


@pytest.mark.parametrize(
    "line",
    [
        f"{HERE} {ONE}",
        f"  {HERE.upper()}\t{ONE}= of my server",
        f"{HERE} SHA256:{HEX}",
        f"{HERE} {TWO}\n{HERE} {ONE}",
    ],
)
def test_lines_written_by_hand_are_understood(path, remembered, line):
    remembered(f"{line}\n")
    assert meet(path) == ""


def test_a_comment_is_no_line_about_a_place(path, remembered):
    remembered(f"# {HERE} {TWO}\n#{HERE} {TWO}\n")
    assert meet(path).startswith("First time")


@pytest.mark.parametrize("value", ["", " SHA256:", " garbage", " \xff"])
def test_a_broken_line_lets_nobody_by(path, remembered, value):
    remembered(f"{HERE}{value}\n")
    assert "remove line 1 of" in refusal(TofuTrust(HERE, path).check, ONE, False)[1]


def test_all_lines_to_be_removed_are_named(path, remembered):
    remembered(f"{HERE} {TWO}\n\n{HERE} {THREE}\n")
    assert "remove lines 1, 3 of" in refusal(TofuTrust(HERE, path).check, ONE, False)[1]


def test_all_other_lines_stay_as_they_are(path):
    path.parent.mkdir(parents=True)
    path.write_bytes(
        b"# \xe9\r\n\n"
        + f"{HERE} {TWO}\n".encode()
        + b"x:1 y z\n"
        + f"{HERE} {THREE}\n".encode()
        + b"last"
    )
    meet(path, ONE, ca_verified=True)
    assert (
        path.read_bytes() == b"# \xe9\r\n\n" + f"{HERE} authorities\n".encode() + b"x:1 y z\nlast\n"
    )


def test_nobody_else_can_read_it_and_no_other_file_is_left(path, remembered):
    remembered("")
    path.chmod(0o644)
    meet(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(path.parent) == ["known_hosts"]


def test_its_directory_is_made(path):
    meet(path)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_link_stays_a_link(path, tmp_path):
    path.parent.mkdir(parents=True)
    path.symlink_to(tmp_path / "elsewhere")
    meet(path)
    assert path.is_symlink() and (tmp_path / "elsewhere").read_text() == f"{HERE} {ONE}\n"


def test_the_old_file_stays_where_the_new_one_cannot_be_made(path, remembered, monkeypatch):
    remembered(f"x:1 {TWO}\n")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    assert meet(path).endswith(f"it can't be remembered in {path}: No space left on device.")
    assert path.read_text() == f"x:1 {TWO}\n"
    assert os.listdir(path.parent) == ["known_hosts"]


def test_where_nothing_can_be_written_it_lasts_as_long_as_the_process(tmp_path):
    (tmp_path / "file").touch()
    seen = TofuTrust(HERE, tmp_path / "file" / "known_hosts")
    seen.check(ONE, False)
    assert "it can't be remembered in" in seen.remember()
    seen.check(ONE, False)
    assert seen.remember() == ""
    assert "If you know that it was: start again, or give" in refusal(seen.check, TWO, False)[1]


def test_a_file_that_cannot_be_read_is_not_taken_for_an_empty_one(path):
    path.mkdir(parents=True)
    status, text = refusal(TofuTrust(HERE, path).check, ONE, False)
    assert (status, text) == (
        USAGE,
        f"{path} can't be read: Is a directory. Make it readable, or use --fingerprint.",
    )


def test_of_two_at_once_the_second_goes_by_what_the_first_has_seen(path):
    seen = TofuTrust(HERE, path)
    seen.check(ONE, False)
    meet(path, TWO)
    assert refusal(seen.remember)[0] == TURNED_AWAY
    assert path.read_text() == f"{HERE} {TWO}\n"


def test_what_two_write_at_once_is_all_kept(path):
    first, second = KnownHosts(path), KnownHosts(path)
    with first.locked():
        first.put("a:1", ONE)
    with second.locked():
        second.put("b:1", TWO)
    assert path.read_text() == f"a:1 {ONE}\nb:1 {TWO}\n"


# On this machine.

LOCAL = "localhost:9000"


class Observer:
    def __init__(self):
        self.met = []
        self.forgotten = []

    def on_server(self, server):
        self.met.append(server)

    def forget(self, certificate):
        self.forgotten.append(certificate)


def visit(path, *shown, ca_verified=False, **options):
    """
    Come to a server on this machine, and to the next ones in the same run. Returns what is told,
    and which it was.
    """
    visitor = Observer()
    local = LocalTrust(LOCAL, path, visitor, **options)
    told = []
    for one in shown:
        local.check(one, ca_verified)
        told.append(local.remember())
    (server,) = visitor.met
    return "".join(told), server, visitor.forgotten


def test_on_this_machine_the_first_one_is_remembered_without_a_word_unless_told(path):
    assert visit(path, ONE) == ("", LocalServer(ONE, inherits=False), [])
    assert path.read_text() == f"{LOCAL} {ONE}\n"
    path.unlink()
    told, _, _ = visit(path, ONE, announced=[Verdict.FIRST])
    assert told == f"First time at {LOCAL}. Its certificate is {ONE}; it is remembered in {path}."


def test_on_this_machine_another_one_is_another_server_and_the_first_inherits(path):
    visit(path, ONE)
    told, server, _ = visit(path, TWO, announced=[Verdict.CHANGED])
    assert told == f"{LOCAL} has another certificate than before: taken for another server."
    assert server == LocalServer(TWO, inherits=False)
    assert path.read_text() == f"{LOCAL} {ONE}\n{LOCAL} {TWO}\n"
    assert visit(path, ONE, ONE) == ("", LocalServer(ONE, inherits=True), [])
    assert visit(path, TWO) == ("", LocalServer(TWO, inherits=False), [])


def test_on_this_machine_what_the_authorities_vouch_for_is_one_server(path):
    visit(path, ONE)
    assert visit(path, TWO, THREE, ca_verified=True)[1].certificate == AUTHORITIES
    assert visit(path, ONE, ca_verified=True)[1].certificate == ONE
    assert path.read_text() == f"{LOCAL} {ONE}\n{LOCAL} {AUTHORITIES}\n"


def test_on_this_machine_the_oldest_of_many_makes_room(path, remembered):
    shown = [fingerprints.fingerprint(bytes([number])) for number in range(MAX_CERTIFICATES + 1)]
    remembered(f"# mine\n{HERE} {ONE}\n")
    assert [visit(path, one)[2] for one in shown] == [[]] * MAX_CERTIFICATES + [[shown[0]]]
    assert path.read_text().splitlines() == [
        "# mine",
        f"{HERE} {ONE}",
        *(f"{LOCAL} {one}" for one in shown[1:]),
    ]
    assert not visit(path, shown[1])[1].inherits, "since it was not the first one"


def test_on_this_machine_another_one_gets_nothing_that_was_not_typed_for_it(path):
    visit(path, ONE, strict=True)
    visit(path, ONE, strict=True)
    status, text = refusal(lambda: visit(path, TWO, strict=True))
    assert (status, f"remove line 1 of {path}" in text) == (TURNED_AWAY, True)
    assert path.read_text() == f"{LOCAL} {ONE}\n"


def test_on_this_machine_no_run_has_two_servers(path):
    assert refusal(visit, path, ONE, TWO) == (
        TURNED_AWAY,
        f"Another server is at {LOCAL} now: its certificate is {TWO}. Your input was meant for the server before it. "
        "Start groupchat-connect again to join it.",
    )


def test_on_this_machine_where_nothing_can_be_written_it_lasts_as_long_as_the_process(tmp_path):
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "known_hosts"
    assert visit(path, ONE, ONE)[0] == ""
    assert refusal(visit, path, ONE, TWO)[0] == TURNED_AWAY
    local = LocalTrust(LOCAL, path, Observer())
    local.check(ONE, False)
    local.remember()
    assert local.is_known


@pytest.mark.parametrize(
    ("text", "inherits"),
    [("", True), (f"{LOCAL} {ONE}\n", True), (f"{LOCAL} {TWO}\n{LOCAL} {ONE}\n", False)],
)
def test_a_server_on_this_machine_whose_fingerprint_is_told_inherits_unless_another_was_first(
    path, remembered, text, inherits
):
    remembered(text)
    assert pinned_server(KnownHosts(path), LOCAL, ONE) == LocalServer(ONE, inherits)


# A fingerprint that was told.


def test_the_one_that_was_told_is_good_whoever_vouches():
    told = PinnedTrust(HERE, ONE)
    for ca_verified in True, False:
        told.check(ONE, ca_verified)
        assert told.remember() == ""


@pytest.mark.parametrize("ca_verified", [True, False])
def test_no_other_is_good_whoever_vouches(ca_verified):
    status, text = refusal(PinnedTrust(HERE, ONE).check, TWO, ca_verified)
    assert (status, text[:80]) == (TURNED_AWAY, f"The certificate of {HERE} is {TWO}, and not"[:80])
