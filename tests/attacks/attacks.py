"""
The attacks: what each does, and what starts it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.attacks import insider
from tests.benchmarks.servers import ROOT

RATE = 5000  #: connections a second
PATIENCE = 15.0  #: seconds that an attacker may take to end
ADDRESSES = len(insider.ATTACKERS)


class Attack(NamedTuple):
    """
    :ivar knocks: options of knock.c; without them it is a kind of insider.py.
    :ivar rate: connections a second that have to be reached; 0: it has no rate of its own.
    :ivar missing: tells why a server can't be attacked so; "" where it can.
    """

    name: str
    title: str
    knocks: str = ""
    rate: int = 0
    missing: Callable[[int], str] = lambda port: ""

    def command(self, knock: Path, port: int, seconds: float) -> list[str]:
        if self.knocks:
            return [str(knock), "-p", str(port), "-t", str(seconds), *self.knocks.split()]
        return [sys.executable, "-m", "tests.attacks.insider", self.name, str(port), str(seconds)]


_MANY = f"-r {RATE} -a {ADDRESSES}"
ATTACKS = [
    Attack(
        "silent",
        "connections that say nothing, held until the server closes them",
        f"-k silent {_MANY}",
        RATE,
    ),
    Attack("close", "connections that close at once, by FIN and by RST", f"-k close {_MANY}", RATE),
    Attack("half-hello", "connections that say half a hello, held", f"-k half {_MANY}", RATE),
    Attack(
        "pool-one",
        "500 silent sockets from one address, opened again when closed",
        f"-k silent -r {RATE} -o 500",
    ),
    Attack(
        "pool-many",
        "500 silent sockets from 50 addresses, the same",
        f"-k silent -r {RATE} -o 500 -a 50",
    ),
    Attack(
        "come-and-go",
        "200 a second come in by name and go at once",
        f"-k hello -r 200 -a {ADDRESSES}",
    ),
    *(
        Attack(f"flood-{kind}", "one member sends as fast as TCP takes it")
        for kind in insider.FLOODS
    ),
    Attack("stalled", "50 readers that never read"),
    Attack(
        "log-ins",
        "100 parallel hellos with wrong passwords, each second anew",
        missing=insider.without_accounts,
    ),
    Attack(
        "tls",
        "connections that begin as TLS does, and say nonsense",
        f"-k tls {_MANY}",
        RATE,
        insider.without_tls,
    ),
    Attack("handshakes", "TLS handshakes, as fast as eight can", missing=insider.without_tls),
]


def chosen(names: list[str]) -> list[Attack]:
    """Those with these names; "flood" stands for all whose names begin so."""
    return [
        attack
        for attack in ATTACKS
        if any(attack.name == name or attack.name.startswith(f"{name}-") for name in names)
    ]


class Attacker:
    """
    A process that attacks.

    :ivar report: what it got done, once it has ended.
    """

    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            preexec_fn=_behind,
        )
        self.report: dict[str, Any] = {}

    def end(self) -> None:
        """Wait until its time is over."""
        try:
            told, _ = self._process.communicate(timeout=PATIENCE)
            self.report = json.loads(told)
        finally:
            self._process.kill()


def _behind() -> None:
    """Those who measure come first, where both want the same core."""
    os.nice(5)


@contextmanager
def attacking(command: list[str]) -> Iterator[Attacker]:
    """Attack meanwhile; afterwards the attacker tells what it got done."""
    attacker = Attacker(command)
    try:
        yield attacker
    finally:
        attacker.end()
