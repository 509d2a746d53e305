"""Fingerprints, and what comes of showing a certificate."""

import pytest

from groupchat import fingerprints
from groupchat.cli.failures import exit_for
from groupchat.client.errors import ClientError
from groupchat.client.trust import TofuTrust

ONE, TWO, THREE = (fingerprints.fingerprint(der) for der in (b"one", b"two", b"three"))
HEX = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"  # of b"one"
HERE = "chat.example.org:9000"


def meet(known_hosts, shown=ONE, ca_verified=False, where=HERE):
    """Come to a server that shows this, and hear it answer. Returns what is told."""
    seen = TofuTrust(where, known_hosts)
    seen.check(shown, ca_verified)
    return seen.remember()


def refusal(act, *arguments):
    with pytest.raises(ClientError) as caught:
        act(*arguments)
    ending = exit_for(caught.value)
    return ending.status, ending.text
