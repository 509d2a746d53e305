"""Limits of the wire, the same for every client and server."""

from __future__ import annotations

__all__ = ["MAX_LINE", "MAX_NAME", "MAX_QUERY", "MAX_ROOMS", "MAX_TEXT", "MAX_TOPIC"]

MAX_LINE = 32_768  #: bytes of a line from a client, with its LF
MAX_TEXT = 4096  #: bytes of UTF-8 in a message
MAX_TOPIC = 512  #: bytes of UTF-8 in a topic
MAX_QUERY = 256  #: bytes of UTF-8 in the words of a search
MAX_NAME = 128  #: bytes of UTF-8 in the name of a person or a room
MAX_ROOMS = 32  #: rooms that one member can be in: an option can only lower it
