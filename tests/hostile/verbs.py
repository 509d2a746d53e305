"""Hostile cases: well-formed lines that ask for what cannot be, may not be, or is too much."""

from __future__ import annotations

from typing import Any

from tests.hostile.case import (
    ALLOWED,
    ME,
    NO_COMMAND,
    TOO_LONG,
    Case,
    alike,
    case,
    line,
    part,
    said,
    said_at_once,
)
from tests.hostile.names import RESERVED

BIG = 2**53 - 1
NOT_IN = "error not-in-room"
USAGE = "type it like this:"


def say(text: str = "hi", room: str = "lobby", **more: Any) -> bytes:
    return line("say", room=room, text=text, **more)


def entered(room: str, ref: str = "") -> list[str]:
    return [
        f"room room={room} first=1 head=0 said=0 topic= members={ME} count=1{ref} mark=0",
        f"catchup room={room} through=0",
    ]


def hellos():
    yield alike("a second hello", line("hello", name=ME, ref="r"), "error already-in ref=r")
    yield alike("a second hello as someone else", line("hello", name="amy"), "error already-in")
    yield alike("a second hello with a bad name", line("hello", name="-"), "error already-in")
    yield alike("a second hello that is none", line("hello"), "error bad-field")
    yield alike("a hundred hellos", line("hello", name=ME) * 100, ["error already-in"] * 100)


# Rooms.

BAD_ROOMS = {
    "no name": "", "a space": " ", "a hyphen": "-", "two words": "a b", "an accent": "zoë", "a look-alike": "lоbby",
    "a control": "a\x1bb",
    "a NUL": "\0", "33 letters": "r" * 33, "30000 letters": "r" * 30_000, "a path": "../etc", "a channel's sign": "#lobby",
    "a Kelvin sign": "\u212aitchen", "an LF": "a\nb", "words from right to left": "\u202eybbol", "a wildcard": "*",
}  # fmt: skip


def rooms():
    for name, room in BAD_ROOMS.items():
        yield alike(f"a room with {name} for its name", line("join", room=room, ref="r"),
                    f"error bad-name{f' room={room}' if room else ''} ref=r")  # fmt: skip
        yield alike(
            f"a word in a room with {name} for its name",
            say(room=room),
            f"{NOT_IN}{f' room={room}' if room else ''}",
        )
    usage = "! /join: type it like this: /join ROOM"
    bad = "! /join: a room's name has 1 to 32 of A-Z a-z 0-9 _ - . and the first a letter or digit."
    for name, rest, why in (
        ("no room", "", usage),
        ("two rooms", " a b", usage),
        ("a room of 33 letters", " " + "r" * 33, bad),
        ("a hyphen", " -", bad),
        ("the room one is in", " LOBBY", "! /join: you are in lobby already."),
    ):
        yield case(
            f"a join of {name}",
            json=part(line("join", room=rest.strip()), f"error already-in room={rest.strip()}" if "LOBBY" in rest else
                      f"error bad-name{f' room={rest.strip()}' if rest.strip() else ''}"),
            plain=part(f"/join{rest}\n".encode(), why),
        )  # fmt: skip
    joins = [line("join", room=f"r{n}") for n in range(33)]
    yield case(
        "a 33rd room",
        json=part(joins[:31] + joins[31:32], [told for n in range(31) for told in entered(f"r{n}")] + ["error too-many room=r31"]),
        plain=part([b"/join dev\n", b"/join lobby\n"], ["-- Welcome to dev, mallory. 1 here: mallory. /help lists the commands.",
                   "-- You are up to date.",
                   "-- Welcome to lobby, mallory. 3 here: amy, ben, mallory. /help lists the commands.", "-- You are up to date."],
                   [f"{ME} left.", f"{ME} joined."]),
    )  # fmt: skip
    yield alike("the same room joined twice", line("join", room="dev") + line("join", room="DEV", ref="r"),
                [*entered("dev"), "error already-in room=DEV ref=r"])  # fmt: skip
    yield alike(
        "a room left twice",
        line("join", room="dev")
        + line("leave", room="dev", ref="1")
        + line("leave", room="Dev", ref="2"),
        [*entered("dev"), "error not-in-room room=Dev ref=2", "ok room=dev ref=1"],
    )
    yield alike("a room joined and left a hundred times", (line("join", room="dev") + line("leave", room="dev")) * 100,
                [told for _ in range(100) for told in (*entered("dev"), "ok room=dev")])  # fmt: skip
    yield alike("a room with the name of nobody", line("join", room="root"), entered("root"))
    for name, room in {
        "no room": "",
        "another room": "dev",
        "a room of 30000 letters": "x" * 30_000,
    }.items():
        given = f" room={room}" if room else ""
        for verb, more in (
            ("leave", {}),
            ("topic", {}),
            ("topic", {"text": "x"}),
            ("history", {}),
            ("who", {}),
            ("say", {"text": "x"}),
        ):
            what = "a new topic" if verb == "topic" and more else verb
            yield alike(
                f"{what} for {name}, where one is not",
                line(verb, room=room, **more),
                f"{NOT_IN}{given}",
            )
    yield alike(
        "words of no weight for a room where one is not",
        say("", "dev") + say("x" * 5000, "dev"),
        [f"{NOT_IN} room=dev"] * 2,
    )
    for name, place in {
        "an epoch without an after": {"epoch": "x"}, "an after below 0": {"after": -1},
        "an epoch of 65 letters": {"epoch": "x" * 65, "after": 1},
    }.items():  # fmt: skip
        yield alike(
            f"a join with {name}", line("join", room="dev", **place), "error bad-field room=dev"
        )
    for name, place in {
        "an epoch of another log": {"epoch": "x", "after": 0},
        "an after beyond the end": {"after": BIG},
    }.items():
        start, through = entered("dev")
        yield alike(
            f"a join with {name}",
            line("join", room="dev", **place),
            [start, "reset room=dev first=1 head=0", through],
        )


