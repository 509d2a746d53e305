"""Fingerprints and addresses, in all the ways in which people write them."""

import re

import pytest

from groupchat import fingerprints
from groupchat.client import address
from tests.client.trust_support import HEX, ONE


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
def test_an_address_is_written_in_only_one_way(host, written):
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
