"""
``groupchat`` and ``python -m groupchat``: the same as ``twistd -n --pidfile= groupchat``, with the
same options.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from twisted.application import app
from twisted.scripts import twistd

from groupchat import streams
from twisted.plugins.groupchat_plugin import groupchat

if TYPE_CHECKING:
    from groupchat.options.parser import Options

COMMAND = "groupchat"


class _ServerOptions(twistd.ServerOptions):  # type: ignore[misc, name-defined]
    """
    twistd's own options, with this plugin only, so that Twisted's plugin cache is neither read nor
    written.
    """

    synopsis = "Usage:"

    @property
    def subCommands(self) -> list[tuple[str, None, Callable[[], Options], str]]:
        self.loadedPlugins = {COMMAND: groupchat}
        return [(COMMAND, None, _options, groupchat.description)]


def _options() -> Options:
    options: Options = groupchat.options()
    options.command = COMMAND
    return options


def main() -> None:
    """Run the server until it is stopped."""
    streams.open_standard()
    streams.prepare()
    sys.argv[1:] = ["-n", "--pidfile=", COMMAND, *sys.argv[1:]]
    try:
        with streams.written():
            app.run(twistd.runApp, _ServerOptions)
    except BrokenPipeError:
        sys.exit(1)  # the reader closed the pipe on purpose
    except OSError as error:
        sys.exit(f"groupchat: {error.strerror or error}")
    except KeyboardInterrupt:
        sys.exit("groupchat: not started.")


if __name__ == "__main__":
    main()
