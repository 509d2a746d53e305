"""
Fingerprints of certificates: the SHA-256 of a certificate in DER, as ssh and `ssh-keygen -l` write
that of a key.
"""

from __future__ import annotations

import base64
import hashlib
import re

_BASE64 = re.compile(r"[A-Za-z0-9+/]{43}=?")
_HEX = re.compile(r"[0-9A-Fa-f]{64}|[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){31}")


def fingerprint(certificate: bytes) -> str:
    """
    The fingerprint of a certificate.

    :param certificate: in DER.
    """
    return _written(hashlib.sha256(certificate).digest())


def parse_fingerprint(text: str) -> str:
    """
    A fingerprint as `fingerprint` writes it, from one in base64 or hex.

    :raises ValueError: it is none.
    """
    digest = text[7:] if text[:7].lower() == "sha256:" else text
    if _HEX.fullmatch(digest):
        return _written(bytes.fromhex(digest.replace(":", "")))
    if _BASE64.fullmatch(digest):
        return _written(base64.b64decode(digest[:43] + "="))
    raise ValueError(f"no SHA-256: {text}")


def _written(digest: bytes) -> str:
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")
