"""Hostile cases: private and direct rooms of others, by those who are not in them."""

from __future__ import annotations

from typing import Any

from tests.hostile.case import (
    ALLOWED,
    ME,
    PASSWORD,
    By,
    Case,
    case,
    hello,
    line,
    only_json,
    part,
)

BIG = 2**53 - 1
USAGE = "type it like this:"
ALONE = '! /join: there is no direct room "@{}": it takes two registered names, yours and another.'
CLOSED = "there is no such room, or it is not open to you."  #: said of both alike

REGISTER = line("register", password=PASSWORD)
OLGA = By("olga", REGISTER)
PETE = By("pete", REGISTER)


def say(text: str, room: str, **more: Any) -> bytes:
    return line("say", room=room, text=text, **more)


#: Olga's private room, in which she and Pete are.
DEN = (
    OLGA,
    PETE,
    By("olga", line("join", room="den") + say("secret", "den")),
    By("olga", line("private", room="den", private=True) + line("invite", room="den", name="pete")),
    By("pete", line("join", room="den") + say("secret too", "den")),
)
#: Words between Olga and Pete.
DIRECT = (
    OLGA,
    PETE,
    By("olga", line("join", room="@pete") + say("secret", "@pete")),
    By("pete", line("join", room="@olga") + say("secret too", "@olga")),
)


def moved(room: str) -> list[str]:
    return [
        f"-- Welcome to {room}, {ME}. 1 here: {ME}. /help lists the commands.",
        "-- You are up to date.",
    ]


def entered(room: str, members: str = ME, count: int = 1) -> list[str]:
    return [
        f"room room={room} first=1 head=0 said=0 topic= members={members} count={count} mark=0",
        f"catchup room={room} through=0",
    ]


# A private room.


def joins():
    for who, account in (("a guest", False), ("a registered name", True)):
        for name, typed in (("", "den"), (" in capitals", "DEN")):
            yield case(
                f"a private room joined{name} by {who}",
                json=part(line("join", room=typed, ref="r"), "error not-allowed room=den ref=r"),
                plain=part(f"/join {typed}\n".encode(), f"! /join: {CLOSED}"),
                scene=DEN,
                account=account,
            )
    for name, place in {
        "from its beginning": {"after": 0},
        "from an id": {"after": 1},
        "from an id of another log": {"epoch": "x", "after": 1},
        "from beyond its end": {"after": BIG},
    }.items():
        yield only_json(
            f"a private room resumed {name}",
            line("join", room="den", **place),
            "error not-allowed room=den",
            scene=DEN,
        )
    yield case(
        "a private room joined a hundred times",
        json=part(line("join", room="den") * 100, ["error not-allowed room=den"] * 100),
        plain=part(b"/join den\n" * 100, [f"! /join: {CLOSED}"] * 100),
        scene=DEN,
    )
    yield Case(
        "a private room in a hello",
        {
            "json": part(
                hello(rooms={"den": {"after": 0}}),
                [f"welcome name={ME} operator=False", "error not-allowed room=den"],
            )
        },
        inside=False,
        lives=False,
        scene=DEN,
    )


def verbs():
    for name, data in {
        "searched": line("search", room="den", text="secret"),
        "marked": line("mark", room="den", id=1),
        "paged": line("history", room="den"),
        "paged from an id": line("history", room="den", before=2),
        "asked who is in it": line("who", room="den"),
        "asked for its topic": line("topic", room="den"),
        "given a topic": line("topic", room="den", text="x"),
        "left": line("leave", room="den"),
        "spoken in": say("hi", "den"),
        "corrected": say("x", "den", replaces=1),
        "redacted": line("say", room="den", redacts=1),
    }.items():
        yield only_json(
            f"a private room {name} from outside", data, "error not-in-room room=den", scene=DEN
        )
    for name, scene in (("a private room", DEN), ("no room", (OLGA, PETE))):
        for verb, fields, typed in (
            ("private", {"private": False}, "/open den"),
            ("invite", {"name": ME}, None),
            ("uninvite", {"name": "pete"}, None),
        ):
            data = line(verb, room="den", **fields)
            plain = {"plain": part(f"{typed}\n".encode(), f"! /open: {CLOSED}")} if typed else {}
            yield Case(
                f"{verb} for {name} from outside",
                {"json": part(data, "error not-allowed room=den"), **plain},
                scene=scene,
                account=True,
            )
    yield case(
        "a private room closed by one who is no operator",
        json=part(line("close", room="den", ref="r"), "error not-allowed room=den ref=r"),
        plain=part(b"/close den\n", f"! /close: {ALLOWED}"),
        scene=DEN,
        account=True,
    )
    yield case(
        "the list of rooms beside a private one",
        json=part(line("rooms"), "rooms rooms=lobby count=1"),
        plain=part(b"/rooms\n", ["-- There is 1 room.", "-- lobby (3 here)"]),
        scene=DEN,
        memory=True,  # others talk on a real server
    )


