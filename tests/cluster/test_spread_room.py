"""The tests of tests/core/test_room.py, with the clients spread over two nodes."""

from __future__ import annotations

from tests.cluster.spread import spread

spread(
    "test_room",
    globals(),
    leave_out=[  # two nodes post two batches, and each encodes what it shows
        "test_a_line_names_at_most_100_of_a_kind_and_none_is_left_out",
        "test_a_person_reads_who_came_and_how_many_more",
        "test_a_batch_is_encoded_once_for_each_wire",
    ],
)
