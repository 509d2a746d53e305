"""
Times as the wire writes them.
"""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupchat.wire.timestamps import stamp


@pytest.mark.parametrize(
    ("milliseconds", "written"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_795_356_180_007, "2026-11-22T14:03:00.007Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_a_time_is_written_in_utc_with_milliseconds(milliseconds, written):
    assert stamp(milliseconds) == written


@given(st.integers(0, 253_402_300_799_999))
def test_the_systems_own_calendar_agrees(milliseconds):
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(milliseconds // 1000))
    assert stamp(milliseconds) == f"{seconds}.{milliseconds % 1000:03d}Z"


@given(st.integers(253_402_300_800_000, 2**63))
def test_a_time_after_the_year_9999_is_its_end(milliseconds):
    assert stamp(milliseconds).startswith("9999-12-31T23:59:59.")
