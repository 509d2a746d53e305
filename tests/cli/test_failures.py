"""The exit status and the sentence for each error of the client."""

from pathlib import Path

import pytest

from groupchat.cli.exit import DONE, LOST, TURNED_AWAY, UNREACHABLE, USAGE
from groupchat.cli.failures import exit_for
from groupchat.client import errors


@pytest.mark.parametrize(
    ("error", "status", "option"),
    [
        (errors.OutboxUnusable("box", "No space left. Take another file."), USAGE, "--outbox box"),
        (errors.OutboxLocked("box"), USAGE, "--outbox box: another groupchat-connect uses"),
        (errors.OutboxOwned("box", "bob@h:1", "alice@h:1"), USAGE, "Take another for alice@h:1."),
        (errors.OutboxForAnotherServer("box"), TURNED_AWAY, "or take another file."),
        (errors.CertificateMissing("h"), TURNED_AWAY, "h shows no certificate."),
        (errors.CertificateMismatch("h:1", "SHA256:x"), TURNED_AWAY, "--fingerprint"),
        (
            errors.CertificateChanged("h:1", "SHA256:x", "the one it had before", [3], Path("k")),
            TURNED_AWAY,
            "remove line 3 of k, or give the fingerprint that you were told with --fingerprint.",
        ),
        (errors.ServerReplaced("h:1", "SHA256:x"), TURNED_AWAY, "Start groupchat-connect again"),
        (errors.KnownHostsUnreadable(Path("k"), "It is a directory"), USAGE, "--fingerprint"),
        (errors.ServerUnproven(), TURNED_AWAY, "--no-tls"),
        (errors.NotReachable("h is away."), UNREACHABLE, "h is away."),
        (errors.TLSUnsupported("h does not speak TLS."), UNREACHABLE, "--no-tls"),
        (errors.Rejected("Taken."), TURNED_AWAY, "Taken."),
        (errors.PasswordRequired("Registered."), TURNED_AWAY, "--password-file"),
        (errors.PasswordWithheld("Unproven."), TURNED_AWAY, "--no-tls"),
        (errors.DeliveryAbandoned(), LOST, "does not come back."),
        (errors.Stopped(), LOST, "Stopped."),
    ],
)
def test_an_error_has_its_status_and_names_the_option_that_helps(error, status, option):
    ending = exit_for(error)
    assert (ending.status, option in ending.text) == (status, True), ending.text


def test_a_good_end_is_no_error():
    assert (exit_for(None).status, exit_for(None).text) == (DONE, "")


def test_a_server_cannot_bring_its_own_format():
    assert exit_for(errors.Rejected("{0.__class__} {x}")).text == "{0.__class__} {x}"
