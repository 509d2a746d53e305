"""
The table of verbs holds what the JSON wire and people need, and nothing else.
"""

from __future__ import annotations

import contextlib
from typing import get_args

import msgspec
import pytest

from groupchat.wire import commands, plain
from groupchat.wire.errors import BadField
from groupchat.wire.plain.words import COMMANDS

TYPES = set(
    "hello join leave say tell history who rooms rename topic ping pong register "
    "kick mute unmute op deop ban unban max notice bans mutes places quit "
    "search mark private invite uninvite close token tokens revoke".split()
)


def tag(kind: type[commands.Command]) -> object:
    return kind.__struct_config__.tag


def test_the_json_wire_carries_these_verbs():
    assert {tag(kind) for kind in get_args(commands.AnyCommand)} == TYPES


def test_what_is_only_for_people_is_not_on_the_json_wire():
    people = {commands.Help, commands.MoveTo, commands.Edit, commands.Remove}
    assert not people & set(get_args(commands.AnyCommand))


@pytest.mark.parametrize("word", [entry.word for entry in COMMANDS])
def test_every_word_in_the_table_can_be_typed(word):
    for argument in ("", " 5", " bob hello"):
        with contextlib.suppress(BadField):
            assert plain.decode(f"{word}{argument}".encode()).ref == word
            return
    pytest.fail(f"{word} takes no arguments at all")


def test_no_two_words_or_aliases_are_the_same():
    typed = [name for word in COMMANDS for name in (word.word, *word.aliases)]
    assert len(set(typed)) == len(typed)
    assert all(name.startswith("/") and name == name.lower() for name in typed)


def test_the_words_that_only_operators_may_use_make_commands_that_only_operators_may():
    for word in COMMANDS:
        if word.operator:
            argument = "" if word.word in ("/bans", "/mutes") else " 5"
            command = plain.decode(f"{word.word}{argument}".encode())
            assert isinstance(command, commands.OperatorCommand)


@pytest.mark.parametrize(
    "kind", [commands.Kick, commands.Unmute, commands.Op, commands.Deop, commands.Unban]
)
def test_what_is_done_in_a_moment_takes_no_time(kind):
    assert kind(name="bob").seconds is None
    with pytest.raises(ValueError, match="seconds"):
        kind(name="bob", seconds=60)


@pytest.mark.parametrize("place", [{}, {"after": 0}, {"epoch": "k3f9", "after": 1042}])
def test_a_place_is_a_log_and_what_is_known_of_it(place):
    assert commands.Join(room="lobby", **place).after == place.get("after")
    assert commands.Position(**place).epoch == place.get("epoch")


@pytest.mark.parametrize(
    "make", [commands.Position, lambda **place: commands.Join(room="lobby", **place)]
)
def test_a_log_without_what_is_known_of_it_is_no_place(make):
    with pytest.raises(ValueError, match="epoch"):
        make(epoch="k3f9")


@pytest.mark.parametrize("kind", [commands.Ban, commands.Unban])
def test_a_ban_is_on_a_name_or_an_address(kind):
    assert kind(name="bob").name == "bob"
    assert kind(address="192.0.2.7").address == "192.0.2.7"
    with pytest.raises(ValueError, match="name"):
        kind()


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (commands.Count, [1, 2**53 - 1], [0, -1, 2**53, 1.0, True, "1"]),
        (commands.Id, [0, 2**53 - 1], [-1, 2**53, 0.0, False]),
        (commands.Ref, ["", "x" * 64, "ü" * 64], ["x" * 65, 1]),
        (commands.Epoch, ["", "x" * 64], ["x" * 65]),
        (
            commands.Client,
            ["a" * 16, "A_-9" * 16],
            ["a" * 15, "a" * 65, "a" * 16 + "\n", "ü" * 16, "a b" * 8],
        ),
        (
            commands.Rooms,
            [{}, {str(n): None for n in range(32)}],
            [{str(n): None for n in range(33)}],
        ),
    ],
)
def test_values_have_their_bounds(kind, good, bad):
    for value in good:
        assert msgspec.convert(value, kind) == value
    for value in bad:
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(value, kind)


@pytest.mark.parametrize(
    "fields",
    [
        {"text": "tea at five", "replaces": 7},
        {"text": "pours tea", "act": True, "replaces": 7},
        {"redacts": 7},
    ],
)
def test_a_correction_has_another_text_or_redacts(fields):
    assert commands.Correction(room="lobby", **fields).n is None


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"text": "tea"}, "Either"),
        ({"text": "tea", "replaces": 7, "redacts": 7}, "Either"),
        ({"replaces": 7}, "needs a `text`"),
        ({"text": "tea", "redacts": 7}, "no `text`"),
        ({"text": "", "redacts": 7}, "no `text`"),
        ({"act": True, "redacts": 7}, "no `act`"),
    ],
)
def test_a_correction_of_another_kind_is_none(fields, wrong):
    with pytest.raises(ValueError, match=wrong):
        commands.Correction(room="lobby", **fields)


@pytest.mark.parametrize("text", ["t", "tea four", "ü" * 128, " t "])
def test_a_search_has_words(text):
    assert commands.Search(room="lobby", text=text).limit == 50


@pytest.mark.parametrize("text", ["", " ", "\u3000", "t" * 257, "ü" * 129])
def test_a_search_without_words_or_with_too_many_is_none(text):
    with pytest.raises(ValueError, match="at most 256 bytes"):
        commands.Search(room="lobby", text=text)


@pytest.mark.parametrize(
    "kind", [kind for kind in get_args(commands.AnyCommand) if "room" in kind.__struct_fields__]
)
def test_each_command_about_a_room_names_it_in_its_error(kind):
    given = {"room": "dev", "name": "bob", "text": "hi", "id": 7, "private": True}
    fields = {field: given[field] for field in kind.__struct_fields__ if field in given}
    assert kind(**fields, ref="r").about() == {"room": "dev", "ref": "r"}
