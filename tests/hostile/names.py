"""Hostile cases: names that are invalid, in use, or look like such; and hellos."""

from __future__ import annotations

import json

from tests.hostile.case import BAD_NAME, ME, Case, case, hello, line, part

RESERVED = "server system admin administrator operator root everyone all here nobody me you groupchat".split()

BAD = {
    "an empty name": "", "a name of a space": " ", "a name that begins with a hyphen": "-mal",
    "one that begins with a point": ".mal",
    "one that begins with an underscore": "_mal", "two words for a name": "mal lory", "a tab in a name": "mal\tlory",
    "a name with an accent": "málløry", "a name of full width": "ｍａｌ", "a Cyrillic look-alike": "аmy",
    "a Greek look-alike": "αmy",
    "a Kelvin sign": "\u212aen", "a long s": "boſs", "a ligature": "ﬁn", "a dotless i": "adm\u0131n",
    "a name of 33 letters": "m" * 33,
    "a name of 4000 letters": "m" * 4000, "a name of 30000 letters": "m" * 30_000, "a colon in a name": "mal:",
    "a line of another": "ben: hi",
    "the server's word": "-- mal left.", "an error": "! mal", "an act": "* mal", "a time": "[2026-11-22 14:03] mal",
    "a slash in a name": "mal/x",
    "an at sign in a name": "mal@home", "a bracket in a name": "mal[1]", "a NUL in a name": "mal\0",
    "a control in a name": "mal\x1b[2J",
    "a DEL in a name": "mal\x7f", "a C1 control in a name": "mal\x9b", "a zero width space in a name": "a\u200bmy",
    "a zero width joiner in a name": "a\u200dmy", "words from right to left for a name": "\u202eyma",
    "an isolate in a name": "\u2066amy\u2069",
    "a line separator in a name": "a\u2028my", "a soft hyphen in a name": "a\u00admy", "a no-break space in a name": "a\u00a0my",
    "a combining letter in a name": "a\u0301my", "a variation selector in a name": "amy\ufe0f", "an emoji for a name": "👋",
    "Arabic digits for a name": "١٢", "a path for a name": "../../etc/passwd", "a format for a name": "%s{0}",
    "a lookup for a name": "${a}",
    "a quotation mark in a name": '"amy"', "a comma in a name": "amy,ben", "a backslash in a name": "amy\\",
    "a command for a name": "/who",
    "an address for a name": "192.0.2.1:9000", "a semicolon in a name": "amy;",
}  # fmt: skip


def entering(name: str, as_name: str, code: str, why: str) -> Case:
    """
    A login under this name is refused; then one under another succeeds.
    """
    return case(
        name,
        json=part(hello(as_name), f"error {code}"),
        plain=part(f"{as_name}\n".encode(), why),
        inside=False,
    )


def renaming(name: str, as_name: str, code: str, why: str) -> Case:
    return case(
        name,
        json=part(line("rename", name=as_name, ref="r"), f"error {code} ref=r"),
        plain=part(f"/name {as_name}\n".encode(), why),
    )


def reserved(name: str) -> str:
    return f'The name "{name}" is reserved. Take another.'


def taken(name: str) -> str:
    return f'The name "{name}" is taken. Choose another.'


def refused():
    for name, what in BAD.items():
        yield entering(name, what, "bad-name", BAD_NAME)
    yield case(
        "a name of two lines",
        json=part(hello("mal\nben"), "error bad-name"),
        plain=part(b"-mal\n-ben\n", [BAD_NAME, BAD_NAME]),
        inside=False,
    )
    for name in RESERVED:
        for spelt in (name, name.upper(), name.title()):
            yield entering(f"{spelt} for a name", spelt, "name-reserved", f"! {reserved(spelt)}")
    for name in ("amy", "AMY", "Amy", "ben", "bEN"):
        yield entering(f"{name}, which is taken", name, "name-taken", f"! {taken(name)}")
    bad = "a name has 1 to 32 of A-Z a-z 0-9 _ - . and the first a letter or digit."
    for name in ("an empty name", "two words for a name", "a tab in a name", "a name of a space"):
        what = BAD[name]
        yield renaming(f"{name}, anew", what, "bad-name", "! /name: type it like this: /name NEW")
    for name in (
        "a Cyrillic look-alike",
        "a name of 33 letters",
        "a line of another",
        "a control in a name",
        "a zero width space in a name",
    ):
        if " " not in BAD[name]:
            yield renaming(f"{name}, anew", BAD[name], "bad-name", f"! /name: {bad}")
    yield renaming(
        "a reserved name, anew", "Root", "name-reserved", f"! /name: t{reserved('Root')[1:]}"
    )
    yield renaming("a taken name, anew", "AMY", "name-taken", f"! /name: t{taken('AMY')[1:]}")


