"""The decision about a certificate, and the memory of it."""

import pytest

from groupchat.cli.exit import TURNED_AWAY
from groupchat.client.trust import AUTHORITIES, PinnedTrust, TofuTrust, Verdict, classify
from tests.client.trust_support import HERE, ONE, TWO, meet, refusal


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


def test_the_first_one_is_remembered_and_told(known_hosts):
    assert (
        meet(known_hosts)
        == f"First time at {HERE}. Its certificate is {ONE}; it is remembered in {known_hosts}."
    )
    assert known_hosts.read_text() == f"{HERE} {ONE}\n"


def test_nothing_is_remembered_before_the_server_has_answered(known_hosts):
    TofuTrust(HERE, known_hosts).check(ONE, False)
    assert not known_hosts.exists()


def test_the_same_one_is_taken_without_a_word(known_hosts):
    meet(known_hosts)
    before = known_hosts.stat().st_ino
    assert meet(known_hosts) == ""
    assert known_hosts.stat().st_ino == before, "and nothing is written"


def test_another_one_is_refused_before_anything_is_said(known_hosts, write_known_hosts):
    write_known_hosts(f"# mine\nother:9000 {TWO}\n{HERE} {ONE}\n")
    assert refusal(TofuTrust(HERE, known_hosts).check, TWO, False) == (
        TURNED_AWAY,
        f"The certificate of {HERE} is {TWO}, and not the one it had before. Somebody may be in "
        f"between, or the server was "
        f"set up again. If you know that it was: remove line 3 of {known_hosts}, or give the "
        f"fingerprint that you were told with "
        "--fingerprint.",
    )
    assert known_hosts.read_text() == f"# mine\nother:9000 {TWO}\n{HERE} {ONE}\n"


def test_what_the_authorities_vouch_for_is_taken_without_a_word(known_hosts):
    assert meet(known_hosts, ONE, ca_verified=True) == ""
    assert meet(known_hosts, TWO, ca_verified=True) == ""
    assert known_hosts.read_text() == f"{HERE} authorities\n"


def test_where_authorities_once_vouched_nothing_less_will_do(known_hosts):
    meet(known_hosts, ONE, ca_verified=True)
    status, text = refusal(TofuTrust(HERE, known_hosts).check, TWO, False)
    assert (status, "not one that the system's authorities vouch for" in text) == (
        TURNED_AWAY,
        True,
    )


def test_a_new_certificate_that_authorities_verify_is_accepted_and_reported(
    known_hosts, write_known_hosts
):
    write_known_hosts(f"{HERE} {ONE}\n")
    told = meet(known_hosts, TWO, ca_verified=True)
    assert (
        told == f"{HERE} has a new certificate, for which the system's authorities vouch; it is "
        f"remembered in {known_hosts}."
    )
    assert known_hosts.read_text() == f"{HERE} authorities\n"


def test_where_nothing_can_be_written_it_lasts_as_long_as_the_process(tmp_path):
    (tmp_path / "file").touch()
    seen = TofuTrust(HERE, tmp_path / "file" / "known_hosts")
    seen.check(ONE, False)
    assert "it can't be remembered in" in seen.remember()
    seen.check(ONE, False)
    assert seen.remember() == ""
    assert "If you know that it was: start again, or give" in refusal(seen.check, TWO, False)[1]


def test_the_pinned_certificate_is_good_whoever_verifies_it():
    told = PinnedTrust(HERE, ONE)
    for ca_verified in True, False:
        told.check(ONE, ca_verified)
        assert told.remember() == ""


@pytest.mark.parametrize("ca_verified", [True, False])
def test_no_other_certificate_is_good_whoever_verifies_it(ca_verified):
    status, text = refusal(PinnedTrust(HERE, ONE).check, TWO, ca_verified)
    assert (status, text[:80]) == (TURNED_AWAY, f"The certificate of {HERE} is {TWO}, and not"[:80])
