"""
The meanings of keys.
"""

import pytest

from groupchat.cli.terminal.keys import KEYS, Action, room_number


def test_every_action_has_a_key():
    assert set(KEYS.values()) == set(Action)


@pytest.mark.parametrize(
    ("key", "number"), [("meta 1", 0), ("meta 9", 8), ("meta 0", None), ("1", None), ("a", None)]
)
def test_alt_and_a_digit_ask_for_a_room(key, number):
    assert room_number(key) == number
