"""
The configuration file: long options as its keys, and one line for whatever is wrong with it.
"""

from __future__ import annotations

import os

import pytest

from groupchat import prompt
from groupchat.options.parser import KEYS
from groupchat.tap import Options


@pytest.fixture(autouse=True)
def _nobody_is_asked(monkeypatch):
    monkeypatch.setattr(prompt, "is_possible", lambda: False)


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes the file; it is chat.toml in the present directory."""
    monkeypatch.chdir(tmp_path)
    return lambda text: (tmp_path / "chat.toml").write_text(text)


def parsed(*arguments):
    options = Options()
    options.parseOptions(["--config", "chat.toml", *arguments])
    return options


def refused(*arguments):
    with pytest.raises(SystemExit) as ended:
        parsed(*arguments)
    text = str(ended.value)
    assert "\n" not in text
    assert text.startswith("groupchat: --config chat.toml: ")
    assert text.endswith(" (twistd groupchat --help lists the options.)")
    return text.removeprefix("groupchat: --config chat.toml: ").partition(" (twistd")[0]


def test_every_option_can_be_a_key(write):
    own = {"config", "check", "help", "version", "help-auth", "help-auth-type"}
    options = {name.rstrip("=") for name in Options().longOpt} - own
    assert {*KEYS.single, *KEYS.several, *KEYS.flags} == options


def test_numbers_texts_flags_and_lists_are_what_the_command_line_would_say(write):
    write(
        'max = 20\nrate = 2.5\nkeep = "90d"\nrequire-tls = true\nmembers-only = false\n'
        'listen = ["tcp:1", "unix:x"]\nserver-name = "--strange\\nname"\n'
    )
    options = parsed()
    assert (options["max"], options["rate"], options["require-tls"]) == (20, 2.5, 1)
    assert (options["members-only"], options["listen"]) == (0, ["tcp:1", "unix:x"])
    assert options["server-name"] == "--strange\nname"
    assert options["port"] is None


def test_several_values_can_be_one(write):
    write('listen = "tcp:1"')
    assert parsed()["listen"] == ["tcp:1"]


@pytest.mark.parametrize("typed", ["--max=7", "-m7"])
def test_the_command_line_wins(write, typed):
    write("max = 20\nreplay = 3")
    options = parsed(typed)
    assert (options["max"], options["replay"]) == (7, 3)


def test_endpoints_of_the_command_line_replace_those_of_the_file(write):
    write('listen = ["tcp:1", "tcp:2"]')
    assert parsed("--listen", "unix:x")["listen"] == ["unix:x"]


def test_the_last_of_two_files_is_read(write, tmp_path):
    write("max = 20")
    (tmp_path / "other.toml").write_text("replay = 3")
    options = parsed("--config", "other.toml")
    assert (options["max"], options["replay"]) == (100, 3)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("mxa = 20", '"mxa" is not an option. Did you mean "max"?'),
        ("[server]\nport = 1", '"server" is not an option. Did you mean "server-name"?'),
        ('config = "x"', '"config" is not an option.'),
        ("check = true", '"check" is not an option.'),
        ('"a\\u001bb\\nc" = 1', '"a␛b␊c" is not an option.'),
        ("max = [20]", '"max" takes a number or a text in quotes.'),
        ("max = true", '"max" takes a number or a text in quotes.'),
        ("listen = [1, true]", '"listen" takes a number or a text in quotes.'),
        ("motd = 1979-05-27", '"motd" takes a number or a text in quotes.'),
        ('require-tls = "yes"', '"require-tls" takes true or false.'),
        ("max = 0", '--max takes a whole number from 1 to 1000000, not "0".'),
        ('motd = "missing"', "--motd missing cannot be read: No such file or directory."),
        ('motd = "a\\u0000b"', '"motd" has a character in it that no option can have: NUL.'),
        ("max = " + "[" * 9999, "a value in it is too long, or nested too deep."),
        ("max = " + "9" * 9999, "a value in it is too long, or nested too deep."),
        ("#" * (1 << 20) + "\n", "it is longer than 1024 KiB."),
        ('auth = "nonsense:x"', '--auth takes a value that --help-auth lists, not "nonsense:x".'),
    ],
)
def test_what_makes_no_sense_is_told_in_one_line(write, text, told):
    write(text)
    assert refused().startswith(told)


def test_a_file_that_is_not_toml_is_told_with_the_place(write):
    write("max = 20\nport 9000")
    assert refused().startswith("it is not TOML: ")
    assert "line 2" in refused()


def test_a_file_that_is_not_there_or_not_utf8_is_told(write, tmp_path):
    assert refused() == "No such file or directory."
    (tmp_path / "chat.toml").write_bytes(b'motd = "\xff"')
    assert refused() == "it is not UTF-8."


def test_a_pipe_is_told_and_not_waited_for(write, tmp_path):
    os.mkfifo(tmp_path / "chat.toml")
    assert refused() == "it is a device or a pipe, and has to be a file."


def test_a_byte_order_mark_and_the_line_ends_of_windows_are_taken(write, tmp_path):
    (tmp_path / "chat.toml").write_bytes(b"\xef\xbb\xbfmax = 20\r\nreplay = 3\r\n")
    assert (parsed()["max"], parsed()["replay"]) == (20, 3)


# Reading it again.


def test_read_again_the_file_may_say_something_else_but_the_command_line_stays(write):
    write("max = 20\nreplay = 3")
    options = parsed("--replay", "5")
    write("max = 30\nreplay = 9")
    again = options.read_again()
    assert (again["max"], again["replay"]) == (30, 5)
    assert again.given == {"max": ["30"], "config": ["chat.toml"], "replay": ["5"]}
    write("")
    assert options.read_again()["max"] == 100


def test_read_again_nothing_is_asked_and_the_answer_from_the_start_stays(write, monkeypatch):
    write("")
    monkeypatch.setattr(prompt, "is_possible", lambda: True)
    monkeypatch.setattr(prompt, "ask", lambda _: "12")
    options = parsed()
    monkeypatch.setattr(prompt, "ask", lambda _: pytest.fail("it asks"))
    assert options["max"] == options.read_again()["max"] == 12
