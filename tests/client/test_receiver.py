"""
One room as it is read: each message once, in order, without a hole.
"""

from groupchat.client.receiver import RoomReceiver
from groupchat.client.requests import FILL_REF
from groupchat.wire.commands import AskHistory, Position
from groupchat.wire.events import Catchup, CaughtUp, Gap, History, Message, Presence, Reset
from tests.client.fakes import line, message, state


class RoomView:
    """Remembers what is read to it, in short."""

    def __init__(self, position=None, max_missed=None):
        self.has_shown = []
        self.asked = []
        self.told = []
        self.receiver = RoomReceiver("lobby", self, position, max_missed)

    def tell(self, text):
        self.told.append(text)

    def show(self, event, line, past):
        self.has_shown.append(self.short(event, past))

    def short(self, event, past):
        if isinstance(event, Message):
            return f"{'past ' if past else ''}{event.id}"
        if isinstance(event, Gap):
            return f"gap {event.after}-{event.before}"
        return type(event).__name__

    def ask(self, question):
        assert question.ref == FILL_REF
        self.asked.append((question.before, question.limit))

    def handle(self, *events):
        for event in events:
            event = message(event) if isinstance(event, int) else event
            self.receiver.handle(event, line(event))
        return self

    def fill(self, *ids, more=False):
        self.receiver.fill(
            History(room="lobby", messages=[message(one) for one in ids], more=more, ref=FILL_REF)
        )
        return self


def entered(head=0, first=1):
    view = RoomView()
    return view.handle(state(head=head, first=first), Catchup(room="lobby", through=head))


def test_history_is_told_apart_from_live_messages():
    assert entered(head=2).handle(1, 2, 3).has_shown == [
        "RoomState",
        "Catchup",
        "past 1",
        "past 2",
        "CaughtUp",
        "3",
    ]


def test_an_empty_room_is_caught_up_at_once():
    view = entered()
    assert view.has_shown == ["RoomState", "Catchup", "CaughtUp"]
    assert not view.receiver.catching_up


def test_a_room_whose_messages_are_no_longer_kept_is_caught_up_at_once():
    assert entered(first=8, head=7).handle(8).has_shown[2:] == ["CaughtUp", "8"]


def test_the_newest_few_are_no_hole():
    view = entered(head=50).handle(49, 50, 51)
    assert view.has_shown[2:] == ["past 49", "past 50", "CaughtUp", "51"]
    assert not view.asked


def test_a_message_said_twice_is_shown_once():
    assert entered().handle(1, 2, 1, 2, 3).has_shown[3:] == ["1", "2", "3"]


def test_a_gap_moves_the_cursor():
    view = entered().handle(1, Gap(room="lobby", after=1, before=5), 4, 5)
    assert view.has_shown[3:] == ["1", "gap 1-5", "5"]


def test_a_gap_that_is_known_already_is_not_shown():
    assert entered().handle(1, 2, Gap(room="lobby", after=0, before=2), 3).has_shown[3:] == [
        "1",
        "2",
        "3",
    ]


def test_a_gap_up_to_the_end_of_history_ends_it():
    view = RoomView(Position(epoch="e1", after=2)).handle(
        state(first=9, head=8), Catchup(room="lobby", through=8)
    )
    assert view.receiver.catching_up
    assert view.handle(Gap(room="lobby", after=2, before=9)).has_shown[2:] == [
        "gap 2-9",
        "CaughtUp",
    ]


def test_what_follows_a_hole_waits_until_it_is_filled():
    gone = Presence(room="lobby", count=1, left=["bob"])
    view = entered().handle(1, 4, gone, 5)
    assert (view.has_shown[3:], view.asked) == (["1"], [(4, 2)])
    assert view.fill(2, 3).has_shown[3:] == ["1", "2", "3", "4", "Presence", "5"]


def test_a_hole_is_filled_in_as_many_pages_as_it_takes():
    view = entered().handle(1, 6).fill(4, 5, more=True)
    assert view.asked == [(6, 4), (4, 2)]
    assert view.fill(2, 3, more=True).has_shown[3:] == ["1", "2", "3", "4", "5", "6"]


def test_what_cannot_be_filled_is_named():
    assert entered().handle(1, 5).fill(4).has_shown[3:] == ["1", "gap 1-4", "4", "5"]


def test_what_cannot_be_asked_is_named():
    view = entered().handle(1, 5)
    view.receiver.fill(None)
    assert view.has_shown[3:] == ["1", "gap 1-5", "5"]


def test_a_second_hole_is_filled_too():
    view = entered().handle(1, 3, 5).fill(2)
    assert view.asked == [(3, 1), (5, 1)]
    assert view.fill(4).has_shown[3:] == ["1", "2", "3", "4", "5"]


def test_a_hole_at_the_end_is_seen_by_what_the_server_says_it_wrote():
    view = entered().handle(1)
    view.receiver.on_head(1)
    assert not view.asked
    view.receiver.on_head(3)
    assert view.asked == [(4, 2)]
    assert view.fill(2, 3).handle(4).has_shown[3:] == ["1", "2", "3", "4"]


