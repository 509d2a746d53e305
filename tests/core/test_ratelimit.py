"""
Rate limits, on a clock that the test turns.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from groupchat.core.ratelimit import FailureWindow, KeyedTokenBuckets, TokenBucket


@pytest.fixture
def clock() -> Clock:
    return Clock()


def taken(bucket: TokenBucket) -> int:
    """Return the tokens that there are at this moment."""
    count = 0
    while not bucket.take():
        count += 1
    return count


def test_the_burst_goes_through_at_once_and_no_more(clock):
    assert taken(TokenBucket(10, 5, clock.seconds)) == 5


def test_a_full_bucket_saves_up_no_more_than_the_burst_however_long_it_was_quiet(clock):
    bucket = TokenBucket(10, 5, clock.seconds)
    clock.advance(100)
    assert taken(bucket) == 5


def test_tokens_come_back_at_the_rate(clock):
    bucket = TokenBucket(10, 5, clock.seconds)
    taken(bucket)
    clock.advance(0.25)
    assert taken(bucket) == 2


@given(st.floats(0.1, 1000), st.integers(1, 50))
def test_who_waits_as_long_as_told_gets_the_token(rate, burst):
    clock = Clock()
    bucket = TokenBucket(rate, burst, clock.seconds)
    taken(bucket)
    for _ in range(20):
        clock.advance(bucket.take())
        assert bucket.take() == 0


@pytest.mark.parametrize("early", [3e-10, 1e-9, 1e-6])
def test_who_came_a_little_too_early_waits_as_long_as_a_clock_can_tell(clock, early):
    clock.advance(1_000_000)  # where its next tick is 1e-10 s away
    bucket = TokenBucket(50, 1, clock.seconds)
    bucket.take()
    clock.advance(0.02 - early)
    wait = bucket.take()
    assert wait and clock.seconds() + wait / 10 > clock.seconds()
    clock.advance(wait)
    assert bucket.take() == 0


def test_asking_too_early_costs_nothing(clock):
    bucket = TokenBucket(1, 1, clock.seconds)
    taken(bucket)
    clock.advance(0.5)
    assert [bucket.take() for _ in range(3)] == [0.5, 0.5, 0.5]


def test_a_rate_of_nought_is_no_limit(clock):
    bucket = TokenBucket(0, 1, clock.seconds)
    assert not any(bucket.take() for _ in range(1000))


def test_a_burst_below_one_lets_one_through(clock):
    assert taken(TokenBucket(1, 0, clock.seconds)) == 1


@given(st.lists(st.floats(0, 3), max_size=60))
def test_in_any_while_no_more_passes_than_the_burst_and_the_rate_allow(pauses):
    clock = Clock()
    bucket = TokenBucket(2, 4, clock.seconds)
    times = []
    for pause in pauses:
        clock.advance(pause)
        if not bucket.take():
            times.append(clock.seconds())
    for start in range(len(times)):
        for end in range(start, len(times)):
            assert end - start + 1 <= 4 + 2 * (times[end] - times[start]) + 1e-6


def test_so_many_strikes_within_the_while_are_too_many(clock):
    strikes = FailureWindow(3, 10, clock.seconds)
    assert [strikes.record() for _ in range(3)] == [False, False, True]


def test_strikes_of_long_ago_do_not_count(clock):
    strikes = FailureWindow(3, 10, clock.seconds)
    strikes.record()
    clock.advance(10.5)
    assert not strikes.record()
    assert not strikes.record()
    clock.advance(10)
    assert strikes.record()


def shared(shares: KeyedTokenBuckets, who: str) -> int:
    """Return the tokens that there are for a key at this moment."""
    count = 0
    while not shares.take(who):
        count += 1
    return count


def test_each_has_a_bucket_of_its_own(clock):
    shares = KeyedTokenBuckets(10, 5, clock.seconds)
    assert [shared(shares, who) for who in "aba"] == [5, 5, 0]
    clock.advance(0.2)
    assert shared(shares, "a") == 2


def test_what_is_given_back_can_be_taken_again_but_is_never_more_than_the_burst(clock):
    shares = KeyedTokenBuckets(10, 5, clock.seconds)
    shared(shares, "a")
    for who in "aab":
        shares.give(who)
    assert [shared(shares, who) for who in "ab"] == [2, 5]
    for _ in range(9):
        shares.give("b")
    assert shared(shares, "b") == 5


def test_one_may_cost_more_than_another(clock):
    shares = KeyedTokenBuckets(10, 5, clock.seconds)
    assert [round(shares.take("a", cost), 6) for cost in (3, 3, 2)] == [0, 0.1, 0]


def test_whose_bucket_is_full_again_is_forgotten(clock):
    shares = KeyedTokenBuckets(10, 5, clock.seconds)
    shared(shares, "a")
    clock.advance(0.25)
    shares.take("b")
    shares.forget()
    assert len(shares) == 2
    clock.advance(0.25)
    shares.forget()
    assert len(shares) == 1
    assert shared(shares, "b") == 5


def test_of_too_many_the_one_that_was_longest_quiet_is_forgotten(clock):
    shares = KeyedTokenBuckets(10, 5, clock.seconds, max_keys=3)
    for who in "abcad":
        shared(shares, who)
    assert len(shares) == 3
    assert [shared(shares, who) for who in "adc"] == [0, 0, 0]
    assert shared(shares, "b") == 5


def test_a_share_of_nought_is_no_limit(clock):
    shares = KeyedTokenBuckets(0, 0, clock.seconds)
    assert not any(shares.take("a") for _ in range(1000))
    shares.forget()
    assert len(shares) == 0
