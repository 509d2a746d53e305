"""The reactor, as groupchat-connect sees it."""

from __future__ import annotations

from twisted.internet.interfaces import IReactorCore, IReactorFromThreads, IReactorTime

__all__ = ["IClientReactor"]


class IClientReactor(IReactorCore, IReactorTime, IReactorFromThreads):
    """
    The parts of Twisted's reactor that the program uses itself. Its endpoints use more of them.
    """
