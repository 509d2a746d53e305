"""
Whether the certificate that a server shows is good: by the system's authorities, by what was seen there before (as ssh does
it), or by a fingerprint that was told.

The law: a place that ever had a good certificate never gets on with one that is neither the same nor vouched for. There is
no socket and no OpenSSL here: what comes in is a fingerprint, and whether the authorities vouch for it.
"""

from __future__ import annotations

import contextlib
import enum
import fcntl
import ipaddress
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

import idna

from groupchat import files
from groupchat.client.address import UNIX, socket_path
from groupchat.client.endings import TURNED_AWAY, USAGE, Ending
from groupchat.fingerprints import parse_fingerprint

FILE = "known_hosts"  #: beside the client secrets, whose names all have an @
AUTHORITIES = "authorities"  #: in place of a fingerprint: any certificate that the system's authorities vouch for


class Trust(Protocol):
    """What a certificate has to be to be good."""

    def check(self, shown: str, vouched: bool) -> None:
        """
        Look at a certificate, before anything is said to who shows it.

        :param shown: its fingerprint.
        :param vouched: whether the system's authorities vouch that it belongs to that host.
        :raises Ending: it is not good.
        """

    def keep(self) -> str:
        """
        Remember the certificate last looked at: who shows it has answered as such a server does.

        Returns what a person should be told about it; "" for nothing.

        :raises Ending: it is no longer good.
        """


# Places.


def canonical(host: str) -> str:
    """A host in the one way in which it is written to others: ASCII, lower case; addresses as RFC 5952 has them."""
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(host))
    host = host.lower().removesuffix(".")
    try:
        return idna.encode(host, uts46=True).decode()
    except UnicodeError:
        return quote(host, safe="")  # no name of a host; who looks it up will say so


def place(host: str, port: int) -> str:
    """How the file writes where a server is."""
    path = socket_path(host)
    if path is not None:
        return UNIX + quote(path)
    name = canonical(host)
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"


def is_loopback(host: str) -> bool:
    """Whether what is said to this host stays on this machine, as it does on a Unix socket."""
    if socket_path(host) is not None:
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return canonical(host) == "localhost"
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


# The decision.


class Verdict(enum.Enum):
    """What a certificate is, to one who knows what was there before."""

    KNOWN = enum.auto()  #: as before
    VOUCHED = enum.auto()  #: never seen, and the authorities vouch for it
    FIRST = enum.auto()  #: never seen, and nobody does
    RENEWED = enum.auto()  #: not the one seen before, but the authorities vouch for it
    CHANGED = enum.auto()  #: not the one seen before, and nobody vouches for it


def judge(known: list[str], shown: str, vouched: bool) -> Verdict:
    """
    What to think of a certificate.

    :param known: what the file has for its place: fingerprints, or `AUTHORITIES`.
    """
    if shown in known or (vouched and AUTHORITIES in known):
        return Verdict.KNOWN
    if vouched:
        return Verdict.RENEWED if known else Verdict.VOUCHED
    return Verdict.CHANGED if known else Verdict.FIRST


class Told:
    """
    Exactly the certificate with this fingerprint is good; nothing is remembered.

    :param where: the place, for people.
    """

    def __init__(self, where: str, told: str) -> None:
        self._where = where
        self._told = told

    def check(self, shown: str, vouched: bool) -> None:
        if shown != self._told:
            raise Ending(
                TURNED_AWAY,
                f"The certificate of {self._where} is {shown}, and not the one given with --fingerprint. "
                "Somebody may be in between; ask those who run the server for its fingerprint.",
            )

    def keep(self) -> str:
        return ""


