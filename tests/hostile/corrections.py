"""Hostile cases: corrections and removals of what others said, of what is gone, and of nothing."""

from __future__ import annotations

from typing import Any

from tests.hostile.case import (
    ME,
    TOO_LONG,
    By,
    Case,
    Do,
    Wait,
    case,
    line,
    only_json,
    part,
    said,
    shown,
)
from tests.hostile.verbs import entered

BIG = 2**53 - 1
BAD = "error bad-field room=lobby"
NOT = "error not-allowed room=lobby"

#: Somebody who said something in the lobby, and is gone.
GUS = (
    By("gus", line("join", room="lobby") + line("say", room="lobby", text="mine") + line("quit")),
)
#: The same, but still there.
BEN = (By("ben", line("say", room="lobby", text="mine")),)


def say(text: str = "hi", room: str = "lobby", **more: Any) -> bytes:
    return line("say", room=room, text=text, **more)


def edit(id: Any, text: Any = "new", room: str = "lobby", **more: Any) -> bytes:
    return line("say", room=room, text=text, replaces=id, **more)


def remove(id: Any, room: str = "lobby", **more: Any) -> bytes:
    return line("say", room=room, redacts=id, **more)


def corrected(id: int, first: int, text: str = "new", n: int | None = None) -> list[str]:
    """The lines that mallory receives about her own correction."""
    given = f"n={n} " if n is not None else ""
    return [
        f"ok {given}room=lobby id={id}",
        f"message room=lobby id={id} from={ME} text={text} replaces={first}",
    ]


def removed(id: int, first: int) -> list[str]:
    return [
        f"ok room=lobby id={id}",
        f"message room=lobby id={id} from={ME} text= redacts={first}",
    ]


SAID = f"{ME}: hi"
EDITED = f"{ME} corrected: new"
REMOVED = f"{ME} removed a message."


# Invalid lines.

NONE = {
    "both a correction and a removal": line("say", room="lobby", text="x", replaces=1, redacts=1),
    "a removal with a text": line("say", room="lobby", text="x", redacts=1),
    "a removal with an empty text": line("say", room="lobby", text="", redacts=1),
    "a removal as an act": remove(1, act=True),
    "a correction without a text": line("say", room="lobby", replaces=1),
    "neither a text nor an id": line("say", room="lobby"),
    "a correction of the id 0": edit(0),
    "a correction of an id below 0": edit(-1),
    "a correction of an id of 2 to the 53rd": edit(BIG + 1),
    "a correction of an id in words": edit("1"),
    "a correction of 1.0": edit(1.0),
    "a correction of a list": edit([1]),
    "a correction by a number": edit(1, 5),
    "a removal of the id 0": remove(0),
    "a removal of an id in words": remove("1"),
    "a removal of true": remove(True),
}  # fmt: skip


def lines():
    for name, data in NONE.items():
        yield only_json(name, data, BAD)
    yield only_json("a hundred corrections that are none", edit(0) * 100 + say(),
                    [BAD] * 100 + ["bye bad-field"], f"{ME} left.", "closed")  # fmt: skip
    for word in ("/edit", "/remove now"):
        yield case(
            f"{word!r} typed",
            json=part(line(word.split()[0][1:]), "error unknown-type"),
            plain=part(f"{word}\n".encode(),
                       f"! {word.split()[0]}: type it like this: {'/edit TEXT' if 'edit' in word else '/remove'}"),
        )  # fmt: skip


# Foreign words.


