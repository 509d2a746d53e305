"""
The table of routes: a method and a path, and what answers them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

import msgspec

from groupchat.gateways.web.message import Handler, Reply, Request
from groupchat.gateways.web.problem import Problem

__all__ = ["Route", "Routes"]


class Route(NamedTuple):
    """
    A row of the table.

    :ivar method: GET stands for HEAD, too.
    :ivar path: segments in capitals stand for any one; `Request.segments` has them by their names
        in small letters, decoded.
    """

    method: str
    path: str
    handler: Handler


class Routes:
    """
    The closed table of all routes.

    :param rows: no two with the same method and path.
    """

    def __init__(self, rows: Iterable[Route]) -> None:
        self._fixed: dict[str, dict[str, Handler]] = {}
        self._variable: list[tuple[list[str], dict[str, Handler]]] = []
        for method, path, handler in rows:
            handlers = self._handlers(path)
            assert method not in handlers, (method, path)
            handlers[method] = handler
            if method == "GET":
                handlers.setdefault("HEAD", handler)

    def _handlers(self, path: str) -> dict[str, Handler]:
        names = path.split("/")
        if not any(name.isupper() for name in names):
            return self._fixed.setdefault(path, {})
        for known, handlers in self._variable:
            if known == names:
                return handlers
        self._variable.append((names, {}))
        return self._variable[-1][1]

    async def answer(self, request: Request) -> Reply:
        """
        Answer a request by the handler of its route.

        :raises Problem: there is none, or the handler refuses.
        """
        handlers, segments = self._find(request.path)
        handler = handlers.get(request.method)
        if handler is None:
            allowed = ", ".join(sorted(handlers))
            raise Problem(
                405, "bad-method", f"Methods here: {allowed}.", headers={"Allow": allowed}
            )
        if segments:
            request = msgspec.structs.replace(request, segments=segments)
        return await handler(request)

    def _find(self, path: str) -> tuple[dict[str, Handler], dict[str, str]]:
        if path in self._fixed:
            return self._fixed[path], {}
        given = path.split("/")
        for names, handlers in self._variable:
            if len(names) == len(given) and all(
                name.isupper() or name == one for name, one in zip(names, given, strict=True)
            ):
                return handlers, {
                    name.lower(): _decoded(one)
                    for name, one in zip(names, given, strict=True)
                    if name.isupper()
                }
        raise Problem(404, "not-found", "There is nothing here.")


def _decoded(segment: str) -> str:
    try:
        return unquote_to_bytes(segment.encode("latin-1")).decode()
    except UnicodeDecodeError:
        raise Problem(400, "bad-utf8", "A path is UTF-8, percent-encoded.") from None