# Counts.


def counts():
    one = say("one", n=1)
    yield alike("an n of 0", say(n=0), "error bad-field room=lobby")
    yield alike("an n of 2 before that of 1", say(n=2), "error out-of-order n=2 room=lobby want=1")
    yield alike(
        "the greatest n there is", say(n=BIG), f"error out-of-order n={BIG} room=lobby want=1"
    )
    yield alike("an n that leaves one out", one + say("three", n=3),
                ["ok n=1 room=lobby id=1", "error out-of-order n=3 room=lobby want=2", said("one")[1]], f"{ME}: one")  # fmt: skip
    yield alike("n that go back", say("b", n=2) + say("a", n=1),
                ["error out-of-order n=2 room=lobby want=1", *said("a", n=1)], f"{ME}: a")  # fmt: skip
    yield _once("an n again with the same text", [one, one], ["ok n=1 room=lobby id=1"] * 2)
    yield _once("an n a hundred times", [one] * 100, ["ok n=1 room=lobby id=1"] * 100)
    yield _once("an n again with another text", [one, say("other", n=1)],
                ["ok n=1 room=lobby id=1", "error conflict n=1 room=lobby"])  # fmt: skip
    yield _once("an n again as an act", [one, say("one", n=1, act=True)],
                ["ok n=1 room=lobby id=1", "error conflict n=1 room=lobby"])  # fmt: skip
    yield _once(
        "an n again with an empty text",
        [one, say("", n=1)],
        ["ok n=1 room=lobby id=1", "error conflict n=1 room=lobby"],
    )
    yield _once("an n again with a text that is too long", [one, say("x" * 5000, n=1)],
                ["ok n=1 room=lobby id=1", "error conflict n=1 room=lobby"])  # fmt: skip
    yield alike(
        "an n for an empty text, and again",
        say("", n=1) + say("a", n=1),
        ["error text-empty n=1 room=lobby", *said("a", n=1)],
        f"{ME}: a",
    )
    yield alike(
        "an n for a text that is too long",
        say("x" * 5000, n=1),
        "error text-too-long n=1 room=lobby",
    )
    yield alike(
        "an n for a room where one is not",
        say(room="dev", n=1, ref="r"),
        f"{NOT_IN} n=1 room=dev ref=r",
    )
    yield alike("an n for a room that cannot be", say(room="a b", n=1), f"{NOT_IN} n=1 room=a b")
    yield alike(
        "one count for two rooms",
        line("join", room="dev") + say("a", n=1) + say("b", "dev", n=2),
        [
            *entered("dev"),
            "ok n=1 room=lobby id=1",
            "error out-of-order n=2 room=dev want=1",
            said("a")[1],
        ],
        f"{ME}: a",
    )


