"""Hostile cases: how one behaves: silent, slow, deaf, too fast, too many, or gone."""

from __future__ import annotations

from tests.hostile.case import (
    ME,
    NO_UTF8,
    Case,
    Do,
    Send,
    Wait,
    case,
    hello,
    line,
    part,
    said,
    said_at_once,
)

SAY = line("say", room="lobby", text="hi")
LEFT = f"{ME} left."
PINGED = "ping heads={'lobby': 0}"


def silence():
    yield case("silence for 19 seconds", json=part([Wait(19)]), plain=part([Wait(19)]))
    yield case(
        "silence for 30 seconds", json=part([Wait(30)], PINGED), plain=part([Wait(30)]), apart=True
    )
    yield case(
        "silence for 62 seconds",
        json=part([Wait(62)], [PINGED, "bye idle retry=0"], LEFT, "closed"), plain=part([Wait(62)]), apart=True,
    )  # fmt: skip
    yield case(
        "silence for an hour",
        json=part([Wait(3600)], [PINGED, "bye idle retry=0"], LEFT, "closed"),
        plain=part([Wait(3600)]),
        memory=True,
    )
    yield case(
        "a byte every 15 seconds",
        json=part([step for _ in range(8) for step in (b"x", Wait(15))]),
        plain=part([step for _ in range(8) for step in (b"x", Wait(15))]),
        lives=False, memory=True,
    )  # fmt: skip
    yield case(
        "a byte a second",
        json=part([step for byte in SAY[:20] for step in (bytes([byte]), Wait(1))]),
        plain=part([step for byte in b"hello everybody here" for step in (bytes([byte]), Wait(1))]),
        lives=False,
    )


def strikes():
    kinds = (
        (
            "bad-json",
            b"{\n",
            b"/x\n",
            "There is no such command. /help lists them; // says a line that begins with /.",
        ),
        ("bad-utf8", b"\xc3\n", b"\xc3\n", NO_UTF8[2:]),
        ("bad-field", b"{}\n", b"/kick\n", "Type it like this: /kick NAME [TEXT]"),
        (
            "line-too-long",
            b"x" * 33_000 + b"\n",
            b"x" * 33_000 + b"\n",
            "A line has at most 32768 bytes.",
        ),
    )
    for code, json, plain, why in kinds:
        told = f"! /kick: t{why[1:]}" if code == "bad-field" else f"! {why}"
        yield case(
            f"99 lines of {code}, ten seconds, and 99 more",
            json=part([json * 99, Wait(10.1), json * 99], [f"error {code}"] * 198),
            plain=part([plain * 99, Wait(10.1), plain * 99], [told] * 198),
            lives=False,
        )
        yield case(
            f"a line of {code} every tenth of a second",
            json=part(
                [step for _ in range(100) for step in (json, Wait(0.1))],
                [f"error {code}"] * 100 + [f"bye {code}"],
                LEFT,
                "closed",
            ),
            plain=part(
                [step for _ in range(100) for step in (plain, Wait(0.1))],
                [told] * 100 + [f"! Too many bad lines. The last one: {why}"],
                LEFT,
                "closed",
            ),
            memory=True,
        )
        yield case(
            f"a hundred lines of {code} and a good one",
            json=part(json * 100 + SAY, [f"error {code}"] * 100 + [f"bye {code}"], LEFT, "closed"),
            plain=part(
                plain * 100 + b"hi\n",
                [told] * 100 + [f"! Too many bad lines. The last one: {why}"],
                LEFT,
                "closed",
            ),
        )
    yield case(
        "a hundred bad lines with good ones between them",
        json=part(
            (b"{\n" + line("ping")) * 100,
            ["error bad-json", "pong"] * 99 + ["error bad-json", "bye bad-json"],
            LEFT,
            "closed",
        ),
        plain=part(
            b"/x\n\n" * 100,
            ["! There is no such command. /help lists them; // says a line that begins with /."]
            * 100
            + [
                "! Too many bad lines. The last one: There is no such command. /help lists them; // says a line that begins with /."
            ],
            LEFT,
            "closed",
        ),
    )
    yield case(
        "a thousand refusals of well-formed lines",
        json=part(line("leave", room="dev") * 1000, ["error not-in-room room=dev"] * 1000),
        plain=part(b"/msg zed hi\n" * 1000, ['! /msg: nobody here is called "zed".'] * 1000),
    )


