"""The tests of tests/core/test_access.py, with the clients spread over two nodes."""

from __future__ import annotations

from tests.cluster.spread import spread

spread(
    "test_access",
    globals(),
    leave_out=[  # each node counts the passwords that are tried at it
        "test_wrong_passwords_for_a_name_slow_the_address_that_gives_them",
        "test_one_address_that_guesses_at_many_names_is_slowed_as_a_whole",
        "test_in_ipv6_a_network_is_one_address",
        "test_many_addresses_are_slowed_together_but_for_those_that_the_owner_has_logged_in_from",
    ],
)
