"""The daemon's process: the signals that it gets, and the status with which it ends."""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable

from groupchat.clock import IReactor

__all__ = ["Process", "has_terminal"]

#: collections of younger objects before one of all objects, at least. (Python's own: 10. While
#: 2,000 members join, one of all takes 50 ms.)
YOUNGER_COLLECTIONS = 25
MAX_EXIT_DELAY = 2.0  #: seconds after the reactor's end in which everything else has to be done


def has_terminal() -> bool:
    """Whether a terminal controls this process: SIGHUP then means that it was closed."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True


class Process:
    """
    :param reactor: the running reactor.
    :param has_terminal: returns whether SIGHUP means that the terminal was closed.
    """

    def __init__(self, reactor: IReactor, has_terminal: Callable[[], bool] = has_terminal) -> None:
        self._reactor = reactor
        self._has_terminal = has_terminal

    def on_signals(self, stop: Callable[[], object], reload: Callable[[], object]) -> None:
        """
        Call `stop` on SIGTERM and SIGINT, of which Twisted would die. SIGHUP means `stop` at a
        terminal and `reload` elsewhere, and stays ignored under nohup.
        """
        if threading.current_thread() is not threading.main_thread():
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            self._handle(number, stop)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            self._handle(signal.SIGHUP, stop if self._has_terminal() else reload)

    def _handle(self, number: int, act: Callable[[], object]) -> None:
        signal.signal(number, lambda *_: self._reactor.callFromThread(act))

    def keep_collections_short(self) -> None:
        """
        Let collections of garbage skip the objects that are there by now, which stay, and look
        more rarely at all others: nobody is served meanwhile.
        """
        gc.collect()
        gc.freeze()
        young, middle, _ = gc.get_threshold()
        gc.set_threshold(young, middle, YOUNGER_COLLECTIONS)

    def exit_with(self, status: int) -> None:
        """
        End with this status once everything else is done, or if that takes too long. twistd has no
        exit status of its own.
        """

        def leave() -> None:
            sys.stdout.flush()
            os._exit(status)

        atexit.register(leave)
        hanging = threading.Timer(MAX_EXIT_DELAY, leave)
        hanging.daemon = True
        self._reactor.addSystemEventTrigger("after", "shutdown", hanging.start)