def floods():
    yield case(
        "a flood at ten times the rate",
        json=part([SAY * 100, Wait(10)], [told for id in range(1, 101) for told in said("hi", id)], [f"{ME}: hi"] * 100),
        plain=part([b"hi\n" * 100, Wait(10)], (), [f"{ME}: hi"] * 100),
        settings={"rate": 10, "burst": 1}, memory=True,
    )  # fmt: skip
    yield case(
        "a burst that is allowed",
        json=part(SAY * 50, said_at_once(*["hi"] * 50), [f"{ME}: hi"] * 50),
        plain=part(b"hi\n" * 50, (), [f"{ME}: hi"] * 50),
        settings={"rate": 1, "burst": 60},
        lives=False,
    )
    yield case(
        "a flood, and no more to say",
        json=part([SAY * 40, Do.HALF_CLOSE, Wait(5)], [told for id in range(1, 41) for told in said("hi", id)] + ["bye quit"],
                  [f"{ME}: hi"] * 40 + [LEFT], "closed"),
        plain=part([b"hi\n" * 40, Do.HALF_CLOSE, Wait(5)], "-- Bye.", [f"{ME}: hi"] * 40 + [LEFT], "closed"),
        settings={"rate": 10, "burst": 1}, memory=True,
    )  # fmt: skip
    yield case(
        "a flood of lines over the rate, and gone",
        json=part([SAY * 40, Do.ABORT], said("hi"), [f"{ME}: hi", LEFT], "closed"),
        plain=part([b"hi\n" * 40, Do.ABORT], (), [f"{ME}: hi", LEFT], "closed"),
        settings={"rate": 1, "burst": 1}, memory=True,
    )  # fmt: skip
    yield case(
        "a flood of bad lines over the rate",
        json=part(
            [b"{\n" * 1000, Wait(11)], ["error bad-json"] * 100 + ["bye bad-json"], LEFT, "closed"
        ),
        plain=part(
            [b"/x\n" * 1000, Wait(11)],
            ["! There is no such command. /help lists them; // says a line that begins with /."]
            * 100
            + [
                "! Too many bad lines. The last one: There is no such command. /help lists them; // says a line that begins with /."
            ],
            LEFT,
            "closed",
        ),
        settings={"rate": 20, "burst": 20},
    )


def deaf():
    yield case(
        "a thousand questions by one who does not read",
        json=part(
            [Do.STOP_READING, line("who", room="lobby", ref="r" * 64) * 1000, Wait(62)],
            (),
            LEFT,
            "closed",
        ),
        plain=part([Do.STOP_READING, b"/help\n" * 1000, Wait(62)], (), LEFT, "closed"),
        memory=True,
    )
    yield case(
        "a thousand questions by one who reads again after half a minute",
        json=part(
            [Do.STOP_READING, line("ping", ref="r" * 64) * 1000, Wait(30), Do.READ_ON],
            [f"pong ref={'r' * 64}"] * 1000,
        ),
        plain=part(
            [Do.STOP_READING, b"/topic\n" * 5000, Wait(30), Do.READ_ON],
            ["-- There is no topic."] * 5000,
        ),
        memory=True,
    )
    yield case(
        "a hundred bad lines by one who does not read",
        json=part([Do.STOP_READING, b"{\n" * 100, Wait(3)], (), LEFT, "closed"),
        plain=part([Do.STOP_READING, b"/x\n" * 100, Wait(3)], (), LEFT, "closed"),
        memory=True,
    )
    yield case(
        "a quit by one who does not read",
        json=part([Do.STOP_READING, line("quit"), Wait(3)], (), LEFT, "closed"),
        plain=part([Do.STOP_READING, b"/quit\n", Wait(3)], (), LEFT, "closed"),
        memory=True,
    )
    yield case(
        "an end of input by one who does not read",
        json=part(
            [Do.STOP_READING, SAY, Do.HALF_CLOSE, Wait(62)], (), [f"{ME}: hi", LEFT], "closed"
        ),
        plain=part(
            [Do.STOP_READING, b"hi\n/who\n", Do.HALF_CLOSE, Wait(62)],
            (),
            [f"{ME}: hi", LEFT],
            "closed",
        ),
        memory=True,
    )
    yield case(
        "bad names by one who does not read",
        json=part([Do.STOP_READING, hello("-") * 5, Wait(3)], (), end="closed"),
        plain=part([Do.STOP_READING, b"-\n" * 5, Wait(3)], (), end="closed"),
        inside=False, memory=True,
    )  # fmt: skip


