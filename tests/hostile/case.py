"""
A hostile case: steps of a client, and the outcome on each wire.

Only values and how to write them down in a few words; `play.py` runs them in memory, and `real.py`
over sockets.

Answers to mallory are written as they came on the plain wire, and in short on the JSON wire: the
type, then the fields but those that differ from run to run and the sentences for people (``error
bad-field room=lobby ref=r``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Any, NamedTuple, Union

ME = "mallory"  #: the hostile one
NOBODY = "raw"  #: the wire of those whose first bytes are the case
WEB = "web"  #: HTTP, and the JSON wire over WebSocket
PASSWORD = "correct horse"
OPERATOR = "op"  #: one of the scene, who is an operator and needs the password


class Send(NamedTuple):
    """
    Send these bytes, in pieces of `each` bytes, each of them a read of its own; 0: all at once.
    """

    data: bytes
    each: int = 0


class Wait(NamedTuple):
    """Let this number of seconds pass."""

    seconds: float


class Do(Enum):
    """Other things that a client does to its connection."""

    HALF_CLOSE = "shut its side"
    ABORT = "be gone without a word"
    STOP_READING = "read no more"
    READ_ON = "read again"


Step = Union[Send, Wait, Do]


class By(NamedTuple):
    """
    An act of somebody else before mallory came, in lines of the JSON wire. Everyone but the two
    bystanders logs in first, with the password `PASSWORD` and in no room.

    :ivar who: a name; a number behind "#" tells several devices of one name apart.
    """

    who: str
    data: bytes = b""


class Part(NamedTuple):
    """
    A case on one wire.

    :ivar steps: what mallory does.
    :ivar told: what she is told, wholly.
    :ivar heard: what the two bystanders hear of it, in the words of the plain wire.
    :ivar end: "open", or "closed" where nothing more comes.
    :ivar others: what the people of the scene hear; those who are not named hear nothing.
    """

    steps: tuple[Step, ...]
    told: tuple[str, ...] = ()
    heard: tuple[str, ...] = ()
    end: str = "open"
    others: Mapping[str, tuple[str, ...]] = MappingProxyType({})


@dataclass(frozen=True)
class Case:
    """
    :ivar name: what is done, as a part of a sentence.
    :ivar parts: what is done and comes of it, by wire.
    :ivar inside: whether mallory has logged in before.
    :ivar lives: whether an open connection must be of use after it.
    :ivar settings: of the server, where they are not the usual ones.
    :ivar scene: what others did before; it needs a server of its own.
    :ivar account: whether mallory's name is registered, with the password `PASSWORD`.
    :ivar apart: whether it needs a server on which nothing was said.
    :ivar memory: whether it can only be played in memory, because a kernel's buffers or other
        people are in its way.
    """

    name: str
    parts: Mapping[str, Part]
    inside: bool = True
    lives: bool = True
    settings: Mapping[str, Any] = field(default_factory=dict)
    apart: bool = False
    memory: bool = False
    scene: tuple[By, ...] = ()
    account: bool = False

    @property
    def is_of_the_web(self) -> bool:
        """Whether the server has to answer HTTP."""
        return WEB in self.parts

    @property
    def needs_own_server(self) -> bool:
        return bool(self.settings or self.apart or self.scene or self.account)

    @property
    def is_beside_others(self) -> bool:
        """Whether other devices of mallory's are there: nobody is told that she joins."""
        return any(by.who.startswith(f"{ME}#") for by in self.scene)

    def login(self, wire: str) -> bytes:
        """The lines with which mallory logs in."""
        if wire == "json":
            return hello(password=PASSWORD) if self.account else hello()
        return f"{ME}\n{PASSWORD}\n".encode() if self.account else f"{ME}\n".encode()


# Shorthand.


def line(type: str, **fields: Any) -> bytes:
    """A line of the JSON wire."""
    return json.dumps({"type": type, **fields}, ensure_ascii=False).encode() + b"\n"


def hello(name: str = ME, **fields: Any) -> bytes:
    return line("hello", name=name, **fields)


def login(who: str) -> bytes:
    """The line with which somebody of a scene logs in."""
    name, _, device = who.partition("#")
    fields = {"client": f"a-secret-of-{who.replace('#', '-'):_<16}", "rooms": {}}
    return hello(name, **fields, **({"password": PASSWORD} if device or who == OPERATOR else {}))


def part(
    steps: Any,
    told: Iterable[str] = (),
    heard: Iterable[str] = (),
    end: str = "open",
    **others: Iterable[str],
) -> Part:
    """A part; bytes are sent at once, a single text is all that is told or heard."""
    steps = (
        steps
        if isinstance(steps, (list, tuple)) and not isinstance(steps, (Send, Wait))
        else [steps]
    )
    return Part(
        tuple(Send(step) if isinstance(step, bytes) else step for step in steps),
        _texts(told),
        _texts(heard),
        end,
        {who: _texts(texts) for who, texts in others.items()},
    )


def _texts(texts: Iterable[str]) -> tuple[str, ...]:
    return (texts,) if isinstance(texts, str) else tuple(texts)


def case(name: str, *, json: Part, plain: Part, **more: Any) -> Case:
    return Case(name, {"json": json, "plain": plain}, **more)


def only_json(
    name: str,
    steps: Any,
    told: Iterable[str] = (),
    heard: Iterable[str] = (),
    end: str = "open",
    **more: Any,
) -> Case:
    """A case for which people have no words."""
    return Case(name, {"json": part(steps, told, heard, end)}, **more)


