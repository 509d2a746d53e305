"""
What ``--auth`` of ``twistd groupchat`` takes beside Twisted's own: sqlite:PATH and argon2:PATH.
"""

from groupchat.accounts.checkers import argon2, sqlite

__all__ = ["argon2", "sqlite"]
