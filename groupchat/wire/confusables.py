"""
Skeletons, as of UTS 39: two names have the same one when they could be read as each other.

Two things differ from UTS 39, since names are compared without regard to case, and read in fonts of
all kinds: all of i, I, l, L, 1 and | look the same, and so do o, O and 0; and an accent makes no
other letter. Pure functions; their table is `confusables.txt`, which is read once, at the import:
later it may be that of another version.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from unicodedata import category, normalize

__all__ = ["lowercase_reading", "skeleton", "uppercase_reading"]

_LATIN = str.maketrans({"i": "l", "1": "l", "|": "l", "0": "o", "m": "rn", "w": "vv"})

#: Accents that can stand on a letter of any script, and are not seen when a name is read in a
#: hurry.
_ACCENTS = [
    *range(0x300, 0x370),
    *range(0x1AB0, 0x1B00),
    *range(0x1DC0, 0x1E00),
    *range(0x20D0, 0x2100),
    *range(0xFE20, 0xFE30),
]
_PASSES = 4  #: a letter that looks like one that looks like a third: no chain is longer


@lru_cache(maxsize=4096)
def skeleton(key: str) -> str:
    """
    Return the skeleton of a name: names that look alike share it.

    :param key: its `groupchat.wire.names.key`, so that names that are the same have one look.
    """
    if not key.isascii():
        table = _FOLDED
        for _ in range(_PASSES):
            key, before = (
                _unaccented(normalize("NFKD", _bare(key).casefold()).translate(table)),
                key,
            )
            if key == before:
                break
    return key.lower().translate(_LATIN)


def lowercase_reading(name: str) -> str:
    """
    Return what a name is read as in just these letters, small or capital: Greek Nu is v when it is
    small, and else N.
    """
    return _unaccented(normalize("NFKD", name).translate(_LIKENESS))


def uppercase_reading(name: str) -> str:
    """Return how a name reads in capitals."""
    return lowercase_reading(_bare(name).upper())


def _bare(name: str) -> str:
    """The name's letters alone: there is an accent whose capital is a letter."""
    return _unaccented(normalize("NFKD", name))


def _unaccented(text: str) -> str:
    """
    Return the text without the accents on letters of Latin, Greek, Cyrillic and Armenian: in other
    scripts these are vowels.
    """
    kept: list[str] = []
    for letter in text:
        if category(letter) not in ("Mn", "Me") or (kept and not _has_accents(kept[-1])):
            kept.append(letter)
    return "".join(kept)


def _has_accents(letter: str) -> bool:
    return letter < "\u0590" or "\u1d00" <= letter < "\u2000"


def _tables() -> tuple[dict[int, str], dict[int, str]]:
    """Return what each letter is read as; and the same for names whose case is folded."""
    lines = files("groupchat.wire").joinpath("confusables.txt").read_text("ascii").splitlines()
    rows = [[int(code, 16) for code in line.split()] for line in lines if line[0] != "#"]
    table = {row[0]: "".join(map(chr, row[1:])) for row in rows} | dict.fromkeys(_ACCENTS, "")
    folded = table.copy()
    for (
        code,
        seen,
    ) in (
        table.items()
    ):  # where only the capital is read as one of A-Z, the small letter is taken for the same
        small = chr(code).lower()
        if seen.isascii() and len(small) == 1 and ord(small) != code:
            likeness = table.get(ord(small), small)
            if len(likeness) == 1 and not likeness.isascii():
                folded.setdefault(ord(likeness), seen)
    return table, folded


_LIKENESS, _FOLDED = _tables()
