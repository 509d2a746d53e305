"""The two pages of ``--metrics``: /metrics, and /healthz with status 200 or 503."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from twisted.web.http import SERVICE_UNAVAILABLE
from twisted.web.pages import notFound
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request, Site

from groupchat.ops.health import Health
from groupchat.ops.metrics import Metrics

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorTime

__all__ = ["metrics_site"]

TIMEOUT = 30  #: seconds of silence after which a connection is closed
_INDEX = b"groupchat: /metrics is for Prometheus, /healthz for a load balancer.\n"


def metrics_site(metrics: Metrics, health: Health, clock: IReactorTime) -> Site:
    """Return the factory of the connections to ``--metrics``."""
    root = _Root()  # type: ignore[no-untyped-call]
    root.putChild(b"", _Page(lambda request: _INDEX))
    root.putChild(b"metrics", _Page(lambda request: metrics.text()))
    root.putChild(b"healthz", _Page(partial(_health, health)))
    return _Site(root, timeout=TIMEOUT, reactor=clock)  # type: ignore[no-untyped-call]


def _health(health: Health, request: Request) -> bytes:
    problems = health.problems()
    if problems:
        request.setResponseCode(SERVICE_UNAVAILABLE)
    return "".join(f"{line}\n" for line in problems or ["ok"]).encode()


class _Root(Resource):
    """The parent of the pages."""

    def getChild(self, path: bytes, request: Request) -> IResource:
        return notFound()


class _Site(Site):
    """A site that keeps no log of requests: there is one every few seconds."""

    noisy = False
    displayTracebacks = False

    def log(self, request: object) -> None:
        """Log nothing."""


class _Page(Resource):
    """
    A page of plain text.

    :param text: returns it.
    """

    isLeaf = True

    def __init__(self, text: Callable[[Request], bytes]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._text = text

    def render_GET(self, request: Request) -> bytes:
        request.setHeader(b"content-type", b"text/plain; version=0.0.4; charset=utf-8")
        return self._text(request)
