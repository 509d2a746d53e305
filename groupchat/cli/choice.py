"""Chooses between the full-screen client, and lines as in a pipe."""

from __future__ import annotations

import argparse
import os

__all__ = ["wants_screen"]

_NO_SCREEN = ("", "dumb", "unknown")  #: values of $TERM without a cursor that can be moved
#: Options that make sense for lines only.
_LINES = ("line", "json", "quiet", "stay", "show", "commands")


def wants_screen(options: argparse.Namespace) -> bool:
    """Returns whether the full-screen client is wanted, and possible here."""
    if any(getattr(options, name) for name in _LINES):
        return False
    usable = os.environ.get("TERM", "") not in _NO_SCREEN
    return usable and os.isatty(0) and os.isatty(1)
