"""Hostile cases: searches for everything, for nothing and without end, and marks."""

from __future__ import annotations

from typing import Any

from tests.hostile.case import ME, By, Case, Do, Wait, case, line, only_json, part, said

BIG = 2**53 - 1
BAD = "error bad-field room=lobby"


def search(text: Any = "hi", room: str = "lobby", **more: Any) -> bytes:
    return line("search", room=room, text=text, **more)


def mark(id: Any, room: str = "lobby", **more: Any) -> bytes:
    return line("mark", room=room, id=id, **more)


def found(*texts: str) -> str:
    return f"found room=lobby messages={','.join(texts)} more=False"


NOTHING = found()

# Invalid lines.

NONE = {
    "a search for nothing": search(""),
    "a search for white space": search(" \t\u3000 "),
    "a search without a text": line("search", room="lobby"),
    "a search for a number": search(5),
    "a search for a list": search(["hi"]),
    "a search for 257 bytes": search("x" * 257),
    "a search for 86 letters of 3 bytes": search("€" * 86),
    "a search for 30000 letters": search("x" * 30_000),
    "a search for no more than 0": search(limit=0),
    "a search for 101": search(limit=101),
    "a search for a half": search(limit=0.5),
    "a search before an id below 0": search(before=-1),
    "a search before an id of 2 to the 53rd": search(before=BIG + 1),
    "a search before a word": search(before="x"),
    "a search for what a list said": search(**{"from": ["ben"]}),
    "a mark at an id below 0": mark(-1),
    "a mark at an id of 2 to the 53rd": mark(BIG + 1),
    "a mark at an id in words": mark("1"),
    "a mark at 1.0": mark(1.0),
    "a mark at nothing": line("mark", room="lobby"),
}  # fmt: skip


def lines():
    for name, data in NONE.items():
        yield only_json(name, data, BAD)
    for text in ("/search", "/search from:ben", "/search before:5", "/search " + "x" * 257):
        yield case(
            f"{text[:20]!r} typed",
            json=part(line("search", text=text), "error bad-field"),
            plain=part(f"{text}\n".encode(),
                       "! /search: a search has at most 256 bytes. Search for fewer words." if "xx" in text else
                       "! /search: type it like this: /search [from:NAME] TEXT"),
        )  # fmt: skip


# The meaning of a text.

WILD = {
    "a percent sign": ("%", "100%"),
    "an underscore": ("_", "snake_case"),
    "an asterisk": ("*", "2*2"),
    "a question mark": ("y?", "why?"),
    "a bracket": ("[", "a[0]"),
    "a set of letters": ("[a-z]", "[a-z]"),
    "a backslash": ("\\", "C:\\"),
    "a caret": ("^", "2^3"),
    "a point and an asterisk": (".*", "a.*b"),
    "a quotation mark": ("'", "it's"),
    "a double quotation mark": ('"', 'so-called "words"'),
    "a statement": ("';DROP", "';DROP TABLE messages;--"),
    "a bracket in another script": ("é[", "é[0]"),
    "a percent sign in another script": ("é%", "é%"),
    "a Turkish i": ("İ", "İstanbul"),
}  # fmt: skip
BAIT = "snakeXcase 100 2x2 a0 so 9 abc it yx"


