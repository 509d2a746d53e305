"""
What a person or a room may be called, when two names are the same, and what may be said under them.

Pure functions over texts. The rules are the wire's ("Lines, texts, names" in docs/protocol.rst).
"""

from __future__ import annotations

import re

from groupchat.errors import BadName, NameReserved, TextEmpty, TextTooLong

TEXT_MOST = 4096  #: bytes of UTF-8 in a message
TOPIC_MOST = 512  #: bytes of UTF-8 in a topic

RESERVED = frozenset(
    "server system admin administrator operator root everyone all here nobody me you groupchat".split()
)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
_RULE = "1 to 32 of A-Z a-z 0-9 _ - . and the first a letter or digit"

#: Controls and bidi overrides, and what stands in their place so that they can be seen and do nothing.
_VISIBLE = {
    **{code: 0x2400 + code for code in range(0x20) if code != 0x09},
    0x7F: 0x2421,
    **dict.fromkeys([*range(0x80, 0xA0), 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A)], 0xFFFD),
}
_HIDDEN = re.compile("[" + "".join(map(re.escape, map(chr, _VISIBLE))) + "]")


def key(name: str) -> str:
    """What two names have in common when they are the same."""
    return name.lower()


def look(name: str) -> str:
    """What two names have in common when one could be read as the other."""
    return key(name)


def person(name: str) -> str:
    """
    The name of a person, if it may be one.

    :raises BadName: it is no name.
    :raises NameReserved: it is one that nobody may bear.
    """
    if not _NAME.fullmatch(name):
        raise BadName(f"A name has {_RULE}.")
    if key(name) in RESERVED:
        raise NameReserved(f'The name "{name}" is reserved. Take another.')
    return name


def room(name: str) -> str:
    """
    The name of a room as the server writes it.

    :raises BadName: it is no name.
    """
    if not _NAME.fullmatch(name):
        raise BadName(f"A room's name has {_RULE}.")
    return key(name)


def visible(text: str) -> str:
    """The text with its controls made visible, so that it can't act on anyone's terminal."""
    if text.isascii() and text.isprintable():
        return text
    return text.translate(_VISIBLE) if _HIDDEN.search(text) else text


def said(text: str) -> str:
    """
    A text as it will be said.

    :raises TextEmpty: nothing is in it but white space.
    :raises TextTooLong: it is over `TEXT_MOST` bytes.
    """
    text = visible(text)
    if len(text) > TEXT_MOST or not text.isascii() and len(text.encode()) > TEXT_MOST:
        raise TextTooLong(f"A message has at most {TEXT_MOST} bytes. Say it in parts.")
    if not text or text.isspace():
        raise TextEmpty("There is nothing to say in an empty message.")
    return text


def topic(text: str) -> str:
    """
    A topic as it will be shown; "" clears it.

    :raises TextTooLong: it is over `TOPIC_MOST` bytes.
    """
    text = visible(text)
    if len(text.encode()) > TOPIC_MOST:
        raise TextTooLong(f"A topic has at most {TOPIC_MOST} bytes. Make it shorter.")
    return text