def owners():
    """Things that owners, and those who would be some, cannot do."""
    yield case(
        "the lobby made private",
        json=part(line("private", room="lobby", private=True), "error not-allowed room=lobby"),
        plain=part(b"/private\n", "! /private: the lobby is open to everyone."),
        account=True,
    )
    yield case(
        "a room made private by a guest",
        json=part(
            line("join", room="dev") + line("private", room="dev", private=True),
            [*entered("dev"), "error not-allowed room=dev"],
        ),
        plain=part(
            [b"/join dev\n", b"/private\n"],
            [
                *moved("dev"),
                "! /private: only a registered member can own a room. Register your name first.",
            ],
            f"{ME} left.",
        ),
    )
    yield only_json(
        "a room made private by one who is not in it",
        line("private", room="dev", private=True),
        "error not-in-room room=dev",
        account=True,
    )
    own = line("join", room="dev") + line("private", room="dev", private=True)
    made = entered("dev")
    for name, invited in {
        "a look-alike": "оlga",
        "a guest": "ben",
        "nobody": "zed",
        "no name": "",
        "two": "olga,pete",
        "a name of 30000 letters": "x" * 30_000,
        "a name with a control": "olga\0",
        "all": "*",
    }.items():
        yield only_json(
            f"an invitation to {name}",
            [own, line("invite", room="dev", name=invited)],
            [*made, "ok", "error no-such-name room=dev"],
            scene=(OLGA,),
            account=True,
        )
    yield only_json(
        "a thousand invitations to nobody",
        [own, line("invite", room="dev", name="zed") * 1000],
        [*made, "ok", *["error no-such-name room=dev"] * 1000],
        account=True,
        memory=True,
    )
    yield only_json(
        "an invitation a hundred times",
        own + line("invite", room="dev", name="olga") * 100,
        [*made, *["ok"] * 101],
        scene=(OLGA,),
        account=True,
    )
    state = "room room=den first=1 head=2 said=0 topic= members=olga,pete,mallory count=3 mark=0"
    joined = f"{ME} joined."
    yield Case(
        "an invitation by one who is only invited",
        {
            "json": part(
                line("join", room="den") + line("invite", room="den", name="olga"),
                [state, "catchup room=den through=2", "error not-allowed room=den"],
                olga=joined,
                pete=joined,
            )
        },
        scene=(*DEN, By("olga", line("invite", room="den", name=ME))),
        account=True,
    )


# A direct room.


