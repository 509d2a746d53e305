"""
Names in texts.
"""

import pytest

from groupchat.cli.terminal.mentions import mentions


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bob: hello", True),
        ("hello Bob", True),
        ("is that you, BOB?", True),
        ("ask bob.", True),
        ("@bob", True),
        ("bobby", False),
        ("bob-2 is another", False),
        ("bob.two is another", False),
        ("not-bob", False),
        ("", False),
    ],
)
def test_a_name_is_a_word_of_its_own(text, expected):
    assert mentions(text, "bob") is expected


def test_names_of_other_scripts_are_found_too():
    assert mentions("привет, Ольга!", "ольга")
    assert mentions("x" * 5000 + " bob", "bob")
