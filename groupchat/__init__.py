"""
A group chat for the machine you have: one command starts it, ``nc`` or ``groupchat-connect`` joins
it.

The house and its rooms are drawn in ``docs/architecture.rst``; the wire in ``docs/protocol.rst``.
"""

__version__ = "0.1.0"
