"""
Fingerprints of certificates: the SHA-256 of a certificate in DER, in the form
that ssh and `ssh-keygen -l` use for keys.
"""

from __future__ import annotations

import base64
import hashlib
import re

__all__ = ["fingerprint", "parse_fingerprint"]

_BASE64 = re.compile(r"[A-Za-z0-9+/]{43}=?")
_HEX = re.compile(r"[0-9A-Fa-f]{64}|[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){31}")


def fingerprint(certificate: bytes) -> str:
    """
    Returns the fingerprint of a certificate.

    :param certificate: in DER.
    """
    return _format(hashlib.sha256(certificate).digest())


def parse_fingerprint(text: str) -> str:
    """
    Returns a fingerprint given in base64 or hex in the form of `fingerprint`.

    :raises ValueError: the text is not a SHA-256 fingerprint.
    """
    digest = text[7:] if text[:7].lower() == "sha256:" else text
    if _HEX.fullmatch(digest):
        return _format(bytes.fromhex(digest.replace(":", "")))
    if _BASE64.fullmatch(digest):
        return _format(base64.b64decode(digest[:43] + "="))
    raise ValueError(f"not a SHA-256 fingerprint: {text}")


def _format(digest: bytes) -> str:
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")