def direct():
    for name, room in {
        "no name": "@",
        "two": "@olga@pete",
        "an account's id": "@a+b",
        "nobody": "@zed",
        "a guest": "@ben",
        "a look-alike": "@оlga",
        "a name of 33 letters": "@" + "x" * 33,
        "a name of 30000 letters": "@" + "x" * 30_000,
        "a control": "@olga\0",
        "two signs": "@@olga",
        "a path": "@../olga",
        "a wildcard": "@*",
    }.items():
        yield only_json(
            f"a direct room with {name}",
            line("join", room=room),
            f"error {'no-such' if name in ('nobody', 'a guest') else 'bad'}-name room={room}",
            scene=DIRECT,
            account=True,
        )
    yield case(
        "a direct room with oneself",
        json=part(line("join", room=f"@{ME}"), f"error no-such-name room=@{ME}"),
        plain=part(f"/join @{ME}\n".encode(), ALONE.format(ME)),
        account=True,
    )
    yield case(
        "a direct room of a guest",
        json=part(line("join", room="@olga"), "error no-such-name room=@olga"),
        plain=part(b"/join @olga\n", ALONE.format("olga")),
        scene=(OLGA,),
    )
    for name, data in {
        "searched": line("search", room="@olga", text="secret"),
        "paged": line("history", room="@olga"),
        "marked": line("mark", room="@olga", id=1),
        "spoken in": say("hi", "@olga"),
        "left": line("leave", room="@olga"),
    }.items():
        yield only_json(
            f"a direct room {name} by one who has not joined it",
            data,
            "error not-in-room room=@olga",
            scene=DIRECT,
            account=True,
        )
    both = "mallory,olga"
    yield only_json(
        "another's direct room, searched and paged",
        line("join", room="@olga")
        + line("search", room="@olga", text="secret")
        + line("history", room="@olga"),
        [
            *entered("@olga", both, 2),
            "found room=@olga messages= more=False",
            "history room=@olga messages= more=False",
        ],
        scene=DIRECT,
        account=True,
    )
    yield only_json(
        "another's direct room resumed by its ids",
        line("join", room="@olga", after=1),
        [
            entered("@olga", both, 2)[0],
            "reset room=@olga first=1 head=0",
            "catchup room=@olga through=0",
        ],
        scene=DIRECT,
        account=True,
    )
    for name, data in {
        "a topic": line("topic", room="@olga", text="x"),
        "the question for its topic": line("topic", room="@olga"),
        "the question who is in it": line("who", room="@olga"),
        "a private one": line("private", room="@olga", private=True),
        "an open one": line("private", room="@olga", private=False),
        "an invitation": line("invite", room="@olga", name="pete"),
    }.items():
        yield only_json(
            f"{name} for a direct room",
            line("join", room="@olga") + data,
            [*entered("@olga", both, 2), "error not-allowed room=@olga"],
            scene=DIRECT,
            account=True,
        )
    told = [
        *entered("@olga", both, 2),
        "ok room=@olga id=1",
        f"message room=@olga id=1 from={ME} text=psst",
    ]
    yield Case(
        "words in a direct room that the other has not joined",
        {
            "json": part(
                line("join", room="@olga") + say("psst", "@olga"),
                told,
                olga=f"{ME} (to you): psst",
            )
        },
        scene=DIRECT,
        account=True,
    )


def tells():
    tell, gone = line("tell", to="olga", text="psst", ref="r"), By("olga", REGISTER + line("quit"))
    typed = b"/msg olga psst\n"
    yield case(
        "a private word to a registered name",
        json=part(tell, "ok room=@olga id=1 ref=r", olga=f"{ME} (to you): psst"),
        plain=part(typed, (), olga=f"{ME} (to you): psst"),
        scene=(OLGA,),
        account=True,
    )
    yield case(
        "a private word to a registered name that is away",
        json=part(tell, "ok room=@olga id=1 ref=r"),
        plain=part(typed, ()),
        scene=(gone,),
        account=True,
    )
    yield case(
        "a guest's private word to a registered name that is away",
        json=part(tell, "error no-such-name ref=r"),
        plain=part(typed, '! /msg: nobody here is called "olga".'),
        scene=(gone,),
    )
    yield case(
        "a private word to a look-alike of a registered name that is away",
        json=part(line("tell", to="оlga", text="psst", ref="r"), "error no-such-name ref=r"),
        plain=part("/msg оlga psst\n".encode(), '! /msg: nobody here is called "оlga".'),
        scene=(gone,),
        account=True,
    )
    yield only_json(
        "two hundred private words to a registered name that is away",
        tell * 200,
        [f"ok room=@olga id={id} ref=r" for id in range(1, 201)],
        scene=(gone,),
        account=True,
    )


CASES: list[Case] = [*joins(), *verbs(), *owners(), *direct(), *tells()]
