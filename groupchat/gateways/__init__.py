"""
Other protocols on the same port.

A gateway is one module or package here, imported only when its option asks for it. It registers an
`Opening` (its first bytes, and what takes a connection that begins so) with `ChatFactory.register`.
Then a connection is its own in one of three ways:

- by `Connection.speak` it gets a session at once, on a wire of the gateway's;
- by `Connection.visit` the gateway reads and writes itself. The connection stays one of the
  factory's, which asks about once a second whether the client is in time (`Input.check`), and
  disconnects clients that read nothing. `ChatProtocol.log_in` gives it a session later;
- by `Connection.hand_over` it is another protocol's for good, which reads and writes itself. The
  connection stays one of the factory's, counted for its address, until it is lost. It is pending,
  with a place in the pool and under the deadlines of every login, until the other protocol calls
  `Connection.logged_in`; if a deadline comes first, or others need its place, it is aborted. After
  the login, that protocol itself has to notice a client that is dead or reads nothing.

A wire of a gateway can tell more than the wires of lines do: `Presence.why` has the reason of each
member that left, with words (`QuitWith` and `LeaveWith` bring those of a client), and `IWire.echo`
the ref with which a message was said, for the one that said it.
"""

from __future__ import annotations

from groupchat.server.sniff import Connection, Opening

__all__ = ["Connection", "Opening"]
