"""
The result of a run of the client.
"""

import pytest

from groupchat.cli.exit import (
    DONE,
    KEPT,
    LOST,
    TURNED_AWAY,
    UNPRINTED,
    UNREACHABLE,
    UNSAID,
    USAGE,
    Exit,
)
from groupchat.cli.outcome import Outcome

GONE = OSError(32, "Broken pipe")


@pytest.mark.parametrize(
    ("status", "text", "outcome", "judged", "told"),
    [
        (DONE, "", {}, DONE, ""),
        (
            DONE,
            "",
            {"unsaid": 1, "reason": "Too long."},
            UNSAID,
            "1 line was not said. The first: Too long.",
        ),
        (DONE, "", {"unsaid": 2}, UNSAID, "2 lines were not said."),
        (
            DONE,
            "",
            {"unprinted": GONE},
            UNPRINTED,
            "Standard output can't be written: Broken pipe.",
        ),
        (
            DONE,
            "",
            {"unread": OSError(5, "Bad disk")},
            UNSAID,
            "Standard input can't be read: Bad disk.",
        ),
        (
            DONE,
            "",
            {"unsaid": 2, "unprinted": GONE},
            UNSAID,
            "2 lines were not said. Standard output can't be written: Broken pipe.",
        ),
        (TURNED_AWAY, "Full.", {}, TURNED_AWAY, "Full."),
        (
            TURNED_AWAY,
            "Full.",
            {"unsaid": 2, "undelivered": 1},
            TURNED_AWAY,
            "Full. 3 lines were not said.",
        ),
        (
            TURNED_AWAY,
            "Full.",
            {"unsaid": 9, "more": True},
            TURNED_AWAY,
            "Full. At least 9 lines were not said.",
        ),
        (
            TURNED_AWAY,
            "Full.",
            {"undelivered": 2, "outbox": "o"},
            TURNED_AWAY,
            "Full. 2 lines are kept in o for the next run.",
        ),
        (UNREACHABLE, "Down.", {"undelivered": 1}, UNREACHABLE, "Down. 1 line was not said."),
        (
            UNREACHABLE,
            "Down.",
            {"undelivered": 1, "outbox": "o"},
            KEPT,
            "Down. 1 line is kept in o for the next run.",
        ),
        (UNREACHABLE, "Down.", {"outbox": "o"}, UNREACHABLE, "Down."),
        (
            LOST,
            "Gone.",
            {"undelivered": 2, "outbox": "o"},
            KEPT,
            "Gone. 2 lines are kept in o for the next run.",
        ),
        (
            LOST,
            "Gone.",
            {"unsaid": 1, "undelivered": 1, "outbox": "o"},
            LOST,
            "Gone. 1 line was not said. 1 line is kept in o for the next run.",
        ),
        (
            USAGE,
            "Disk full.",
            {"undelivered": 2, "outbox": "o"},
            USAGE,
            "Disk full. 2 lines were not said.",
        ),
    ],
)
def test_losses_are_reported_and_have_a_status(status, text, outcome, judged, told):
    ending = Outcome(**outcome).judge(Exit(status, text))
    assert (ending.status, ending.text) == (judged, told)
