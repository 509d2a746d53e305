"""
A room as a person reads it.
"""

from hypothesis import given
from hypothesis import strategies as st

from groupchat.cli.terminal.timeline import (
    MAX_LINES_ELSEWHERE,
    MAX_LINES_HERE,
    Kind,
    Line,
    Presence,
    Timeline,
)


def said(message_id, text="hello", **more):
    return Line(Kind.MESSAGE, text, "bob", id=message_id, **more)


def mine(text, message_id=None):
    return Line(Kind.MESSAGE, text, "alice", own=True, id=message_id, waiting=message_id is None)


def lines(timeline):
    return [timeline[position] for position in range(timeline.first, timeline.end)]


def texts(timeline):
    return [line.text for line in lines(timeline)]


def test_a_message_of_the_reader_stands_behind_all_others_until_its_place_is_known():
    timeline = Timeline()
    pending = timeline.say(mine("mine"))
    timeline.add(said(1, "theirs"))
    assert texts(timeline) == ["theirs", "mine"]
    assert timeline[1].waiting and timeline.waiting == 1
    timeline.stored(pending, 3)
    assert not timeline[1].waiting and timeline.waiting == 0
    timeline.add(said(2, "before mine"))
    timeline.add_own(mine("mine", 3))
    timeline.add(said(4, "after"))
    assert texts(timeline) == ["theirs", "before mine", "mine", "after"]


def test_a_message_that_is_shown_before_its_answer_is_not_shown_twice():
    timeline = Timeline()
    pending = timeline.say(mine("mine"))
    timeline.add_own(mine("mine", 1))
    timeline.stored(pending, 1)
    assert texts(timeline) == ["mine"]


def test_a_refused_message_goes():
    timeline = Timeline()
    timeline.refused(timeline.say(mine("mine")))
    assert texts(timeline) == [] and timeline.waiting == 0


def test_unread_is_known_from_ids_alone():
    timeline = Timeline()
    timeline.head, timeline.mark = 40, 12
    timeline.read()
    assert timeline.unread == 28
    timeline.arrived(40)
    timeline.read()
    assert timeline.unread == 0


def test_the_first_unread_line_gets_the_news_mark_until_it_is_forgotten():
    timeline = Timeline()
    timeline.add(said(1))
    timeline.read()
    timeline.add(said(2))
    timeline.notice_unread(mention=False)
    timeline.add(said(3))
    timeline.notice_unread(mention=True)
    assert timeline.news == 1 and timeline.mentions == 1 and timeline.unread == 2
    timeline.read()
    assert timeline.news == 1 and timeline.mentions == 0
    timeline.forget_news()
    assert timeline.news is None


def test_older_messages_stand_before_and_keep_the_positions_of_others():
    timeline = Timeline()
    timeline.add(said(5, "five"))
    timeline.prepend([said(3, "three"), said(4, "four")], more=True)
    assert texts(timeline) == ["three", "four", "five"]
    assert timeline[0].text == "five" and timeline.first == -2
    assert timeline.position_of(4) == -1 and timeline.oldest_id == 3
    assert not timeline.complete
    timeline.prepend([], more=False)
    assert timeline.complete


def test_presence_that_follows_presence_is_one_line():
    timeline = Timeline()
    timeline.add_presence([], {}, ["dave"])
    timeline.add_presence([], {}, ["erin", "frank", "gina"])
    timeline.add_presence(["zoe"], {}, [])
    assert texts(timeline) == ["dave, erin and 2 more joined; zoe left."]
    timeline.add(said(1))
    timeline.add_presence(["dave"], {}, [])
    assert texts(timeline)[1:] == ["hello", "dave left."]


def test_a_member_that_joins_and_leaves_has_done_neither():
    timeline = Timeline()
    timeline.add_presence([], {}, ["dave"])
    timeline.add_presence(["dave"], {}, [])
    assert texts(timeline) == []


def test_a_rename_is_told_once_whatever_the_names_between():
    presence = Presence()
    presence.add([], {"bob": "rob"}, [])
    presence.add([], {"rob": "robert"}, ["carol"])
    presence.add([], {"carol": "caro"}, [])
    assert presence.text == "bob is now robert; caro joined."
    presence.add([], {"robert": "bob"}, [])
    assert presence.text == "caro joined."


def test_a_room_out_of_view_keeps_fewer_lines():
    timeline = Timeline()
    timeline.in_view(True)
    for number in range(1, MAX_LINES_HERE + 11):
        timeline.add(said(number))
    assert len(timeline) == MAX_LINES_HERE and timeline.first == 10
    assert timeline.position_of(10) is None
    timeline.in_view(False)
    assert len(timeline) == MAX_LINES_ELSEWHERE
    assert timeline.oldest_id == MAX_LINES_HERE + 11 - MAX_LINES_ELSEWHERE


def test_a_correction_changes_the_line_of_a_message():
    timeline = Timeline()
    timeline.add(said(1, "helo"))
    assert timeline.replace(1, text="hello", edited=True)
    assert timeline[0].text == "hello" and timeline[0].edited
    assert not timeline.replace(2, text="nothing")


def test_a_cleared_room_keeps_what_is_not_stored_yet():
    timeline = Timeline()
    timeline.add(said(1))
    timeline.say(mine("mine"))
    timeline.clear()
    assert texts(timeline) == ["mine"]


#: Steps in the life of a room, as the server orders them: the reader says something, the server
#: stores the oldest that waits, or somebody else speaks, or a page of older messages arrives.
steps = st.lists(st.sampled_from(["say", "store", "show", "other", "presence", "older"]))


@given(steps)
def test_every_message_is_there_once_in_the_order_of_ids(taken):
    timeline = Timeline()
    waiting, stored, said_count, head, oldest = [], [], 0, 100, 100
    for step in taken:
        if step == "say":
            said_count += 1
            waiting.append(timeline.say(mine(f"mine {said_count}")))
        elif step == "store" and waiting:
            head += 1
            pending = waiting.pop(0)
            timeline.stored(pending, head)
            stored.append((pending.line.text, head))
        elif step == "show" and stored:
            text, message_id = stored.pop(0)
            timeline.add_own(mine(text, message_id))
        elif step == "other" and not stored:
            head += 1
            timeline.add(said(head))
        elif step == "presence":
            timeline.add_presence([], {}, ["dave"])
        elif step == "older" and oldest > 1:
            oldest -= 2
            timeline.prepend([said(oldest), said(oldest + 1)], more=True)
    ids = [line.id for line in lines(timeline) if line.id is not None]
    assert ids == sorted(set(ids))
    own = [line.text for line in lines(timeline) if line.own]
    assert own == [f"mine {number}" for number in range(1, said_count + 1)]
    for line in lines(timeline):
        if line.id is not None:
            assert timeline[timeline.position_of(line.id)] is line
