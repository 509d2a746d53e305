"""
The certificate: made, stored, read again, and refused.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import os
import ssl
import stat
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from twisted.logger import formatEvent, globalLogPublisher

from groupchat.errors import CannotStart
from groupchat.server import tls
from groupchat.server.tls import Certificate


@pytest.fixture
def path(tmp_path):
    return tmp_path / "groupchat.pem"


@pytest.fixture
def logged():
    events = []
    globalLogPublisher.addObserver(events.append)
    yield lambda: [
        formatEvent(event) for event in events if event["log_namespace"].endswith("Certificate")
    ]
    globalLogPublisher.removeObserver(events.append)


def opened(path, own=False):
    certificate = Certificate(path and str(path), own)
    certificate.open()
    return certificate


def refused(path, own=False):
    with pytest.raises(CannotStart) as caught:
        opened(path, own)
    return str(caught.value)


def parts(pem):
    """The certificate and the key of a file that was made."""
    at = pem.index(b"-----BEGIN PRIVATE KEY")
    return pem[:at], pem[at:]


def written(path, *pems):
    path.write_bytes(b"".join(pems))
    return path


# One of our own.


def test_where_there_is_none_it_is_made_and_only_we_can_read_it(path):
    opened(path, own=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(path.parent) == [path.name]
    made = x509.load_pem_x509_certificate(path.read_bytes())
    key = made.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == "secp256r1"
    lasts = made.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
    assert datetime.timedelta(days=3651) < lasts < datetime.timedelta(days=3653)


@pytest.mark.parametrize("year", [1970, 2031])
def test_a_certificate_that_is_made_by_a_wrong_clock_is_good_by_the_right_one(monkeypatch, year):
    clock = SimpleNamespace(now=lambda zone: datetime.datetime(year, 1, 1, tzinfo=zone))
    monkeypatch.setattr(tls, "datetime", SimpleNamespace(**{**vars(datetime), "datetime": clock}))
    made = x509.load_pem_x509_certificate(tls.make())
    assert made.not_valid_before_utc < datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    assert made.not_valid_after_utc > datetime.datetime(2029, 1, 1, tzinfo=datetime.UTC)


def test_it_is_made_once(path):
    first = opened(path, own=True).fingerprint
    assert opened(path, own=True).fingerprint == first


def test_each_is_another(tmp_path):
    assert (
        opened(tmp_path / "a.pem", own=True).fingerprint
        != opened(tmp_path / "b.pem", own=True).fingerprint
    )


def test_one_in_memory_is_kept_nowhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    certificate = opened(None, own=True)
    assert certificate.context() is certificate.context()
    certificate.refresh()
    assert os.listdir() == []


def test_its_fingerprint_is_written_as_ssh_writes_one(path):
    told = opened(path, own=True).fingerprint
    der = ssl.PEM_cert_to_DER_cert(parts(path.read_bytes())[0].decode())
    assert told == "SHA256:" + base64.b64encode(hashlib.sha256(der).digest()).decode().rstrip("=")


def test_one_that_can_not_be_kept_is_told_and_nothing_is_left(path, monkeypatch):
    assert "No such file or directory" in refused(path.parent / "missing" / "x.pem", own=True)

    def full(number):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tls.os, "fsync", full)
    assert refused(path, own=True).startswith(
        f"the certificate {path}: the disk is full. Make room."
    )
    assert os.listdir(path.parent) == []


def test_one_of_our_own_that_is_damaged_is_left_as_it_is(path):
    written(path, b"Dear diary,\n")
    assert "or remove it" in refused(path, own=True)
    assert path.read_bytes() == b"Dear diary,\n"


# One that is given.


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_key_may_stand_anywhere(path, order):
    both = parts(tls.make())
    certificate = opened(written(path, *(both[at] for at in order)))
    assert certificate.fingerprint.startswith("SHA256:")


def test_of_a_chain_the_one_of_the_key_is_its_own(path):
    (own, key), (other, _) = parts(tls.make()), parts(tls.make())
    assert (
        opened(written(path, own, other, key)).fingerprint
        == opened(written(path, other, key, own)).fingerprint
    )
    assert (
        opened(written(path, own, key)).fingerprint
        == opened(written(path, key, own, other)).fingerprint
    )


def test_it_allows_nothing_old_and_no_tickets(path):
    context = opened(path, own=True).context()
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.options & ssl.OP_NO_RENEGOTIATION and context.options & ssl.OP_NO_COMPRESSION
    assert context.options & ssl.OP_NO_TICKET and context.num_tickets == 0


def test_of_tls_1_2_only_ciphers_with_forward_secrecy_are_spoken(path):
    ciphers = opened(path, own=True).context().get_ciphers()
    assert ciphers
    for cipher in ciphers:
        assert cipher["protocol"] == "TLSv1.3" or cipher["name"].startswith("ECDHE-")
        assert cipher["aead"]


def locked():
    key = ec.generate_private_key(ec.SECP256R1())
    passphrase = serialization.BestAvailableEncryption(b"secret")
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, passphrase
    )


def weak():
    """A key that OpenSSL does not take, with its certificate."""
    key = rsa.generate_private_key(65537, 1024)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tls.ec, "generate_private_key", lambda curve: key)
        return tls.make()


CERT, KEY = parts(tls.make())
BAD = {
    "empty": (b"", "in PEM"),
    "text": (b"Dear diary,\n", "in PEM"),
    "no key": (CERT, "in PEM"),
    "no certificate": (KEY, "in PEM"),
    "cut": (CERT + KEY[:100], "in PEM"),
    "passphrase": (CERT + locked(), "without a passphrase"),
    "another's key": (parts(tls.make())[0] + KEY, "that of another certificate"),
    "weak": (weak(), "too small"),
}


@pytest.mark.parametrize("bad", BAD)
def test_what_can_not_be_used_is_told_in_one_line(path, bad):
    pem, told = BAD[bad]
    line = refused(written(path, pem))
    assert (
        line.startswith(f"the certificate {path}: ")
        and told in line
        and line.endswith(" --certificate.")
    )
    assert "\n" not in line


def test_so_is_what_is_not_there(path):
    assert "No such file or directory" in refused(path)
    assert "Is a directory" in refused(path.parent)


# Read again.


def test_while_its_file_stays_the_same_it_is_not_read_again(path):
    certificate = opened(path, own=True)
    assert certificate.context() is certificate.context()


def test_it_is_read_anew_when_its_file_is_another(path, logged):
    certificate = opened(path, own=True)
    context, fingerprint = certificate.context(), certificate.fingerprint
    fresh = written(path.parent / "fresh", tls.make())
    fresh.rename(path)
    assert certificate.context() is not context
    assert certificate.fingerprint != fingerprint
    assert logged() == [f"The certificate {path} is read: {certificate.fingerprint}"]


def test_it_is_read_anew_when_it_is_told_to(path):
    certificate = opened(path, own=True)
    context, fingerprint = certificate.context(), certificate.fingerprint
    certificate.refresh()
    assert certificate.context() is not context
    assert certificate.fingerprint == fingerprint


@pytest.mark.parametrize("bad", [*BAD, "gone", "pipe"])
def test_where_the_new_one_is_bad_the_one_before_is_kept_and_the_log_says_so_once(
    path, logged, bad
):
    certificate = opened(path, own=True)
    context = certificate.context()
    if bad in BAD:
        written(path, BAD[bad][0])
    else:
        path.unlink()
    if bad == "pipe":
        os.mkfifo(path)
    for _ in range(3):
        assert certificate.context() is context
    (line,) = logged()
    assert line.startswith(f"The certificate {path} can't be used: ") and line.endswith(
        ". The one before is kept."
    )
    path.unlink(missing_ok=True)
    written(path, tls.make())
    assert certificate.context() is not context
    assert len(logged()) == 2
