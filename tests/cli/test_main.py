"""
The command line.
"""

import pytest
from twisted.internet.endpoints import HostnameEndpoint, UNIXClientEndpoint
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock

from groupchat.cli import options as command_line
from groupchat.cli import parts
from groupchat.cli.display import JsonDisplay, PipeDisplay, PlainDisplay
from groupchat.cli.exit import USAGE, Exit
from groupchat.cli.input import InputParser, JsonInputParser, PipeInputParser
from groupchat.cli.pipe import Source
from groupchat.cli.stdio import StdioProtocol
from groupchat.cli.stdio_transport import Aside
from groupchat.client.client_id import ClientId
from groupchat.client.connector import TIMEOUT
from groupchat.client.errors import OutboxForAnotherServer
from groupchat.client.fallback import PlaintextFallback
from groupchat.client.hostname import NodesEndpoint
from groupchat.client.identity import Identity
from groupchat.client.local_trust import LocalServer
from groupchat.client.model import Model
from groupchat.client.outbox import Entry
from groupchat.client.session import Session
from groupchat.client.tls import TLSEndpoint
from tests.client.fakes import FakeDisplay


def identity():
    return Identity(
        ClientId("s" * 16),
        lambda server: ClientId("t" * 16),
        lambda certificate: None,
        resumes_reading=False,
    )


def parse(line):
    return command_line.parse(line.split())


def test_name_host_and_port_are_enough():
    options = parse("alice localhost 9000")
    assert (options.name, options.host, options.port) == ("alice", "localhost", 9000)
    assert (options.room, options.json, options.stay, options.outbox) == (
        ["lobby"],
        False,
        False,
        None,
    )


@pytest.mark.parametrize(
    "line",
    [
        "--json --room Dev a h 1",
        "a h 1 --json --room Dev",
        "a --json h --room Dev 1",
        "--json a h 1 --room=Dev",
    ],
)
def test_options_stand_anywhere(line):
    options = parse(line)
    assert (options.name, options.host, options.port, options.json, options.room) == (
        "a",
        "h",
        1,
        True,
        ["dev"],
    )


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("alice h 1 2", '"2" is too much: h has its port already.'),
        ("alice h 1 --bogus", "unrecognized arguments: --bogus. See groupchat-connect --help"),
        ("alice h 1 --js", "unrecognized arguments: --js. See groupchat-connect --help"),
        (
            "alice h 1 --outbox",
            "argument --outbox: expected one argument. See groupchat-connect --help",
        ),
        ("alice h 0", '"0" is no port: a port is a number from 1 to 65535.'),
        ("alice h 65536", '"65536" is no port: a port is a number from 1 to 65535.'),
        ("alice h http", '"http" is no port: a port is a number from 1 to 65535.'),
        ("alice h ²", '"²" is no port: a port is a number from 1 to 65535.'),
        (
            "alice h " + "9" * 5000,
            f'"{"9" * 5000}" is no port: a port is a number from 1 to 65535.',
        ),
        (
            "Server h 1",
            '"Server" can\'t be your name: the name "Server" is reserved. Take another.',
        ),
        (
            "al!ce h 1",
            '"al!ce" can\'t be your name: a name has 1 to 32 of A-Z a-z 0-9 _ - . and the first '
            "a letter or digit.",
        ),
        (
            "alice h 1 --room #x",
            '"#x" is no room: a room\'s name has 1 to 32 of A-Z a-z 0-9 _ - . and the first a '
            "letter or digit.",
        ),
        (
            "alice h 1 --tls --no-tls",
            "--no-tls and --tls exclude each other. See groupchat-connect --help",
        ),
        (
            f"alice h 1 --no-tls --fingerprint {'0' * 64}",
            "--no-tls and --fingerprint exclude each other. See groupchat-connect --help",
        ),
        (
            "alice h 1 --quiet --show",
            "--quiet and --show exclude each other. See groupchat-connect --help",
        ),
        (
            "alice h 1 --quiet --json",
            "--quiet and --json exclude each other. See groupchat-connect --help",
        ),
        (
            "alice h 1 --fingerprint SHA256:x",
            '"SHA256:x" is no fingerprint: one is SHA256: and 43 letters, or 64 digits of hex.',
        ),
        (
            "alice h 1 --room a --room b",
            "--room can be given more than once only with --json, or at a terminal. "
            "See groupchat-connect --help",
        ),
    ],
)
def test_an_invalid_command_line_is_reported_in_one_line(line, complaint):
    with pytest.raises(Exit) as caught:
        parse(line)
    assert (caught.value.status, caught.value.text) == (USAGE, complaint)


def test_a_name_may_be_of_any_script_since_the_server_may_admit_it():
    assert parse("Ｚoë h 1 --room КУХНЯ").name == "Zoë"
    with pytest.raises(Exit) as caught:
        parse("é! h 1")
    assert caught.value.status == USAGE
    assert caught.value.text.endswith(
        "the letters and digits of any script, _ - . and the first a letter or digit."
    )


