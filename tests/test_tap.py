"""
The options of `twistd groupchat`, its errors, and the daemon that it composes.
"""

from __future__ import annotations

import sys

import pytest
from twisted.internet.defer import succeed
from twisted.internet.testing import MemoryReactorClock

from groupchat import prompt, tap
from groupchat.ledgers.memory import MemoryLedger
from groupchat.ledgers.sqlite import SQLiteLedger
from groupchat.ops.socket_activation import PassedSocket
from groupchat.settings import Settings
from groupchat.tap import Options, makeService
from groupchat.wire import durations, names


@pytest.fixture(autouse=True)
def person(monkeypatch):
    """Call it for a person at the terminal who answers like this; without, there is none."""
    asked = []

    def person(*answers):
        remaining = iter(answers)

        def ask(question):
            asked.append(question)
            answer = next(remaining)
            if isinstance(answer, type):
                raise answer
            return answer

        monkeypatch.setattr(prompt, "is_possible", lambda: True)
        monkeypatch.setattr(prompt, "ask", ask)
        return asked

    monkeypatch.setattr(prompt, "is_possible", lambda: False)
    return person


def parsed(*arguments):
    options = Options()
    options.parseOptions(list(arguments))
    return options


def refused(*arguments):
    with pytest.raises(SystemExit) as caught:
        parsed(*arguments)
    return str(caught.value)


def made(*arguments):
    return makeService(parsed(*arguments), MemoryReactorClock())


def test_without_options_it_listens_on_9000_for_a_hundred():
    options = parsed()
    assert (options["port"], options["max"], options["listen"]) == (9000, 100, [])
    assert (options["replay"], options["rate"], options["burst"], options["per-address"]) == (
        20,
        50.0,
        200,
        0,
    )
    assert (options["ledger"], options["show-addresses"], options["motd"]) == (
        "groupchat.db",
        "operators",
        None,
    )


@pytest.mark.parametrize(
    ("arguments", "about"),
    [
        (["--port", "65536"], "--port"),
        (["--port", "-1"], "--port"),
        (["--port", "http"], "--port"),
        (["--max", "0"], "--max"),
        (["--max", "1e3"], "--max"),
        (["--max", ""], "--max"),
        (["--replay", "1001"], "--replay"),
        (["--rate", "-1"], "--rate"),
        (["--rate", "nan"], "--rate"),
        (["--rate", "inf"], "--rate"),
        (["--rate", "fast"], "--rate"),
        (["--burst", "0"], "--burst"),
        (["--keep", "forever"], "--keep"),
        (["--keep", "0d"], "--keep"),
        (["--devices", "0"], "--devices"),
        (["--edit-within", "900"], "--edit-within"),
        (["--edit-within", "15m sharp"], "--edit-within"),
        (["--edit-within", "soon"], "--edit-within"),
        (["--edit-within", " "], "--edit-within"),
        (["--ledger", "redis:x"], "--ledger"),
        (["--ledger", "sqlite:"], "--ledger"),
        (["--ledger", "memory:x"], "--ledger"),
        (["--per-address", "-1"], "--per-address"),
        (["--show-addresses", "me"], "--show-addresses"),
        (["--motd", "/nowhere/motd"], "--motd"),
        (["--nonsense"], "nonsense"),
        (["stray"], '"stray"'),
        (["--tls-share", "101"], "--tls-share"),
        (["--names", "latin"], "--names"),
        (["--no-tls", "--require-tls"], "--require-tls"),
        (["--no-tls", "--certificate", "x"], "--certificate"),
        (["--ledger", "sqlite::memory:"], "--ledger memory"),
        (["--ledger", "sqlite:file:x?mode=ro"], "--ledger"),
        (["--ledger", "sqlite:."], "directory"),
        (["--ledger", "sqlite:x/"], "directory"),
        (["--ledger", "sqlite:x.pem"], ".pem"),
        (["--certificate"], "certificate"),
        (["--max"], "max"),
        (["--port", "1\x1b[2J\n2"], "--port"),
    ],
)
def test_what_it_does_not_take_is_told_in_one_line(arguments, about):
    line = refused(*arguments)
    assert line.startswith("groupchat: ") and about in line and "--help" in line
    assert line.isprintable()


@pytest.mark.parametrize("content", [b"\xff\xfe", b"x" * 4097])
def test_a_motd_that_is_no_text_or_too_long_is_refused(tmp_path, content):
    path = tmp_path / "motd"
    path.write_bytes(content)
    assert "--motd" in refused("--motd", str(path))


