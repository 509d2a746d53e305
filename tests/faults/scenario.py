"""
The scenarios of the runs: a server with a ledger in a file, or several on one PostgreSQL.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from tests.faults.nemesis import ACTS, Environment, Scene


class Scenario(NamedTuple):
    """
    :ivar scene: makes a fresh one, in a directory.
    :ivar acts: the faults by their names; each happens to the scene.
    :ivar weights: that of each fault where no numbers are asked for.
    :ivar patience: seconds until something is answered after a fault.
    :ivar unreadable: what the scene raises where the ledger can't be read.
    """

    scene: Callable[[Path, Random, str], Scene]
    acts: Mapping[str, Callable[[Any], Awaitable[None]]]  # Any: the class of the scene
    weights: Mapping[str, int]
    patience: float = 30.0
    unreadable: type[Exception] = sqlite3.Error


#: Weight of each fault where no numbers are asked for.
_WEIGHTS = {
    "kill": 5,
    "term": 1,
    "freeze": 2,
    "reset": 5,
    "stall": 4,
    "full": 1,
    "slow": 2,
    "sync-error": 1,
    "write-error": 1,
    "power-cut": 4,
}

SINGLE = Scenario(Environment, ACTS, _WEIGHTS)