def _once(name: str, lines: list[bytes], answers: list[str]) -> Case:
    """Said once, whatever comes after."""
    return alike(name, b"".join(lines), [*answers, said("one")[1]], f"{ME}: one")


# Questions.


def questions():
    nothing = "history room=lobby messages= more=False"
    for name, more in {"a limit of 0": {"limit": 0}, "a limit of 1001": {"limit": 1001}, "a limit below 0": {"limit": -1},
                       "the greatest limit there is": {"limit": BIG}, "a before below 0": {"before": -1},
                       "a before of 2 to the 53rd": {"before": BIG + 1}}.items():  # fmt: skip
        yield alike(
            f"history with {name}",
            line("history", room="lobby", **more, ref="r"),
            "error bad-field room=lobby ref=r",
        )
    for name, more in {
        "a before of 0": {"before": 0},
        "a before of 1": {"before": 1},
        "the greatest before there is": {"before": BIG},
        "a limit of 1": {"limit": 1},
        "a limit of 1000": {"limit": 1000},
    }.items():
        yield alike(
            f"history with {name}", line("history", room="lobby", **more), nothing, apart=True
        )
    for rest in ("0", "1001", "-1", "x", "1 2", "1.0", "9" * 30, "9" * 5000, "0x10", "NaN"):
        yield case(
            f"{rest[:9]}{f'… ({len(rest)} digits)' if len(rest) > 9 else ''} messages of history",
            json=part(line("history", room="lobby", limit=rest), "error bad-field room=lobby"),
            plain=part(f"/history {rest}\n".encode(), f"! /history: {USAGE} /history [COUNT]"),
        )
    members = "who room=lobby members={} count=3"
    for name, after, found in (
        ("the last name", ME, ""),
        ("a name behind all", "zzz", ""),
        ("no name", "", f"amy,ben,{ME}"),
        ("a control", "\0", f"amy,ben,{ME}"),
        ("an emoji", "👋", ""),
        ("30000 letters", "a" * 30_000, f"amy,ben,{ME}"),
        ("a name in capitals", "AMY", f"ben,{ME}"),
    ):
        yield alike(
            f"who is here after {name}",
            line("who", room="lobby", after=after),
            members.format(found),
        )
        lobby = "lobby" if after.lower() < "lobby" else ""
        yield alike(
            f"rooms after {name}",
            line("rooms", after=after),
            f"rooms rooms={lobby} count=1",
            memory=True,
        )
    yield alike("a hundred questions at once", (line("who", room="lobby") + line("history", room="lobby")) * 50,
                [members.format(f"amy,ben,{ME}"), nothing] * 50, apart=True)  # fmt: skip
    yield case(
        "a thousand pings",
        json=part(line("ping", ref="x") * 1000, ["pong ref=x"] * 1000),
        plain=part(b"/topic\n" * 1000, ["-- There is no topic."] * 1000),
        apart=True,
    )
    yield case(
        "ten thousand pongs that nobody asked for",
        json=part(line("pong") * 10_000), plain=part(b"\n" * 10_000),
    )  # fmt: skip
    for word in ("/who", "/rooms"):
        yield case(
            f"{word} with a word behind it",
            json=part(b'{"type":"' + word.encode() + b'"}\n', "error unknown-type"),
            plain=part(f"{word} now\n".encode(), f"! {word}: {USAGE} {word}"),
        )
    for word in (
        "/",
        "/ ",
        "/dance",
        "/jouste",
        "/\0",
        "/💬",
        "/" + "x" * 4000,
        "/\u202etiuq",
        "/__class__",
        "/hello",
    ):
        yield case(
            f"{word[:20]!r} for a command",
            json=part(line(word), "error unknown-type"), plain=part(f"{word}\n".encode(), NO_COMMAND),
        )  # fmt: skip
    near = NO_COMMAND.replace(". /help", ". Did you mean /quit? /help")
    for word in ("/QUITE", "/quit/", " /qiut"):
        yield case(
            f"{word!r} for a command",
            json=part(line(word), "error unknown-type"), plain=part(f"{word}\n".encode(), near),
        )  # fmt: skip
    yield case(
        "a hundred commands that nearly are some",
        json=part(
            line("saay") * 100,
            ["error unknown-type"] * 100 + ["bye unknown-type"],
            f"{ME} left.",
            "closed",
        ),
        plain=part(
            b"/qiut\n" * 100,
            [near] * 100 + [f"! Too many bad lines. The last one: {near[2:]}"],
            f"{ME} left.",
            "closed",
        ),
    )
    yield case(
        "a hundred commands that are none",
        json=part(
            line("dance") * 100,
            ["error unknown-type"] * 100 + ["bye unknown-type"],
            f"{ME} left.",
            "closed",
        ),
        plain=part(
            b"/dance\n" * 100,
            [NO_COMMAND] * 100 + [f"! Too many bad lines. The last one: {NO_COMMAND[2:]}"],
            f"{ME} left.",
            "closed",
        ),
    )
    usage = f"/msg: {USAGE} /msg NAME TEXT"
    yield case(
        "a hundred commands without what they need",
        json=part(line("tell") * 100, ["error bad-field"] * 100 + ["bye bad-field"], f"{ME} left.", "closed"),
        plain=part(
            b"/msg amy\n" * 100, [f"! {usage}"] * 100 + ["! Too many bad lines. The last one: Type it like this: /msg NAME TEXT"],
            f"{ME} left.", "closed",
        ),
    )  # fmt: skip


