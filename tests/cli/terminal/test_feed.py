"""
Events of the chat, as the rooms show them.
"""

import msgspec
import pytest
from twisted.internet.task import Clock

from groupchat.cli.terminal.absence import LONG
from groupchat.cli.terminal.feed import local_time
from groupchat.cli.terminal.notify import Notifier
from groupchat.cli.terminal.talk import Connection, Phase
from groupchat.wire import events
from groupchat.wire.commands import Position
from tests.cli.terminal.fakes import AT, Desk, message, state


@pytest.fixture
def desk():
    return Desk(["lobby", "dev"])


def timeline(desk, room="lobby"):
    return desk.rooms.get(room).timeline


def texts(desk, room="lobby"):
    shown = timeline(desk, room)
    return [shown[position].text for position in range(shown.first, shown.end)]


def test_a_message_in_view_is_read_at_once(desk):
    desk.hear(message(1))
    assert texts(desk) == ["hello"] and timeline(desk).unread == 0
    assert timeline(desk).news is None and desk.rung == []
    assert desk.repaints > 0


def test_a_message_in_another_room_is_news_and_a_mention_rings(desk):
    desk.hear(message(1, room="dev"))
    desk.hear(message(2, "alice: look", room="dev"))
    assert timeline(desk, "dev").unread == 2 and timeline(desk, "dev").mentions == 1
    assert timeline(desk, "dev").news == 0 and desk.rung == ["\a"]
    assert "2:dev 1!" in desk.bar


def test_without_the_focus_the_room_in_view_has_news_too(desk):
    desk.press("focus out")
    desk.hear(message(1, "alice: look"))
    assert timeline(desk).unread == 1 and desk.rung == ["\a"]
    desk.press("focus in")
    assert timeline(desk).unread == 0 and timeline(desk).news == 0


def test_own_words_are_no_news(desk):
    desk.hear(message(1, sender="Alice", room="dev"))
    assert timeline(desk, "dev").unread == 0 and desk.rung == []


def test_what_was_read_in_an_earlier_run_is_no_news(desk):
    desk.feed.marks["ops"] = Position(epoch="e", after=3)
    desk.hear(state("ops", head=5))
    for number in (2, 3, 4, 5):
        desk.hear(message(number, room="ops"), past=True)
    assert timeline(desk, "ops").unread == 2
    assert timeline(desk, "ops").news == 2


@pytest.mark.parametrize("mark", [None, Position(epoch="another", after=3)])
def test_a_room_that_is_new_to_the_reader_has_no_news(desk, mark):
    if mark is not None:
        desk.feed.marks["ops"] = mark
    desk.hear(state("ops", head=5))
    assert timeline(desk, "ops").unread == 0


def test_history_in_view_is_read_once_it_is_complete(desk):
    desk.feed.marks["ops"] = Position(epoch="e", after=1)
    desk.hear(state("ops", head=2))
    desk.controller.show(desk.rooms.get("ops"))
    desk.hear(message(2, room="ops"), past=True)
    assert timeline(desk, "ops").news == 0
    desk.hear(events.CaughtUp(room="ops"))
    assert timeline(desk, "ops").unread == 0


def test_how_far_rooms_were_read_is_known(desk):
    desk.feed.marks["elsewhere"] = Position(epoch="x", after=7)
    desk.hear(message(1))
    desk.hear(message(1, room="dev"))
    assert desk.feed.positions() == {
        "elsewhere": Position(epoch="x", after=7),
        "lobby": Position(epoch="e", after=1),
        "dev": Position(epoch="e", after=0),
    }


def test_members_come_and_go_in_one_line(desk):
    desk.hear(events.Presence(room="lobby", count=3, joined=["carol"]))
    desk.hear(events.Presence(room="lobby", count=2, left=["bob"]))
    assert texts(desk) == ["carol joined; bob left."]
    assert desk.rooms.current.people == ["alice", "carol"] and desk.rooms.current.count == 2


def test_a_topic_is_shown_at_the_top_and_told(desk):
    desk.hear(events.Topic(room="lobby", text="tea at four", sender="bob"))
    assert desk.screen[0] == " lobby: tea at four"
    assert texts(desk) == ["bob set the topic: tea at four"]


def test_a_private_message_rings_and_is_shown_in_the_room_in_view(desk):
    desk.press("focus out")
    desk.hear(events.Tell(sender="bob", to="alice", text="psst", at=AT))
    assert any("→ bob  psst" in row for row in desk.room) and desk.rung == ["\a"]


def test_a_correction_and_a_removal_change_the_line(desk):
    desk.hear(message(1, "helo"))
    desk.hear(message(2, "secret"))
    desk.hear(message(3, "hello", replaces=1))
    desk.hear(message(4, "", redacts=2))
    assert [row.split("  ")[-1] for row in desk.room[-2:]] == ["hello (edited)", "(removed)"]
    assert timeline(desk).unread == 0


def test_errors_notices_and_gaps_are_told(desk):
    desk.hear(events.Error(code="muted", text="You are muted."))
    desk.hear(events.Notice(text="Backup at five", sender="root"))
    desk.hear(events.Gap(room="dev", after=3, before=9))
    assert texts(desk)[0] == "You are muted." and "Backup at five" in texts(desk)[1]
    assert "5 messages" in texts(desk, "dev")[0]


