"""A server in memory with an admin socket, and groupchat-admin on it."""

from __future__ import annotations

import json

import pytest
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.testing import StringTransport

from groupchat.admin.main import main
from groupchat.ledgers.authors import said_by
from groupchat.ops.admin_acts import Acts
from groupchat.ops.admin_backup import Backups
from groupchat.ops.admin_compact import Compacting
from groupchat.ops.admin_export import Exports
from groupchat.ops.admin_forget import Forgetting
from groupchat.ops.admin_import import Importing
from groupchat.ops.admin_protocol import AdminFactory
from groupchat.ops.admin_reports import Reports
from tests.support import Server


class Transport(StringTransport):
    def abortConnection(self):
        self.loseConnection()


class AtOnce:
    """
    Does in place what a thread would do.

    :ivar before: is called first.
    """

    before = None

    def run(self, work):
        if self.before is not None:
            self.before()
        return maybeDeferred(work)

    def call(self, function):
        function()


class Machine:
    """
    A server, and what groupchat-admin prints there.

    :param ledger: the file of the ledger, for what reads it.
    :param make_ledger: makes the server's ledger, if not one in memory.
    :ivar reloads: how often everything was read again.
    :ivar seconds: for which the tool waits for the server.
    """

    def __init__(self, capsys, ledger="", make_ledger=None, **settings):
        self.ledger = ledger
        self.worker = AtOnce()
        self.server = Server(make_ledger, **settings)
        self._capsys = capsys
        self.reloads = 0
        self.seconds = 0.0
        self.factory = AdminFactory(self.verbs(), self.server.reactor)

    def verbs(self):
        server = self.server
        reports = Reports(server.hub, server.factory, "", server.now)
        acts = Acts(server.hub.moderation, self._reload)
        backups = Backups(self.ledger, self.worker, server.reactor.seconds)
        exports = Exports(server.ledger, server.hub.settings.names)
        compacting = Compacting(self.ledger, getattr(server.ledger, "compact", None))
        importing = Importing(server.hub, bool(self.ledger), server.now)
        forgetting = Forgetting(server.hub, self.find(), "", server.now)
        return {
            **reports.verbs,
            **acts.verbs,
            **backups.verbs,
            **exports.verbs,
            **compacting.verbs,
            **importing.verbs,
            **forgetting.verbs,
        }

    def find(self):
        """Returns what finds the messages of a person: in a file, or in a database."""
        ask = getattr(self.server.ledger, "said_by", None)
        if ask is not None or not self.ledger:
            return ask
        return lambda *who: self.worker.run(lambda: said_by(self.ledger, *who))

    def _reload(self):
        self.reloads += 1
        done = Deferred()
        self.server.reactor.callLater(0, done.callback, None)
        return done

    def connect(self):
        """Returns the server's side of a new admin connection, or None if it is turned away."""
        protocol = self.factory.buildProtocol(None)
        if protocol is not None:
            protocol.makeConnection(Transport())
        return protocol

    def ask(self, path, request, go_on=lambda: b""):
        """Does what the tool does over the socket."""
        protocol = self.connect()
        protocol.dataReceived(request + b"\n")
        try:
            self.server.run(self.seconds)
            while lines := protocol.transport.value().splitlines(keepends=True):
                protocol.transport.clear()
                for line in lines:
                    yield line
                    if more := go_on():
                        protocol.dataReceived(more + b"\n")
                        self.server.run()
            assert protocol.transport.disconnecting
        finally:
            protocol.connectionLost()

    def run(self, *arguments, status=0):
        """Run groupchat-admin. Returns the lines that it prints, on stderr if it fails."""
        try:
            main(arguments, self.ask)
            ended = 0
        except SystemExit as end:
            ended = end.code
        out, err = self._capsys.readouterr()
        assert ended == status, out + err
        return (err if status else out).splitlines()

    def json(self, *arguments):
        """Run groupchat-admin with --json. Returns what it prints."""
        (line,) = self.run("--json", *arguments)
        return json.loads(line)


@pytest.fixture
def machine(capsys):
    return Machine(capsys)
