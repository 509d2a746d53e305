"""
A reload: what can change while the server runs does, what can't is said, and what is wrong stays as
it was.
"""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred, succeed
from twisted.internet.testing import MemoryReactorClock
from twisted.python import usage

from groupchat.ops.reload import LIVE, Configuration, Reload
from groupchat.settings import Settings
from groupchat.tap import Options, makeService
from groupchat.wire import names
from tests.support import Server


class Accounts:
    """Counts how often it is read."""

    read = 0

    def reload(self):
        self.read += 1
        return succeed(None)


class Certificate:
    """Counts how often it is read."""

    read = 0

    def refresh(self):
        self.read += 1


class Running:
    """A server in memory, and the options that a reload will find."""

    def __init__(self, **given):
        self.server = Server(motd="hello", **given)
        self.settings = self.server.hub.settings
        self.accounts, self.certificate = Accounts(), Certificate()
        self.error = None
        self.given = self.texts(given)
        self.new = Settings(**{"rate": 0, "motd": "hello", **given})
        self.reloader = Reload(
            Configuration(self.settings, dict(self.given)),
            self._read,
            self.server.hub.decide_max,
            self.accounts,
            self.certificate,
        )

    @staticmethod
    def texts(fields):
        return {name.replace("_", "-"): [str(value)] for name, value in fields.items()}

    def _read(self):
        if self.error:
            raise usage.UsageError(self.error)
        return Configuration(self.new, self.given)

    def reload(self, **fields):
        for name, value in fields.items():
            if name in Settings.__struct_fields__:
                setattr(self.new, name, value)
        self.given = {**self.given, **self.texts(fields)}
        done = []
        Deferred.fromCoroutine(self.reloader.run()).addCallback(done.append)
        self.server.run()
        assert done == [None]


@pytest.fixture
def running():
    return Running(max=20)


def test_certificate_and_accounts_are_read_again(running):
    running.reload()
    assert (running.certificate.read, running.accounts.read) == (1, 1)


def test_where_nothing_changed_nothing_is_logged(running, logged):
    running.reload()
    assert logged() == []


def test_what_changed_holds_at_once_and_is_logged(running, logged):
    running.reload(max=30, rate=5)
    assert running.server.hub.members.max == running.settings.max == 30
    assert logged() == ["--max is 30 now (before: 20).", "--rate is 5 now (before: the default)."]


def test_a_member_that_logs_in_sees_the_new_motd_and_limit(running):
    running.reload(max=30, motd="bye")
    client = running.server.connect("json")
    client.hello("alice")
    running.server.run()
    welcome = client.events()[0]
    assert (welcome["motd"], welcome["max"]) == ("bye", 30)


def test_a_limit_that_an_operator_set_stays_where_the_option_did_not_change(running):
    running.server.hub.members.decide_max(5)
    running.reload(replay=3)
    assert running.server.hub.members.max == 5


def test_what_can_not_change_is_said_each_time_until_the_restart(running, logged):
    for _ in range(2):
        running.reload(ledger="sqlite:new.db", names="unicode")
        assert running.settings.names is names.ASCII
    lines = [
        "--ledger can't change while the server runs: restart it, and it is sqlite:new.db"
        " (now: the default).",
        "--names can't change while the server runs: restart it, and it is unicode"
        " (now: the default).",
    ]
    assert logged() == 2 * lines


def test_options_that_make_no_sense_change_nothing_but_certificate_and_accounts(running, logged):
    running.error = "--config chat.toml: it is not TOML."
    running.reload(max=30)
    assert logged() == ["--config chat.toml: it is not TOML. The options before are kept."]
    assert running.settings.max == 20
    assert (running.certificate.read, running.accounts.read) == (1, 1)
    running.error = None
    running.reload()
    assert running.settings.max == 30


def test_an_option_that_is_gone_has_its_default_again(logged):
    running = Running(replay=3)
    running.new.replay, running.given = 20, {}
    Deferred.fromCoroutine(running.reloader.run())
    assert running.settings.replay == 20
    assert logged() == ["--replay is the default now (before: 3)."]


def test_what_is_logged_is_printable(running, logged):
    running.new.motd = "x"
    running.given = {**running.given, "motd": ["a\x1b[2J\nb\udcff"]}
    Deferred.fromCoroutine(running.reloader.run())
    assert logged() == ["--motd is a␛[2J␊b? now (before: the default)."]


# Each setting is read where it is needed.


# True is everywhere, and the members have a limit of their own.
@pytest.mark.parametrize("field", sorted(LIVE - {"members_only", "max"}))
def test_a_setting_that_can_change_is_copied_nowhere(field):
    """Where it is kept beside the settings, a change would have no effect."""
    server = Server(**{field: UNIQUE[type(getattr(Settings(), field) or "")]})
    value = getattr(server.hub.settings, field)
    assert not list(copies(server.hub, value)) + list(copies(server.factory, value))


UNIQUE = {int: 123_457, float: 123_457.5, str: "one of its kind"}


def copies(owner, value, seen=None):
    """Yield where this value is kept outside the settings."""
    seen = seen if seen is not None else set()
    if id(owner) in seen or not type(owner).__module__.startswith("groupchat."):
        return
    seen.add(id(owner))
    for name, kept in getattr(owner, "__dict__", {}).items():
        if kept == value and type(kept) is type(value):
            yield f"{type(owner).__name__}.{name}"
        if not isinstance(kept, Settings):
            yield from copies(kept, value, seen)


# As it is composed.


def test_the_reload_of_a_composed_server_reads_the_file_that_it_was_started_with(
    tmp_path, monkeypatch, logged
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "motd").write_text("hello")
    (tmp_path / "chat.toml").write_text('max = 20\nmotd = "motd"\nledger = "memory"')
    options = Options()
    options.parseOptions(["--config", "chat.toml", "--no-tls"])
    service = makeService(options, MemoryReactorClock())
    (tmp_path / "motd").write_text("bye")
    (tmp_path / "chat.toml").write_text('max = 30\nmotd = "motd"\nledger = "memory"\nport = 1')
    service.reload()
    assert (service.hub.settings.max, service.hub.settings.motd) == (30, "bye")
    assert [line for line in logged() if line.startswith("--")] == [
        "--max is 30 now (before: 20).",
        "--motd motd has changed: it is read.",
        "--port can't change while the server runs: restart it, and it is 1 (now: the default).",
    ]