def test_a_reset_begins_the_room_again(desk):
    desk.hear(message(1))
    desk.hear(events.Reset(room="lobby", epoch="f", first=1, head=9))
    assert timeline(desk).mark == 9 and desk.rooms.current.epoch == "f"


def test_the_message_of_the_day_is_told_once(desk):
    welcome = events.Welcome(
        name="alice", server="x", max=9, operator=False, limits={}, motd="Be kind.\nBye."
    )
    desk.hear(welcome)
    desk.hear(welcome)
    assert texts(desk) == ["Be kind.", "Bye."]


def test_the_end_of_the_connection_is_told_if_it_passes(desk):
    desk.hear(events.Bye(code="stopping", text="The server is stopping.", retry=2))
    desk.hear(events.Bye(code="kicked", text="Out."))
    assert len(texts(desk)) == 1 and "stopping" in texts(desk)[0]


def test_hidden_people_make_no_news(desk):
    desk.rooms.ignored.add("bob")
    desk.hear(message(1, "alice: hi", room="dev"))
    assert desk.rung == [] and timeline(desk, "dev").unread == 0


def test_a_change_of_the_connection_is_passed_on(desk):
    changes = []
    desk.feed.changed = lambda: changes.append(1)
    desk.feed.on_change()
    desk.feed.on_notice("The server is new.")
    assert changes == [1] and texts(desk) == ["The server is new."]


@pytest.mark.parametrize("at", ["", "yesterday", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_time_that_makes_no_sense_is_no_time(at):
    local_time(at)


def test_a_mark_of_the_account_says_what_was_read_elsewhere(desk):
    desk.feed.marks["ops"] = Position(epoch="e", after=2)
    desk.hear(msgspec.structs.replace(state("ops", head=9), mark=7))
    assert timeline(desk, "ops").unread == 2
    desk.hear(msgspec.structs.replace(state("tea", head=9), mark=4))
    assert timeline(desk, "tea").unread == 5


# Absences.


WELCOME = events.Welcome(name="alice", server="s", max=20, operator=False, limits={})


def lose_connection(desk):
    desk.talk.connection = Connection(Phase.WAITING, 1.0)
    desk.feed.on_change()


def come_back(desk, rooms=("lobby", "dev")):
    """The connection is back, and each room catches up."""
    desk.talk.connection = Connection(Phase.ONLINE)
    desk.feed.on_change()
    desk.hear(WELCOME)
    desk.hear(message(1, "alice: look", room="dev"), past=True)
    desk.hear(message(2, "alice: look again", room="dev"), past=True)
    desk.hear(message(3, "hello", room="dev"), past=True)
    for room in rooms:
        desk.hear(events.CaughtUp(room=room))


@pytest.fixture
def away(desk):
    """A person that has been online before."""
    desk.hear(WELCOME)
    for room in ("lobby", "dev"):
        desk.hear(events.CaughtUp(room=room))
    return desk


@pytest.mark.parametrize(("offline", "asleep"), [(LONG, 0), (0, 3600), (LONG / 2, LONG / 2)])
def test_what_arrived_during_a_long_absence_is_told_in_one_line(away, offline, asleep):
    lose_connection(away)
    away.clock.advance(offline)
    away.asleep = asleep
    come_back(away)
    assert texts(away) == ["While you were away: 3 new, 2 for you."]
    assert away.rung == ["\a"] and timeline(away, "dev").mentions == 2
    away.clock.advance(60)
    away.hear(message(4, "alice: still here?", room="dev"))
    assert away.rung == ["\a"]  # the room has not been looked at since


def test_a_short_absence_is_not_worth_a_line(away):
    lose_connection(away)
    away.clock.advance(LONG - 1)
    come_back(away)
    assert texts(away) == [] and away.rung == ["\a"]


def test_the_sum_waits_for_the_last_room(away):
    away.asleep = LONG
    lose_connection(away)
    come_back(away, rooms=["dev"])
    assert texts(away) == []
    away.hear(events.CaughtUp(room="lobby"))
    assert texts(away) == ["While you were away: 3 new, 2 for you."]


def test_an_absence_in_which_nothing_was_said_is_not_told(away):
    away.asleep = LONG
    away.hear(WELCOME)
    for room in ("lobby", "dev"):
        away.hear(events.CaughtUp(room=room))
    assert texts(away) == []


def test_mentions_that_arrive_after_an_absence_ring_at_once(away):
    away.asleep = LONG
    away.hear(WELCOME)
    away.hear(message(1, "alice: now", room="dev"))
    assert away.rung == ["\a"]


def test_the_first_connection_ends_no_absence(desk):
    lose_connection(desk)
    desk.clock.advance(10 * LONG)
    come_back(desk)
    assert texts(desk) == []


@pytest.mark.parametrize(("visible", "focused", "rings"), [("dev", True, 0), ("dev", False, 1)])
def test_the_sum_rings_for_what_is_not_in_sight(visible, focused, rings):
    rung = []
    notifier = Notifier(rung.append, Clock().seconds, {})
    notifier.focused = focused
    notifier.sum_up(["dev"], visible, "3 new, 2 for you")
    assert len(rung) == rings
