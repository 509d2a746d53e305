"""
Names of people and rooms: which there can be, and when two are the same; and the texts of messages.

Pure functions over texts. The rules are the wire's ("Lines, texts, names" in docs/protocol.rst);
for names there are two, `ASCII` and `UNICODE`, of which the administrator chooses.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import groupby
from unicodedata import category, normalize

from precis_i18n import get_profile

from groupchat.wire import confusables
from groupchat.wire.errors import BadName, NameReserved, TextEmpty, TextTooLong
from groupchat.wire.limits import MAX_NAME, MAX_TEXT, MAX_TOPIC

__all__ = [
    "ASCII",
    "DIRECT",
    "HIDDEN",
    "MARK",
    "RESERVED",
    "UNICODE",
    "Rule",
    "UnicodeRule",
    "key",
    "message_text",
    "parting_words",
    "printable",
    "rule_for",
    "skeleton",
    "token_name",
    "topic_text",
    "visible",
]

RESERVED = frozenset(
    "server system admin administrator operator root"
    " everyone all here nobody me you groupchat".split()
)

DIRECT = "@"  #: begins the name of a direct room, and of no other
MARK = "\ufeff"  #: a byte order mark: at the beginning of a line it is no part of it


# Loaded at the start: after an upgrade of the packages a running program could not load it.
_PROFILE = get_profile("UsernameCaseMapped")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
_MAX_MARKS = 4  #: marks on one letter (UTS 39, 5.4): more of them reach into other lines

#: Full-width and half-width forms, and what they are else (RFC 8264, 5.2.1).
_WIDTHS = {code: normalize("NFKC", chr(code)) for code in range(0xFF01, 0xFFE0)}

#: Controls and bidi overrides, and what stands in their place so that they can be seen and do
#: nothing.
_VISIBLE = {
    **{code: 0x2400 + code for code in range(0x20) if code != 0x09},
    0x7F: 0x2421,
    **dict.fromkeys(
        [*range(0x80, 0xA0), 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A)], 0xFFFD
    ),
}
HIDDEN = re.compile("[" + "".join(map(re.escape, map(chr, _VISIBLE))) + "]")


def key(name: str) -> str:
    """
    Return a key that is equal for names that are the same: RFC 8265's case-mapped form, if there is
    one.
    """
    if name.isascii() or len(name) > MAX_NAME:  # what is longer is no name, and could take its time
        return name.lower()
    return normalize("NFC", name.translate(_WIDTHS).lower())


def skeleton(name: str) -> str:
    """
    Return a key that is equal for names that could be read as each other: alice, A1ice and
    \u0430lice.
    """
    return confusables.skeleton(key(name))


class Rule:
    """
    The rule for names: here ASCII letters, digits and ``_ - .``, which are told apart by their
    keys.

    :cvar label: what administrators call it.
    """

    label = "ascii"
    parts = "A-Z a-z 0-9 _ - . and the first a letter or digit"

    def person(self, name: str) -> str:
        """
        The name of a person as it is shown, if it may be one.

        :raises BadName: it is no name.
        :raises NameReserved: it is one that nobody may bear.
        """
        printable = self._proper(name)
        if not printable:
            raise BadName(f"A name has 1 to 32 of {self.parts}.")
        if self._reserved(printable):
            raise NameReserved(f'The name "{printable}" is reserved. Take another.')
        return printable

    def room(self, name: str) -> str:
        """
        The name of a room as the server writes it.

        :raises BadName: it is no name.
        """
        printable = self._proper(name)
        if not printable:
            raise BadName(f"A room's name has 1 to 32 of {self.parts}.")
        return key(printable)

    def direct_room(self, name: str) -> str:
        """
        Return the name of a direct room, ``@NAME``, as the server writes it.

        :raises BadName: what is behind the @ is no name of a person.
        """
        printable = self._proper(name.removeprefix(DIRECT))
        if not printable:
            raise BadName(f"A direct room is @ and a name: 1 to 32 of {self.parts}.")
        return DIRECT + key(printable)

    def readings(self, name: str) -> Collection[str]:
        """
        The looks that no two people may share who are in at the same time; none where keys are
        enough.
        """
        return ()

    def _proper(self, name: str) -> str:
        """The name as it is shown, or "" if it is none."""
        return name if _NAME.fullmatch(name) else ""

    def _reserved(self, name: str) -> bool:
        return key(name) in RESERVED


class UnicodeRule(Rule):
    """
    Letters, marks and digits of any script, by PRECIS UsernameCaseMapped (RFC 8265): no name is
    right to left in part only, has a form that is another's (NFC, width), or a character that is
    not seen. No two can be read as each other (UTS 39).
    """

    label = "unicode"
    parts = "the letters and digits of any script, _ - . and the first a letter or digit"

    def readings(self, name: str) -> Collection[str]:
        """
        Return how a name is read in small letters, as written, and in capitals. (Two such names
        could be read as each other, in letters in which one of them may be written, where any of
        these are equal.)
        """
        if name.isascii():
            return {skeleton(name)}
        return {
            skeleton(name),
            skeleton(confusables.lowercase_reading(name)),
            skeleton(confusables.uppercase_reading(name)),
        }

    def _proper(self, name: str) -> str:
        if name.isascii():
            return super()._proper(name)
        if len(name) > MAX_NAME:
            return ""
        printable = normalize("NFC", name.translate(_WIDTHS))
        return printable if self._allows(printable) and self._allows(key(printable)) else ""

    def _allows(self, name: str) -> bool:
        kinds = [category(letter) for letter in name]
        if (
            len(name) > 32
            or len(name.encode(errors="replace")) > MAX_NAME
            or kinds[0] not in _FIRST
        ):
            return False
        if not all(
            kind in _LATER or letter in "_-." for letter, kind in zip(name, kinds, strict=True)
        ):
            return False
        letters = normalize("NFD", name)
        if any(
            marks and len(list(run)) > _MAX_MARKS
            for marks, run in groupby(letters, lambda letter: category(letter) == "Mn")
        ):
            return False
        try:
            return bool(_PROFILE.enforce(name))
        except UnicodeEncodeError:
            return False

    def _reserved(self, name: str) -> bool:
        return not _RESERVED_SKELETONS.isdisjoint(self.readings(name))


_FIRST = frozenset("Lu Ll Lt Lo Lm Nd".split())
_LATER = _FIRST | {"Mn", "Mc"}
_RESERVED_SKELETONS = frozenset(map(skeleton, RESERVED))

ASCII = Rule()
UNICODE = UnicodeRule()


def rule_for(name: str) -> Rule:
    """
    The rule by which a client judges a name, since it can't know the server's: the one that would
    admit it.
    """
    return ASCII if name.isascii() else UNICODE


def visible(text: str) -> str:
    """The text with its controls made visible, so that it can't act on anyone's terminal."""
    if text.isascii() and text.isprintable():
        return text
    return text.translate(_VISIBLE) if HIDDEN.search(text) else text


def printable(name: str) -> str:
    """
    Return what was given as a name, for a log or an error: at most 64 characters, and none of them
    hides or turns others.
    """
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in visible(name[:64]))


def message_text(text: str) -> str:
    """
    A text as it will be said.

    :raises TextEmpty: nothing is in it but white space.
    :raises TextTooLong: it is over `TEXT_MOST` bytes.
    """
    text = visible(text)
    if len(text) > MAX_TEXT or not text.isascii() and len(text.encode()) > MAX_TEXT:
        raise TextTooLong(f"A message has at most {MAX_TEXT} bytes. Say it in parts.")
    if not text or text.isspace():
        raise TextEmpty("There is nothing to say in an empty message.")
    return text


def topic_text(text: str) -> str:
    """
    A topic as it will be shown; "" clears it.

    :raises TextTooLong: it is over `TOPIC_MOST` bytes.
    """
    text = visible(text)
    if len(text.encode()) > MAX_TOPIC:
        raise TextTooLong(f"A topic has at most {MAX_TOPIC} bytes. Make it shorter.")
    return text


def parting_words(text: str) -> str:
    """Return the words with which a member leaves, as others are told them: a line, cut short."""
    return visible(text).encode()[:MAX_TOPIC].decode(errors="ignore")


def token_name(name: str) -> str:
    """
    Return the name of a token as the server writes it.

    :raises BadName: it is no name.
    """
    if not _NAME.fullmatch(name):
        raise BadName(f"The name of a token has 1 to 32 of {Rule.parts}.")
    return key(name)
