"""Hostile cases: names that are logged in from several devices."""

from __future__ import annotations

from tests.hostile.case import (
    ME,
    OPERATOR,
    PASSWORD,
    By,
    Case,
    Do,
    case,
    hello,
    line,
    part,
    said,
)

REGISTER = line("register", password=PASSWORD)
ASKED = f"-- The name {ME} is registered. Its password? (An empty line: another name.)"
FULL = "! You are logged in from {}, as many as can be. Log out on one first."


def lobby(*devices: int) -> tuple[By, ...]:
    """Other devices of mallory's, each in the lobby."""
    return tuple(By(f"{ME}#{number}", line("join", room="lobby")) for number in devices)


def many() -> list[Case]:
    return [
        case(
            "a ninth device",
            json=part(hello(password=PASSWORD), "bye too-many-connections retry=30", end="closed"),
            plain=part(f"{ME}\n{PASSWORD}\n".encode(), [ASKED, FULL.format("8 devices")], end="closed"),
            inside=False, account=True, scene=lobby(*range(8)),
        ),
        case(
            "a second device where a name can have one",
            json=part(hello(password=PASSWORD), "bye too-many-connections retry=30", end="closed"),
            plain=part(f"{ME}\n{PASSWORD}\n".encode(), [ASKED, FULL.format("1 device")], end="closed"),
            inside=False, account=True, scene=lobby(1), settings={"devices": 1},
        ),
        case(
            "a ninth device with a wrong password",
            json=part(hello(password="wrong"), "error bad-password"),
            plain=part(f"{ME}\nwrong\n".encode(), [ASKED, '! That is not the password of "mallory".']),
            inside=False, account=True, scene=lobby(*range(8)), lives=False,
        ),
        case(
            "a second device without the password",
            json=part(hello(), "error bad-password"),
            plain=part(f"{ME}\n".encode(),
                       ASKED),
            inside=False, account=True, scene=lobby(1), lives=False,
        ),
        case(
            "a guest's name from another client",
            json=part(hello("gus"), "error name-taken"),
            plain=part(b"gus\n", '! The name "gus" is taken. Choose another.'),
            inside=False, scene=(By("gus"),), lives=False,
        ),
        case(
            "a second device of a banned name",
            json=part(hello(password=PASSWORD), "bye banned", end="closed"),
            plain=part(f"{ME}\n{PASSWORD}\n".encode(), "! You are banned.", end="closed"),
            inside=False, account=True, memory=True,
            scene=(By(OPERATOR, line("ban", name=ME)),),
        ),
        case(
            "a device of a banned name under another client",
            json=part(hello(password=PASSWORD, client="another-client-of-hers"), "bye banned", end="closed"),
            plain=part(f"{ME}\n{PASSWORD}\n".encode(), "! You are banned.", end="closed"),
            inside=False, account=True, memory=True,
            scene=(*lobby(1), By(OPERATOR, line("ban", name=ME))),
        ),
        case(
            "words of a device whose name is muted",
            json=part(line("say", room="lobby", text="hi"), "error muted room=lobby"),
            plain=part(b"hi\n", "! You are muted."),
            account=True, memory=True,
            scene=(By(OPERATOR, line("mute", name=ME)),),
        ),
    ]  # fmt: skip


def beside_another() -> list[Case]:
    """Acts of one device, which the others of its name stay out of."""
    more = {"account": True, "scene": lobby(1, 2)}
    hi = {f"{ME}#1": f"{ME}: hi", f"{ME}#2": f"{ME}: hi"}
    renamed = {f"{ME}#1": f"{ME} is now mal.", f"{ME}#2": f"{ME} is now mal."}
    left = line("leave", room="lobby", ref="r") + line("say", room="lobby", text="hi")
    return [
        case(
            "words of a device beside two others",
            json=part(line("say", room="lobby", text="hi"), said("hi"), f"{ME}: hi", **hi),
            plain=part(b"hi\n", (), f"{ME}: hi", **hi),
            **more,
        ),
        case(
            "a quit of a device beside two others",
            json=part(line("quit"), "bye quit", end="closed"),
            plain=part(b"/quit\n", "-- Bye.", end="closed"),
            **more,
        ),
        case(
            "a device that is gone beside two others",
            json=part([Do.ABORT], end="closed"),
            plain=part([Do.ABORT], end="closed"),
            **more,
        ),
        case(
            "a room that one of three devices leaves",
            json=part(left, ["error not-in-room room=lobby", "ok room=lobby ref=r"]),
            plain=part(b"/join dev\n", ["-- Welcome to dev, mallory. 1 here: mallory. /help lists the commands.",
                                        "-- You are up to date."]),
            **more,
        ),
        case(
            "a new name for three devices",
            json=part(line("rename", name="mal", ref="r"), ["ok ref=r", "presence room=lobby count=3 renamed={'mallory': 'mal'}"], f"{ME} is now mal.", **renamed),
            plain=part(b"/name mal\n", f"-- {ME} is now mal.", f"{ME} is now mal.", **renamed),
            **more,
        ),
    ]  # fmt: skip


CASES: list[Case] = [*many(), *beside_another()]
