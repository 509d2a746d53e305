"""A primary and its synchronous standby, set up and promoted as docs/cluster.rst says."""

from __future__ import annotations

import re
import shlex
import time
from pathlib import Path

from tests.engine import Engine

__all__ = ["Pair"]

PAGE = Path(__file__).parents[1] / "docs" / "cluster.rst"
STANDBY = "db2"  #: the standby in the settings of the page
ROLES = 10.0  #: seconds until commits wait for a standby


def _settings(standby: str) -> dict[str, str]:
    """Returns the settings of an engine, as the page gives them, with the name of the other one."""
    _, _, text = PAGE.read_text().partition("conf.d/chat.conf``")
    found = re.search(r"::\n\n((?:    [^\n]+\n)+)", text)
    assert found
    lines = dict(re.findall(r"(\w+) = '?([^'\n]*)'?", found[1]))
    return {
        name: text.replace(STANDBY, standby)
        for name, text in lines.items()
        if name != "listen_addresses"
    }


def _statements() -> list[str]:
    """Returns what the page lets a standby execute once it is promoted."""
    _, _, text = PAGE.read_text().partition("main promote\n")
    found = re.findall(r'-c "([^"]+)"', text.partition("\n\n")[0])
    assert found
    return found


def _copying(primary: Engine, name: str) -> list[str]:
    """Returns the options of pg_basebackup with which the page makes a standby of this name."""
    found = re.search(r"pg_basebackup -D \S+ (.+)", PAGE.read_text())
    assert found
    there = found[1].replace("host=db1", f"host=127.0.0.1 port={primary.port}")
    return shlex.split(there.replace(f"application_name={STANDBY}", f"application_name={name}"))


class Pair:
    """
    :param programs: the folder of the engines' programs.
    :param safe: whether the engines sync.

    :ivar primary: the engine that is the primary now.
    :ivar standby: the other one.
    :ivar engines: both, in the order in which clients try them.
    """

    def __init__(self, programs: Path, safe: bool = False) -> None:
        self.engines = (Engine(programs, safe), Engine(programs, safe))
        self.primary, self.standby = self.engines
        self._names = dict(zip(self.engines, ("db1", STANDBY), strict=True))

    def start(self) -> None:
        """Start both; commits wait for the standby."""
        self.primary.start()
        self.primary.execute("CREATE ROLE standby LOGIN REPLICATION")
        self.follow()
        self.primary.configure(_settings(self._names[self.standby]))
        self._wait_for_standby()

    def promote(self) -> None:
        """The primary is dead: the standby becomes the primary, and its commits wait for none."""
        self.standby.promote()
        self.primary, self.standby = self.standby, self.primary
        for statement in _statements():
            self.primary.execute(statement)

    def follow(self) -> None:
        """Start the standby with a copy of the primary, which it follows."""
        self.standby.follow(*_copying(self.primary, self._names[self.standby]))
        self.standby.configure(_settings(self._names[self.primary]))
        self.standby.start()

    def restore(self) -> None:
        """The engine that was the primary becomes the standby, for which commits wait again."""
        self.follow()
        self.primary.execute("ALTER SYSTEM RESET synchronous_standby_names")
        self._wait_for_standby()

    def _wait_for_standby(self) -> None:
        self.primary.execute("SELECT pg_reload_conf()")
        end = time.monotonic() + ROLES
        while not self.primary.execute(
            "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'quorum'"
        ):
            assert time.monotonic() < end, "the standby follows"
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop both, and delete their folders."""
        for engine in self.engines:
            engine.stop()