def odd():
    for name in ("m" * 32, "m", "0", "m---", "m...", "con", "NaN", "null", "0x0"):
        yield case(
            f"{name} for a name, which is one",
            json=part([hello("-"), hello(name)], ["error bad-name", *welcome(name)], f"{name} joined."),
            plain=part([b"-\n", f"{name}\n".encode()], [BAD_NAME, *welcomed(name)], f"{name} joined."),
            inside=False, lives=False, apart=True,
        )  # fmt: skip
    again = part(line("rename", name="MALLORY"), ["ok", "presence room=lobby count=3 renamed={'mallory': 'MALLORY'}"],
                 f"{ME} is now MALLORY.")  # fmt: skip
    yield case(
        "one's own name in capitals",
        json=again,
        plain=part(b"/name MALLORY\n", f"-- {ME} is now MALLORY.", f"{ME} is now MALLORY."),
    )
    yield case(
        "one's own name again",
        json=part(line("rename", name=ME), "ok"),
        plain=part(f"/name {ME}\n".encode()),
    )
    yield case(
        "twenty names in a row",
        json=part(
            b"".join(line("rename", name=f"m{n}") for n in range(20)),
            [
                told
                for old, new in TWENTY
                for told in ("ok", f"presence room=lobby count=3 renamed={{'{old}': '{new}'}}")
            ],
            [f"{old} is now {new}." for old, new in TWENTY],
        ),
        plain=part(
            b"".join(b"/name m%d\n" % n for n in range(20)),
            [f"-- {old} is now {new}." for old, new in TWENTY],
            [f"{old} is now {new}." for old, new in TWENTY],
        ),
        memory=True,
    )


TWENTY = [(f"m{n - 1}" if n else ME, f"m{n}") for n in range(20)]


def welcome(name: str, room: str = "lobby", members: str = "amy,ben,", count: int = 3) -> list[str]:
    return [
        f"welcome name={name} operator=False",
        f"room room={room} first=1 head=0 said=0 topic= members={members}{name} count={count} mark=0",
        f"catchup room={room} through=0",
    ]


def welcomed(name: str) -> list[str]:
    names = ", ".join(sorted(["amy", "ben", name], key=str.lower))
    return [
        f"-- Welcome to lobby, {name}. 3 here: {names}. /help lists the commands.",
        "-- You are up to date.",
    ]


def tries():
    yield case(
        "four bad names",
        json=part(hello("-") * 4, ["error bad-name"] * 4), plain=part(b"-\n" * 4, [BAD_NAME] * 4), inside=False,
    )  # fmt: skip
    yield case(
        "five bad names",
        json=part(hello("-") * 5, ["error bad-name"] * 5 + ["bye bad-name"], end="closed"),
        plain=part(
            b"-\n" * 5, [BAD_NAME] * 5 + ["! That was refused 5 times. Good-bye."], end="closed"
        ),
        inside=False,
    )
    yield case(
        "a thousand bad names",
        json=part(hello("-") * 1000, ["error bad-name"] * 5 + ["bye bad-name"], end="closed"),
        plain=part(
            b"-\n" * 1000, [BAD_NAME] * 5 + ["! That was refused 5 times. Good-bye."], end="closed"
        ),
        inside=False,
    )
    five = ["-", "root", "AMY", "", "m" * 33]
    codes = ["bad-name", "name-reserved", "name-taken", "bad-name", "bad-name"]
    whys = [BAD_NAME, f"! {reserved('root')}", f"! {taken('AMY')}", BAD_NAME, BAD_NAME]
    yield case(
        "five names, each bad in its own way",
        json=part(
            b"".join(map(hello, five)),
            [*(f"error {code}" for code in codes), "bye bad-name"],
            end="closed",
        ),
        plain=part(
            "".join(f"{name}\n" for name in five).encode(),
            [*whys, "! That was refused 5 times. Good-bye."],
            end="closed",
        ),
        inside=False,
    )
    yield case(
        "what one wants to say behind a bad name",
        json=part(
            hello("-") + line("say", room="lobby", text="hi"),
            ["error bad-name", "error hello-first room=lobby"],
        ),
        plain=part(b"-\nhello everybody\n", [BAD_NAME] * 2),
        inside=False,
    )


