"""The tests of tests/core/test_devices.py, with the clients spread over two nodes."""

from __future__ import annotations

from tests.cluster.spread import spread

spread(
    "test_devices",
    globals(),
    leave_out=[
        # each node counts the changes of a name that are asked for at it
        "test_renames_of_all_devices_together_are_limited",
        # words that are on their way from one node keep the name that their member had there
        "test_whatever_devices_do_presence_and_who_agree",
    ],
)