# Private words.


def tells():
    for name, to in {
        "nobody": "nobody", "one who is not here": "zed", "no name": "", "two": "amy,ben", "all": "*", "a look-alike": "аmy",
        "a name with a control": "amy\0", "a name of 30000 letters": "x" * 30_000, "a line of the server's": "-- amy",
    }.items():  # fmt: skip
        seen = "".join("␀" if letter == "\0" else letter for letter in to)[:64]
        plain = f'! /msg: nobody here is called "{seen.split()[0] if to else ""}".'
        yield case(
            f"a private word to {name}",
            json=part(line("tell", to=to, text="psst", ref="r"), "error no-such-name ref=r"),
            plain=part(
                f"/msg {to or '-'} psst\n".encode(),
                plain if to else '! /msg: nobody here is called "-".',
            ),
        )
    yield case(
        "a private word to oneself",
        json=part(
            line("tell", to="MALLORY", text="psst", ref="r"),
            [f"tell from={ME} to={ME} text=psst", "ok ref=r"],
        ),
        plain=part(b"/msg MALLORY psst\n", f"{ME} (to you): psst"),
    )
    yield case(
        "a thousand private words to oneself",
        json=part(
            line("tell", to=ME, text="psst") * 1000,
            [f"tell from={ME} to={ME} text=psst", "ok"] * 1000,
        ),
        plain=part(b"/msg mallory psst\n" * 1000, [f"{ME} (to you): psst"] * 1000),
        memory=True,
    )
    yield case(
        "a thousand private words to nobody",
        json=part(line("tell", to="zed", text="psst") * 1000, ["error no-such-name"] * 1000),
        plain=part(b"/msg zed psst\n" * 1000, ['! /msg: nobody here is called "zed".'] * 1000),
    )


# Commands for operators, which mallory is not.

OPERATORS = {
    "kick": {"name": "amy"}, "mute": {"name": "amy", "seconds": 1}, "unmute": {"name": "amy"}, "ban": {"name": "amy", "text": "go"},
    "unban": {"name": "amy"}, "op": {"name": ME}, "deop": {"name": "amy"}, "max": {"max": 1}, "notice": {"text": "hi"},
}  # fmt: skip


