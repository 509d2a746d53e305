"""The options of the daemon: their defaults and their help."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from groupchat.options import values
from groupchat.wire.limits import MAX_ROOMS

__all__ = ["FLAGS", "FLAG_NAMES", "PARAMETERS", "VALUES", "Option", "Value"]


class Option(NamedTuple):
    """A row of `PARAMETERS`, in the order that Twisted expects."""

    name: str
    letter: str | None
    default: str | None
    help: str
    coerce: Callable[[str], object] | None = None


class Value(NamedTuple):
    """
    The value of an option, for manuals and for the completion of shells.

    :ivar metavar: its name, as the manuals write it.
    :ivar choices: the values that it can have, or the usual ones; empty: any.
    """

    metavar: str
    choices: tuple[str, ...] = ()


_NUMBER, _FILE, _ENDPOINT = Value("N"), Value("FILE"), Value("ENDPOINT")

#: the value of each option of the command line
VALUES = {
    "port": _NUMBER,
    "listen": _ENDPOINT,
    "max": _NUMBER,
    "ledger": Value("WHERE", ("memory", "sqlite:groupchat.db", "postgresql://")),
    "replay": _NUMBER,
    "keep": Value("HOW", ("all", "90d")),
    "rate": _NUMBER,
    "burst": _NUMBER,
    "certificate": _FILE,
    "tls-share": _NUMBER,
    "per-address": _NUMBER,
    "connect-rate": _NUMBER,
    "log-rate": _NUMBER,
    "max-pending": _NUMBER,
    "max-visitors": _NUMBER,
    "login-timeout": Value("S"),
    "idle-timeout": Value("S"),
    "rename-rate": _NUMBER,
    "max-rooms": _NUMBER,
    "max-rooms-per-member": _NUMBER,
    "devices": _NUMBER,
    "edit-within": Value("TIME"),
    "auth": Value("WHERE"),
    "show-addresses": Value("WHO", values.AUDIENCES),
    "names": Value("HOW", tuple(values.NAMING_RULES)),
    "server-name": Value("NAME"),
    "motd": _FILE,
    "log-format": Value("FORM", values.LOG_FORMATS),
    "gateways": Value("LIST", ("web", "none")),
    "host": Value("NAME"),
    "trusted-proxy": Value("ADDRESS", ("127.0.0.1", "local")),
    "metrics": _ENDPOINT,
    "admin-socket": Value("PATH"),
    "config": _FILE,
}

PARAMETERS = [
    Option(
        "port",
        "p",
        None,
        "TCP port to listen on, IPv4 and IPv6; 0: any free port"
        " (default: 9000, or none with --listen)",
        values.number("port", 0, 65535),
    ),
    Option(
        "max",
        "m",
        None,
        "members that can be logged in at once (default: asks at a terminal, else 100)",
        values.number("max", 1, 1_000_000),
    ),
    Option(
        "ledger",
        None,
        "sqlite:groupchat.db",
        'where messages are stored: "sqlite:PATH", "postgresql://HOST/DATABASE" or "memory"',
        values.ledger_path,
    ),
    Option(
        "replay",
        None,
        "20",
        "messages of history that a member sees on joining a room",
        values.number("replay", 0, 1000),
    ),
    Option(
        "keep",
        None,
        "all",
        'how long each room keeps its history: "all", "90d" (days) or "100000 messages"',
        values.retention,
    ),
    Option(
        "rate",
        None,
        "50",
        "lines per second that a member can send in the long run; 0: no limit",
        values.rate("rate"),
    ),
    Option(
        "burst",
        None,
        "200",
        "lines that a member can send at once before --rate applies",
        values.number("burst", 1, 1_000_000),
    ),
    Option(
        "certificate",
        None,
        None,
        "PEM file with the TLS certificate, its chain and its key"
        " (default: a self-signed certificate)",
    ),
    Option(
        "tls-share",
        None,
        "25",
        "percent of the time that TLS handshakes may take; further ones wait; 0: no limit",
        values.number("tls-share", 0, 100),
    ),
    Option(
        "per-address",
        None,
        "0",
        "connections that one address can have open; 0: no limit",
        values.number("per-address", 0, 1_000_000),
    ),
    Option(
        "connect-rate",
        None,
        "20",
        "connections per second from one address that may stay unauthenticated; 0: no limit",
        values.rate("connect-rate"),
    ),
    Option(
        "log-rate",
        None,
        "10",
        "log lines per second about one address; 0: no limit",
        values.rate("log-rate"),
    ),
    Option(
        "max-pending",
        None,
        "64",
        "connections that can be open without having logged in",
        values.number("max-pending", 1, 1_000_000),
    ),
    Option(
        "max-visitors",
        None,
        "256",
        "connections that can be open for pages and other HTTP requests alone",
        values.number("max-visitors", 1, 1_000_000),
    ),
    Option(
        "login-timeout",
        None,
        "10",
        "seconds of silence after which an unauthenticated connection is closed",
        values.number("login-timeout", 1, 60),
    ),
    Option(
        "idle-timeout",
        None,
        "60",
        "seconds of silence after which a JSON client is disconnected",
        values.number("idle-timeout", 3, 86_400),
    ),
    Option(
        "rename-rate",
        None,
        "20",
        "name changes per minute for each member; 0: no limit",
        values.number("rename-rate", 0, 1_000_000),
    ),
    Option(
        "max-rooms",
        None,
        "10000",
        "rooms that can exist at once",
        values.number("max-rooms", 1, 1_000_000),
    ),
    Option(
        "max-rooms-per-member",
        None,
        "32",
        "rooms that a member can be in at once",
        values.number("max-rooms-per-member", 1, MAX_ROOMS),
    ),
    Option(
        "devices",
        None,
        "8",
        "connections that a registered name can have logged in at once",
        values.number("devices", 1, 1_000_000),
    ),
    Option(
        "edit-within",
        None,
        "15m",
        "how long members can correct or remove their own messages; 0: never",
        values.duration("edit-within"),
    ),
    Option(
        "show-addresses",
        None,
        "operators",
        "who sees addresses in /who: everyone, operators or nobody",
        values.audience,
    ),
    Option(
        "names",
        None,
        "ascii",
        "characters that names of people and rooms may have: ascii,"
        " or unicode (letters of all scripts)",
        values.naming_rule,
    ),
    Option(
        "server-name",
        None,
        None,
        "name that the server gives itself (default: groupchat and its version)",
    ),
    Option(
        "motd",
        None,
        None,
        "file with a message for each member that logs in, at most 4096 characters",
        values.motd,
    ),
    Option(
        "log-format",
        None,
        "text",
        "form of the log's lines: text for people, json (an object on each line) for machines",
        values.log_format,
    ),
    Option(
        "gateways",
        None,
        None,
        'other protocols on the same port, with commas between them, or "none"'
        " (default: all; there is web: the page, WebSocket and HTTP)",
        values.gateways,
    ),
    Option(
        "metrics",
        None,
        None,
        "HOST:PORT or Twisted endpoint that serves /metrics for Prometheus and /healthz, e.g."
        " 127.0.0.1:9464 or unix:/run/groupchat/metrics",
    ),
    Option(
        "admin-socket",
        None,
        None,
        "Unix socket for groupchat-admin (default: beside the ledger, groupchat.sock)",
    ),
    Option(
        "config",
        None,
        None,
        "TOML file with these options as its keys; the command line wins over it",
    ),
]

_FLAGS = {
    "require-tls": "accept unencrypted connections from this machine only",
    "no-tls": "turn TLS off",
    "no-web": "serve no page and no other HTTP",
    "members-only": "let only registered names log in",
    "check": "check the options and the files that they name, and start nothing",
}
FLAG_NAMES = list(_FLAGS)
FLAGS = [[name, None, help] for name, help in _FLAGS.items()]  #: in the order that Twisted expects