def test_if_no_history_is_sent_a_ping_of_the_server_ends_it():
    view = entered(head=50)
    view.receiver.on_head(50)
    assert view.has_shown[2:] == ["CaughtUp"]
    assert view.handle(51).has_shown[3:] == ["51"]


def test_a_lost_connection_drops_what_waits_and_keeps_the_cursor():
    view = entered().handle(1, 3)
    view.receiver.disconnected()
    assert view.receiver.position == Position(epoch="e1", after=1)
    view.handle(state(head=3), Catchup(room="lobby", through=3), 2, 3)
    assert view.has_shown[6:] == ["past 2", "past 3", "CaughtUp"]


def test_after_a_reset_ids_start_again():
    view = entered().handle(1, 2, 3)
    view.receiver.disconnected()
    view.handle(state(epoch="e2", head=2), Reset(room="lobby", epoch="e2", first=1, head=2))
    assert view.receiver.position is None
    view.handle(Catchup(room="lobby", through=2), 1, 2, 3)
    assert view.has_shown[9:] == ["past 1", "past 2", "CaughtUp", "3"]
    assert view.receiver.position == Position(epoch="e2", after=3)


def test_the_newest_epoch_is_kept():
    view = entered().handle(1, state(epoch="e9", head=1), Catchup(room="lobby", through=1))
    assert view.receiver.position == Position(epoch="e9", after=1)


def test_the_cursor_moves_only_when_the_line_was_shown():
    class Broken(RoomView):
        def show(self, event, line, past):
            if isinstance(event, Message):
                raise OSError("nobody reads")

    view = Broken().handle(state(), Catchup(room="lobby", through=0))
    try:
        view.handle(1)
    except OSError:
        assert view.receiver.position.after == 0


def test_a_second_absence_is_reported_again():
    view = entered().handle(1, state(head=3), Catchup(room="lobby", through=3), 2, 3, 4)
    assert view.has_shown[3:] == ["1", "RoomState", "Catchup", "past 2", "past 3", "CaughtUp", "4"]
    assert CaughtUp.__name__ in view.has_shown


# Messages missed between two runs.


def returned(after, head, max_missed, epoch="e1"):
    view = RoomView(Position(epoch="e1", after=after), max_missed)
    return view.handle(state(head=head, epoch=epoch), Catchup(room="lobby", through=head))


def test_all_that_was_missed_is_shown_where_it_is_not_too_much():
    view = returned(after=2, head=5, max_missed=3).handle(3, 4, 5, 6)
    assert view.has_shown[2:] == ["past 3", "past 4", "past 5", "CaughtUp", "6"]
    assert view.told == []


def test_of_too_much_the_newest_is_shown_and_the_rest_page_by_page():
    view = returned(after=2, head=10, max_missed=3).handle(*range(3, 12))
    assert view.told == [
        "You missed 8 messages. Here are the newest 3; /history shows those before them."
    ]
    assert view.has_shown[2:] == ["past 8", "past 9", "past 10", "CaughtUp", "11"]
    for limit, asked, page, told in [
        (3, (8, 3), (5, 6, 7), "You missed 2 more before these; /history shows them."),
        (100, (5, 2), (3, 4), "That is all that you missed."),
        (100, (None, 100), (10, 11), None),
    ]:
        question = AskHistory(room="lobby", limit=limit)
        view.told.clear()
        view.receiver.redirect_history(question)
        assert (question.before, question.limit) == asked
        view.receiver.history_shown(
            History(room="lobby", messages=[message(one) for one in page], more=True)
        )
        assert view.told == [told] * bool(told)


def test_what_was_missed_and_is_no_longer_kept_is_not_asked_for():
    view = returned(after=2, head=10, max_missed=3).handle(
        Gap(room="lobby", after=2, before=6), *range(6, 11)
    )
    assert view.has_shown[2:] == ["gap 2-6", "past 8", "past 9", "past 10", "CaughtUp"]
    view.receiver.history_shown(
        History(room="lobby", messages=[message(6), message(7)], more=False)
    )
    assert view.told[1:] == ["That is all that you missed."]


def test_only_what_was_missed_between_two_runs_is_shortened():
    view = returned(after=2, head=2, max_missed=3).handle(3)
    view.receiver.disconnected()
    view.handle(state(head=9), Catchup(room="lobby", through=9), *range(4, 10))
    assert view.has_shown[-7:] == [
        "past 4",
        "past 5",
        "past 6",
        "past 7",
        "past 8",
        "past 9",
        "CaughtUp",
    ]


def test_in_another_log_nothing_was_missed():
    view = RoomView(Position(epoch="e0", after=2), max_missed=1)
    view.handle(
        state(head=9),
        Reset(room="lobby", epoch="e1", first=1, head=9),
        Catchup(room="lobby", through=9),
        8,
        9,
    )
    assert view.has_shown[-3:] == ["past 8", "past 9", "CaughtUp"] and view.told == []


def test_a_position_belongs_to_its_old_log_until_the_new_one_is_known_to_have_it():
    view = RoomView(Position(epoch="e0", after=2)).handle(state(head=9))
    assert view.receiver.position == Position(epoch="e0", after=2)
    assert view.handle(Catchup(room="lobby", through=9)).receiver.position == Position(
        epoch="e1", after=2
    )