def meanings():
    for name, (text, target) in WILD.items():
        scene = (By("ben", line("say", room="lobby", text=BAIT)),
                 By("ben", line("say", room="lobby", text=target)))  # fmt: skip
        yield only_json(f"a search for {name}", search(text), found(target), scene=scene)
    for name, text in {
        "a NUL": "\0",
        "128 words": "q " * 128,
        "a letter with a hundred accents": "q" + "\u0301" * 100,
        "half an emoji": "\U0001f44b\u200d",
        "a name that nobody has": "zed",
    }.items():
        yield only_json(f"a search for {name}", search(text), NOTHING, apart=True)
    for name, sender in {
        "nobody": "zed", "no name": "", "a look-alike": "bеn", "a wildcard": "*", "a percent sign": "%",
        "30000 letters": "x" * 30_000, "a NUL": "ben\0",
    }.items():  # fmt: skip
        yield only_json(
            f"a search for the words of {name}",
            search("mine", **{"from": sender}),
            NOTHING,
            scene=(By("ben", line("say", room="lobby", text="mine")),),
        )
    yield only_json("a search before the id 0", search(before=0), NOTHING, apart=True)
    yield only_json("a search before the greatest id", search(before=BIG), NOTHING, apart=True)
    for room in ("dev", "", "a b", "x" * 30_000):
        given = f" room={room}" if room else ""
        yield only_json(f"a search in the room {room[:9]!r}, where one is not", search(room=room),
                        f"error not-in-room{given}")  # fmt: skip
        yield only_json(f"a mark in the room {room[:9]!r}, where one is not", mark(0, room=room),
                        f"error not-in-room{given}")  # fmt: skip


# Marks.


def marks():
    yield only_json("a mark beyond the end", mark(1, ref="r"), f"{BAD} ref=r", apart=True)
    yield only_json("a mark at the greatest id there is", mark(BIG), BAD, apart=True)
    hi = line("say", room="lobby", text="hi")
    yield only_json("a mark that goes back", [hi, mark(1) + mark(0)],
                    [*said("hi"), *["ok room=lobby"] * 2], f"{ME}: hi", apart=True)  # fmt: skip
    yield only_json("a thousand marks", [hi, mark(1) * 1000],
                    [*said("hi"), *["ok room=lobby"] * 1000], f"{ME}: hi", apart=True)  # fmt: skip
    yield only_json("a thousand marks beyond the end", mark(BIG) * 1000, [BAD] * 1000, apart=True)
    yield only_json(
        "a mark in another's name", mark(0, **{"from": "ben"}, name="ben"), "ok room=lobby"
    )


# Floods.


def floods():
    yield case(
        "a hundred searches at once",
        json=part(search("zzz") * 100, [NOTHING] * 100),
        plain=part(b"/search zzz\n" * 100, ["-- No messages found."] * 100),
        apart=True,
    )
    yield case(
        "searches over the rate, each of which counts as ten lines",
        json=part([search("zzz") * 5, Wait(1.5)], [NOTHING] * 3),
        plain=part([b"/search zzz\n" * 5, Wait(1.5)], ["-- No messages found."] * 3),
        settings={"rate": 10, "burst": 10},
        lives=False,
        memory=True,
    )
    yield case(
        "a thousand searches by one who does not read",
        json=part([Do.STOP_READING, search("zzz", ref="r" * 64) * 1000, Wait(62)], (),
                  f"{ME} left.", "closed"),
        plain=part([Do.STOP_READING, (b"/search " + b"z" * 200 + b"\n") * 4000, Wait(62)], (),
                   f"{ME} left.", "closed"),
        memory=True,
    )  # fmt: skip
    yield case(
        "a hundred searches, and gone",
        json=part([search("zzz") * 100, Do.ABORT], [NOTHING] * 100, f"{ME} left.", "closed"),
        plain=part([b"/search zzz\n" * 100, Do.ABORT], ["-- No messages found."] * 100,
                   f"{ME} left.", "closed"),
        memory=True,
    )  # fmt: skip
    yield case(
        "a search and a quit",
        json=part(search("zzz") + line("quit"), [NOTHING, "bye quit"], f"{ME} left.", "closed"),
        plain=part(b"/search zzz\n/quit\n", ["-- No messages found.", "-- Bye."], f"{ME} left.",
                   "closed"),
        apart=True,
    )  # fmt: skip
    yield only_json(
        "a search and a leave",
        line("join", room="dev") + search("zzz", room="dev") + line("leave", room="dev", ref="l"),
        [
            "room room=dev first=1 head=0 said=0 topic= members=mallory count=1 mark=0",
            "catchup room=dev through=0",
            "found room=dev messages= more=False",
            "ok room=dev ref=l",
        ],
    )


CASES: list[Case] = [*lines(), *meanings(), *marks(), *floods()]
