"""
The caller that makes a request: by a password, a token or a guest's name, or nobody in particular.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from groupchat.wire.errors import BadField, HelloFirst

if TYPE_CHECKING:
    from groupchat.core.callers import Caller, Callers
    from groupchat.gateways.web.message import Request

__all__ = ["caller", "speaker"]


async def caller(callers: Callers, request: Request) -> Caller:
    """
    Return whoever makes a request.

    :raises Refused: the name or its password is not accepted, or makes no sense.
    :raises Disconnect: it is banned, or no member where only members are let in.
    """
    authorization, name = request.headers.get("authorization"), request.query.get("name")
    if authorization is None:
        if name is None:
            return callers.anonymous(request.address)
        return callers.guest(name, request.address)
    if name is not None:
        raise BadField("Give a name or an Authorization, not both.")
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return callers.bearer(credentials.strip(), request.address)
    if scheme.lower() == "basic":
        name, password = _pair(credentials.strip())
        return await callers.owner(name, password, request.address)
    raise HelloFirst("Authorization is Basic (a name and its password) or Bearer (a token).")


async def speaker(callers: Callers, request: Request) -> Caller:
    """
    Return whoever makes a request, and has a name.

    :raises HelloFirst: it has none.
    :raises Refused: like `caller`.
    :raises Disconnect: like `caller`.
    """
    found = await caller(callers, request)
    if not found.name:
        raise HelloFirst(
            "Under which name? ?name=NAME is a guest's; a registered one needs its password"
            " (curl -u NAME) or a token (Authorization: Bearer TOKEN)."
        )
    return found


def _pair(credentials: str) -> tuple[str, str]:
    """Return the name and the password in the credentials of Basic (RFC 7617)."""
    try:
        name, colon, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):  # UnicodeDecodeError is one
        colon = ""
    if not colon:
        raise BadField("Authorization: Basic has NAME:PASSWORD in UTF-8, as base64.")
    return name, password
