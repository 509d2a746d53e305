"""Errors that keep the daemon from starting."""

from __future__ import annotations

__all__ = ["CannotOpen", "CannotOpenYet", "CannotStart", "CannotStartYet"]


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


class CannotOpen(CannotStart):
    """
    A file cannot be used. The layer that knows the program's options says how to choose another.

    :param problem: what is wrong, without a full stop.
    :param advice: what to do about this file, likewise; "" if only another file helps.
    :param alternative: how to choose another file, likewise, in lower case.
    """

    def __init__(self, problem: str, advice: str = "", alternative: str = "") -> None:
        self._problem, self._advice = problem, advice
        ways = ", or ".join(filter(None, (advice, alternative)))
        super().__init__(f"{problem}. {ways[0].upper()}{ways[1:]}." if ways else f"{problem}.")

    def or_else(self, alternative: str) -> CannotOpen:
        """Return the same error with an alternative, like "choose another with --ledger"."""
        return type(self)(self._problem, self._advice, alternative)


class CannotOpenYet(CannotOpen, CannotStartYet):
    """A file cannot be used now, but what is in its way can pass by itself."""
