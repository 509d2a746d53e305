"""Parses the command line of ``twistd groupchat``."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.cred.credentials import IUsernamePassword
from twisted.cred.strcred import AuthOptionMixin, InvalidAuthType, makeChecker
from twisted.python import usage

import groupchat
from groupchat import prompt, streams
from groupchat.options import start
from groupchat.options.table import FLAGS, PARAMETERS
from groupchat.options.values import shortened

__all__ = ["Options"]


class Options(AuthOptionMixin, usage.Options):
    """The options of the daemon."""

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

    def opt_listen(self, endpoint: str) -> None:
        """
        Twisted endpoint to listen on, e.g. tcp:9000:interface=127.0.0.1 or unix:/run/chat.sock; may
        be given more than once
        """
        self["listen"].append(endpoint)

    def opt_help(self) -> None:
        """Display this help and exit."""
        try:
            with streams.written():
                print(self)
        except BrokenPipeError:
            raise SystemExit(1) from None  # the reader closed the pipe on purpose
        except OSError as error:
            raise SystemExit(f"groupchat: {error.strerror}") from None
        raise SystemExit(0)

    def opt_version(self) -> None:
        """Display the version and exit."""
        print(f"groupchat {groupchat.__version__}")
        raise SystemExit(0)

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """
        Parse the command line. An error ends the process with one line on stderr and status 1;
        twistd would print a page on stdout.
        """
        streams.prepare()
        try:
            super().parseOptions(options)  # type: ignore[no-untyped-call]
        except usage.UsageError as error:
            raise start.not_started(f"{error} ({self.command} --help lists the options.)") from None

    def opt_auth(self, description: str) -> None:
        """Specify an authentication method for the server."""
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
        if self["port"] is None and not self["listen"]:
            self["port"] = 9000
        if self["max"] is None:
            asks = self.is_foreground() and prompt.is_possible()
            self["max"] = start.ask_max() if asks else start.DEFAULT_MAX
        if self.parent is not None:
            start.clear_pid_file(self.parent, self.is_foreground())
            start.choose_log_format(self.parent, self.is_foreground())

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
