"""The priority of threads that do long work beside a busy reactor."""

from __future__ import annotations

import contextlib
import os
import threading

__all__ = ["lower_priority"]


def lower_priority() -> None:
    """Let this thread yield to everything else on the machine (Linux has niceness by thread)."""
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
