"""
Translates the client's errors for groupchat-connect: into an exit status, and a sentence that names
options.
"""

from __future__ import annotations

from groupchat.cli.exit import LOST, TURNED_AWAY, UNREACHABLE, USAGE, Exit
from groupchat.client import errors
from groupchat.client.errors import ClientError

__all__ = ["exit_for"]

_NO_TLS = "If you trust it, start again with --no-tls."
_OUTBOX = "--outbox {0.path}: {0}."

#: The exit status of each error, and its sentence: ``{0}`` is the error.
_FAILURES: dict[type[ClientError], tuple[int, str]] = {
    errors.OutboxUnusable: (USAGE, "--outbox {0.path}: {0}"),
    errors.OutboxLocked: (
        USAGE,
        "--outbox {0.path}: another groupchat-connect uses that file. Take another.",
    ),
    errors.OutboxOwned: (USAGE, f"{_OUTBOX} Take another for {{0.wanted}}."),
    errors.OutboxForAnotherServer: (
        TURNED_AWAY,
        f"{_OUTBOX} Start that server, or take another file.",
    ),
    errors.CertificateMismatch: (
        TURNED_AWAY,
        "The certificate of {0.host_key} is {0.shown}, and not the one given with --fingerprint. "
        "Somebody may be in between; ask those who run the server for its fingerprint.",
    ),
    errors.CertificateChanged: (
        TURNED_AWAY,
        "{0} If you know that it was: {0.remedy}, "
        "or give the fingerprint that you were told with --fingerprint.",
    ),
    errors.ServerReplaced: (TURNED_AWAY, "{0} Start groupchat-connect again to join it."),
    errors.CertificateError: (TURNED_AWAY, "{0}"),
    errors.KnownHostsUnreadable: (USAGE, "{0} Make it readable, or use --fingerprint."),
    errors.ServerUnproven: (TURNED_AWAY, f"{{0}} {_NO_TLS}"),
    errors.TLSUnsupported: (UNREACHABLE, "{0} If you trust the network: --no-tls"),
    errors.NotReachable: (UNREACHABLE, "{0}"),
    errors.PasswordRequired: (TURNED_AWAY, "{0} Give it with --password-file."),
    errors.PasswordWithheld: (TURNED_AWAY, f"{{0}} {_NO_TLS}"),
    errors.Rejected: (TURNED_AWAY, "{0}"),
    errors.DeliveryAbandoned: (LOST, "{0}"),
    errors.Stopped: (LOST, "{0}"),
}


def exit_for(error: ClientError | None) -> Exit:
    """Returns how groupchat-connect ends for this error; None stands for a good end."""
    if error is None:
        return Exit()
    status, sentence = next(_FAILURES[kind] for kind in type(error).__mro__ if kind in _FAILURES)
    return Exit(status, sentence.format(error))
