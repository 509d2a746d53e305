"""
Other protocols on the same port.

A gateway is one module or package here, imported only when its option asks for it. It registers an
`Opening` (its first bytes, and what takes a connection that begins so) with `ChatFactory.register`.
Then a connection is its own in one of three ways:

- by `Connection.speak` it gets a session at once, on a wire of the gateway's;
- by `Connection.visit` the gateway reads and writes itself. The connection stays one of the
  factory's, which asks about once a second whether the client is in time (`Input.check`), and
  disconnects clients that read nothing. `ChatProtocol.log_in` gives it a session later;
- by `Connection.hand_over` it is another protocol's for good. The factory forgets it: that protocol
  needs its own deadline for a client that says nothing, and its own bound on connections.
"""

from __future__ import annotations

from groupchat.server.sniff import Connection, Opening

__all__ = ["Connection", "Opening"]