def goodbyes():
    yield case(
        "words behind a quit",
        json=part(line("quit") + SAY * 10, "bye quit", LEFT, "closed"),
        plain=part(b"/quit\n" + b"hi\n" * 10, "-- Bye.", LEFT, "closed"),
    )
    yield case(
        "ten quits",
        json=part(line("quit") * 10, "bye quit", LEFT, "closed"), plain=part(b"/quit\n" * 10, "-- Bye.", LEFT, "closed"),
    )  # fmt: skip
    yield case(
        "a quit and gone",
        json=part([line("quit"), Do.ABORT], "bye quit", LEFT, "closed"),
        plain=part([b"/quit\n", Do.ABORT], "-- Bye.", LEFT, "closed"),
    )
    yield case(
        "words after the last word",
        json=part([line("quit"), SAY, b"x" * 100_000], "bye quit", LEFT, "closed"),
        plain=part([b"/quit\n", b"hi\n", b"x" * 100_000], "-- Bye.", LEFT, "closed"),
    )
    yield case(
        "being gone",
        json=part([Do.ABORT], (), LEFT, "closed"),
        plain=part([Do.ABORT], (), LEFT, "closed"),
    )
    yield case(
        "an end of input",
        json=part([Do.HALF_CLOSE], "bye quit", LEFT, "closed"),
        plain=part([Do.HALF_CLOSE], "-- Bye.", LEFT, "closed"),
    )
    yield case(
        "an end of input behind many words",
        json=part(
            [SAY * 30, Do.HALF_CLOSE],
            [*said_at_once(*["hi"] * 30), "bye quit"],
            [*[f"{ME}: hi"] * 30, LEFT],
            "closed",
        ),
        plain=part([b"hi\n" * 30, Do.HALF_CLOSE], "-- Bye.", [*[f"{ME}: hi"] * 30, LEFT], "closed"),
    )
    yield case(
        "a good-bye in pieces of one byte",
        json=part(Send(line("quit"), 1), "bye quit", LEFT, "closed"), plain=part(Send(b"/quit\r\n", 1), "-- Bye.", LEFT, "closed"),
    )  # fmt: skip


def places() -> list[Case]:
    return [
        case(
            "a full server",
            json=part(hello(ref="r"), "bye full retry=30", end="closed"),
            plain=part(b"mallory\n", "! The server is full (2 of 2). Try again later.", end="closed"),
            inside=False, settings={"max": 2}, memory=True,
        ),
        case(
            "a full server and a bad name",
            json=part(hello("-"), "error bad-name"),
            plain=part(b"-\n", "! A name has 1 to 32 of A-Z a-z 0-9 _ - . and the first a letter or digit."),
            inside=False, settings={"max": 2}, memory=True, lives=False,
        ),
        case(
            "a third connection where an address may have two",
            json=part(hello(), "bye too-many-connections retry=30", end="closed"),
            plain=part(b"mallory\n", "! Too many connections come from your address. Try again later.", end="closed"),
            inside=False, settings={"per_address": 2}, memory=True,
        ),
        case(
            "a third connection that says nothing where an address may have two",
            json=part([Wait(1)], "! Too many connections come from your address. Try again later.", end="closed"),
            plain=part([Wait(1)], "! Too many connections come from your address. Try again later.", end="closed"),
            inside=False, settings={"per_address": 2}, memory=True,
        ),
    ]  # fmt: skip


CASES = [*silence(), *strikes(), *floods(), *deaf(), *goodbyes(), *places()]
