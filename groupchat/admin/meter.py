"""Shows at a terminal how much of something is done."""

from __future__ import annotations

from typing import TextIO

from groupchat.admin.messages import Progress

__all__ = ["Meter"]

_CLEAR = "\r\x1b[K"


class Meter:
    """
    :param stream: to write to; nothing is shown if that is no terminal.
    :param wanted: whether to show anything.
    """

    def __init__(self, stream: TextIO, wanted: bool) -> None:
        self._stream = stream
        self._wanted = wanted and stream.isatty()
        self._shown = ""

    def show(self, progress: Progress) -> None:
        """Show this, in place of what was shown before."""
        if self._wanted:
            self._write(f"{100 * progress.done // max(1, progress.total)} %")

    def clear(self) -> None:
        """Show nothing any more."""
        self._write("")

    def _write(self, text: str) -> None:
        if text != self._shown:
            self._stream.write(f"{_CLEAR}{text}")
            self._stream.flush()
            self._shown = text