class Seen:
    """
    What the authorities vouch for is good, and what was there the first time.

    :param where: the place, as `place` writes it.
    :param path: the file that remembers.
    :param quiet: whether a person need not be told of the first time: on the way to this machine nobody is in between.
    """

    def __init__(self, where: str, path: Path, quiet: bool = False) -> None:
        self._where = where
        self._quiet = quiet
        self._pins = Pins(path)
        self._shown = ""
        self._vouched = False
        self._own: list[str] = []  # where the file could not be written

    @property
    def known(self) -> bool:
        """Whether a server with a certificate was ever there."""
        return bool(self._own or self._pins.find(self._where))

    def check(self, shown: str, vouched: bool) -> None:
        self._shown, self._vouched = shown, vouched
        self._judge()

    def keep(self) -> str:
        verdict = self._judge()
        if verdict is Verdict.KNOWN:
            return ""
        value = AUTHORITIES if self._vouched else self._shown
        try:
            with self._pins.locked():
                verdict = self._judge()  # again, as another client may have been faster
                if verdict is not Verdict.KNOWN:
                    self._pins.put(self._where, value)
        except OSError as error:
            self._own = [value]
            return self._tell(verdict, f"it can't be remembered in {self._pins.path}: {error.strerror}.")
        return self._tell(verdict, f"it is remembered in {self._pins.path}.")

    def _judge(self) -> Verdict:
        found = self._pins.find(self._where)
        known = [value for _, value in found] + self._own
        verdict = judge(known, self._shown, self._vouched)
        if verdict is Verdict.CHANGED:
            raise Ending(TURNED_AWAY, self._refuse(known, [number for number, _ in found]))
        return verdict

    def _tell(self, verdict: Verdict, kept: str) -> str:
        if verdict is Verdict.FIRST and not self._quiet:
            return f"First time at {self._where}. Its certificate is {self._shown}; {kept}"
        if verdict is Verdict.RENEWED:
            return f"{self._where} has a new certificate, for which the system's authorities vouch; {kept}"
        return ""

    def _refuse(self, known: list[str], lines: list[int]) -> str:
        before = "one that the system's authorities vouch for" if AUTHORITIES in known else "the one it had before"
        numbers = f"line{'s' if len(lines) > 1 else ''} {', '.join(map(str, lines))}"
        remedy = f"remove {numbers} of {self._pins.path}" if lines else "start again"
        return (
            f"The certificate of {self._where} is {self._shown}, and not {before}. "
            "Somebody may be in between, or the server was set up anew. "
            f"If you know that it was: {remedy}, or give the fingerprint that you were told with --fingerprint."
        )


# The file.


class Pins:
    """
    The file that remembers certificates: ``HOST:PORT SHA256:…`` a line. All other lines in it stay as they are.

    :param path: the file; there need be none yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def find(self, where: str) -> list[tuple[int, str]]:
        """
        What is remembered of a place: the number of each line, and what it says.

        :raises Ending: the file can't be read. What it says may not be taken for nothing.
        """
        try:
            lines = self._lines()
        except OSError as error:
            raise Ending(USAGE, f"{self.path} can't be read: {error.strerror}. Make it readable, or use --fingerprint.") from None
        return [(number, _value(line)) for number, line in enumerate(lines, 1) if _is_about(line, where)]

    def put(self, where: str, value: str) -> None:
        """
        Remember this of a place, and nothing else. The file is the old one or the new one, whatever happens.

        :raises OSError: it can't be written.
        """
        lines = self._lines()
        about = [at for at, line in enumerate(lines) if _is_about(line, where)]
        new = f"{where} {value}".encode()
        if about:
            lines[about[0]] = new
        else:
            lines.append(new)
        kept = [line for at, line in enumerate(lines) if at not in about[1:]]
        files.replace(str(self.path.resolve()), b"".join(line + b"\n" for line in kept))

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """
        Keep other clients from changing it.

        :raises OSError: there is no directory for it.
        """
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory = os.open(self.path.parent, os.O_RDONLY | os.O_CLOEXEC)  # the file itself is replaced
        try:
            with contextlib.suppress(OSError):  # a file system without locks
                fcntl.flock(directory, fcntl.LOCK_EX)
            yield
        finally:
            os.close(directory)

    def _lines(self) -> list[bytes]:
        try:
            text = self.path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return []
        return text.removesuffix(b"\n").split(b"\n") if text else []


def _is_about(line: bytes, where: str) -> bool:
    word = line.split()[:1]
    return word == [where.encode()] or (not where.startswith(UNIX) and [part.lower() for part in word] == [where.encode()])


def _value(line: bytes) -> str:
    text = b"".join(line.split()[1:2]).decode(errors="replace")
    try:
        return parse_fingerprint(text)
    except ValueError:
        return text  # AUTHORITIES; or no certificate has it, so that none gets by
