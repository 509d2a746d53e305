"""
Completion.
"""

import pytest
from hypothesis import given

from groupchat.cli.terminal.client_commands import CLIENT_COMMANDS, all_commands, find, kinds
from groupchat.cli.terminal.completion import Completer, Surroundings, complete, hints, is_wrong
from groupchat.wire.plain.words import COMMANDS
from tests.cli.terminal.texts import hard_texts

AROUND = Surroundings(("Alice", "albert", "bob"), ("lobby", "dev", "ops"))


def candidates(before, around=AROUND):
    return complete(before, around).candidates


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("/wh", ["/who", "/whisper "]),
        ("/TOP", ["/topic "]),
        ("al", ["Alice: ", "albert: "]),
        ("ask al", ["Alice ", "albert "]),
        ("ask @al", ["@Alice ", "@albert "]),
        ("/msg bo", ["bob "]),
        ("/msg ", ["Alice ", "albert ", "bob "]),
        ("/me greets al", ["Alice ", "albert "]),
        ("/join d", ["dev"]),
        ("/join #o", ["ops"]),
        ("/leave ", ["lobby", "dev", "ops"]),
        ("/help top", ["/topic"]),
        ("/notify ", ["bell", "desktop", "command", "none"]),
        ("/who al", []),
        ("/nonsense al", []),
        ("", []),
        ("hello ", []),
        ("//al", []),
    ],
)
def test_a_word_is_completed_by_what_may_stand_there(before, expected):
    assert candidates(before) == expected


def test_emoji_are_found_by_their_names():
    assert candidates("more :teac")[0] == "🍵"
    assert "🎉" in candidates(":party")
    assert candidates("a:b") == []


def test_commands_of_operators_are_for_operators():
    assert candidates("/kic") == []
    assert candidates("/kic", Surroundings(operator=True)) == ["/kick "]


def test_tab_goes_through_the_candidates_and_back():
    completer = Completer()
    assert completer.next("hi al", AROUND) == "hi Alice "
    assert completer.candidates == ["Alice ", "albert "] and completer.index == 0
    assert completer.next("ignored", AROUND) == "hi albert "
    assert completer.next("ignored", AROUND) == "hi Alice "
    assert completer.next("ignored", AROUND, -1) == "hi albert "
    completer.stop()
    assert completer.candidates == []
    assert completer.next("bo", AROUND) == "bob: "
    assert completer.candidates == []
    assert completer.next("nobody", AROUND) == "nobody"


def test_a_command_is_explained_while_it_is_typed():
    assert [command.word for command in hints("/na", AROUND)] == ["/who", "/name"]
    assert [command.word for command in hints("/msg bob", AROUND)] == ["/msg"]
    assert [command.word for command in hints("/hisotry", AROUND)] == ["/history"]
    assert hints("hello", AROUND) == [] and hints("//me", AROUND) == []


@pytest.mark.parametrize(
    "text", ["/", "/w", "/who", "/WHO", "/msg bob hi", "//x", "hi /x", "/kick bob"]
)
def test_a_line_that_is_or_can_become_a_command_is_not_wrong(text):
    assert not is_wrong(text)


@pytest.mark.parametrize("text", ["/x", "/whoo", "/wh ", "/w/", "/nosuch bob", "/etc/passwd\nx"])
def test_a_line_that_can_be_no_command_is_wrong(text):
    assert is_wrong(text)


def test_every_command_is_listed_once_and_found_by_its_aliases():
    listed = all_commands(operator=True)
    assert len({command.word for command in listed}) == len(listed)
    assert {"/join", "/bare", "/kick"} <= {command.word for command in listed}
    assert find("/J").word == "/join" and find("/nope") is None
    assert "keeps the others" in find("/join").help


def test_the_last_argument_is_as_long_as_people_like():
    assert kinds(find("/msg"), 0) == {"NAME"}
    assert kinds(find("/msg"), 5) == {"TEXT"}
    assert kinds(find("/join"), 1) == frozenset()


@given(hard_texts)
def test_no_text_is_too_hard_to_complete(text):
    for before in (text, "/" + text, ":" + text, "/msg " + text):
        start, _ = complete(before, AROUND)
        assert 0 <= start <= len(before)
        hints(before, AROUND)


def test_the_screen_takes_no_command_from_the_server_but_to_enter_and_leave_a_room():
    shared = {word for one in COMMANDS for word in (one.word, *one.aliases)}
    own = {word for one in CLIENT_COMMANDS for word in (one.word, *one.aliases)}
    assert shared & own == {"/join", "/j", "/room", "/leave", "/part"}
