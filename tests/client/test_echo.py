"""
The messages that are our own words.
"""

from groupchat.client.echo import EchoFilter
from groupchat.wire import commands
from tests.client.fakes import message


def test_a_message_with_the_id_of_an_ok_is_our_own():
    echoes = EchoFilter()
    echoes.expect(1, 3)
    assert echoes.claim(message(3, sender="alice"), "alice")
    assert not echoes.claim(message(4, sender="alice"), "alice")


def test_what_lost_its_ok_is_known_by_its_text_once():
    echoes = EchoFilter()
    echoes.expect_replay(commands.Say(room="lobby", text="hello"), 2)
    assert not echoes.claim(message(1, "hello", "bob"), "alice")
    assert not echoes.claim(message(2, "other", "alice"), "alice")
    assert echoes.claim(message(3, "hello", "Alice"), "alice")
    assert not echoes.claim(message(4, "hello", "alice"), "alice")


def test_a_text_is_expected_only_in_what_is_replayed():
    echoes = EchoFilter()
    echoes.expect_replay(commands.Say(room="lobby", text="hello"), 2)
    echoes.replayed()
    assert not echoes.claim(message(1, "hello", "alice"), "alice")


def test_the_same_text_twice_is_two_messages():
    echoes = EchoFilter()
    echoes.expect(1, 5)
    echoes.expect_replay(commands.Say(room="lobby", text="hello"), 2)
    assert echoes.claim(message(5, sender="alice"), "alice")
    assert echoes.claim(message(6, sender="alice"), "alice")


def test_an_ok_that_comes_before_the_replay_settles_the_text():
    echoes = EchoFilter()
    echoes.expect_replay(commands.Say(room="lobby", text="hello"), 1)
    echoes.expect(1, 5)
    assert echoes.claim(message(5, sender="alice"), "alice")
    assert not echoes.claim(message(6, sender="alice"), "alice")
