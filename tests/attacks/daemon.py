"""
``twistd`` that can be counted: on SIGUSR2 it writes what it holds into the file "counts", as one
line of JSON.
"""

from __future__ import annotations

import gc
import json
import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

COUNTS = "counts"  #: in the folder in which it runs
HELD = (
    "ChatProtocol",
    "Peer",
    "Session",
    "_Waiting",
    "Server",
)  #: classes whose objects are counted


def count(number: int, frame: Any) -> None:
    from twisted.internet import reactor

    gc.collect()
    kinds = Counter(type(one).__name__ for one in gc.get_objects())
    held = {kind: kinds[kind] for kind in HELD}
    held["timers"] = len(reactor.getDelayedCalls())  # type: ignore[attr-defined]
    Path(COUNTS + "~").write_text(json.dumps(held))
    os.replace(COUNTS + "~", COUNTS)


if __name__ == "__main__":
    signal.signal(signal.SIGUSR2, count)
    from twisted.scripts.twistd import run

    run()
