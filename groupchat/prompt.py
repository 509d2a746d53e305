"""
A question to the person at the terminal. Nobody else is asked, and nothing waits for ever.
"""

from __future__ import annotations

import os
import select
import signal

LIMIT = 30.0  #: seconds for an answer


def is_possible() -> bool:
    """
    Whether a person can read a question and answer it: a job in the background that reads the
    terminal is stopped.
    """
    try:
        return os.isatty(1) and os.tcgetpgrp(0) == os.getpgrp()
    except OSError:  # standard input is closed, or is not the terminal that controls this process
        return False


def ask(question: str) -> str | None:
    """
    The line that a person answers; None where none came within `LIMIT`, or the process is in the
    background by now.

    :raises EOFError: the person ended the input.
    """
    print(question, end="", flush=True)
    stopping = signal.signal(
        signal.SIGTTIN, signal.SIG_IGN
    )  # to read in the background is an error then, and does not stop us
    try:
        if not select.select([0], [], [], LIMIT)[0]:
            return None
        answer = os.read(0, 4096)
    except OSError:
        return None
    finally:
        signal.signal(signal.SIGTTIN, stopping)
    if not answer:
        raise EOFError
    return answer.decode(errors="replace").strip()
