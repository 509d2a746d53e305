"""
The tool's side of an import: reads a file twice, first to check it all, then to send it, as far as
the server does not have it yet.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import count, islice

import msgspec

from groupchat.admin.irclog import IRSSI, WEECHAT, irssi, weechat
from groupchat.admin.messages import CHUNK, MAX_REQUEST, Done, Reply, Resume, Start
from groupchat.admin.said import BadLine, Said, folded, proper_name, time_in
from groupchat.wire import names
from groupchat.wire.errors import Refused, TextEmpty

__all__ = ["CannotImport", "Import"]

_LOOKED_AT = 100  #: lines of a file by which its form is recognised
_MAX_LINE = 1 << 20  #: characters of a line, many times as many as a message needs
_encode = msgspec.json.Encoder().encode


class CannotImport(Exception):
    """A file can't be imported; the text is one line that says why."""


class Import:
    """
    :param form: "json", "weechat" or "irssi"; "": whichever the file has.
    :raises CannotImport: the file can't be read, or a line of it makes no sense.

    :ivar count: the messages in the file.
    :ivar left_out: the lines without a message.
    """

    def __init__(self, path: str, form: str = "") -> None:
        self._path = path
        self.count = self.left_out = 0
        self._first: Said | None = None
        self._chunks: Iterator[bytes] = iter(())
        with _reading(path):
            if not stat.S_ISREG(os.stat(path).st_mode):
                raise CannotImport(f"{path} is not a file, which has to be read twice.")
            self._parse = _PARSERS[form or _form(path)](path)
            self._check()
        if self._first is None:
            raise CannotImport(f"{path} has no messages. Name its form: json, weechat or irssi.")

    def _check(self) -> None:
        for said in self._all():
            if said is None:
                self.left_out += 1
            else:
                self._first = self._first or said
                self.count += 1

    def _all(self) -> Iterator[Said | None]:
        """Yield what each line says, as it is to be stored; None: nothing."""
        for number, said in enumerate(self._parse(), 1):
            yield said and _proper(number, said)

    def replies(
        self, ask: Callable[[bytes, Callable[[], bytes]], Iterator[Reply]]
    ) -> Iterator[Reply]:
        """
        Import the file. Yields the server's replies.

        :param ask: asks the server. Takes what follows the request, and what returns the next line
            to send once a reply was taken.
        :raises CannotImport: another file was imported.
        """
        assert self._first is not None
        start = _encode(Start(self._first, self.count))
        for reply in ask(b"\n" + start, lambda: next(self._chunks, b"")):
            if isinstance(reply, Resume):
                self._resume(reply)
            elif isinstance(reply, Done) and self.left_out:
                more = f"{self.left_out} lines of the file are no messages, and were left out."
                yield Done(f"{reply.text} {more}")
            else:
                yield reply

    def _resume(self, resume: Resume) -> None:
        """Go on behind what the server has already."""
        rest = islice((said for said in self._all() if said is not None), self.count)
        chain = b""
        for said in islice(rest, min(resume.done, self.count)):
            chain = folded(chain, said)
        if chain != resume.chain and resume.done <= self.count:
            raise CannotImport(
                "another file that begins like this one was imported into that room."
                " Import this one into a room of its own."
            )
        self._chunks = _chunks(rest)


class _reading:
    """Turns errors into `CannotImport`."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        """Nothing is to be done."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            raise CannotImport(f"{self._path}: {error.strerror}.") from None
        if isinstance(error, BadLine):
            raise CannotImport(f"{self._path}, {error}") from None


def _lines(path: str) -> Iterator[str]:
    with open(path, encoding="utf-8-sig", errors="replace", newline="\n") as file:
        for number in count(1):
            line = file.readline(_MAX_LINE)
            if not line:
                return
            if len(line) == _MAX_LINE:
                raise BadLine(number, f"it is longer than {_MAX_LINE} characters")
            yield line.rstrip("\r\n")


def _form(path: str) -> str:
    for line in islice(_lines(path), _LOOKED_AT):
        if line.startswith("{"):
            return "json"
        if WEECHAT.fullmatch(line):
            return "weechat"
        if IRSSI.fullmatch(line):
            return "irssi"
    raise CannotImport(f"{path} is none of the forms json, weechat and irssi.")


def _proper(number: int, said: Said) -> Said | None:
    try:
        text = names.message_text(said.text)
    except TextEmpty:
        return None
    except Refused as error:
        raise BadLine(number, str(error).rstrip(".")) from None
    return Said(said.at, proper_name(said.sender), text, said.act, said.notice)


def _chunks(said: Iterator[Said]) -> Iterator[bytes]:
    """Yield lines of several messages each."""
    some: list[bytes] = []
    size = 0
    for one in said:
        encoded = _encode(one)
        if len(some) == CHUNK or size + len(encoded) > MAX_REQUEST - CHUNK - 2:
            yield b"[" + b",".join(some) + b"]"
            some, size = [], 0
        some.append(encoded)
        size += len(encoded)
    if some:
        yield b"[" + b",".join(some) + b"]"


class _Line(msgspec.Struct):
    """A line of an export."""

    at: str
    sender: str = msgspec.field(name="from")
    text: str
    id: int = 0
    act: bool = False
    notice: bool = False
    replaces: int | None = None
    redacts: int | None = None
    redacted: bool = False


_decoder = msgspec.json.Decoder(_Line)


class _Exported:
    """
    The JSON lines of an export. Corrections change what they are about, and are left out, and so is
    what was removed.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._texts: dict[int, tuple[str, bool]] = {}
        for number, line in enumerate(_lines(path), 1):
            found = _decoded(number, line)
            if found.replaces is not None:
                self._texts[found.replaces] = found.text, found.act

    def __call__(self) -> Iterator[Said | None]:
        for number, line in enumerate(_lines(self._path), 1):
            found = _decoded(number, line)
            if found.replaces is not None or found.redacts is not None or found.redacted:
                yield None
                continue
            text, act = self._texts.get(found.id, (found.text, found.act))
            yield Said(_time(number, found.at), found.sender, text, act, found.notice)


def _decoded(number: int, line: str) -> _Line:
    try:
        return _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeEncodeError):
        what = 'it is no JSON object with the texts "at", "from" and "text"'
        raise BadLine(number, what) from None


def _time(number: int, text: str) -> int:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise BadLine(number, "its time is not like 2026-01-31T12:30:00Z") from None
    with time_in(number):
        return round(time.timestamp() * 1000)


def _log(
    parse: Callable[[Iterable[str]], Iterator[Said | None]],
) -> Callable[[str], Callable[[], Iterator[Said | None]]]:
    return lambda path: lambda: parse(_lines(path))


_PARSERS: dict[str, Callable[[str], Callable[[], Iterator[Said | None]]]] = {
    "json": _Exported,
    "weechat": _log(weechat),
    "irssi": _log(irssi),
}
