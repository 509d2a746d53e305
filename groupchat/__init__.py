"""
A group chat for the machine you have: one command starts it, ``nc`` or ``groupchat-connect`` joins it.

The house and its rooms are drawn in ``docs/architecture.rst``; the wire in ``docs/protocol.rst``.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("groupchat")
except PackageNotFoundError:  # pragma: no cover - run from an unpacked tree that was never installed
    __version__ = "unknown"