def test_without_a_name_it_is_that_of_the_user(monkeypatch):
    monkeypatch.setenv("USER", "anna")
    options = parse("")
    assert (options.name, options.host, options.port) == ("anna", "localhost", 9000)
    assert parse("9001").name == parse("[::1]:9001").name == "anna"


def test_a_user_whose_name_is_invalid_is_told_to_give_one(monkeypatch):
    monkeypatch.setattr(command_line.prompt, "is_possible", lambda: False)
    monkeypatch.setenv("USER", "root")
    with pytest.raises(Exit) as caught:
        parse("")
    assert caught.value.text == (
        'Without a NAME it is that of $USER, but "root" can\'t be yours here: the name "root" is '
        "reserved. Take another. "
        "Try: groupchat-connect NAME [HOST] [PORT]."
    )
    for variable in "USER", "LOGNAME":
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(Exit) as caught:
        parse("")
    assert (
        caught.value.text == "Who are you? There is no $USER: groupchat-connect NAME [HOST] [PORT]."
    )


@pytest.mark.parametrize(
    ("answers", "name"),
    [
        (["anna"], "anna"),
        (["root", "a b", "anna"], "anna"),
        (["", "anna"], None),
        ([None, "anna"], None),
        (["root", "root", "root", "anna"], None),
        ([EOFError], None),
        ([KeyboardInterrupt], None),
    ],
)
def test_at_a_terminal_a_user_without_a_good_name_is_asked_for_one(monkeypatch, answers, name):
    def ask(question):
        answer = answers.pop(0)
        if isinstance(answer, type):
            raise answer
        return answer

    monkeypatch.setenv("USER", "root")
    monkeypatch.setattr(command_line.prompt, "is_possible", lambda: True)
    monkeypatch.setattr(command_line.prompt, "ask", ask)
    if name:
        assert parse("").name == name
        return
    with pytest.raises(Exit) as caught:
        parse("")
    assert (
        caught.value.status == USAGE and "Without a NAME it is that of $USER" in caught.value.text
    )


@pytest.mark.parametrize("option", ["--json", "--quiet"])
def test_no_name_is_asked_for_where_that_would_be_in_the_way(monkeypatch, option):
    monkeypatch.setenv("USER", "root")
    monkeypatch.setattr(command_line.prompt, "is_possible", lambda: True)
    with pytest.raises(Exit):
        parse(option)


@pytest.mark.parametrize(
    ("line", "way"),
    [
        ("alice localhost 1", PlaintextFallback),
        ("alice 127.0.0.2 1", PlaintextFallback),
        ("alice ::1 1", PlaintextFallback),
        ("alice unix:/run/chat.sock", PlaintextFallback),
        ("alice chat.example.org 1", TLSEndpoint),
        ("alice 192.0.2.7 1", TLSEndpoint),
        ("alice 2001:db8::7 1", TLSEndpoint),
        ("alice localhost 1 --tls", TLSEndpoint),
        (f"alice ::1 1 --fingerprint {'0' * 64}", TLSEndpoint),
        (f"alice ::1 1 --tls --fingerprint {'0' * 64}", TLSEndpoint),
        ("alice chat.example.org 1 --no-tls", NodesEndpoint),
        ("alice localhost 1 --no-tls", HostnameEndpoint),
        ("alice unix:/run/chat.sock --no-tls", UNIXClientEndpoint),
    ],
)
def test_all_is_encrypted_and_only_to_this_machine_it_may_be_otherwise(line, way):
    access = parts.make_access(parse(line), Source.SCRIPT)
    (found,) = access.ways(MemoryReactorClock(), identity(), TIMEOUT)
    assert type(found.endpoint) is way
    assert (found.remember is None) == ("--no-tls" in line)


def ways(line, known_as):
    found = parts.make_access(parse(line), Source.SCRIPT).ways(
        MemoryReactorClock(), known_as, TIMEOUT
    )
    return [(way.where, type(way.endpoint)) for way in found]


def test_each_node_of_a_group_is_reached_as_a_server_of_its_place_is():
    assert ways("alice a:1,b:2,a:1", identity()) == [
        ("a, port 1", TLSEndpoint),
        ("b, port 2", TLSEndpoint),
    ]
    assert [way for _, way in ways("alice localhost:1,[::1]:2", identity())] == (
        [PlaintextFallback] * 2
    )
    # Only if all of them are on this machine nobody can be in between.
    assert [way for _, way in ways("alice localhost:1,b:2", identity())] == [TLSEndpoint] * 2


def test_a_fingerprint_is_taken_as_it_is_written_elsewhere():
    assert (
        parse(f"a h 1 --fingerprint {':'.join(['FF'] * 32)}").fingerprint == f"SHA256:{'/' * 42}8"
    )


