"""
The commands' first steps: they load the program, which takes a moment in which Ctrl-C ends it
without a word.
"""

from __future__ import annotations

import importlib
import signal
import sys

__all__ = ["admin", "connect", "passwd", "server"]

INTERRUPTED = 130  #: the exit status after Ctrl-C, as shells have it


def server() -> None:
    """Run ``groupchat``."""
    _run("groupchat.__main__")


def admin() -> None:
    """Run ``groupchat-admin``."""
    _run("groupchat.admin.main")


def connect() -> None:
    """Run ``groupchat-connect``."""
    _run("groupchat.cli.main")


def passwd() -> None:
    """Run ``groupchat-passwd``."""
    _run("groupchat.accounts.passwd")


def _run(module: str) -> None:
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # else SIGINT is ignored, as under nohup
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    program = importlib.import_module(module)
    signal.signal(signal.SIGINT, before)
    try:
        program.main()
    except KeyboardInterrupt:  # before the program has taken care of it
        sys.exit(INTERRUPTED)