def test_a_motd_is_read_and_its_controls_made_visible(tmp_path):
    path = tmp_path / "motd"
    path.write_text("Be kind.\nTea\x1b at four.\n")
    assert parsed("--motd", str(path))["motd"] == "Be kind.\nTea␛ at four."


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("sqlite", '--auth "sqlite": it needs a file: sqlite:PATH.'),
        ("argon2:", '--auth "argon2:": it needs a file: argon2:PATH.'),
        (
            "argon2:/nowhere/x",
            '--auth "argon2:/nowhere/x": the file cannot be read: No such file or directory.',
        ),
        ("ldap:x", '--auth takes a value that --help-auth lists, not "ldap:x".'),
    ],
)
def test_a_checker_that_cannot_be_made_is_told_in_one_line(value, why):
    assert refused("--auth", value).startswith(f"groupchat: {why} (")


@pytest.mark.parametrize(
    ("option", "text", "value"),
    [
        ("max", "5", 5),
        ("port", "0", 0),
        ("rate", "0", 0.0),
        ("rate", "0.5", 0.5),
        ("ledger", "memory", ""),
        ("ledger", "sqlite:/a:b.db", "/a:b.db"),
        ("show-addresses", "everyone", "everyone"),
    ],
)
def test_what_is_given_holds(option, text, value):
    assert parsed(f"--{option}", text)[option] == value


def test_with_listen_there_is_no_port_unless_it_is_given():
    assert parsed("--listen", "tcp:9001")["port"] is None
    assert parsed("--listen", "tcp:9001", "--port", "9000")["port"] == 9000
    assert parsed("--listen", "tcp:9001", "--listen", "unix:/x")["listen"] == [
        "tcp:9001",
        "unix:/x",
    ]


@pytest.mark.parametrize("endpoint", ["nonsense:1", "", "tcp:x", "unix"])
def test_an_endpoint_that_is_none_is_told_in_one_line(endpoint):
    with pytest.raises(SystemExit) as caught:
        made("--listen", endpoint)
    line = str(caught.value)
    assert line.startswith(f'groupchat: --listen "{endpoint}": ') and line.isprintable()


# The question at a terminal.


@pytest.mark.parametrize(
    ("answers", "most"), [(["7"], 7), ([""], 100), (["many", "0", "5"], 5), ([None], 100)]
)
def test_at_a_terminal_it_asks_how_many(person, capsys, answers, most):
    asked = person(*answers)
    assert parsed()["max"] == most
    assert asked == ["How many clients at most? [100] "] * len(answers)
    shown = capsys.readouterr().out
    assert shown.count("--max takes") == len(answers) - 1
    assert ("No answer: 100." in shown) == (answers == [None])


def test_it_does_not_ask_where_it_was_told(person):
    asked = person("7")
    assert parsed("--max", "3")["max"] == 3
    assert asked == []


@pytest.mark.parametrize(("nodaemon", "most"), [(True, 7), (False, 100)])
def test_it_asks_only_where_twistd_stays_in_the_foreground(person, nodaemon, most):
    person("7")
    options = Options()
    options.parent = {"nodaemon": nodaemon, "debug": False}
    options.parseOptions([])
    assert options["max"] == most


@pytest.mark.parametrize("end", [EOFError, KeyboardInterrupt])
def test_one_who_does_not_answer_starts_nothing(person, end):
    person(end)
    assert refused().strip() == "groupchat: not started."


# Composition.


def test_the_options_become_the_settings():
    given = "--max 7 --replay 3 --rate 9 --burst 8 --per-address 2 --show-addresses nobody"
    settings = made(*given.split()).hub.settings
    assert (settings.max, settings.replay, settings.rate, settings.burst) == (7, 3, 9.0, 8)
    assert (settings.per_address, settings.show_addresses) == (2, "nobody")
    assert settings.server.startswith("groupchat ")


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [("0", 0), ("90s", 90), ("1h30m", 5400), ("forever", durations.MAX_SECONDS)],
)
def test_the_time_for_corrections_is_typed_like_any_time(typed, seconds):
    assert made("--edit-within", typed).hub.settings.edit_within == seconds


def test_the_defaults_of_the_options_are_those_of_the_settings():
    settings, default = made().hub.settings, Settings()
    for field in set(Settings.__struct_fields__) - {"server", "max"}:
        assert getattr(settings, field) == getattr(default, field), field


def test_a_server_may_have_a_name_of_its_own():
    assert made("--server-name", "tea\x1broom").hub.settings.server == "tea␛room"
    assert made("--server-name", "tea\udcff").hub.settings.server == "tea?"


def test_names_are_ascii_unless_it_is_told_otherwise():
    assert made().hub.settings.names is names.ASCII
    assert made("--names", "unicode").hub.settings.names is names.UNICODE