def test_certificates_are_remembered_beside_the_secrets(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    seen = parts.make_access(parse("alice Chat.Example.ORG 9000"), Source.SCRIPT).trust(identity())
    seen.check("SHA256:x", False)
    seen.remember()
    assert (
        tmp_path / "groupchat" / "known_hosts"
    ).read_text() == "chat.example.org:9000 SHA256:x\n"


def test_a_direct_room_can_be_entered_at_once():
    assert parse("alice h 1 --room @Bob").room == ["@bob"]


def test_a_program_can_be_in_several_rooms():
    assert parse("alice h 1 --json --room a --room B --room A").room == ["a", "b"]


def test_help_and_version_are_no_errors(capsys):
    for option in "--help", "--version":
        with pytest.raises(SystemExit) as caught:
            parse(option)
        assert caught.value.code == 0
    assert "groupchat-connect" in capsys.readouterr().out


def claimed(line, meets=None):
    """The client secret of a run with this command line, which meets that server."""
    options = parse(line)
    outbox = parts.make_outbox(options, Source.PERSON)
    try:
        identity = parts.make_access(options, Source.PERSON).identity(outbox)
        identity.user = Model(
            Session("alice", identity.value), ["lobby"], FakeDisplay(), outbox, Clock()
        )
        if meets:
            identity.on_server(meets)
        identity.close()
        return identity.value
    finally:
        outbox.close()


@pytest.fixture
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "groupchat"


@pytest.mark.parametrize("host", ["h", "localhost"])
def test_an_outbox_brings_its_own_secret(tmp_path, state, host):
    value = claimed(f"alice {host} 1 --outbox {tmp_path / 'box'}")
    assert (
        claimed(
            f"ALICE {host.upper()} 1 --outbox {tmp_path / 'box'}",
            meets=LocalServer("SHA256:x", inherits=True),
        )
        == value
    )
    assert not state.exists()


def test_what_an_outbox_keeps_for_one_server_on_this_machine_is_not_for_another(tmp_path, state):
    line = f"alice localhost 1 --outbox {tmp_path / 'box'}"
    value = claimed(line, meets=LocalServer("SHA256:a", inherits=False))
    box = parts.make_outbox(parse(line), Source.PERSON)
    box.add(Entry("lobby", b'{"type":"say","room":"lobby","text":"hush"}'))
    box.close()
    for other in (
        {"line": line, "meets": LocalServer("SHA256:b", inherits=False)},
        {"line": f"{line} --fingerprint {'0' * 64}"},
    ):
        with pytest.raises(OutboxForAnotherServer):
            claimed(**other)
    assert claimed(line, meets=LocalServer("SHA256:a", inherits=False)) == value


@pytest.mark.parametrize(
    "line", ["alice h 1", "alice h 1 --fingerprint " + "0" * 64, "alice localhost 1 --no-tls"]
)
def test_a_secret_for_an_address_is_kept_in_the_state_directory(state, line):
    value = claimed(line)
    _, host, port, *_ = line.split()
    assert (state / f"alice@{host}:{port}").read_text().strip() == value


def test_on_this_machine_the_secret_goes_by_the_certificate(state):
    one, two = (
        claimed("alice localhost 1", meets=LocalServer(f"SHA256:{name}", inherits=False))
        for name in "ab"
    )
    assert (state / "alice@localhost:1#a").read_text().strip() == one
    assert (state / "alice@localhost:1#b").read_text().strip() == two
    told = claimed("alice localhost 1 --fingerprint " + "0" * 64)
    assert (state / f"alice@localhost:1#{'A' * 43}").read_text().strip() == told


@pytest.mark.parametrize(
    ("line", "terminal", "source", "parser", "display"),
    [
        ("", True, Source.PERSON, InputParser, PlainDisplay),
        ("", False, Source.SCRIPT, PipeInputParser, PipeDisplay),
        ("--show", False, Source.SCRIPT, PipeInputParser, PlainDisplay),
        ("--stay", False, Source.SCRIPT, PipeInputParser, PlainDisplay),
        ("--commands", False, Source.SCRIPT, InputParser, PipeDisplay),
        ("--quiet", False, Source.SCRIPT, PipeInputParser, PipeDisplay),
        ("--quiet", True, Source.PERSON, InputParser, PipeDisplay),
        ("--json", False, Source.PROGRAM, JsonInputParser, JsonDisplay),
        ("--json", True, Source.PROGRAM, JsonInputParser, JsonDisplay),
    ],
)
def test_what_types_decides_what_a_line_is_and_what_is_printed(
    line, terminal, source, parser, display
):
    options = parse(f"alice h 1 {line}")
    assert parts.source_of(options, at_terminal=terminal) is source
    assert parts.parser_class(options, source) is parser
    assert (
        type(parts.make_display(options, source, StdioProtocol(), Aside(None), Clock())) is display
    )
