"""
Our login at the server: the name, what proves that it is ours, and whether the server has let us
in. It outlives the connections, of which there is at most one at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from groupchat.client import client_id
from groupchat.client.interfaces import SessionListener
from groupchat.wire import commands, events, jsonlines
from groupchat.wire.commands import Command, Position

__all__ = ["Session"]


class Session:
    """
    A login over one connection after the other.

    :param name: our own name.
    :param client: the client secret.
    :param password: the password of the name, if it is known.
    :param on_first_event: called when the first event of a connection was understood, so that
        there is a chat server; returns what a person should be told about it.

    :ivar unproven: whether nothing shows that the server is the right one: it gets no password,
        and in place of the client secret a random one that lasts as long as the process.
    :ivar logged_in: whether the server has let us in.
    :ivar operator: whether it has let us in as an operator.
    :ivar unheard: whether no event was received on this connection yet.
    :ivar listener: is told what concerns the whole connection; to be set before anything is
        received.
    """

    listener: SessionListener

    def __init__(
        self,
        name: str,
        client: str,
        password: str | None = None,
        on_first_event: Callable[[], str] | None = None,
    ) -> None:
        self.name = name
        self.client = client
        self.password = password
        self.unproven = False
        self.logged_in = False
        self.operator = False
        self.unheard = True
        self._client_for_unproven = client_id.make()
        self._send: Callable[[bytes], None] | None = None
        self._on_first_event = on_first_event

    def connect(self, send: Callable[[bytes], None]) -> None:
        """There is a connection; `send` takes lines for it."""
        self._send = send
        self.unheard = True

    def hear(self) -> str:
        """
        The first event was received. Returns what a person should be told about the server.

        :raises ClientError: it is not the server that it should be.
        """
        self.unheard = False
        return self._on_first_event() if self._on_first_event is not None else ""

    def disconnect(self) -> None:
        """The connection is gone."""
        self._send = None
        self.logged_in = False

    def write(self, data: bytes) -> None:
        """Send whole lines, if there is a connection."""
        if self._send is not None:
            self._send(data)

    def send(self, command: Command) -> None:
        """Send a command that needs no n, if there is a connection."""
        self.write(jsonlines.encode_command(command))

    def send_hello(self, rooms: Mapping[str, Position | None]) -> None:
        """
        Ask the server to let us in.

        :param rooms: the rooms to join, and where to go on reading in each.
        """
        self.send(
            commands.Hello(
                name=self.name,
                client=self._client_for_unproven if self.unproven else self.client,
                rooms=dict(rooms),
                password=None if self.unproven else self.password,
            )
        )

    def welcomed(self, welcome: events.Welcome) -> None:
        """The server has let us in, under this name."""
        self.name = welcome.name
        self.operator = welcome.operator
        self.logged_in = True

    def renamed(self, new_names: Mapping[str, str]) -> None:
        """Members have other names now, by their old ones; we may be among them."""
        self.name = new_names.get(self.name, self.name)
