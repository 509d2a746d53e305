"""The texts of the manual pages that stand in no table of options."""

from __future__ import annotations

from pathlib import Path

from groupchat.cli.terminal.client_commands import all_commands
from tests.generate.manual import Page

__all__ = ["PAGES"]

_README = (Path(__file__).parents[2] / "README.rst").read_text()


def _statuses(program: str) -> dict[str, str]:
    """The exit statuses of a program, as README.rst lists them."""
    rows: dict[str, str] = {}
    owner = status = ""
    table = _README.partition("\nExit statuses\n")[2].split("\n=", 3)[2]
    for row in table.splitlines()[1:]:
        first, number, meaning = row[:23].strip(), row[23:31].strip(), row[31:].strip()
        owner = first.strip("`") if first.startswith("`") else owner
        status = number or status
        if owner == program:
            rows[status] = " ".join(filter(None, (rows.get(status), meaning))).replace("``", "")
    return {number: f"{text[:1].upper()}{text[1:]}." for number, text in rows.items()}


_COMMANDS = {
    f"{command.word} {command.arguments}".strip(): f"{command.help[:1].upper()}{command.help[1:]}."
    for command in all_commands(operator=False)
}

PAGES = {
    "groupchat": Page(
        "group chat server",
        ("groupchat [options]", "twistd -n groupchat [options]"),
        (
            "groupchat stays in the foreground and logs to standard output. twistd groupchat"
            " without -n runs it in the background; twistd has options of its own, which come"
            " before the word groupchat.",
            "The server syncs each message to disk before anyone sees it, shows every room in the"
            " same order to everyone, and gives returning members what they missed. One port"
            " speaks TLS and plain text.",
        ),
        {
            "signals": {
                "SIGTERM, SIGINT": "Stop: everything that was said is stored, and all are told.",
                "SIGHUP": "Read the options, the certificate and the accounts again.",
            },
            "files": {
                "groupchat.db": "The ledger: all messages. See --ledger.",
                "groupchat.accounts": "Registered names, operators and bans. See --auth.",
                "groupchat.pem": "The self-signed certificate. See --certificate.",
                "groupchat.sock": "The socket for groupchat-admin. See --admin-socket.",
            },
            "exit status": _statuses("twistd"),
        },
        {
            "A server for 20 people on port 9000:": "groupchat --port 9000 --max 20",
            "The same in the background:": "twistd groupchat --port 9000 --max 20",
        },
        ("groupchat-connect", "groupchat-admin", "groupchat-passwd", "twistd"),
    ),
    "groupchat-connect": Page(
        "join a group chat",
        ("groupchat-connect [NAME] [HOST] [PORT] [options]",),
        (
            "At a terminal, groupchat-connect uses the whole screen. In a pipe, it says each line"
            " of standard input as it is, and ends once the server has stored them all.",
        ),
        {
            "commands": _COMMANDS,
            "environment": {
                "GROUPCHAT_NAME, USER": "Your name, if there is none on the command line.",
                "GROUPCHAT_ROOMS": "The rooms to join at a terminal, with spaces between them.",
                "GROUPCHAT_NOTIFY": "How you learn of messages that name you: bell, desktop,"
                " command or none.",
                "GROUPCHAT_PASSWORD_FILE": "The file of your password, at a terminal.",
                "NO_COLOR": "If it is set and not empty, the screen has no colours.",
                "TERM": "If it is dumb or not set, lines are shown one after the other.",
                "VISUAL, EDITOR": "The editor that Alt-E starts.",
                "XDG_CONFIG_HOME": "The folder of the settings, in place of ~/.config.",
                "XDG_STATE_HOME": "The folder of what is kept, in place of ~/.local/state.",
            },
            "files": {
                "~/.config/groupchat/connect.toml": "The settings; --settings prints them all.",
                "~/.local/state/groupchat/": "Known certificates, secrets that mark your"
                " connections as yours, and how far you have read.",
            },
            "exit status": _statuses("groupchat-connect"),
        },
        {
            "Join as alice:": "groupchat-connect alice chat.example.org",
            "Say what a program prints:": "df -h / | groupchat-connect disk-watch localhost 9000",
        },
        ("groupchat",),
    ),
    "groupchat-passwd": Page(
        "set passwords and operators of a group chat",
        ("groupchat-passwd [options] [NAME]",),
        (),
        {
            "files": {"groupchat.accounts": "The accounts file, in the working directory."},
            "exit status": {
                "0": "Success.",
                "1": "The change failed; one line says why.",
                "2": "Wrong usage.",
            },
        },
        {"Make alice an operator:": "groupchat-passwd --operator alice"},
        ("groupchat", "groupchat-admin"),
    ),
    "groupchat-admin": Page(
        "ask a running group chat server, or let it act",
        ("groupchat-admin [options] VERB [...]",),
        (),
        {
            "files": {"groupchat.sock": "The server's socket, in the working directory."},
            "exit status": _statuses("groupchat-admin"),
        },
        {
            "Look how the server is:": "groupchat-admin status",
            "Keep mallory out for a week:": "groupchat-admin ban mallory 7d spam",
        },
        ("groupchat", "groupchat-passwd"),
    ),
}
