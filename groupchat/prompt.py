"""
Asks the person at the terminal a question, with a time limit for the answer.
"""

from __future__ import annotations

import os
import select
import signal

__all__ = ["ANSWER_TIMEOUT", "ask", "is_possible"]

ANSWER_TIMEOUT = 30.0  #: seconds


def is_possible() -> bool:
    """
    Whether a person can read a question and answer it. (A background job would be stopped when it
    reads the terminal.)
    """
    try:
        return os.isatty(1) and os.tcgetpgrp(0) == os.getpgrp()
    except OSError:  # standard input is closed, or is not the terminal that controls this process
        return False


def ask(question: str) -> str | None:
    """
    Returns the line that the person typed, or None if there was none within `ANSWER_TIMEOUT` or the
    process is in the background by now.

    :raises EOFError: the person ended the input.
    """
    print(question, end="", flush=True)
    # so that reading in the background is an error, and does not stop the process
    stopping = signal.signal(signal.SIGTTIN, signal.SIG_IGN)
    try:
        if not select.select([0], [], [], ANSWER_TIMEOUT)[0]:
            return None
        answer = os.read(0, 4096)
    except OSError:
        return None
    finally:
        signal.signal(signal.SIGTTIN, stopping)
    if not answer:
        raise EOFError
    return answer.decode(errors="replace").strip()
