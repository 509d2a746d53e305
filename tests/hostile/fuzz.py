"""
The fuzzer: lines of `grammar.py` into the server in memory, as fast as they go, while two
bystanders talk.

These must never happen: an error in the log, a line to a client that its wire does not have, a
lost message of a bystander, a turn of the reactor that takes more than `TURN` seconds of the
processor, or turns without an end. (Wall time and Python's collector of garbage are measured, too,
but are no fault of the server's.)
"""

from __future__ import annotations

import gc
import re
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec
from twisted.logger import LogEvent, LogLevel, formatEvent, globalLogPublisher

from groupchat.ledgers.memory import MemoryLedger
from groupchat.ledgers.retention import RetentionPolicy
from groupchat.wire import events
from tests.hostile.case import VISIBLE, without_telnet
from tests.hostile.grammar import Grammar
from tests.hostile.play import RawClient
from tests.support import Reactor, Server, collections

TURN = 0.05  #: seconds that a turn of the reactor may take
FEW = 95  #: lines at once, at most: a hundred bad ones within 10 s end a connection
ENDLESS = 100_000  #: turns for one chunk, at most: then it goes round in circles
LONG = 40_000  #: lines for one server; then there is a new one
WIRES = ("json", "plain")

_line = msgspec.json.Decoder(events.AnyEvent).decode
_NAME = "[A-Za-z0-9][A-Za-z0-9_.-]{0,31}"
_PLAIN = re.compile(
    rf"-- .+|! .+|What is your name\?|(\[[0-9: -]{{16}}\] )?(\* {_NAME} |{_NAME}: |-- {_NAME}\b)|{_NAME} \(to you\): ",
    re.DOTALL,
)
_RAW = re.compile(f"[{''.join(map(re.escape, map(chr, sorted(VISIBLE.keys() - {0x0A}))))}]")
#: Answers to other protocols: no lines of ours.
SECRET = "a secret of Olga's"  #: that is said where mallory is not
ELSEWHERE = (b"HTTP/1.0 400 ", b"ERROR :", b"! This is a group chat.", b"\x15\x03")


class Found(Exception):
    """Something that must never be."""


class Turns(Reactor):
    """
    Measures its turns.

    :ivar counts: how many there were, and how many were too long.
    :ivar worst: the longest: seconds of the processor (without the collector), on the wall, and of
        the collector.
    """

    def __init__(self) -> None:
        super().__init__()
        self.worst = {"processor": 0.0, "wall": 0.0, "collector": 0.0}
        self.counts: Counter[str] = Counter()
        self._collecting = self._collected = 0.0
        self.since = 0  # how many there were since someone last looked

    def turn(self) -> bool:
        self.since += 1
        if self.since > ENDLESS:
            raise Found(f"It goes round in circles: {self.getDelayedCalls()}")
        collected, wall, processor = self._collected, time.perf_counter(), time.thread_time()
        try:
            return super().turn()
        finally:
            collector = self._collected - collected
            self._note("processor", time.thread_time() - processor - collector)
            self._note("collector", collector)
            self._note("wall", time.perf_counter() - wall)
            self.counts["turns"] += 1

    def _note(self, what: str, took: float) -> None:
        if took > self.worst[what]:
            self.worst[what] = took
        if took > TURN:
            self.counts[what] += 1

    def collecting(self, phase: str, info: dict[str, int]) -> None:
        """Told by Python's collector when it begins and ends."""
        if phase == "start":
            self._collecting = time.thread_time()
        else:
            self._collected += time.thread_time() - self._collecting


