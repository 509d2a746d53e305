"""
Lines that are nearly right: made of the wires' own verbs, with values that are good, odd or bad,
and then now and then broken.

Everything comes from one generator of random numbers: the same seed makes the same lines.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random

from groupchat.wire.plain.words import COMMANDS
from tests.hostile import framing, lines, names, openings, texts

ROOMS = [
    b'"lobby"',
    b'"Lobby"',
    b'"dev"',
    b'"DEV"',
    *(b'"r%d"' % n for n in range(40)),
    b'"a b"',
    b'""',
    b'"\\u0000"',
    '"lоbby"'.encode(),
    b'"@amy"',
    b'"den"',
    b'"@olga"',
    b'"@pete"',
    b'"@mallory"',
    b'"@"',
    b'"@a+b"',
]
PEOPLE = [
    b'"mallory"',
    b'"mal"',
    b'"MAL"',
    b'"amy"',
    b'"ben"',
    b'"root"',
    b'"olga"',
    b'"pete"',
    b'"m%s"' % (b"m" * 31),
    b'"-"',
    b'""',
    '"аmy"'.encode(),
    b'"amy\\u0000"',
]
COUNTS = [b"1", b"2", b"3", b"4", b"5", b"0", b"-1", b"1000", b"1001", b"1.0", b"1e400", b"9007199254740991", b"9007199254740992",
          b"18446744073709551616", b"9" * 400]  # fmt: skip
SAID = [json.dumps(text, ensure_ascii=False).encode() for text in
        ["hi", "hello everybody", "", " ", "x" * 500, "x" * 4096, "x" * 4097, *texts.TERMINALS.values(), *texts.PRETENDING.values(),
         *texts.ODD.values(), *texts.WHITE.values()]] + [b'"\\ud800"', b'"\\u0000\\u009b\\u2028"']  # fmt: skip
PLACES = [
    b"null",
    b"{}",
    b'{"after":0}',
    b'{"after":5}',
    b'{"epoch":"x","after":1}',
    b'{"epoch":"x"}',
    b"[]",
    b"5",
    b'{"after":9007199254740991}',
]
REFS = [b'"r"', b'""', b'"%s"' % (b"r" * 64), b'"%s"' % (b"r" * 65), b"5", b"null"]
ANYTHING = [
    b"null",
    b"true",
    b"false",
    b"0",
    b"-0",
    b"1e999",
    b'""',
    b"[]",
    b"{}",
    b"[[[]]]",
    b'"\\ud83d\\udc4b"',
    b'"\\udc4b"',
    b"NaN",
    b'"',
    b"{",
    b"[" * 33,
    b"1" * 5000,
    b'"' + b"[" * 60 + b'"',
    b'"\\"',
    b'{"a":' * 40,
]
CLIENTS = [b'"a-secret-of-mallory-%d"' % n for n in range(4)] + [
    b'"short"',
    b'"%s"' % (b"c" * 65),
    b"5",
]

VERBS: dict[bytes, dict[bytes, list[bytes]]] = {
    b"hello": {b"name": PEOPLE, b"client": CLIENTS, b"rooms": [b"{}"], b"password": SAID},
    b"join": {b"room": ROOMS, b"epoch": SAID, b"after": COUNTS},
    b"leave": {b"room": ROOMS},
    b"say": {b"room": ROOMS[:4], b"text": SAID, b"act": [b"true", b"false", b"1"], b"n": COUNTS},
    b"tell": {b"to": PEOPLE, b"text": SAID},
    b"history": {b"room": ROOMS[:4], b"before": COUNTS, b"after": COUNTS, b"limit": COUNTS},
    b"who": {b"room": ROOMS[:4], b"after": PEOPLE},
    b"rooms": {b"after": ROOMS},
    b"rename": {b"name": PEOPLE},
    b"topic": {b"room": ROOMS[:4], b"text": SAID},
    b"ping": {},
    b"pong": {},
    b"register": {b"password": SAID},
    b"token": {b"name": PEOPLE},
    b"tokens": {},
    b"revoke": {b"name": PEOPLE},
    b"kick": {b"name": PEOPLE, b"seconds": COUNTS, b"text": SAID},
    b"mute": {b"name": PEOPLE},
    b"unmute": {b"name": PEOPLE},
    b"op": {b"name": PEOPLE},
    b"deop": {b"name": PEOPLE},
    b"ban": {b"name": PEOPLE, b"address": SAID},
    b"unban": {b"address": SAID},
    b"max": {b"max": COUNTS},
    b"bans": {b"after": PEOPLE},
    b"mutes": {b"after": PEOPLE},
    b"places": {},
    b"edit": {b"room": ROOMS[:4], b"text": SAID, b"replaces": COUNTS, b"n": COUNTS},
    b"redact": {b"room": ROOMS[:4], b"redacts": COUNTS, b"n": COUNTS},
    b"search": {
        b"room": ROOMS[:4],
        b"text": SAID,
        b"from": PEOPLE,
        b"before": COUNTS,
        b"limit": COUNTS,
    },
    b"mark": {b"room": ROOMS[:4], b"id": COUNTS},
    b"private": {b"room": ROOMS, b"private": [b"true", b"false", b"1"]},
    b"invite": {b"room": ROOMS, b"name": PEOPLE},
    b"uninvite": {b"room": ROOMS, b"name": PEOPLE},
    b"close": {b"room": ROOMS},
    b"notice": {b"text": SAID},
    b"dance": {b"with": PEOPLE},
}
TYPES = {b"edit": b"say", b"redact": b"say"}  #: of those that are not called as on the wire
KINDS = [
    *VERBS,
    *[b"say"] * 12,
    *[b"ping", b"tell", b"topic", b"join", b"leave", b"edit", b"search"] * 2,
]
RAW = [*lines.NO_JSON.values(), *lines.NESTED.values(), *(data for data in framing.BROKEN.values()), *framing.TELNET.values(),
       *openings.STRANGE.values(), *(data for data, _ in openings.KNOWN.values()), *(name.encode() for name in names.BAD.values()),
       b"x" * 32_767, b"x" * 32_768, b"x" * 40_000, b"\0" * 100, b"\r", b"\r\n\n\r\n"]  # fmt: skip
RAW = [data for data in RAW if len(data) < 100] * 8 + RAW
QUITS = {"json": b'{"type":"quit"}', "plain": b"/quit"}

WORD = [word.word.encode() for word in COMMANDS if word.word != "/quit"] + [
    *[alias.encode() for word in COMMANDS for alias in word.aliases if word.word != "/quit"],
    b"/dance",
    b"/qiut",
    b"/",
    b"//",
    b"/WHO",
    b"/Me",
    b"/me",
    b"/me",
    b"/msg",
    b"/msg",
]
TYPED = [json.loads(text).encode() for text in SAID[:-2]]
ARGUMENTS = [
    *TYPED,
    b"amy",
    b"ben",
    b"amy hi",
    b"mal",
    b"root",
    b"dev",
    b"lobby",
    b"den",
    b"@olga",
    b"olga",
    b"5",
    b"1000",
    b"0",
    b"-1",
    b"9" * 400,
    b" ",
    b"amy  ",
    b"\xff\xfd\x01",
    b"\xff\xfa",
    "\u2028".encode(),
    b"\x85",
]
PIECES = [
    b"\xff",
    b"\0",
    b"\r",
    b"\x1b[",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xe2\x80\xae",
    b'"',
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"/",
    b" ",
    b"\\u0000",
    b"\\ud800",
    b"\xff\xfa",
    b"\xff\xff",
    b"1e999",
    b"null",
    b"-",
]


class Grammar:
    """
    :param seed: of everything.
    """

    def __init__(self, seed: object) -> None:
        self.random = Random(seed)
        self.lines: dict[str, Callable[[], bytes]] = {"json": self._json, "plain": self._plain}

    def line(self, wire: str) -> bytes:
        """A line for this wire, good or bad, with its LF."""
        random = self.random.random
        chance = random()
        if chance < 0.001:
            data = QUITS[wire]
        elif chance < 0.04:
            data = self.random.choice(RAW)
        elif chance < 0.06:
            data = self.random.randbytes(int(random() * 200))
        else:
            data = self.lines[wire]()
            if chance < 0.25:
                data = self._broken(data)
        return data + b"\n"

    def hello(self, wire: str) -> bytes:
        """Returns the first line of a connection; most log in."""
        chance = self.random.random()
        if chance < 0.2:  # a new name, with an account
            name, password = b"reg%d" % self.random.randrange(10**9), b"correct horse"
            if wire == "plain":
                return b"%s\n/register %s\n" % (name, password)
            register = b'{"type":"register","password":"%s"}\n' % password
            return b'{"type":"hello","name":"%s"}\n%s' % (name, register)
        if chance < 0.8:
            name = b"mal%d" % self.random.randrange(100)
            return b'{"type":"hello","name":"%s"}\n' % name if wire == "json" else name + b"\n"
        return self.line(wire) if chance < 0.95 else self.random.choice(RAW)

    def _json(self) -> bytes:
        random, choice = self.random.random, self.random.choice
        kind = choice(KINDS)
        parts = [b'{"type":"%s"' % TYPES.get(kind, kind)]
        for field, values in VERBS[kind].items():
            chance = random()
            if chance < 0.8:
                value = choice(values) if random() < 0.7 else values[0]
                if field == b"rooms":
                    value = b"{%s}" % b",".join(
                        b"%s:%s" % (choice(ROOMS), choice(PLACES)) for _ in range(int(random() * 4))
                    )
                parts.append(b'"%s":%s' % (field, value))
            elif chance < 0.86:
                parts.append(b'"%s":%s' % (field, choice(ANYTHING)))
        chance = random()
        if chance < 0.2:
            parts.append(b'"ref":%s' % choice(REFS))
        elif chance < 0.25:
            parts.append(b'"x":%s' % choice(ANYTHING))
        return b",".join(parts) + b"}"

    def _plain(self) -> bytes:
        choice = self.random.choice
        chance = self.random.random()
        if chance < 0.55:
            return choice(TYPED)
        return choice(WORD) + b" " + choice(ARGUMENTS) if chance < 0.95 else choice(WORD)

    def _broken(self, data: bytes) -> bytes:
        """The same with something in it cut out, put in, changed or doubled."""
        random = self.random.random
        for _ in range(1 + int(random() * 2)):
            at = int(random() * len(data))
            to = at + int(random() * 8)
            match int(random() * 5):
                case 0:
                    data = data[:at] + data[to:]
                case 1:
                    data = data[:at] + self.random.choice(PIECES) + data[at:]
                case 2:
                    data = data[:at] + bytes([int(random() * 256)]) + data[at + 1 :]
                case 3:
                    data = data[:to] + data[at:]
                case _:
                    data = data[:at]
        return data