# Hellos. On the plain wire a line of JSON is no name.

SECRET = "a-secret-of-mallory-0"

HELLOS = {
    "a client of 15 letters": {"client": "c" * 15}, "a client of 65 letters": {"client": "c" * 65},
    "an empty client": {"client": ""},
    "a client with a space": {"client": "a secret of mallory"}, "a client with an accent": {"client": "sécret-of-mallory"},
    "a client with an LF behind it": {"client": f"{SECRET}\n"}, "a client with a NUL": {"client": f"{SECRET}\0"},
    "a client that is a number": {"client": 10**20}, "a client that is a list": {"client": [SECRET]},
    "a password that is a number": {"password": 5}, "33 rooms": {"rooms": {f"r{n}": None for n in range(33)}},
    "2000 rooms": {"rooms": {f"r{n}": None for n in range(2000)}}, "rooms in a list": {"rooms": ["lobby"]},
    "a room for rooms": {"rooms": "lobby"},
    "a room that is true": {"rooms": {"lobby": True}}, "a room that is a number": {"rooms": {"lobby": 5}},
    "a room that is a list": {"rooms": {"lobby": []}}, "an epoch without an after": {"rooms": {"lobby": {"epoch": "x"}}},
    "an epoch that is a number": {"rooms": {"lobby": {"epoch": 5, "after": 1}}},
    "an epoch of 65 letters": {"rooms": {"lobby": {"epoch": "e" * 65, "after": 1}}},
    "an after below 0": {"rooms": {"lobby": {"after": -1}}}, "an after of 2 to the 53rd": {"rooms": {"lobby": {"after": 2**53}}},
    "an after of 2 to the 64th": {"rooms": {"lobby": {"after": 2**64}}}, "an after of 1.5": {"rooms": {"lobby": {"after": 1.5}}},
    "an after that is a text": {"rooms": {"lobby": {"after": "1"}}}, "an after that is true": {"rooms": {"lobby": {"after": True}}},
    "a room without a name": {"rooms": {"": None}}, "a room with a space in its name": {"rooms": {"a b": None}},
    "a room of 33 letters": {"rooms": {"r" * 33: None}}, "a room with a control": {"rooms": {"a\x1b": None}},
    "a room of look-alikes": {"rooms": {"lоbby": None}}, "a room that is a path": {"rooms": {"../etc": None}},
    "a room that is a command": {"rooms": {"/quit": None}}, "rooms that are equal": {"rooms": {"dev": None, "DEV": None}},
    "rooms of which the last is bad": {"rooms": {"lobby": None, "dev": {"after": 1}, "-": None}},
    "a name that is a number": {"name": 5}, "a name that is null": {"name": None}, "a name that is a list": {"name": [ME]},
    "a name that is true": {"name": True}, "a ref of 65 letters in it": {"ref": "r" * 65},
}  # fmt: skip