def raw(name: str, steps: Any, told: Iterable[str] = (), end: str = "closed", **more: Any) -> Case:
    """First bytes, before any wire is known."""
    return Case(name, {NOBODY: part(steps, told, (), end)}, inside=False, **more)


def web(
    name: str,
    steps: Any,
    told: Iterable[str],
    end: str = "closed",
    heard: Iterable[str] = (),
    **more: Any,
) -> Case:
    """Bytes of HTTP, or of WebSocket after its handshake; `told` as `web_notes` has it."""
    return Case(name, {WEB: part(steps, told, heard, end)}, inside=False, **more)


def alike(
    name: str,
    data: bytes,
    told: Iterable[str],
    heard: Iterable[str] = (),
    end: str = "open",
    **more: Any,
) -> Case:
    """
    These bytes on both wires: `told` and `heard` on the JSON wire, and typed as something to say on
    the plain one.
    """
    said = [typed(one) for one in LINE_END.split(data)[:-1]]
    plain = part(
        data,
        [text for answer, _ in said for text in answer],
        [text for _, words in said for text in words],
    )
    return case(name, json=part(data, told, heard, end), plain=plain, **more)


def said(text: str, id: int = 1, room: str = "lobby", **more: Any) -> list[str]:
    """Returns what mallory is told on the JSON wire about her own message."""
    ref = "".join(f" {key}={value}" for key, value in more.items() if key == "ref")
    n = "".join(f"n={value} " for key, value in more.items() if key == "n")
    act = " act=True" if more.get("act") else ""
    return [
        f"ok {n}room={room} id={id}{ref}",
        f"message room={room} id={id} from={ME} text={text}{act}",
    ]


def said_at_once(*texts: str, first: int = 1) -> list[str]:
    """The same of several: where they come at once, so do their oks."""
    answers = [said(text, first + place) for place, text in enumerate(texts)]
    return [ok for ok, _ in answers] + [message for _, message in answers]


# The contract in a few lines, written a second time: the fate of a text, and of a typed line.

NO_UTF8 = "! That line is not UTF-8. Set your terminal to UTF-8."
TOO_LONG_LINE = "! A line has at most 32768 bytes."
TOO_LONG = "! A message has at most 4096 bytes. Say it in parts."
EMPTY = "! There is nothing to say in an empty message."
BAD_NAME = "! A name has 1 to 32 of A-Z a-z 0-9 _ - . and the first a letter or digit."
NO_COMMAND = "! There is no such command. /help lists them; // says a line that begins with /."
ALLOWED = "only an operator may do that."

MARK = "\ufeff".encode()  #: at the beginning of a line it is dropped
LINE_END = re.compile(rb"\r\n|\r\0|\n")  #: on the plain wire

BIDI = [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]


VISIBLE = {
    **{code: chr(0x2400 + code) for code in range(0x20) if code != 0x09}, 0x7F: "\u2421",
    **dict.fromkeys((*range(128, 160), 8232, 8233, *BIDI), "�"),
}  # fmt: skip


def shown(text: str) -> str:
    """A text as others see it."""
    return text.translate(VISIBLE)


def typed(data: bytes) -> tuple[list[str], list[str]]:
    """Returns the answers to this line (no command) on the plain wire, and what others hear."""
    if len(data) + 1 > 32_768:
        return [TOO_LONG_LINE], []
    data = data.removeprefix(MARK)
    if not data:
        return [], []
    try:
        text = shown(data.decode())
    except UnicodeDecodeError:
        return [NO_UTF8], []
    assert not text.lstrip().startswith("/") and b"\xff" not in data
    if len(text.encode()) > 4096:
        return [TOO_LONG], []
    return ([EMPTY], []) if text.isspace() else ([], [f"{ME}: {text}"])


def without_telnet(data: bytes) -> bytes:
    """Returns the data as telnet shows it: without the refusals of its options."""
    return re.sub(rb"\xff[\xfc\xfe].", b"", data, flags=re.DOTALL)


_DIFFERS = {"at", "epoch", "server", "limits", "max", "since"}


def brief(event: dict[str, Any], base: int = 0) -> str:
    """
    A line of the JSON wire in short.

    :param base: the last id of the lobby before the case; ids are told from there.
    """
    kind = event["type"]
    if kind in ("error", "bye"):
        text = event["text"]
        assert text and text.isprintable(), f"a sentence for a person: {text!r}"
    leave_out = {"type", *_DIFFERS, *(["text"] if kind in ("error", "bye") else [])}
    fields = {key: value for key, value in event.items() if key not in leave_out}
    if kind == "error":
        fields = {"code": event["code"], **fields}
    if event.get("room") == "lobby":
        fields = {
            key: value - base if key in ("id", "head", "first", "through") else value
            for key, value in fields.items()
        }
    if kind == "ping":
        fields["heads"] = {
            room: head - base if room == "lobby" else head for room, head in fields["heads"].items()
        }
    return " ".join([kind, *(_field(key, value) for key, value in fields.items())])


def _field(key: str, value: Any) -> str:
    if key == "code":
        return str(value)
    if isinstance(value, list):
        value = ",".join(
            str(one.get("name") or one.get("text") or one.get("room"))
            if isinstance(one, dict)
            else one
            for one in value
        )
    return f"{key}={value}"
