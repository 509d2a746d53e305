"""The seam between a protocol and the core: what a wire does."""

from __future__ import annotations

from zope.interface import Attribute, Interface


class IWire(Interface):
    """Lines to commands, events to lines. Pure, and provided by a module."""

    name = Attribute("What the wire is called.")
    echo = Attribute("Whether a member gets what it said itself.")

    def decode(line, inside=True):
        """
        The `Command` in a line that ends before its LF.

        :param inside: whether the sender has come in by name.
        :raises groupchat.wire.errors.BadLine: there is none.
        """

    def about(line):
        """Which of n, room and ref a refused line gave: a dict for its `events.Error`."""

    def encode(event, me="", past=False):
        """
        The lines of an event, with their ends; b"" where it is not told on this wire.

        :param me: the name of the reader.
        :param past: whether a message is history to the reader.
        """

    def encode_all(told):
        """The lines of a list of events, none of them past, as one who is none of their readers."""