def hellos():
    for name, fields in HELLOS.items():
        data = line("hello", **{"name": ME, **fields})
        yield case(
            f"a hello with {name}",
            json=part(data, "error bad-field"), plain=part([b"-\n", data], [BAD_NAME] * 2), inside=False,
        )  # fmt: skip
        yield case(
            f"five hellos with {name}",
            json=part(data * 5, ["error bad-field"] * 5 + ["bye bad-field"], end="closed"),
            plain=part(
                [b"-\n", data * 4],
                [BAD_NAME] * 5 + ["! That was refused 5 times. Good-bye."],
                end="closed",
            ),
            inside=False,
        )
    data = b'{"type":"hello"}\n'
    yield case(
        "a hello without a name", json=part(data, "error bad-field"), plain=part([b"-\n", data], [BAD_NAME] * 2), inside=False,
    )  # fmt: skip
    for name, place in {
        "an epoch of another log": {"epoch": "x", "after": 0},
        "an after beyond the end": {"after": 1},
        "an after of 2 to the 53rd less 1": {"after": 2**53 - 1},
        "an epoch with a NUL": {"epoch": "\0", "after": 5},
    }.items():
        data = hello(rooms={"lobby": place})
        start, room, through = welcome(ME)
        yield case(
            f"a hello with {name}",
            json=part(
                [b"{}\n", data],
                ["error bad-field", start, room, "reset room=lobby first=1 head=0", through],
                f"{ME} joined.",
            ),
            plain=part([b"-\n", data], [BAD_NAME] * 2),
            inside=False,
            lives=False,
            apart=True,
        )
    data = hello(rooms={}, client="c" * 64, unknown=[1])
    yield case(
        "a hello with a long client and no rooms",
        json=part(data, f"welcome name={ME} operator=False"), plain=part([b"-\n", data], [BAD_NAME] * 2), inside=False, lives=False,
    )  # fmt: skip
    data = hello(password="x" * 30_000)
    yield case(
        "a hello with a long password",
        json=part(data, "error bad-password"), plain=part([b"-\n", data], [BAD_NAME] * 2), inside=False, lives=False,
    )  # fmt: skip


def before():
    """Commands that need a login."""
    for verb, fields in {
        "join": {"room": "lobby"}, "leave": {"room": "lobby"}, "say": {"room": "lobby", "text": "hi", "n": 1},
        "tell": {"to": "amy", "text": "hi"}, "history": {"room": "lobby"}, "who": {"room": "lobby"}, "rooms": {},
        "rename": {"name": "m"},
        "topic": {"room": "lobby", "text": "hi"}, "ping": {}, "pong": {}, "register": {"password": "x"}, "token": {"name": "x"},
        "tokens": {}, "revoke": {"name": "x"}, "kick": {"name": "amy"},
        "mute": {"name": "amy"}, "op": {"name": ME}, "ban": {"name": "amy"}, "max": {"max": 1}, "notice": {"text": "hi"},
    }.items():  # fmt: skip
        data = line(verb, **fields, ref="r")
        given = "".join(f" {key}={fields[key]}" for key in ("n", "room") if key in fields)
        yield case(
            f"{verb} before a hello",
            json=part(data, f"error hello-first{given} ref=r"), plain=part([b"-\n", data], [BAD_NAME] * 2), inside=False,
        )  # fmt: skip
    for word in (
        "/who",
        "/msg amy hi",
        "/me waves",
        "/rooms",
        "/join dev",
        "/topic",
        "/history",
        "//x",
        "/kick amy",
    ):
        data = json.dumps(word).encode() + b"\n"
        yield case(
            f"{word} before a name",
            json=part(b"{}\n" + data, ["error bad-field", "error bad-json"]),
            plain=part(f"{word}\n".encode(), BAD_NAME),
            inside=False,
        )
    yield case(
        "a quit before a name",
        json=part(line("quit"), "bye quit", end="closed"), plain=part(b"/quit\n", "-- Bye.", end="closed"), inside=False,
    )  # fmt: skip
    help = "! /help: type the name that you want here, and nothing else. /quit ends."
    yield case(
        "a hundred cries for help before a hello",
        json=part(b"{}\n", "error bad-field"),
        plain=part(
            b"/help\n" * 100, [help] * 5 + ["! That was refused 5 times. Good-bye."], end="closed"
        ),
        inside=False,
        lives=False,
    )
    yield case(
        "a hundred pings before a hello",
        json=part(line("ping") * 100, ["error hello-first"] * 100),
        plain=part([b"-\n", line("ping")], [BAD_NAME] * 2),
        inside=False,
    )
    yield case(
        "a hundred bad lines before a hello",
        json=part(b"{\n" * 100, ["error bad-json"] * 100 + ["bye bad-json"], end="closed"),
        plain=part(
            b"zo\xeb\n" * 100,
            ["! That line is not UTF-8. Set your terminal to UTF-8."] * 5
            + ["! That was refused 5 times. Good-bye."],
            end="closed",
        ),
        inside=False,
    )


CASES = [*refused(), *odd(), *tries(), *hellos(), *before()]
