"""
``GET /``: the page for browsers, and for programs a text that says how to join.
"""

from __future__ import annotations

from groupchat.gateways.web.assets import ROOT_FILES, Asset, Assets
from groupchat.gateways.web.hosts import host_name
from groupchat.gateways.web.message import Reply, Request, Response
from groupchat.gateways.web.routes import Route
from groupchat.settings import Settings

__all__ = ["HEADERS", "Page"]

#: The headers of every answer. Nothing may run, load or frame what is not ours.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
        " connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none';"
        " form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script';"
        " trusted-types 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
FOR_EVER = "public, max-age=31536000, immutable"
ALWAYS_ASK = "no-cache"


class Page:
    """
    The page and its files.

    :param assets: the files.
    :param settings: the name that the server gives itself is in it.
    """

    def __init__(self, assets: Assets, settings: Settings) -> None:
        self._assets = assets
        self._settings = settings

    @property
    def routes(self) -> list[Route]:
        return [
            Route("GET", "/", self.index),
            *(Route("GET", f"/{path}", self.file) for path in self._assets.files),
        ]

    async def index(self, request: Request) -> Reply:
        page = self._assets.page
        if page is not None and "text/html" in request.headers.get("accept", ""):
            reply = _give(page, request, ALWAYS_ASK)
        else:
            reply = Response(
                body=self._text(request).encode(), headers={"Cache-Control": "no-store"}
            )
        reply.headers = {**reply.headers, "Vary": "Accept, Accept-Encoding"}
        return reply

    async def file(self, request: Request) -> Reply:
        asset = self._assets.files[request.path[1:]]
        return _give(asset, request, ALWAYS_ASK if asset.path in ROOT_FILES else FOR_EVER)

    def _text(self, request: Request) -> str:
        """Return how to join, under the address by which the server was asked."""
        host = request.headers.get("host", "")
        name = host_name(host) or "HOST"
        scheme = "https" if request.encrypted else "http"
        port = request.port or "PORT"
        url = f"{scheme}://{host or f'{name}:{port}'}{request.prefix}/"
        rows = [
            ("In a browser", url),
            ("In a terminal", f"groupchat-connect YOUR_NAME {name} {port}"),
            ("With nothing installed", f"nc {name} {port}"),
            ("Say a line", f"curl -d 'Hello!' '{url}api/rooms/lobby/messages?name=YOUR_NAME'"),
            ("Read along", f"curl -N '{url}api/rooms/lobby/stream'"),
        ]
        width = max(len(where) for where, _ in rows) + 2
        lines = [f"This is a group chat ({self._settings.server}). Join it:", ""]
        return "\n".join([*lines, *(f"{where + ':':{width}}{how}" for where, how in rows), ""])


def _give(asset: Asset, request: Request, caching: str) -> Response:
    headers = {"Cache-Control": caching, "Vary": "Accept-Encoding"}
    if asset.compressed and "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(body=asset.compressed, type=asset.type, headers=headers)
    return Response(body=asset.body, type=asset.type, headers=headers)
