"""
The JSON Schemas of the API's document.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from groupchat.gateways.web.api.fields import MAX_ID
from groupchat.wire.limits import MAX_QUERY, MAX_TEXT
from groupchat.wire.names import ASCII, Rule

__all__ = [
    "KEY", "MAX_ID", "SCHEMAS", "TEXT", "WORDS", "array", "name", "number", "object_of", "ref",
    "room", "text",
]  # fmt: skip

Schema = Mapping[str, object]


def text(**more: object) -> Schema:
    """Return the schema of a text."""
    return {"type": "string", **more}


def number(low: int, high: int | None = None) -> Schema:
    """Return the schema of an integer."""
    most = {} if high is None else {"maximum": high}
    return {"type": "integer", "minimum": low, **most}


def array(items: Schema) -> Schema:
    """Return the schema of an array."""
    return {"type": "array", "items": items}


def object_of(properties: Schema, optional: Collection[str] = ()) -> Schema:
    """Return the schema of an object."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required}


def ref(name: str) -> Schema:
    """Return a reference to one of `SCHEMAS`."""
    return {"$ref": f"#/components/schemas/{name}"}


def name(rule: Rule) -> Schema:
    """Return the schema of a person's name, under this rule."""
    return text(pattern=f"^{_PLAIN_NAME}$") if rule is ASCII else text(minLength=1, maxLength=32)


def room(rule: Rule) -> Schema:
    """Return the schema of a room's name, under this rule."""
    return text(pattern=f"^@?{_PLAIN_NAME}$") if rule is ASCII else text(minLength=1, maxLength=33)


_PLAIN_NAME = "[A-Za-z0-9][A-Za-z0-9_.-]{0,31}"
KEY = text(pattern="^[!-~]([ -~]{0,253}[!-~])?$")
TEXT = text(pattern="\\S", maxLength=MAX_TEXT, description=f"At most {MAX_TEXT} bytes of UTF-8.")
WORDS = text(pattern="\\S", maxLength=MAX_QUERY, description=f"At most {MAX_QUERY} bytes of UTF-8.")
TIME = text(format="date-time")

SCHEMAS: Schema = {
    "Message": object_of(
        {
            "type": {"const": "message"},
            "room": text(),
            "id": number(1),
            "at": TIME,
            "from": text(),
            "text": text(),
            "act": {"type": "boolean"},
            "notice": {"type": "boolean"},
            "replaces": number(1),
            "redacts": number(1),
            "redacted": {"type": "boolean"},
        },
        optional=("act", "notice", "replaces", "redacts", "redacted"),
    ),
    "Room": object_of({"room": text(), "count": number(0), "topic": text()}),
    "Member": object_of(
        {"name": text(), "since": TIME, "address": text(), "addresses": array(text())},
        optional=("address", "addresses"),
    ),
    "Problem": object_of(
        {"title": text(), "status": number(400, 599), "code": text(), "detail": text()}
    ),
}
