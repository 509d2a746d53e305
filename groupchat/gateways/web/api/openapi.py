"""
``GET /openapi.json``: the API as OpenAPI 3.1 describes it.
"""

from __future__ import annotations

from collections.abc import Mapping

import groupchat
from groupchat.gateways.web.api import schemas
from groupchat.gateways.web.api.messages import JSON, MAX_FOUND, MAX_PAGE, json_response
from groupchat.gateways.web.api.schemas import array, number, object_of, ref, text
from groupchat.gateways.web.message import Handler, Reply, Request
from groupchat.wire.names import Rule

__all__ = ["document", "openapi"]

Node = Mapping[str, object]  #: a part of the document

PROBLEMS = {
    "400": "The request makes no sense.",
    "401": "A name needs its password or a token, or these are wrong.",
    "403": "That is not allowed, or the client is banned or muted.",
    "404": "There is no such direct room.",
    "409": "The name is somebody else's, other words were said with this key, or there are too many"
    " rooms.",
    "413": "The body is too long.",
    "415": "The body is neither a text nor JSON.",
    "421": "The server does not know itself by that Host.",
    "429": "Too many requests, or too many wrong passwords.",
    "503": "The server can't do that just now.",
}
READING = ("400", "401", "403", "404", "409", "421", "429", "503")
RETRIED = ("429", "503")


def openapi(rule: Rule) -> Handler:
    """
    Return the handler that answers with the document.

    :param rule: the rule for names.
    """

    async def answer(request: Request) -> Reply:
        return json_response(document(rule))

    return answer


def document(rule: Rule) -> Node:
    """
    Return the document.

    :param rule: the rule for names.
    """
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "groupchat",
            "version": groupchat.__version__,
            "description": "The rooms of a group chat. Errors are application/problem+json with"
            " the codes of the chat's own protocol.",
        },
        "servers": [{"url": "./"}],
        "security": [{}, {"basic": []}, {"bearer": []}],
        "paths": {
            "/api/rooms": {"get": _rooms()},
            "/api/rooms/{room}/messages": {"get": _history(), "post": _post()},
            "/api/rooms/{room}/search": {"get": _search()},
            "/api/rooms/{room}/stream": {"get": _stream()},
            "/api/rooms/{room}/who": {"get": _who()},
        },
        "components": {
            "parameters": {"room": _room(rule), "name": _name(rule)},
            "schemas": schemas.SCHEMAS,
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }


# Operations.


def _post() -> Node:
    flags: dict[str, Node] = {key: {"type": ["boolean", "null"]} for key in ("act", "notice")}
    message = object_of({"text": schemas.TEXT, **flags}, optional=tuple(flags))
    said = object_of({"room": text(), "id": number(1)}, optional=("id",))
    operation = _operation(
        "postMessage",
        "Say something in a room. It is stored before this is answered.",
        "201",
        _content(JSON, said),
        (*READING, "413", "415"),
        _ROOM, _NAME, _KEY,
    )  # fmt: skip
    body = {"text/plain": {"schema": schemas.TEXT}, JSON: {"schema": message}}
    return {**operation, "requestBody": {"required": True, "content": body}}


def _history() -> Node:
    page = object_of({"messages": array(ref("Message")), "more": {"type": "boolean"}})
    return _operation(
        "getMessages",
        "Read a room's messages: the newest before an id, or the oldest after one.",
        "200",
        _content(JSON, page),
        READING,
        _ROOM, _NAME, _BEFORE, _AFTER, _limit(MAX_PAGE),
    )  # fmt: skip


def _search() -> Node:
    found = object_of(
        {"messages": array(ref("Message")), "more": {"type": "boolean"}, "before": number(0)},
        optional=("before",),
    )
    return _operation(
        "searchMessages",
        "Find the newest messages that contain all words.",
        "200",
        _content(JSON, found),
        READING,
        _ROOM, _NAME, _query("text", schemas.WORDS, required=True),
        _query("from", text()), _BEFORE, _limit(MAX_FOUND),
    )  # fmt: skip


def _stream() -> Node:
    content = {"text/event-stream": {"schema": text()}, "application/x-ndjson": {"schema": text()}}
    last = {"in": "header", "name": "Last-Event-ID", "schema": text()}
    return _operation(
        "streamMessages",
        "Follow a room: the answer has no end.",
        "200",
        content,
        READING,
        _ROOM, _NAME, _AFTER, _query("epoch", text()), last,
    )  # fmt: skip


def _rooms() -> Node:
    rooms = object_of({"rooms": array(ref("Room")), "count": number(0)})
    return _operation(
        "getRooms",
        "List the rooms, by name, 1,000 at a time.",
        "200",
        _content(JSON, rooms),
        READING,
        _NAME, _query("after", text()),
    )  # fmt: skip


def _who() -> Node:
    members = object_of({"members": array(ref("Member")), "count": number(0)})
    return _operation(
        "getMembers",
        "List the members that are in a room, by name, 1,000 at a time.",
        "200",
        _content(JSON, members),
        READING,
        _ROOM, _NAME, _query("after", text()),
    )  # fmt: skip


# Parts of operations.


def _operation(
    name: str,
    summary: str,
    status: str,
    content: Node,
    problems: tuple[str, ...],
    *parameters: Node,
) -> Node:
    return {
        "operationId": name,
        "summary": summary,
        "parameters": list(parameters),
        "responses": {
            status: {"description": "It is done.", "content": content},
            **{code: _problem(code) for code in problems},
        },
    }


def _problem(code: str) -> Node:
    headers = {}
    if code in RETRIED:
        headers = {"headers": {"Retry-After": {"schema": number(1)}}}
    elif code == "401":
        headers = {"headers": {"WWW-Authenticate": {"schema": text()}}}
    return {
        "description": PROBLEMS[code],
        "content": _content("application/problem+json", ref("Problem")),
        **headers,
    }


def _content(type: str, schema: Node) -> Node:
    return {type: {"schema": schema}}


def _query(name: str, schema: Node, required: bool = False) -> Node:
    return {"in": "query", "name": name, "schema": schema, "required": required}


def _limit(most: int) -> Node:
    return _query("limit", number(1, most))


def _room(rule: Rule) -> Node:
    return {
        "in": "path",
        "name": "room",
        "required": True,
        "schema": schemas.room(rule),
        "description": "A room, or @NAME for the direct room with a registered name.",
    }


def _name(rule: Rule) -> Node:
    return {
        **_query("name", schemas.name(rule)),
        "description": "The name of a guest. Leave it out with an Authorization.",
    }


_ROOM: Node = {"$ref": "#/components/parameters/room"}
_NAME: Node = {"$ref": "#/components/parameters/name"}
_BEFORE = _query("before", number(0, schemas.MAX_ID))
_AFTER = _query("after", number(0, schemas.MAX_ID))
_KEY: Node = {
    "in": "header",
    "name": "Idempotency-Key",
    "schema": schemas.KEY,
    "description": "The same words with the same key are stored once, and answered alike.",
}
