"""
Refusals of HTTP requests, as RFC 9457 has them: application/problem+json.
"""

from __future__ import annotations

import http

import msgspec

from groupchat.gateways.web.message import Headers, Response

__all__ = ["Problem"]


class Problem(Exception):
    """
    A request is refused.

    :param status: the status of the answer.
    :param code: a word for programs: the wire's, where it has one.
    :param detail: a sentence for people.
    :param retry: seconds after which it may be tried again.
    :param headers: more headers of the answer.
    :param close: whether the connection is closed after the answer.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        retry: float | None = None,
        headers: Headers | None = None,
        close: bool = False,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.retry = retry
        self.headers = headers or {}
        self.close = close

    def response(self) -> Response:
        """Return the answer that says so."""
        fields = {
            "title": http.HTTPStatus(self.status).phrase,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
        }
        headers = {"Cache-Control": "no-store", **self.headers}
        if self.retry is not None:
            headers["Retry-After"] = str(max(1, round(self.retry)))
        return Response(
            status=self.status,
            body=msgspec.json.encode(fields) + b"\n",
            type="application/problem+json",
            headers=headers,
            close=self.close,
        )
