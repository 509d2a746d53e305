"""
Checkers for ``--auth`` of ``twistd groupchat``: sqlite:PATH and argon2:PATH.
"""

from groupchat.accounts.checkers import argon2, sqlite

__all__ = ["argon2", "sqlite"]
