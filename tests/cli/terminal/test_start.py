"""
A run before it connects: answers of the person, and settings.
"""

import os
import subprocess
import sys

import pytest

from groupchat import prompt
from groupchat.cli import choice
from groupchat.cli.exit import Exit
from groupchat.cli.options import parse
from groupchat.cli.terminal.notify import Method
from groupchat.cli.terminal.start import prepare, remember


@pytest.fixture(autouse=True)
def surroundings(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("USER", "alice")
    monkeypatch.setattr(os, "isatty", lambda descriptor: True)


@pytest.fixture
def answers(monkeypatch):
    """The person's answers; the questions are kept."""
    given, asked = [], []

    def ask(question):
        asked.append(question)
        answer = given.pop(0)
        if isinstance(answer, type):
            raise answer
        return answer

    monkeypatch.setattr(prompt, "ask", ask)
    given_and_asked = type("Answers", (), {"given": given, "asked": asked})
    return given_and_asked


def settings(tmp_path, text):
    folder = tmp_path / "config" / "groupchat"
    folder.mkdir(parents=True)
    (folder / "connect.toml").write_text(text)


def test_at_a_terminal_the_whole_screen_is_used():
    options = parse(["alice", "localhost", "9000"])
    assert options.screen and not options.alone
    assert parse(["alice", "--room", "a", "--room", "b"]).room == ["a", "b"]


@pytest.mark.parametrize(
    "option", ["--line", "--json", "--quiet", "--stay", "--show", "--commands"]
)
def test_options_of_lines_mean_lines(option):
    assert not parse(["alice", option]).screen


@pytest.mark.parametrize("term", ["", "dumb", "unknown"])
def test_a_terminal_without_a_cursor_gets_lines(monkeypatch, term):
    monkeypatch.setenv("TERM", term)
    assert not parse(["alice"]).screen


def test_a_pipe_gets_lines(monkeypatch):
    monkeypatch.setattr(os, "isatty", lambda descriptor: descriptor == 0)
    options = parse(["alice", "--line"])
    assert not choice.wants_screen(options) and not parse([]).alone


def test_without_anything_the_name_and_the_server_are_asked_for(answers, capsys):
    answers.given += ["no name", "bob", "a:b:c", "chat.example.org:9001"]
    options = parse([])
    prepare(options)
    assert (options.name, options.host, options.port) == ("bob", "chat.example.org", 9001)
    assert options.tls and answers.asked[0] == "Your name [alice]: "
    assert '"no name" can\'t be your name' in capsys.readouterr().out


def test_a_server_of_an_earlier_run_is_offered(answers):
    answers.given += ["", "localhost", "1"]
    first = parse([])
    prepare(first)
    assert (first.name, first.host, first.port, first.tls) == ("alice", "localhost", 9000, False)
    remember(first, "alicia")
    again = parse([])
    prepare(again)
    assert first.newcomer and not again.newcomer
    assert again.name == "alicia" and "1  alicia at localhost, port 9000" in answers.asked[-1]


def test_no_answer_takes_the_usual_and_the_end_of_input_ends(answers, monkeypatch, capsys):
    answers.given += [None, None]
    options = parse([])
    prepare(options)
    assert (options.name, options.host) == ("alice", "localhost")
    monkeypatch.setenv("USER", "root")
    answers.given += ["", EOFError]
    with pytest.raises(Exit) as ended:
        prepare(parse([]))
    assert ended.value.status == 0 and answers.asked[-1] == "Your name: "
    assert "Type the name that the others will see." in capsys.readouterr().out


def test_the_settings_of_the_server_complete_the_command_line(tmp_path):
    settings(
        tmp_path,
        'notify = "none"\n[servers."localhost:9000"]\nname = "bob"\nrooms = ["dev", "@carol"]\n'
        'notify = "desktop"\npassword-file = "/dev/null"',
    )
    options = parse(["localhost:9000"])
    assert prepare(options).notify is Method.DESKTOP
    assert (options.name, options.room) == ("bob", ["dev", "@carol"])
    assert options.password_file == "/dev/null"
    options = parse(["alice", "--room", "tea", "--password-file", "x"])
    prepare(options)
    assert (options.name, options.room, options.password_file) == ("alice", ["tea"], "x")
    options = parse(["alice", "localhost", "9001"])
    assert prepare(options).notify is Method.NONE


def test_the_settings_of_a_server_name_the_other_nodes_of_its_group(tmp_path):
    settings(tmp_path, '[servers."localhost:9000"]\nnodes = ["localhost:9001", "chat.example"]')
    options = parse(["alice"])
    prepare(options)
    assert options.others == (("localhost", 9001), ("chat.example", 9000))
    assert options.tls
    options = parse(["alice", "localhost:9000,localhost:9002"])
    prepare(options)
    assert options.others == (("localhost", 9002),) and not options.tls


def test_nodes_that_make_no_sense_end_it_with_one_line(tmp_path):
    settings(tmp_path, '[servers."localhost:9000"]\nnodes = ["a b"]')
    with pytest.raises(Exit) as ended:
        prepare(parse(["alice"]))
    assert ended.value.status == 2 and '"a b" is no host' in ended.value.text


def test_several_nodes_are_remembered_and_offered(answers):
    answers.given += ["", "localhost:1,localhost:2", ""]
    first = parse([])
    prepare(first)
    remember(first, "alice")
    again = parse([])
    prepare(again)
    assert (again.port, again.others) == (1, (("localhost", 2),))


def test_settings_that_make_no_sense_end_it_with_one_line(tmp_path):
    settings(tmp_path, "colour = 1")
    with pytest.raises(Exit) as ended:
        prepare(parse(["alice"]))
    assert ended.value.status == 2 and "connect.toml: there is no setting" in ended.value.text


def test_the_environment_comes_before_the_settings_and_after_the_command_line(
    tmp_path, monkeypatch
):
    settings(tmp_path, '[servers."localhost:9000"]\nname = "bob"\nrooms = ["dev"]')
    monkeypatch.setenv("GROUPCHAT_NAME", "carol")
    monkeypatch.setenv("GROUPCHAT_ROOMS", "tea")
    monkeypatch.setenv("GROUPCHAT_NOTIFY", "none")
    monkeypatch.setenv("GROUPCHAT_PASSWORD_FILE", "/dev/null")
    options = parse(["localhost:9000"])
    assert prepare(options).notify is Method.NONE
    assert (options.name, options.room, options.password_file) == ("carol", ["tea"], "/dev/null")
    options = parse(["alice", "--room", "lobby", "--password-file", "x"])
    prepare(options)
    assert (options.name, options.room, options.password_file) == ("alice", ["lobby"], "x")


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("GROUPCHAT_NAME", "no name", '$GROUPCHAT_NAME: "no name" can\'t be your name'),
        ("GROUPCHAT_ROOMS", "a!b", '"a!b" is no room: '),
        ("GROUPCHAT_NOTIFY", "loud", "$GROUPCHAT_NOTIFY: notify has to be one of "),
        ("GROUPCHAT_NOTIFY", "command", 'notify = "command" needs command = '),
    ],
)
def test_a_variable_that_makes_no_sense_ends_it_with_one_line(monkeypatch, variable, value, told):
    monkeypatch.setenv(variable, value)
    with pytest.raises(Exit) as ended:
        prepare(parse(["localhost:9000"]))
    assert ended.value.status == 2 and ended.value.text.startswith(told)


def test_a_pipe_starts_without_the_toolkit():
    code = (
        "import sys, groupchat.cli.main; "
        "print(*sorted({'urwid', 'wcwidth', 'tomllib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