def operators():
    for verb, fields in OPERATORS.items():
        word = f"/{verb} {'1' if verb == 'max' else 'amy'}\n".encode()
        typed = NO_COMMAND if verb == "notice" else f"! /{verb}: {ALLOWED}"
        yield case(
            f"{verb} by one who is no operator",
            json=part(line(verb, **fields, ref="r"), "error not-allowed ref=r"),
            plain=part(word, typed),
            lives=verb != "notice",
        )
    for verb in ("bans", "mutes", "places"):
        word = "/max" if verb == "places" else f"/{verb}"
        yield case(
            f"{verb} by one who is no operator",
            json=part(line(verb, ref="r"), "error not-allowed ref=r"), plain=part(f"{word}\n".encode(), f"! {word}: {ALLOWED}"),
        )  # fmt: skip
    for verb in ("kick", "unmute", "op", "deop", "unban"):
        usage = f"/{verb}: {USAGE} /{verb} NAME{'|ADDRESS' if verb == 'unban' else ''}"
        yield case(
            f"{verb} for a time",
            json=part(line(verb, name="amy", seconds=60), "error bad-field"),
            plain=part(f"/{verb} amy 1m\n".encode(), "! /kick: nobody is kicked for a time: /kick sends someone out, /ban keeps"
                       " someone out for a time." if verb == "kick" else f"! {usage}"),
        )  # fmt: skip
    for verb in ("kick", "mute", "ban"):
        for name in ("nobody", "zed", ME, "\0", "x" * 30_000):
            yield case(
                f"{verb} of {name[:9]!r} by one who is no operator",
                json=part(line(verb, name=name), "error not-allowed"),
                plain=part(f"/{verb} {name}\n".encode(), f"! /{verb}: {ALLOWED}"),
            )
    yield alike(
        "a ban of a network by one who is no operator",
        line("ban", address="0.0.0.0/0"),
        "error not-allowed",
    )
    yield alike("a ban of nobody", line("ban", ref="r"), "error bad-field ref=r")
    yield case(
        "a max of 0",
        json=part(line("max", max=0), "error bad-field"), plain=part(b"/max 0\n", f"! /max: {USAGE} /max N"),
    )  # fmt: skip
    yield case(
        "a kick without a name",
        json=part(line("kick"), "error bad-field"), plain=part(b"/kick\n", f"! /kick: {USAGE} /kick NAME [TEXT]"),
    )  # fmt: skip
    yield case(
        "a thousand kicks by one who is no operator",
        json=part(line("kick", name="amy") * 1000, ["error not-allowed"] * 1000),
        plain=part(b"/kick amy\n" * 1000, [f"! /kick: {ALLOWED}"] * 1000),
    )
    yield case(
        "an operator's flag in a hello",
        json=part(line("hello", name=ME, operator=True), "error already-in"),
        plain=part(b"/NAME root\n", '! /name: the name "root" is reserved. Take another.'),
    )
    yield alike(
        "an empty password for one's name",
        line("register", password="", ref="r"),
        "error bad-password ref=r",
    )
    guest = "only a registered name has tokens. /register PASSWORD makes yours your own."
    for verb, fields in {"token": {"name": "x"}, "tokens": {}, "revoke": {"name": "x"}}.items():
        word = "/revoke x" if verb == "revoke" else f"/token {fields.get('name', '')}"
        yield case(
            f"{verb} by a guest",
            json=part(line(verb, **fields, ref="r"), "error not-allowed ref=r"),
            plain=part(f"{word}\n".encode(), f"! {word.split()[0]}: {guest}"),
        )
    yield alike("a message in the server's own words", line("message", room="lobby", id=1, at="", **{"from": "ben"}, text="hi"),
                "error unknown-type room=lobby")  # fmt: skip
    yield alike(
        "a word with another's name in it",
        say("hi", **{"from": "ben"}, sender="ben", at="1970", id=7),
        said("hi"),
        f"{ME}: hi",
    )


def floods():
    yield case(
        "four hundred lines at once",  # of which a turn takes 250
        json=part(
            say() * 400,
            said_at_once(*["hi"] * 250) + said_at_once(*["hi"] * 150, first=251),
            [f"{ME}: hi"] * 400,
        ),
        plain=part(b"hi\n" * 400, (), [f"{ME}: hi"] * 400),
        memory=True,
    )
    yield case(
        "a hundred texts that are too long",
        json=part(say("x" * 5000) * 100, ["error text-too-long room=lobby"] * 100),
        plain=part((b"x" * 5000 + b"\n") * 100, [TOO_LONG] * 100),
    )
    yield case(
        "every reserved name, one after the other",
        json=part(
            b"".join(line("rename", name=name) for name in RESERVED),
            ["error name-reserved"] * len(RESERVED),
        ),
        plain=part(
            b"".join(b"/name %s\n" % name.encode() for name in RESERVED),
            [f'! /name: the name "{name}" is reserved. Take another.' for name in RESERVED],
        ),
    )


CASES = [*hellos(), *rooms(), *counts(), *questions(), *tells(), *operators(), *floods()]
