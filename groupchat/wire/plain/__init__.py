"""
The plain wire: the lines that people type into ``nc`` and the lines that they read there.

Each line from the server is told apart by how it begins: ``-- `` from the server, ``! `` an error,
``* `` an act, ``[`` history, and else a name. No name can begin so, and a text stands only behind
its sender's name, so no member's words can look like the server's.
"""

from __future__ import annotations

from zope.interface import moduleProvides

from groupchat.wire import events
from groupchat.wire.interfaces import Capabilities, IWire
from groupchat.wire.plain.parse import about, decode
from groupchat.wire.plain.render import echo, encode, encode_all, lines

__all__ = [
    "GREETING",
    "about",
    "capabilities",
    "decode",
    "echo",
    "encode",
    "encode_all",
    "lines",
    "name",
]

moduleProvides(IWire)

name = "plain"
capabilities = Capabilities(
    echoes_own=False, single_room=True, interactive_login=True, typed=True, keepalive=False
)
GREETING = encode(events.AskName())
