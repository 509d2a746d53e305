"""
The settings file.
"""

from pathlib import Path

import pytest

from groupchat.cli.terminal.notify import Method
from groupchat.cli.terminal.preferences import (
    EXAMPLE,
    Preferences,
    PreferencesError,
    ServerPreferences,
    config_path,
    load,
    of_environment,
    parse,
)

WHOLE = """
notify = "desktop"
command = ["notify-send", "groupchat"]
presence = false
time = "%H.%M"
open = ["firefox", "--new-tab"]

[colours]
mention = "light red"

[servers."chat.example.org:9000"]
name = "alice"
rooms = ["lobby", "dev"]
notify = "none"
password-file = "/home/alice/.chat"
"""


def test_a_whole_file():
    settings = parse(WHOLE)
    assert settings.open == ("firefox", "--new-tab")
    assert settings.command == ("notify-send", "groupchat")
    assert settings.notify is Method.DESKTOP and not settings.presence
    assert settings.time == "%H.%M" and settings.colours == {"mention": "light red"}
    server = settings.of("chat.example.org:9000")
    assert (server.name, server.rooms) == ("alice", ("lobby", "dev"))
    assert (server.notify, server.password_file) == (Method.NONE, "/home/alice/.chat")
    assert settings.of("elsewhere:9000").name is None


def test_without_a_file_everything_is_as_usual(tmp_path):
    assert load(tmp_path / "connect.toml") == Preferences() == parse("") == parse(EXAMPLE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("notifi = 1", 'there is no setting "notifi". Did you mean notify?'),
        ("xyz = 1", 'there is no setting "xyz". There are: notify, '),
        ('notify = "loud"', 'notify has to be one of "bell", "desktop", "command", "none".'),
        ('presence = "no"', "presence has to be true or false."),
        ("time = 1", "time has to be a text in quotes."),
        ("colours = 1", "colours has to be a table."),
        ('[colours]\nmentions = "red"', 'there is no colour "mentions". Did you mean mention?'),
        ("[servers.x]\nrooms = [1]", "rooms has to be a list of texts"),
        ("[servers.x]\nrooms = 1", "rooms has to be a list."),
        ("[servers.x]\nroom = 1", 'there is no setting of a server "room". Did you mean rooms?'),
        ("= 1", "Invalid"),
    ],
)
def test_a_mistake_is_told_with_the_file_in_one_line(tmp_path, text, expected):
    path = tmp_path / "connect.toml"
    path.write_text(text)
    with pytest.raises(PreferencesError) as told:
        load(path)
    assert str(told.value).startswith(f"{path}: {expected}") and "\n" not in str(told.value)


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    with pytest.raises(PreferencesError, match="Make it readable"):
        load(tmp_path)
    (tmp_path / "x").write_bytes(b"\xff")
    with pytest.raises(PreferencesError, match="utf-8"):
        load(tmp_path / "x")


def test_the_file_is_where_configurations_are(monkeypatch):
    monkeypatch.setenv("HOME", "/home/alice")
    assert config_path({}) == Path("/home/alice/.config/groupchat/connect.toml")
    assert config_path({"XDG_CONFIG_HOME": "/etc/x"}) == Path("/etc/x/groupchat/connect.toml")
    assert config_path({"XDG_CONFIG_HOME": "x"}) == Path(
        "/home/alice/.config/groupchat/connect.toml"
    )


def test_the_environment_comes_before_the_settings_of_a_server():
    chosen = of_environment({"GROUPCHAT_ROOMS": "tea, dev", "GROUPCHAT_NOTIFY": "none"})
    found = chosen.before(parse(WHOLE).of("chat.example.org:9000"))
    assert (found.name, found.rooms, found.notify) == ("alice", ("tea", "dev"), Method.NONE)
    assert of_environment({}).before(ServerPreferences()) == ServerPreferences()
    with pytest.raises(
        PreferencesError, match=r'^\$GROUPCHAT_NOTIFY: notify has to be one of "bell"'
    ):
        of_environment({"GROUPCHAT_NOTIFY": "loud"})


def test_a_program_that_notifies_has_to_be_named():
    assert parse('command = ["x"]').with_notify(Method.COMMAND).notify is Method.COMMAND
    with pytest.raises(PreferencesError, match="needs command = "):
        Preferences().with_notify(Method.COMMAND)
