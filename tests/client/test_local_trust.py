"""The servers on this machine, told apart by their certificates."""

import pytest

from groupchat import fingerprints
from groupchat.cli.exit import TURNED_AWAY
from groupchat.client.known_hosts import KnownHosts
from groupchat.client.local_trust import MAX_CERTIFICATES, LocalServer, LocalTrust, pinned_server
from groupchat.client.trust import AUTHORITIES, Verdict
from tests.client.trust_support import HERE, ONE, THREE, TWO, refusal

LOCAL = "localhost:9000"


class Observer:
    def __init__(self):
        self.met = []
        self.forgotten = []

    def on_server(self, server):
        self.met.append(server)

    def forget(self, certificate):
        self.forgotten.append(certificate)


def visit(known_hosts, *shown, ca_verified=False, **options):
    """
    Come to a server on this machine, and to the next ones in the same run. Returns what is told,
    and which it was.
    """
    visitor = Observer()
    local = LocalTrust(LOCAL, known_hosts, visitor, **options)
    told = []
    for one in shown:
        local.check(one, ca_verified)
        told.append(local.remember())
    (server,) = visitor.met
    return "".join(told), server, visitor.forgotten


def test_on_this_machine_the_first_server_is_remembered_and_only_announced_if_asked(known_hosts):
    assert visit(known_hosts, ONE) == ("", LocalServer(ONE, inherits=False), [])
    assert known_hosts.read_text() == f"{LOCAL} {ONE}\n"
    known_hosts.unlink()
    told, _, _ = visit(known_hosts, ONE, announced=[Verdict.FIRST])
    assert (
        told
        == f"First time at {LOCAL}. Its certificate is {ONE}; it is remembered in {known_hosts}."
    )


def test_on_this_machine_another_one_is_another_server_and_the_first_inherits(known_hosts):
    visit(known_hosts, ONE)
    told, server, _ = visit(known_hosts, TWO, announced=[Verdict.CHANGED])
    assert told == f"{LOCAL} has another certificate than before: taken for another server."
    assert server == LocalServer(TWO, inherits=False)
    assert known_hosts.read_text() == f"{LOCAL} {ONE}\n{LOCAL} {TWO}\n"
    assert visit(known_hosts, ONE, ONE) == ("", LocalServer(ONE, inherits=True), [])
    assert visit(known_hosts, TWO) == ("", LocalServer(TWO, inherits=False), [])


def test_on_this_machine_what_the_authorities_vouch_for_is_one_server(known_hosts):
    visit(known_hosts, ONE)
    assert visit(known_hosts, TWO, THREE, ca_verified=True)[1].certificate == AUTHORITIES
    assert visit(known_hosts, ONE, ca_verified=True)[1].certificate == ONE
    assert known_hosts.read_text() == f"{LOCAL} {ONE}\n{LOCAL} {AUTHORITIES}\n"


def test_on_this_machine_the_oldest_of_many_makes_room(known_hosts, write_known_hosts):
    shown = [fingerprints.fingerprint(bytes([number])) for number in range(MAX_CERTIFICATES + 1)]
    write_known_hosts(f"# mine\n{HERE} {ONE}\n")
    assert [visit(known_hosts, one)[2] for one in shown] == [[]] * MAX_CERTIFICATES + [[shown[0]]]
    assert known_hosts.read_text().splitlines() == [
        "# mine",
        f"{HERE} {ONE}",
        *(f"{LOCAL} {one}" for one in shown[1:]),
    ]
    assert not visit(known_hosts, shown[1])[1].inherits, "since it was not the first one"


def test_on_this_machine_another_one_gets_nothing_that_was_not_typed_for_it(known_hosts):
    visit(known_hosts, ONE, strict=True)
    visit(known_hosts, ONE, strict=True)
    status, text = refusal(lambda: visit(known_hosts, TWO, strict=True))
    assert (status, f"remove line 1 of {known_hosts}" in text) == (TURNED_AWAY, True)
    assert known_hosts.read_text() == f"{LOCAL} {ONE}\n"


def test_on_this_machine_no_run_has_two_servers(known_hosts):
    assert refusal(visit, known_hosts, ONE, TWO) == (
        TURNED_AWAY,
        f"Another server is at {LOCAL} now: its certificate is {TWO}. Your input was meant for "
        f"the server before it. "
        "Start groupchat-connect again to join it.",
    )


def test_on_this_machine_where_nothing_can_be_written_it_lasts_as_long_as_the_process(tmp_path):
    (tmp_path / "file").touch()
    known_hosts = tmp_path / "file" / "known_hosts"
    assert visit(known_hosts, ONE, ONE)[0] == ""
    assert refusal(visit, known_hosts, ONE, TWO)[0] == TURNED_AWAY
    local = LocalTrust(LOCAL, known_hosts, Observer())
    local.check(ONE, False)
    local.remember()
    assert local.is_known


@pytest.mark.parametrize(
    ("text", "inherits"),
    [("", True), (f"{LOCAL} {ONE}\n", True), (f"{LOCAL} {TWO}\n{LOCAL} {ONE}\n", False)],
)
def test_a_server_on_this_machine_with_a_given_fingerprint_inherits_unless_another_was_first(
    known_hosts, write_known_hosts, text, inherits
):
    write_known_hosts(text)
    assert pinned_server(KnownHosts(known_hosts), LOCAL, ONE) == LocalServer(ONE, inherits)
