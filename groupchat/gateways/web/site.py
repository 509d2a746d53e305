"""
The site: what every request has to pass, and the table of all routes.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from groupchat.gateways.web.api.api import api_routes
from groupchat.gateways.web.assets import Assets
from groupchat.gateways.web.fallback import Fallback
from groupchat.gateways.web.forwarded import Proxies
from groupchat.gateways.web.hosts import Hosts, host_name, require_same_origin
from groupchat.gateways.web.http import HTTPConnection
from groupchat.gateways.web.message import Reply, Request, Response, SessionReply
from groupchat.gateways.web.page import HEADERS, Page
from groupchat.gateways.web.problem import Problem
from groupchat.gateways.web.routes import Route, Routes
from groupchat.gateways.web.websocket import open_websocket
from groupchat.server.sniff import without_blank_lines
from groupchat.server.turns import REQUESTS_PER_TURN, Turns
from groupchat.settings import Settings
from groupchat.wire import errors

if TYPE_CHECKING:
    from groupchat.server.factory import ChatFactory
    from groupchat.server.protocol import ChatProtocol
    from groupchat.server.sniff import Connection
    from groupchat.wire.events import Bye

__all__ = ["Site", "make_site"]

STATIC = Path(__file__).parent / "static"
_SAFE = ("GET", "HEAD")
_ONLY_FROM_THE_PAGE = ("/ws", "/stream")


class Site:
    """
    :param routes: what answers which request.
    :param hosts: the names by which the server may be asked for.
    :param proxies: those that are trusted.
    :param settings: the time for the head of a request is in it.
    :param turns: limits the requests in a turn of the reactor.
    """

    def __init__(
        self,
        routes: Routes,
        hosts: Hosts,
        proxies: Proxies,
        settings: Settings,
        turns: Turns[HTTPConnection],
    ) -> None:
        self._routes = routes
        self._hosts = hosts
        self._proxies = proxies
        self._settings = settings
        self._turns = turns

    def accept(self, connection: Connection, first: bytes) -> None:
        """Take a connection over that begins as HTTP does."""
        connection.visit(self._connection, without_blank_lines(first))

    def _connection(self, protocol: ChatProtocol, refusal: Bye | None) -> HTTPConnection:
        async def answer(request: Request) -> Reply:
            try:
                request = self._proxies.unwrapped(request)
                if refusal is None or self._may_pass(protocol, request, refusal):
                    reply = await self.answer(request)
                else:
                    reply = _refuse(request, refusal)
            except Problem as problem:
                reply = problem.response()
            if not isinstance(reply, SessionReply):
                reply.headers = {**HEADERS, **reply.headers}
            elif request.address != protocol.address:
                protocol.factory.readdress(protocol, request.address)
            return reply

        return HTTPConnection(protocol, answer, self._settings.login_timeout, self._turns)

    def _may_pass(self, protocol: ChatProtocol, request: Request, refusal: Bye) -> bool:
        """Return whether a refusal is of a proxy, and does not hold for its client."""
        if not self._proxies.trusts(protocol.address):
            return False
        return refusal is not errors.TLS_REQUIRED or request.encrypted

    async def answer(self, request: Request) -> Reply:
        """
        Answer a request.

        :raises Problem: it is refused.
        """
        self._hosts.check(request)
        if request.method not in _SAFE or request.path in _ONLY_FROM_THE_PAGE:
            require_same_origin(request)
        return await self._routes.answer(request)


def _refuse(request: Request, bye: Bye) -> Response:
    """Refuse a client that may not log in, whoever it is."""
    host = request.headers.get("host")
    if bye is errors.TLS_REQUIRED and host and host_name(host):
        headers = {"Location": f"https://{host}{request.prefix}{request.path}"}
        return Response(status=308, body=f"{bye.text}\n".encode(), headers=headers, close=True)
    raise Problem(503, bye.code, bye.text, retry=bye.retry, close=True)


@cache
def _assets() -> Assets:
    """The files of our page, which are read and compressed once for all sites of a process."""
    return Assets(STATIC)


def make_site(factory: ChatFactory, names: Collection[str], proxies: Collection[str]) -> Site:
    """
    Put the site together.

    :param names: the names by which the server may be asked for, beside those of its certificate.
    :param proxies: the addresses or networks of the proxies that are trusted.
    """
    certificate = factory.certificate
    page = Page(_assets(), factory.hub.settings)
    rows = [*page.routes, Route("GET", "/ws", open_websocket), *Fallback().routes]
    routes = Routes([*rows, *api_routes(factory.hub, factory.clock)])
    hosts = Hosts(names, lambda: certificate.names if certificate is not None else ())
    turns: Turns[HTTPConnection] = Turns(factory.clock.callLater, REQUESTS_PER_TURN)
    return Site(routes, hosts, Proxies(proxies), factory.hub.settings, turns)
