"""
The configuration file: TOML, with the long options as its keys. It stands for arguments that come
before those of the command line.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Collection, Mapping
from typing import NamedTuple

from twisted.python import usage

from groupchat import smallfile
from groupchat.options.values import shortened

__all__ = ["Keys", "read"]

_LIMIT = 1 << 20  #: bytes of the file


class Keys(NamedTuple):
    """
    The keys that a file can have.

    :ivar single: options with one value.
    :ivar several: options that can be given more than once.
    :ivar flags: options without a value.
    """

    single: Collection[str]
    several: Collection[str]
    flags: Collection[str]

    def check(self, key: str) -> None:
        """
        :raises UsageError: there is no such key.
        """
        known = [*self.single, *self.several, *self.flags]
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            meant = f' Did you mean "{near[0]}"?' if near else ""
            raise usage.UsageError(f'"{shortened(key)}" is not an option.{meant}')


def read(path: str, keys: Keys) -> dict[str, list[str]]:
    """
    Return the arguments that each key of a file stands for.

    :raises UsageError: the file cannot be read, or something in it makes no sense.
    """
    try:
        text = smallfile.read(path, _LIMIT).decode("utf-8-sig")
        return _arguments(tomllib.loads(text), keys)
    except OSError as error:
        why = f"{error.strerror}."
    except UnicodeDecodeError:
        why = "it is not UTF-8."
    except tomllib.TOMLDecodeError as error:
        why = f"it is not TOML: {shortened(str(error))}."
    except (ValueError, RecursionError):  # of tomllib
        why = "a value in it is too long, or nested too deep."
    except usage.UsageError as error:
        why = str(error)
    raise usage.UsageError(f"--config {shortened(path)}: {why}")


# Any value of TOML can stand there.
def _arguments(table: Mapping[str, object], keys: Keys) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, value in table.items():
        keys.check(key)
        if key in keys.flags:
            found[key] = [f"--{key}"] if _flag(key, value) else []
        elif key in keys.several and isinstance(value, list):
            found[key] = [f"--{key}={_text(key, one)}" for one in value]
        else:
            found[key] = [f"--{key}={_text(key, value)}"]
    return found


def _flag(key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise usage.UsageError(f'"{key}" takes true or false.')
    return value


def _text(key: str, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise usage.UsageError(f'"{key}" takes a number or a text in quotes.')
    text = str(value)
    if "\0" in text:
        raise usage.UsageError(f'"{key}" has a character in it that no option can have: NUL.')
    return text
