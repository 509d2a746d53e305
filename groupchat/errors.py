"""Errors that keep the daemon from starting."""

from __future__ import annotations

__all__ = ["CannotStart", "CannotStartYet"]


class CannotStart(Exception):
    """
    The daemon cannot start; its text is one line that says what is wrong and what to do.

    :cvar status: the exit status.
    """

    status = 1


class CannotStartYet(CannotStart):
    """
    The daemon cannot start now, but what is in its way can pass by itself: systemd tries again.
    """

    status = 75  # EX_TEMPFAIL