class Fuzz:
    """
    :param seed: the same seed sends the same lines.
    :param wires: that mallory speaks, in turns.
    :ivar sent: what the connection that is open now has sent so far.
    """

    def __init__(self, seed: object, wires: tuple[str, ...] = WIRES) -> None:
        self.grammar = Grammar(seed)
        self.reactor = Turns()
        self.counts: Counter[str] = Counter()
        self.sent: list[bytes] = []
        self._wires = wires
        self._errors: list[str] = []
        self._begin()

    def _begin(self) -> None:
        """A new server, with new bystanders; the clock goes on."""
        self.reactor.removeAll()
        for call in self.reactor.getDelayedCalls():
            call.cancel()
        ledger = lambda reactor: MemoryLedger(reactor.callLater, RetentionPolicy(count=200))  # noqa: E731
        self.server = Server(ledger, self.reactor, rate=50, burst=200)
        self.amy, self.ben = self.server.plain("amy"), self.server.json("ben")
        self.amy.read()
        self.olga = self._keep_secrets()
        self._before = collections(self.server)
        self._mallory: Any = None
        self._fresh = 0

    def _keep_secrets(self) -> Any:
        """Returns Olga, who has a private room, and has told Pete something."""
        olga, pete = (self.server.json(name, rooms={}) for name in ("olga", "pete"))
        for one in (olga, pete):
            one.ask("register", password="correct horse")
        pete.close()
        for room in ("den", "@pete"):
            olga.do("join", room=room)
        olga.do("private", room="den", private=True)
        for room in ("den", "@pete"):
            olga.do("say", room=room, text=SECRET)
        self.reactor.run()
        assert olga.read().count(SECRET.encode()) == 2
        return olga

    def run(
        self, lines: int, seconds: float = 0, told: Callable[[str], None] | None = None
    ) -> None:
        """
        Send `lines` lines, or as many as can be sent within `seconds`, if those are given.

        :param told: is told now and then how far it is.
        :raises Found: something that must never be.
        """
        gc.callbacks.append(self.reactor.collecting)
        globalLogPublisher.addObserver(self.observe)
        began = reported = time.monotonic()
        try:
            while self.counts["lines"] < lines and not (
                seconds and time.monotonic() - began > seconds
            ):
                self._chunk()
                if told is not None and time.monotonic() - reported > 10:
                    reported = time.monotonic()
                    told(self.told(reported - began))
        finally:
            gc.callbacks.remove(self.reactor.collecting)
            globalLogPublisher.removeObserver(self.observe)
        self.counts["milliseconds"] = round((time.monotonic() - began) * 1000)

    def told(self, seconds: float) -> str:
        """Returns a report on the progress."""
        counts, turns, most = self.counts, self.reactor.counts, TURN * 1000
        worst = {what: f"{took * 1000:.1f} ms" for what, took in self.reactor.worst.items()}
        return (
            f"{counts['lines']:,} lines ({counts['lines'] / max(seconds, 0.001):,.0f} a second) over {counts['connections']:,} "
            f"connections, {counts['round trips']:,} round trips; {turns['turns']:,} turns, "
            f"the longest of {worst['processor']} on the processor and {worst['wall']} on the wall (over {most:.0f} ms: "
            f"{turns['processor']} and {turns['wall']}); the collector took at most {worst['collector']}"
        )

    # One chunk.

    def _chunk(self) -> None:
        random = self.grammar.random
        self.reactor.since = 0
        if self._mallory is None:
            self._connect()
        wire = self._wire
        lines = [self.grammar.line(wire) for _ in range(1 + int(random.random() * (FEW - 1)))]
        data = b"".join(lines)
        if random.random() < 0.1:
            self._send(*self._pieces(data))
        else:
            self._send(data)
        self.counts["lines"] += len(lines)
        self._fresh += len(lines)
        self._listen()
        self.olga.do("pong")
        self._round_trip()
        if random.random() < 0.95:
            self.reactor.run(10.01)
        self._look()
        if self._mallory.transport.lost or self._mallory.gone or random.random() < 0.06:
            self._part()
            if self._fresh > LONG:
                self._begin()

    def _connect(self) -> None:
        self._wire = self._wires[self.counts["connections"] % len(self._wires)]
        self.counts["connections"] += 1
        self._mallory = RawClient(self.server)
        self.sent.clear()
        self._send(self.grammar.hello(self._wire))

    def _send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.sent.append(piece)
            self._mallory.send(piece)
            self.reactor.run()

    def _pieces(self, data: bytes) -> list[bytes]:
        random = self.grammar.random
        cuts = sorted(random.randrange(len(data) + 1) for _ in range(random.randrange(8)))
        return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]

    def _part(self) -> None:
        """Mallory goes, in one way or another."""
        mallory = self._mallory
        if not mallory.gone and self.grammar.random.random() < 0.5:
            mallory.end()
            for _ in range(4):  # what she sent over her rate is still said
                self.reactor.run(20)
                self.ben.do("pong")
                self.olga.do("pong")
        if not mallory.transport.lost:
            mallory.close()
        self.reactor.run()
        self._look()
        self._mallory = None
        left = collections(self.server).items() - self._before.items()
        if left:
            raise Found(f"Something of a client that is gone is left: {left}")
        if len(self.reactor.getDelayedCalls()) > 2:
            raise Found(f"Timers are left: {self.reactor.getDelayedCalls()}")

    # Checks.

    def _listen(self) -> None:
        """Look at every line that anybody got."""
        transport = self._mallory.transport
        data = bytes(transport.taken)
        transport.taken.clear()
        if SECRET.encode() in data:
            raise Found(f"Mallory was told what is not for her: {data!r}")
        session = self._mallory.protocol.session
        if session is not None and data and not data.startswith(ELSEWHERE):
            lines = (data if not session.wire.capabilities.typed else without_telnet(data)).split(
                b"\n"
            )[:-1]
            read(lines, session.wire.capabilities.echoes_own)
        read(self.amy.read().split(b"\n")[:-1], False)
        read(self.ben.read().split(b"\n")[:-1], True)

    def _round_trip(self) -> None:
        self.counts["round trips"] += 1
        word = f"word {self.counts['round trips']}"
        speaker, listener = (
            (self.amy, self.ben) if self.counts["round trips"] % 2 else (self.ben, self.amy)
        )
        speaker.say(word)
        self.reactor.run(0.25)
        heard = listener.read()
        wanted = (
            f'"from":"amy","text":"{word}"}}'.encode()
            if listener is self.ben
            else f"ben: {word}\n".encode()
        )
        if heard.count(wanted) != 1:
            self._look()
            raise Found(f"A bystander's word was not heard once: {word}")
        read(heard.split(b"\n")[:-1], listener is self.ben)

    def _look(self) -> None:
        self._listen()
        if self._errors:
            raise Found("\n".join(self._errors))
        if self.reactor.counts["processor"]:
            raise Found(
                f"A turn of the reactor took {self.reactor.worst['processor'] * 1000:.1f} ms"
            )

    def observe(self, event: LogEvent) -> None:
        if event.get("log_level", LogLevel.info) >= LogLevel.error:
            failure = event.get("log_failure", event.get("failure"))
            self._errors.append(
                f"{formatEvent(event)}\n{failure.getTraceback() if failure else ''}"
            )


def read(lines: list[bytes], json: bool) -> None:
    """
    Read the lines of a server.

    :raises Found: a line is none of its wire.
    """
    for line in lines:
        try:
            if json and line.startswith(b"{"):
                _line(line)
                continue
            text = line.decode()
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Found(f"A line that is none: {line!r} ({error})") from None
        if (
            not _PLAIN.match(text)
            or (json and not text.startswith(("! ", "What")))
            or _RAW.search(text)
        ):
            raise Found(f"A line that is none: {line!r}")
