"""
A group chat for the machine you have: one command starts it, ``nc`` or ``groupchat-connect`` joins
it.

``docs/architecture.rst`` describes its modules, ``docs/protocol.rst`` its protocol.
"""

__version__ = "0.1.0"
