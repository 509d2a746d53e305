"""
Whether the certificate that a server shows is good: by the system's authorities, by what was seen
there before (as ssh does it), or by a fingerprint that was told.

The law: a place on another machine that ever had a good certificate never gets on with one that is
neither the same nor vouched for. On this machine another certificate is another server, which gets
nothing that was meant for the first. There is no socket and no OpenSSL here: what comes in is a
fingerprint, and whether the authorities vouch for it.
"""

from __future__ import annotations

import contextlib
import enum
import fcntl
import ipaddress
import os
from collections.abc import Container, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import quote

import idna

from groupchat import atomicfile
from groupchat.cli.exit import TURNED_AWAY, USAGE, Exit
from groupchat.client.address import UNIX_PREFIX, socket_path
from groupchat.fingerprints import parse_fingerprint

FILE = "known_hosts"  #: beside the client secrets, whose names all have an @
MOST = 8  #: certificates that are remembered of a place on this machine; the oldest makes room
#: in place of a fingerprint: any certificate that the system's authorities vouch for
AUTHORITIES = "authorities"


class Trust(Protocol):
    """What a certificate has to be to be good."""

    def check(self, shown: str, ca_verified: bool) -> None:
        """
        Look at a certificate, before anything is said to who shows it.

        :param shown: its fingerprint.
        :param ca_verified: whether the system's authorities vouch that it belongs to that host.
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
    """
    A host in the one way in which it is written to others: ASCII, lower case; addresses as RFC 5952
    has them.
    """
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(host))
    host = host.lower().removesuffix(".")
    try:
        return idna.encode(host, uts46=True).decode()
    except UnicodeError:
        return quote(host, safe="")  # no name of a host; who looks it up will say so


def host_key(host: str, port: int) -> str:
    """How the file writes where a server is."""
    path = socket_path(host)
    if path is not None:
        return UNIX_PREFIX + quote(path)
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
    CA_VERIFIED = enum.auto()  #: never seen, and the authorities vouch for it
    FIRST = enum.auto()  #: never seen, and nobody does
    RENEWED = enum.auto()  #: not the one seen before, but the authorities vouch for it
    CHANGED = enum.auto()  #: not the one seen before, and nobody vouches for it


def judge(known: list[str], shown: str, ca_verified: bool) -> Verdict:
    """
    What to think of a certificate.

    :param known: what the file has for its place: fingerprints, or `AUTHORITIES`.
    """
    if shown in known or (ca_verified and AUTHORITIES in known):
        return Verdict.KNOWN
    if ca_verified:
        return Verdict.RENEWED if known else Verdict.CA_VERIFIED
    return Verdict.CHANGED if known else Verdict.FIRST


class PinnedTrust:
    """
    Exactly the certificate with this fingerprint is good; nothing is remembered.

    :param where: the place, for people.
    """

    def __init__(self, where: str, told: str) -> None:
        self._where = where
        self._told = told

    def check(self, shown: str, ca_verified: bool) -> None:
        if shown != self._told:
            raise Exit(
                TURNED_AWAY,
                f"The certificate of {self._where} is {shown}, and not the one given with --fingerprint. "
                "Somebody may be in between; ask those who run the server for its fingerprint.",
            )

    def keep(self) -> str:
        return ""


class TofuTrust:
    """
    What the authorities vouch for is good, and what was there the first time.

    :param where: the place, as `place` writes it.
    :param path: the file that remembers.
    """

    def __init__(self, where: str, path: Path) -> None:
        self._where = where
        self._pins = KnownHosts(path)
        self._shown = ""
        self._ca_verified = False
        self._own: list[str] = []  # where the file could not be written

    def check(self, shown: str, ca_verified: bool) -> None:
        self._shown, self._ca_verified = shown, ca_verified
        self._judge()

    def keep(self) -> str:
        verdict = self._judge()
        if verdict is Verdict.KNOWN:
            return ""
        value = AUTHORITIES if self._ca_verified else self._shown
        try:
            with self._pins.locked():
                verdict = self._judge()  # again, as another client may have been faster
                if verdict is not Verdict.KNOWN:
                    self._pins.put(self._where, value)
        except OSError as error:
            self._own = [value]
            return self._tell(
                verdict, f"it can't be remembered in {self._pins.path}: {error.strerror}."
            )
        return self._tell(verdict, f"it is remembered in {self._pins.path}.")

    def _judge(self) -> Verdict:
        found = self._pins.find(self._where)
        known = [value for _, value in found] + self._own
        verdict = judge(known, self._shown, self._ca_verified)
        if verdict is Verdict.CHANGED:
            raise _refusal(
                self._where, self._shown, known, [number for number, _ in found], self._pins.path
            )
        return verdict

    def _tell(self, verdict: Verdict, kept: str) -> str:
        if verdict is Verdict.FIRST:
            return _first_time(self._where, self._shown, kept)
        if verdict is Verdict.RENEWED:
            return f"{self._where} has a new certificate, for which the system's authorities vouch; {kept}"
        return ""


class Server(NamedTuple):
    """
    One of the servers that were at a place on this machine.

    :ivar certificate: what is remembered of it: its fingerprint, or `AUTHORITIES`.
    :ivar inherits: whether it was the first one there, so that it gets a secret from before secrets
        went by certificates.
    """

    certificate: str
    inherits: bool


def pinned_server(pins: KnownHosts, where: str, told: str) -> Server:
    """
    The server at a place on this machine whose fingerprint was told; where the file can't be read,
    it is no heir.
    """
    try:
        known = [value for _, value in pins.find(where)]
    except Exit:
        return Server(told, inherits=False)
    return Server(told, inherits=_inherits(told, known) or not known)


def _inherits(certificate: str, known: list[str]) -> bool:
    return (
        known[:1] == [certificate] and len(known) < MOST
    )  # where some made room already, the first is another


class ServerObserver(Protocol):
    """Who comes to servers on this machine."""

    def meet(self, server: Server) -> None:
        """This is the server; nothing was said to it yet."""

    def forget(self, certificate: str) -> None:
        """This one is remembered no longer."""


class Local:
    """
    On this machine, where nobody is in between, any certificate is good: another one is another
    server.

    During one run the server has to stay the same, as what was typed is for that one.

    :param where: the place, as `place` writes it.
    :param path: the file that remembers.
    :param visitor: is told which server it is before anything is said to it.
    :param strict: whether only a server that was there before this run, or the first one, will do:
        it gets something that was not typed for the one that is there now.
    :param told: the verdicts that a person should be told of.
    """

    def __init__(
        self,
        where: str,
        path: Path,
        visitor: ServerObserver,
        strict: bool = False,
        told: Container[Verdict] = (),
    ) -> None:
        self._where = where
        self._pins = KnownHosts(path)
        self._visitor = visitor
        self._strict = strict
        self._told = told
        self._shown = ""
        self._server = ""  # its certificate, once it was met
        self._kept = False

    @property
    def known(self) -> bool:
        """Whether a server with a certificate was ever there."""
        return self._kept or bool(self._pins.find(self._where))

    def check(self, shown: str, ca_verified: bool) -> None:
        found = self._pins.find(self._where)
        known = [value for _, value in found]
        certificate = AUTHORITIES if ca_verified and shown not in known else shown
        if self._server:
            self._compare(certificate, shown)
            return
        if self._strict and known and certificate not in known:
            raise _refusal(
                self._where, shown, known, [number for number, _ in found], self._pins.path
            )
        self._shown, self._server = shown, certificate
        self._visitor.meet(Server(certificate, _inherits(certificate, known)))

    def _compare(self, certificate: str, shown: str) -> None:
        if self._server not in (certificate, shown):
            raise Exit(
                TURNED_AWAY,
                f"Another server is at {self._where} now: its certificate is {shown}. What was typed is for the one before; "
                "start groupchat-connect again to join it.",
            )

    def keep(self) -> str:
        if self._kept:
            return ""
        self._kept = True
        verdict, kept = self._keep()
        if verdict not in self._told:
            return ""
        if verdict is Verdict.FIRST:
            return _first_time(self._where, self._shown, kept)
        return f"{self._where} has another certificate than before: taken for another server."

    def _keep(self) -> tuple[Verdict, str]:
        known: list[str] = []
        try:
            with self._pins.locked():
                known = [value for _, value in self._pins.find(self._where)]
                if self._server not in known:
                    self._add()
        except OSError as error:
            return judge(
                known, self._server, False
            ), f"it can't be remembered in {self._pins.path}: {error.strerror}."
        return judge(known, self._server, False), f"it is remembered in {self._pins.path}."

    def _add(self) -> None:
        for gone in self._pins.add(self._where, self._server, MOST):
            self._visitor.forget(gone)


def _first_time(where: str, shown: str, kept: str) -> str:
    return f"First time at {where}. Its certificate is {shown}; {kept}"


def _refusal(where: str, shown: str, known: list[str], lines: list[int], path: Path) -> Exit:
    before = (
        "one that the system's authorities vouch for"
        if AUTHORITIES in known
        else "the one it had before"
    )
    numbers = f"line{'s' if len(lines) > 1 else ''} {', '.join(map(str, lines))}"
    remedy = f"remove {numbers} of {path}" if lines else "start again"
    return Exit(
        TURNED_AWAY,
        f"The certificate of {where} is {shown}, and not {before}. "
        "Somebody may be in between, or the server was set up anew. "
        f"If you know that it was: {remedy}, or give the fingerprint that you were told with --fingerprint.",
    )


# The file.


class KnownHosts:
    """
    The file that remembers certificates: ``HOST:PORT SHA256:…`` a line. All other lines in it stay
    as they are.

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
            raise Exit(
                USAGE,
                f"{self.path} can't be read: {error.strerror}. Make it readable, or use --fingerprint.",
            ) from None
        return [
            (number, _value(line)) for number, line in enumerate(lines, 1) if _is_about(line, where)
        ]

    def put(self, where: str, value: str) -> None:
        """
        Remember this of a place, and nothing else. The file is the old one or the new one, whatever
        happens.

        :raises OSError: it can't be written.
        """
        lines = self._lines()
        about = [at for at, line in enumerate(lines) if _is_about(line, where)]
        new = f"{where} {value}".encode()
        if about:
            lines[about[0]] = new
        else:
            lines.append(new)
        self._write([line for at, line in enumerate(lines) if at not in about[1:]])

    def add(self, where: str, value: str, most: int) -> list[str]:
        """
        Remember this of a place, too; of what is remembered of it the oldest makes room. Returns
        what did.

        :raises OSError: it can't be written.
        """
        lines = self._lines()
        about = [at for at, line in enumerate(lines) if _is_about(line, where)]
        gone = about[: max(0, len(about) - most + 1)]
        self._write(
            [line for at, line in enumerate(lines) if at not in gone]
            + [f"{where} {value}".encode()]
        )
        return [_value(lines[at]) for at in gone]

    def _write(self, lines: list[bytes]) -> None:
        atomicfile.write_atomic(str(self.path.resolve()), b"".join(line + b"\n" for line in lines))

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """
        Keep other clients from changing it.

        :raises OSError: there is no directory for it.
        """
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory = os.open(
            self.path.parent, os.O_RDONLY | os.O_CLOEXEC
        )  # the file itself is replaced
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
    return word == [where.encode()] or (
        not where.startswith(UNIX_PREFIX) and [part.lower() for part in word] == [where.encode()]
    )


def _value(line: bytes) -> str:
    text = b"".join(line.split()[1:2]).decode(errors="replace")
    try:
        return parse_fingerprint(text)
    except ValueError:
        return text  # AUTHORITIES; or no certificate has it, so that none gets by