def others():
    for name, scene in (("somebody who is here", BEN), ("somebody who is gone", GUS)):
        for what, data in (("a correction", edit(1)), ("a removal", remove(1))):
            yield only_json(f"{what} of the words of {name}", data, NOT, scene=scene)
    nothing = "there is no such message here, or it is no longer kept."
    yield case(
        "a correction by one who has said nothing",
        json=part(edit(1, ref="r"), f"{BAD} ref=r"),
        plain=part(b"/edit new\n", f"! /edit: {nothing}"),
        apart=True,
    )
    yield case(
        "a removal by one who has said nothing",
        json=part(remove(1, ref="r"), f"{BAD} ref=r"),
        plain=part(b"/remove\n", f"! /remove: {nothing}"),
        apart=True,
    )
    yield case(
        "a correction under the name of one who is gone",
        json=part(
            line("rename", name="gus") + edit(1),
            ["ok", f"presence room=lobby count=3 renamed={{'{ME}': 'gus'}}", NOT],
            [f"{ME} is now gus."],
        ),
        plain=part(b"/name gus\n/edit new\n", [f"-- {ME} is now gus.", f"! /edit: {nothing}"],
                   [f"{ME} is now gus."]),
        scene=GUS,
    )  # fmt: skip
    for name, id in (("the next message", 2), ("the greatest id there is", BIG)):
        yield only_json(
            f"a correction of {name}", [say(), edit(id)], [*said("hi"), BAD], SAID, apart=True
        )
        yield only_json(
            f"a removal of {name}", [say(), remove(id)], [*said("hi"), BAD], SAID, apart=True
        )
    yield only_json("a correction where one is not", edit(1, room="dev"),
                    "error not-in-room room=dev")  # fmt: skip
    yield only_json("a removal where one is not", remove(1, room="dev"),
                    "error not-in-room room=dev")  # fmt: skip
    yield only_json(
        "a correction of the id of another room",
        say() + line("join", room="dev") + edit(1, room="dev"),
        [*said("hi"), *entered("dev"), "error bad-field room=dev"],
        SAID,
        apart=True,
    )


# Her own words.


def own():
    for name, text, refusal in (
        ("an empty text", "", "text-empty"),
        ("white space", " \t ", "text-empty"),
        ("a text that is too long", "x" * 4097, "text-too-long"),
    ):
        typed = {"": "! /edit: type it like this: /edit TEXT"}.get(text.strip())
        yield case(
            f"a correction by {name}",
            json=part([say(), edit(1, text)], [*said("hi"), f"error {refusal} room=lobby"], SAID),
            plain=part(
                b"hi\n" + f"/edit {text}\n".encode(),
                typed or f"! /edit: {TOO_LONG[2].lower()}{TOO_LONG[3:]}",
                SAID,
            ),
            apart=True,
        )
    wild = "\x1b[2J\u202eknil\x9b\r\n-- ben left."
    yield only_json(
        "a correction by controls",
        [say(), edit(1, wild)],
        [*said("hi"), *corrected(2, 1, shown(wild))],
        [SAID, f"{ME} corrected: {shown(wild)}"],
        apart=True,
    )
    yield case(
        "a correction of a correction",
        json=part(
            [say(), edit(1, "b"), edit(2, "new")],
            [*said("hi"), *corrected(2, 1, "b"), *corrected(3, 1)],
            [SAID, f"{ME} corrected: b", EDITED],
        ),
        plain=part([b"hi\n", b"/edit b\n", b"/edit new\n"], [f"-- {ME} corrected: b", f"-- {EDITED}"],
                   [SAID, f"{ME} corrected: b", EDITED]),
        apart=True,
    )  # fmt: skip
    yield only_json(
        "a removal again", [say(), remove(1), remove(1)], [*said("hi"), *removed(2, 1), BAD],
        [SAID, REMOVED], apart=True,
    )  # fmt: skip
    yield only_json(
        "a removal of a removal", [say(), remove(1), remove(2)], [*said("hi"), *removed(2, 1), BAD],
        [SAID, REMOVED], apart=True,
    )  # fmt: skip
    yield only_json(
        "a correction of what is removed",
        [say(), remove(1), edit(1)],
        [*said("hi"), *removed(2, 1), BAD],
        [SAID, REMOVED],
        apart=True,
    )
    yield only_json(
        "a correction of a removal",
        [say(), remove(1), edit(2)],
        [*said("hi"), *removed(2, 1), BAD],
        [SAID, REMOVED],
        apart=True,
    )
    yield only_json(
        "a correction of a correction of what is removed",
        [say(), edit(1), remove(1), edit(2)],
        [*said("hi"), *corrected(2, 1), *removed(3, 1), BAD],
        [SAID, EDITED, REMOVED],
        apart=True,
    )
    yield case(
        "a removal of what was corrected leaves nothing in history and search",
        json=part(
            [say("secret"), edit(1, "secret too"), remove(1),
             line("history", room="lobby"), line("search", room="lobby", text="secret")],
            [*said("secret"), *corrected(2, 1, "secret too"), *removed(3, 1),
             "history room=lobby messages=lobby,lobby,lobby more=False",
             "found room=lobby messages= more=False"],
            [f"{ME}: secret", f"{ME} corrected: secret too", REMOVED],
        ),
        plain=part([b"secret\n", b"/edit secret too\n", b"/remove\n", b"/search secret\n"],
                   [f"-- {ME} corrected: secret too", f"-- {REMOVED}", "-- No messages found."],
                   [f"{ME}: secret", f"{ME} corrected: secret too", REMOVED]),
        apart=True,
    )  # fmt: skip


