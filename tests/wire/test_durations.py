"""
Durations, as people write them.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupchat.wire import durations

HOUR, DAY = 3600, 86_400


@pytest.mark.parametrize(
    ("text", "seconds", "rest"),
    [
        ("90s", 90, ""),
        ("10m", 600, ""),
        ("1H", HOUR, ""),
        ("2 h", 2 * HOUR, ""),
        ("10 min", 600, ""),
        ("1w spam", 7 * DAY, "spam"),
        ("1h30m", 5400, ""),
        ("1h 30 min  too  loud", 5400, "too  loud"),
        ("2mo", 60 * DAY, ""),
        ("1y", 365 * DAY, ""),
        ("3 weeks", 21 * DAY, ""),
        ("for 2 hours noise", 2 * HOUR, "noise"),
        ("1d 2 many", DAY, "2 many"),
        ("2d 3d", 2 * DAY, "3d"),
        ("", None, ""),
        ("spam", None, "spam"),
        ("for fun", None, "for fun"),
        ("forever", None, ""),
        ("for ever 2 many", None, "2 many"),
        ("forevermore", None, "forevermore"),
        ("m", None, "m"),
        ("0h5m", 300, ""),
    ],
)
def test_a_text_begins_with_a_time_or_has_none(text, seconds, rest):
    assert durations.split(text) == (seconds, rest)


@pytest.mark.parametrize(
    "text",
    [
        "90",
        "0s",
        "0m why",
        "2 many",
        "1x",
        "1h30",
        "1h 30",
        "5m!",
        "-1h",
        "+1h",
        "1.5h",
        "2many",
        "1h2h",
        "٣",
    ],
)
def test_a_number_that_is_no_time_is_refused(text):
    with pytest.raises(ValueError, match="time"):
        durations.split(text)


def test_a_bare_number_is_refused_with_what_it_could_be():
    with pytest.raises(ValueError, match=r"Write 90s, 90m, 90h or 90d"):
        durations.split("90")


@given(st.text())
def test_any_text_has_a_time_or_is_refused_with_a_sentence(text):
    try:
        seconds, rest = durations.split(text)
        assert text.endswith(rest) and (seconds is None or 0 < seconds <= durations.MAX_SECONDS)
    except ValueError as wrong:
        assert str(wrong).isprintable() and len(str(wrong)) < 200
