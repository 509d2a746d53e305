"""Parses the command line of ``twistd groupchat``."""

from __future__ import annotations

import getopt
import sys
from collections.abc import Mapping, Sequence

from twisted.cred.credentials import IUsernamePassword
from twisted.cred.strcred import AuthOptionMixin, InvalidAuthType, makeChecker
from twisted.python import usage

import groupchat
from groupchat import prompt, streams
from groupchat.gateways.table import GATEWAYS
from groupchat.options import config, start
from groupchat.options.table import FLAG_NAMES, FLAGS, PARAMETERS
from groupchat.options.values import host, proxy, shortened

__all__ = ["Options"]


#: the keys of a configuration file
KEYS = config.Keys(
    [option.name for option in PARAMETERS if option.name != "config"],
    ["listen", "auth", "host", "trusted-proxy"],
    [flag for flag in FLAG_NAMES if flag != "check"],
)


class Options(AuthOptionMixin, usage.Options):
    """
    The options of the daemon: those of the command line, and those of the configuration file that
    it names.

    :ivar given: the arguments of each option, as they were given; options that were not are not
        there.
    """

    supportedInterfaces = (IUsernamePassword,)
    command = "twistd groupchat"  #: the command as typed, for error messages

    synopsis = "[--port N] [--max N] [options]"
    longdesc = (
        "A group chat server. People join with groupchat-connect, nc or telnet;"
        " programs use JSON lines."
    )
    optParameters = PARAMETERS
    optFlags = FLAGS

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self["listen"] = []
        self["host"] = []
        self["trusted-proxy"] = []
        self.given: Mapping[str, list[str]] = {}
        self._command_line: list[str] = []

    def opt_listen(self, endpoint: str) -> None:
        self["listen"].append(endpoint)

    # Twisted prints the docstring as it is, with its line breaks.
    opt_listen.__doc__ = (
        "Twisted endpoint to listen on, e.g. tcp:9000:interface=127.0.0.1 or unix:/run/chat.sock;"
        " may be given more than once"
    )

    def opt_host(self, name: str) -> None:
        self["host"].append(host(name))

    opt_host.__doc__ = (
        "name under which browsers may ask for the page, beside those of the certificate;"
        " may be given more than once"
    )

    def opt_trusted_proxy(self, address: str) -> None:
        self["trusted-proxy"].append(proxy(address))

    opt_trusted_proxy.__doc__ = (
        "address or network of a proxy whose X-Forwarded-For or Forwarded names the client, or"
        ' "local" for one on a Unix socket; may be given more than once'
    )

    def opt_help(self) -> None:
        """display this help and exit"""
        try:
            with streams.written():
                print(self)
        except BrokenPipeError:
            raise SystemExit(1) from None  # the reader closed the pipe on purpose
        except OSError as error:
            raise SystemExit(f"groupchat: {error.strerror}") from None
        raise SystemExit(0)

    def opt_version(self) -> None:
        """display the version and exit"""
        print(f"groupchat {groupchat.__version__}")
        raise SystemExit(0)

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """
        Parse the command line. An error ends the process with one line on stderr and status 1;
        twistd would print a page on stdout.
        """
        streams.prepare()
        try:
            self.parse(sys.argv[1:] if options is None else list(options))
        except usage.UsageError as error:
            raise start.not_started(f"{error} ({self.command} --help lists the options.)") from None

    def parse(self, command_line: list[str]) -> None:
        """
        Parse the command line and the configuration file that it names.

        :raises UsageError: one of them makes no sense.
        """
        self._command_line = command_line
        arguments = [*self._from_file(self._found(command_line)), *command_line]
        self.given = self._found(arguments)
        super().parseOptions(arguments)  # type: ignore[no-untyped-call]

    def read_again(self) -> Options:
        """
        Return the options as the same command line and the configuration file say now. Nothing is
        started or asked.

        :raises UsageError: they make no sense.
        """
        again = _OptionsReadAgain(self["max"] if "max" not in self.given else start.DEFAULT_MAX)
        again.parse(self._command_line)
        return again

    def _found(self, arguments: list[str]) -> dict[str, list[str]]:
        """Return the values of each option among these arguments."""
        found: dict[str, list[str]] = {}
        try:
            pairs, _ = getopt.getopt(arguments, self.shortOpt, self.longOpt)
        except getopt.error:
            return {}  # the parser says the same, in its own words
        for option, value in pairs:
            name = option.lstrip("-")
            found.setdefault(self.synonyms.get(name, name), []).append(value)
        return found

    def _from_file(self, typed: Mapping[str, list[str]]) -> list[str]:
        """Return the arguments in the configuration file, less those of options that were typed."""
        if "config" not in typed:
            return []
        path = typed["config"][-1]
        found = config.read(path, KEYS)
        try:
            _FileOptions().parse([argument for key in found.values() for argument in key])
        except usage.UsageError as error:
            raise usage.UsageError(f"--config {shortened(path)}: {error}") from None
        return [argument for key in found if key not in typed for argument in found[key]]

    def opt_auth(self, description: str) -> None:
        try:
            self.addChecker(makeChecker(description))  # type: ignore[no-untyped-call]
        except InvalidAuthType:
            raise usage.UsageError(
                f'--auth takes a value that --help-auth lists, not "{shortened(description)}".'
            ) from None
        except Exception as error:  # a checker of others can raise anything
            raise usage.UsageError(
                f'--auth "{shortened(description)}": {shortened(str(error))}.'
            ) from None

    opt_auth.__doc__ = (
        "where passwords are stored: sqlite:PATH, argon2:PATH or another checker that --help-auth"
        " lists; may be given more than once (default: sqlite: and a file beside the ledger)"
    )

    def parseArgs(self, *arguments: str) -> None:
        if arguments:
            raise usage.UsageError(f'"{shortened(arguments[0])}" is not an option.')

    def postOptions(self) -> None:
        for name, _, default, _, coerce in self.optParameters:
            # usage coerces given values only
            if coerce is not None and default is not None and self[name] is default:
                self[name] = coerce(default)
        if self["no-tls"] and (self["require-tls"] or self["certificate"]):
            raise usage.UsageError(
                "--no-tls cannot be combined with --require-tls or --certificate."
            )
        if self["gateways"] is None:
            self["gateways"] = list(GATEWAYS)
        if self["no-web"]:
            self["gateways"] = [name for name in self["gateways"] if name != "web"]
        if self["port"] is None and not self["listen"]:
            self["port"] = 9000
        if self["max"] is None:
            self["max"] = self._choose_max()
        self._prepare_start()

    def _choose_max(self) -> int:
        asks = self.is_foreground() and prompt.is_possible() and not self["check"]
        return start.ask_max() if asks else start.DEFAULT_MAX

    def _prepare_start(self) -> None:
        if self.parent is None:
            return
        if self["check"]:
            self.parent["pidfile"] = ""  # that of the running daemon is none of its business
            return
        start.clear_pid_file(self.parent, self.is_foreground())
        as_json = self["log-format"] == "json"
        start.choose_log_format(self.parent, self.is_foreground(), as_json)

    def is_foreground(self) -> bool:
        """
        Whether the daemon stays in the foreground. (Twisted's twist always does, and has no option
        for it.)
        """
        return self.parent is None or bool(
            self.parent.get("nodaemon", True) or self.parent.get("debug")
        )

    def logs_to_terminal(self) -> bool:
        """Whether the log goes to standard output."""
        return self.is_foreground() and (
            self.parent is None
            or self.parent.get("logfile") in (None, "-")
            and not self.parent.get("syslog")
        )


class _FileOptions(Options):
    """The options in a configuration file: their values are checked, and no more."""

    def postOptions(self) -> None:
        """Leave everything as it is."""


class _OptionsReadAgain(Options):
    """
    The options of a daemon that runs.

    :param max: that of --max, where nothing says it.
    """

    def __init__(self, max: int) -> None:
        super().__init__()
        self._max = max

    def _choose_max(self) -> int:
        return self._max

    def _prepare_start(self) -> None:
        """The daemon is started."""