def late():
    late = {"settings": {"edit_within": 1}, "apart": True}
    never = {"settings": {"edit_within": 0}, "apart": True}
    for name, steps, more, why in (
        (
            "too late",
            [Wait(2)],
            late,
            "that message is too old: you can correct and remove your messages within 1 s.",
        ),
        (
            "where nothing can be corrected",
            [],
            never,
            "this server lets nobody correct or remove messages.",
        ),
    ):
        for what, data, word in (
            ("a correction", edit(1), "/edit new"),
            ("a removal", remove(1), "/remove"),
        ):
            yield case(
                f"{what} {name}",
                json=part([say(), *steps, data], [*said("hi"), NOT], SAID),
                plain=part([b"hi\n", *steps, f"{word}\n".encode()], f"! {word.split()[0]}: {why}", SAID),
                **more,
            )  # fmt: skip


# Counts and floods.


def counts():
    yield only_json("a correction twice under one n", [say(), edit(1, n=1), edit(1, n=1)],
                    [*said("hi"), *corrected(2, 1, n=1), "ok n=1 room=lobby id=2"],
                    [SAID, EDITED], apart=True)  # fmt: skip
    yield only_json("a removal under the n of a message", [say(n=1), remove(1, n=1)],
                    [*said("hi", n=1), "error conflict n=1 room=lobby"], SAID, apart=True)  # fmt: skip
    yield only_json("a correction under the n of a message", [say(n=1), edit(1, n=1)],
                    [*said("hi", n=1), "error conflict n=1 room=lobby"], SAID, apart=True)  # fmt: skip
    yield only_json("a correction of one's own before its n comes", [say(n=1), edit(1, n=3)],
                    [*said("hi", n=1), "error out-of-order n=3 room=lobby want=2"], SAID,
                    apart=True)  # fmt: skip
    yield only_json("the n of a removed message", [say(n=1), remove(1), say(n=1)],
                    [*said("hi", n=1), *removed(2, 1), "ok n=1 room=lobby id=1"],
                    [SAID, REMOVED], apart=True)  # fmt: skip
    yield only_json("another text under the n of a removed message",
                    [say(n=1), remove(1), say("other", n=1)],
                    [*said("hi", n=1), *removed(2, 1), "error conflict n=1 room=lobby"],
                    [SAID, REMOVED], apart=True)  # fmt: skip


def floods():
    yield only_json(
        "a hundred corrections of one message",
        [say(), *[edit(1)] * 100],
        [*said("hi"), *[told for id in range(2, 102) for told in corrected(id, 1)]],
        [SAID, *[EDITED] * 100],
        apart=True,
    )
    yield only_json("a thousand removals of nothing", remove(BIG) * 1000, [BAD] * 1000, apart=True)
    yield only_json("a thousand corrections of another's words", edit(1) * 1000, [NOT] * 1000,
                    scene=BEN)  # fmt: skip
    yield only_json(
        "a removal, and gone",
        [say(), remove(1), Do.ABORT],
        [*said("hi"), *removed(2, 1)],
        [SAID, REMOVED, f"{ME} left."],
        "closed",
        apart=True,
    )


CASES: list[Case] = [*lines(), *others(), *own(), *late(), *counts(), *floods()]
