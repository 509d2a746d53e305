"""
The colours of names.
"""

import pytest

from groupchat.cli.terminal.colours import BASIC_COLOURS, COLOURS, colour_of


def luminance(code):
    """The relative luminance of one of the 256 colours (WCAG 2)."""
    levels = (0, 95, 135, 175, 215, 255)
    code -= 16
    parts = [levels[code // 36], levels[code // 6 % 6], levels[code % 6]]
    linear = [
        part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4
        for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("code", COLOURS)
def test_a_colour_is_legible_on_black_and_on_white(code):
    light = luminance(code)
    assert (light + 0.05) / 0.05 >= 4.0
    assert 1.05 / (light + 0.05) >= 4.0


def test_a_name_always_has_the_same_colour_whatever_its_capitals():
    assert colour_of("Alice") == colour_of("alice") == 5


def test_names_use_all_colours():
    assert {colour_of(f"member{number}") for number in range(500)} == set(range(len(COLOURS)))


def test_terminals_with_few_colours_have_six():
    assert {colour_of(str(number), len(BASIC_COLOURS)) for number in range(200)} == set(range(6))
