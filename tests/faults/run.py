"""
Runs of some faults each, every one with a fresh ledger, and the table of their findings.
"""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from types import MappingProxyType

from twisted.internet import defer

from tests.faults.checker import FINDINGS, Checker, Findings
from tests.faults.follower import Follower
from tests.faults.history import read
from tests.faults.ledger import Log
from tests.faults.members import Member, Observer
from tests.faults.nemesis import REGISTERED
from tests.faults.poster import Poster
from tests.faults.scenario import SINGLE, Scenario

DRAIN = 30.0  #: seconds that anything which must come may take
MAX_FAULTS = 20  #: in a run


class Run:
    """
    One run: a fresh ledger, some faults, and the check.

    :param directory: for its files; they stay where something is found.
    :param plan: the faults.
    :param build: which broken build; "": the real one.
    :param load: sayings answered between two faults, at most.
    :param drain: seconds in which all is answered and shown, when nobody says anything new.
    :param scenario: what is broken.
    :ivar counts: what happened how often.
    :ivar findings: what is wrong.
    """

    def __init__(
        self,
        directory: Path,
        seed: int | str,
        plan: Sequence[str],
        build: str = "",
        load: int = 1000,
        drain: float = DRAIN,
        scenario: Scenario = SINGLE,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.findings = Findings()
        self._directory = directory
        self._plan = plan
        self._load = load
        self._patience = drain
        self._rng = Random(seed)
        self._scenario = scenario
        self._scene = scenario.scene(directory, self._rng, build)
        self._observer: Observer | None = None
        self._followers: list[Follower] = []

    async def run(self) -> None:
        """Run it, and judge it."""
        try:
            await self._play()
        except (AssertionError, TimeoutError, defer.TimeoutError) as error:
            self.findings.add("stuck", f"{error!r:.3000}{self._scene.describe()}")
        finally:
            if self._observer is not None:
                self._observer.stop()
            for follower in self._followers:
                follower.stop()
            await self._scene.end()
        environment = self._scene
        logs = [*environment.logs, self._read_log()]
        ended = not self.findings.counts["stuck"]
        Checker(logs, self.findings).check(read(self._directory / "history.jsonl"), ended)
        for wrong in [
            *environment.wrong,
            *(why for one in (*environment.members, *environment.posters) for why in one.gave_up),
        ]:
            self.findings.add("broken", wrong)
        self.counts += environment.history.counts
        self.counts["reconnections"] = max(0, self.counts["in"] - len(environment.members))
        self.counts["stored"] += sum(map(len, logs[-1].values()))

    def _read_log(self) -> Log:
        try:
            return self._scene.read_log()
        except self._scenario.unreadable as error:
            self.findings.add("broken", f"the ledger can't be read: {error}")
            return {}

    async def _play(self) -> None:
        environment = self._scene
        await environment.start()
        self._gather()
        for member in environment.members:
            member.start()
        await environment.history.until(
            lambda: all(member.model.session.logged_in for member in environment.members), DRAIN
        )
        history, port = environment.history, environment.proxy.port
        self._observer = Observer("observer", history, port)
        self._followers = [Follower(f"e-{room}", room, history, port) for room in ("lobby", "dev")]
        for talker in (*environment.members[:4], *environment.posters):
            talker.talk()
        environment.begin()
        for act in self._plan:
            await environment.history.until(
                environment.answered(self._rng.randint(1, self._load)), self._scenario.patience
            )
            await self._scenario.acts[act](environment)
            self.counts[act] += 1
            self.counts["faults"] += 1
        await environment.history.until(environment.answered(1), self._scenario.patience)
        await self._drain()
        await environment.rest(self.findings, self._patience)

    def _gather(self) -> None:
        """
        Four who talk, two of them with each other as well; two who read, of whom the display of one
        breaks down; and two programs that post over HTTP.
        """
        environment, both = self._scene, ("lobby", "dev")
        for name, rooms, fragile in (
            ("w1", (*both, "@w3"), 0),
            ("w2", ("lobby",), 0),
            ("w3", ("lobby", "@w1"), 0),
            ("w4", ("dev",), 0),
            ("r1", both, 300),
            ("r2", both, 0),
        ):
            environment.members.append(
                Member(name, rooms, environment.history, environment.proxy.port, self._rng, fragile)
            )
        for name, rooms in (("h1", both), ("h2", ("lobby",))):
            environment.posters.append(
                Poster(
                    name, rooms, environment.history, environment.proxy.port, self._rng,
                    registered=name in REGISTERED,
                )
            )  # fmt: skip

    async def _drain(self) -> None:
        """
        Nobody says anything new, and no display breaks down: all that was said is answered, and
        shown to everyone.
        """
        environment = self._scene
        for member in environment.members:
            member.fragile = 0
        talkers = (*environment.members, *environment.posters)
        for talker in talkers:
            talker.talk(False)
        await environment.history.until(
            lambda: not any(talker.unanswered for talker in talkers), self._patience
        )
        heads = {room: len(keys) for room, keys in environment.read_log(in_use=True).items()}
        ends = [
            (member, member.called(room)) for member in environment.members for room in member.rooms
        ]
        followers = self._followers
        await environment.history.until(
            lambda: (
                all(member.seen.get(room, 0) == heads.get(room, 0) for member, room in ends)
                and all(follower.seen == heads.get(follower.room, 0) for follower in followers)
            ),
            self._patience,
        )


def plan(rng: Random, left: Counter[str], usual: Mapping[str, int]) -> list[str]:
    """The faults of the next run: those that are still wanted, or else all kinds."""
    weights = +left or Counter(usual)
    acts = rng.choices(list(weights), list(weights.values()), k=MAX_FAULTS)
    return [act for at, act in enumerate(acts) if not left or acts[:at].count(act) < left[act]]


class Total:
    """The sum of all runs."""

    def __init__(self, scenario: Scenario = SINGLE) -> None:
        self._scenario = scenario
        self.counts: Counter[str] = Counter()
        self.findings = Findings()
        self.kept: list[Path] = []

    async def run_(
        self, seed: int | str, plan: Sequence[str], build: str = "", load: int = 1000
    ) -> Run:
        """Run another one."""
        directory = Path(mkdtemp(prefix="groupchat-faults-"))
        run_ = Run(directory, seed, plan, build, load, scenario=self._scenario)
        await run_.run()
        self.counts += run_.counts
        self.findings.counts += run_.findings.counts
        self.findings.examples += run_.findings.examples
        if run_.findings.counts:
            self.kept.append(directory)
        else:
            shutil.rmtree(directory)
        return run_

    def lacks(self, wanted: dict[str, int], reconnects: int) -> Counter[str]:
        """Returns the faults that are still to come."""
        left = +(Counter(wanted) - self.counts)
        if self.counts["reconnections"] < reconnects:
            left["reset"] = max(left["reset"], MAX_FAULTS)
        return left

    def table(self) -> str:
        """For a person."""
        counts = self.counts
        lines = [
            "",
            "what was done",
            *(f"  {act:24}{counts[act]:10,}" for act in self._scenario.acts if counts[act]),
        ]
        lines += ["", "what came of it"]
        for what, key in (
            ("said (with repetitions)", "said"),
            ("answered ok", "ok"),
            ("refused", "no"),
            ("stored", "stored"),
            ("shown", "shown"),
            ("reconnections", "reconnections"),
            ("cuts before a sync", "cut off"),
            ("writes that these hit", "unsynced"),
        ):
            lines.append(f"  {what:24}{counts[key]:10,}")
        lines += ["", "what is wrong"]
        lines += [
            f"  {kind:24}{self.findings.counts[kind]:10,}   {meaning}"
            for kind, meaning in FINDINGS.items()
        ]
        return "\n".join(lines)


async def soak(
    seed: int,
    minutes: float,
    wanted: dict[str, int],
    reconnects: int,
    load: int,
    say: Callable[[str], None],
    scenario: Scenario = SINGLE,
    least: Mapping[str, int] = MappingProxyType({}),
) -> Total:
    """
    Run for this number of minutes, and until the wanted faults and reconnections have happened.

    :param wanted: how many of which fault.
    :param load: sayings answered between two faults, at most.
    :param say: told about each run.
    :param scenario: what is broken.
    :param least: how often other things have to happen.
    """
    total = Total(scenario)
    rng = Random(seed)
    begun = time.monotonic()
    number = 0
    while (
        (left := total.lacks(wanted, reconnects))
        or any(total.counts[what] < count for what, count in least.items())
        or time.monotonic() < begun + 60 * minutes
    ):
        number += 1
        run_ = await total.run_(f"{seed}/{number}", plan(rng, left, scenario.weights), load=load)
        wrong = sum(run_.findings.counts.values())
        say(
            f"{time.monotonic() - begun:6.0f} s  run {number:3}  {run_.counts['faults']:3} faults  "
            f"{run_.counts['ok']:7,} answered"
            f"  {run_.counts['reconnections']:5,} reconnections  "
            f"{f'{wrong} WRONG' if wrong else 'all well'}"
        )
        for example in run_.findings.examples:
            say(f"! {example}")
    return total
