"""
Other protocols on the same port.

A gateway is one module here, imported only when its option asks for it. It registers an `Opening`
(its first bytes, and what takes a connection that begins so) with `ChatFactory.register`, and then
either speaks a wire of its own to the core, or takes the connection over with `hand_over`.
"""

from __future__ import annotations

from groupchat.server.sniff import Connection, Opening

__all__ = ["Connection", "Opening"]