def test_the_ledger_is_the_one_that_was_asked_for(tmp_path):
    assert isinstance(made("--ledger", "memory").hub.ledger, MemoryLedger)
    assert isinstance(made("--ledger", f"sqlite:{tmp_path}/x.db").hub.ledger, SQLiteLedger)
    assert not list(tmp_path.iterdir()), "nothing is opened before it starts"


@pytest.mark.parametrize(
    ("arguments", "path", "own"),
    [
        ("", "groupchat.pem", True),
        ("--ledger sqlite:/srv/chat.db", "/srv/chat.pem", True),
        ("--ledger sqlite:chat", "chat.pem", True),
        ("--ledger memory", None, True),
        ("--certificate x.pem", "x.pem", False),
        ("--certificate x.pem --ledger memory", "x.pem", False),
    ],
)
def test_the_certificate_is_the_one_given_or_its_own_beside_the_ledger(arguments, path, own):
    certificate = made(*arguments.split()).port.certificate
    assert (certificate.path, certificate.own) == (path, own)


def test_without_tls_there_is_none():
    assert made("--no-tls").port.certificate is None


def test_who_has_to_speak_tls_and_how_often_is_told_to_the_port():
    assert made().port.require_tls is False
    port = made("--require-tls", "--tls-share", "70").port
    assert port.require_tls is True
    assert port.handshakes.share == 0.7


@pytest.mark.parametrize(
    ("given", "host", "port"),
    [
        ("127.0.0.1:9464", "127.0.0.1", 9464),
        ("localhost:9464", "127.0.0.1", 9464),
        ("[::1]:9464", "::1", 9464),
        ("tcp:9464:interface=127.0.0.1", "127.0.0.1", 9464),
    ],
)
def test_the_metrics_are_served_at_a_host_and_port_or_at_an_endpoint(given, host, port):
    reactor = MemoryReactorClock()
    service = makeService(parsed("--listen", "unix:x", "--metrics", given), reactor)
    service.privilegedStartService()
    ((number, _, _, interface),) = reactor.tcpServers
    assert (interface, number) == (host, port)


@pytest.mark.parametrize("given", ["9464", ":9464", "chat.example.org:9464", "127.0.0.1:http"])
def test_metrics_nowhere_are_told_in_one_line(given):
    with pytest.raises(SystemExit, match=f'^groupchat: --metrics "{given}": '):
        made("--metrics", given)


def test_where_the_package_for_metrics_is_missing_the_line_names_it(monkeypatch):
    for module in ("groupchat.ops.metrics", "groupchat.ops.metrics_http"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(SystemExit, match=r"needs prometheus_client: pip install .*\[metrics\]"):
        made("--metrics", "127.0.0.1:9464")
    with pytest.raises(SystemExit, match="needs prometheus_client"):
        made("--metrics", "127.0.0.1:9464", "--check")


def test_without_metrics_their_package_is_not_imported(monkeypatch):
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    made()


class Taken:
    """An endpoint of a socket that systemd has opened; it notes whether it was listened on."""

    def __init__(self):
        self.listened = False

    def listen(self, factory):
        self.listened = True
        return succeed(None)


@pytest.mark.parametrize(
    ("given", "ports", "taken", "opened"),
    [
        ("", [9000], [9000], []),
        ("", [23, None], [23, None], []),
        ("--port 9000", [9000], [9000], []),
        ("--port 9000", [9000, 9000, 23], [9000, 9000], []),
        ("--port 9001", [9000], [], [9001]),
        ("--listen tcp:9002", [9000], [], [9002]),
        ("--port 9000 --listen tcp:9002", [9000], [9000], [9002]),
    ],
)
def test_a_port_that_systemd_has_opened_is_taken_from_it(monkeypatch, given, ports, taken, opened):
    sockets = [PassedSocket("x", port, Taken()) for port in ports]
    monkeypatch.setattr(tap, "passed_sockets", lambda reactor: sockets)
    reactor = MemoryReactorClock()
    service = makeService(parsed("--ledger", "memory", *given.split()), reactor)
    service.port.ports.add = lambda port: None
    service.privilegedStartService()
    assert [one.port for one in sockets if one.endpoint.listened] == taken
    assert [port for port, *_ in reactor.tcpServers] == opened


def test_it_listens_with_a_backlog_for_a_crowd():
    reactor = MemoryReactorClock()
    service = makeService(parsed("--ledger", "memory", "--port", "9123"), reactor)
    service.privilegedStartService()
    ((port, _, backlog, interface),) = reactor.tcpServers
    assert (port, backlog, interface) == (9123, 1024, "::")
