"""
The head of a request to the `Request` that handlers see.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from groupchat.gateways.web.message import Request
from groupchat.gateways.web.problem import Problem

if TYPE_CHECKING:
    import h11

    from groupchat.server.protocol import ChatProtocol

__all__ = ["MAX_BODY", "check_head", "make_request"]

MAX_BODY = 65_536  #: bytes of a request's body
MAX_HEADERS = 100  #: of a request
MAX_PARAMETERS = 32  #: of a query
_VERSIONS = (b"1.0", b"1.1")


def check_head(head: h11.Request) -> None:
    """
    Refuse a request by its head alone: then its body is not read, and the connection is closed.

    :raises Problem: it is refused.
    """
    headers = dict(head.headers)
    if head.http_version not in _VERSIONS:
        raise Problem(505, "bad-version", "This server speaks HTTP/1.1.", close=True)
    if b"transfer-encoding" in headers:
        # Proxies disagree about which of the two counts: that is how requests are smuggled.
        if b"content-length" in headers:
            raise Problem(
                400, "bad-request", "A request has a length or an encoding, not both.", close=True
            )
        if head.http_version == b"1.0":
            raise Problem(400, "bad-request", "HTTP/1.0 has no transfer encodings.", close=True)
    if len(head.headers) > MAX_HEADERS:
        raise Problem(431, "too-large", f"A request has at most {MAX_HEADERS} headers.", close=True)
    if int(headers.get(b"content-length", b"0")) > MAX_BODY:
        raise too_large()


def too_large() -> Problem:
    """Return the refusal of a body that is too long."""
    return Problem(413, "too-large", f"A body has at most {MAX_BODY} bytes.", close=True)


def make_request(head: h11.Request, body: bytes, protocol: ChatProtocol) -> Request:
    """
    Return the request that this is.

    :raises Problem: its target makes no sense.
    """
    headers: dict[str, str] = {}
    for raw_name, raw_value in head.headers:
        name, value = raw_name.decode("ascii"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    path, query = _target(head.target.decode("latin-1"), headers)
    return Request(
        method=head.method.decode("ascii"),
        path=path,
        query=_parameters(query),
        headers=headers,
        body=body,
        address=protocol.address,
        encrypted=protocol.peer.encrypted,
        port=getattr(protocol.transport.getHost(), "port", 0),
    )


def _target(target: str, headers: dict[str, str]) -> tuple[str, str]:
    """Return path and query of a target; the host of an absolute one is the request's."""
    scheme, separator, rest = target.partition("://")
    if separator and scheme.lower() in ("http", "https"):
        host, slash, rest = rest.partition("/")
        headers["host"] = host
        target = slash + rest or "/"
    if not target.startswith("/") and target != "*":
        raise Problem(400, "bad-request", "A target is a path that begins with a slash.")
    path, _, query = target.partition("?")
    return path, query


def _parameters(query: str) -> dict[str, str]:
    if not query:
        return {}
    try:
        pairs = parse_qsl(
            query, keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS
        )
    except ValueError:  # UnicodeDecodeError is one
        raise Problem(
            400, "bad-request", f"A query has at most {MAX_PARAMETERS} parameters, in UTF-8."
        ) from None
    return dict(pairs)
