"""
Scrolling through a room.
"""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from groupchat.cli.terminal.timeline import Kind, Line, Timeline
from groupchat.cli.terminal.viewport import Viewport
from tests.cli.terminal.texts import hard_texts

START = datetime(2026, 11, 27, 13, 23)


def said(message_id, text="hello", minutes=0):
    at = START + timedelta(minutes=minutes)
    return Line(Kind.MESSAGE, text, "bob", at=at, id=message_id)


def room(count):
    timeline = Timeline()
    for number in range(1, count + 1):
        timeline.add(said(number, f"message {number}"))
    return timeline


def window(timeline, width=60, height=10):
    viewport = Viewport(timeline)
    viewport.resize(width, height)
    return viewport


def texts(viewport):
    return ["".join(segment.text for segment in row).strip() for row in viewport.rows()]


def last(viewport):
    return texts(viewport)[-1].split()[-1]


def test_the_newest_lines_are_at_the_bottom_of_the_window():
    viewport = window(room(3), height=6)
    assert texts(viewport)[:2] == ["", ""]
    assert "Friday, 27 November 2026" in texts(viewport)[2]
    assert texts(viewport)[3:] == ["13:23          bob  message 1"] + [
        f"bob  message {number}" for number in (2, 3)
    ]


def test_a_time_that_is_the_time_before_is_left_out():
    timeline = Timeline()
    for number, minutes in enumerate((0, 0, 1)):
        timeline.add(said(number + 1, "x", minutes))
    assert [text[:5] for text in texts(window(timeline, height=3))] == ["13:23", "bob  ", "13:24"]


def test_a_day_begins_with_a_line():
    timeline = Timeline()
    timeline.add(said(1))
    timeline.add(said(2, minutes=24 * 60))
    assert "Saturday, 28 November 2026" in texts(window(timeline, height=2))[0]


def test_news_begin_with_a_line():
    timeline = room(2)
    timeline.read()
    timeline.add(said(3, "fresh"))
    timeline.notice_unread(mention=False)
    assert texts(window(timeline))[-2].strip("─ ") == "new"


def test_scrolling_keeps_the_line_while_others_arrive():
    timeline = room(50)
    viewport = window(timeline)
    viewport.scroll(-10)
    assert last(viewport) == "40" and viewport.below == 10
    timeline.add(said(51, "message 51"))
    assert last(viewport) == "40" and viewport.below == 11
    viewport.scroll(11)
    assert viewport.at_end and last(viewport) == "51"


def test_scrolling_stays_with_the_line_when_the_size_changes():
    timeline = Timeline()
    for number in range(1, 51):
        timeline.add(said(number, "word " * 30 + str(number)))
    viewport = window(timeline, width=100)
    viewport.scroll(-30)
    line = last(viewport)
    for width in (60, 40, 200, 100):
        viewport.resize(width, 10)
        assert any(text.endswith(f"word {line}") for text in texts(viewport))


def test_the_oldest_line_does_not_leave_the_first_row():
    viewport = window(room(50))
    assert not viewport.scroll(-20)
    assert viewport.scroll(-100)
    assert "27 November" in texts(viewport)[0]
    assert viewport.scroll(-100)
    assert "27 November" in texts(viewport)[0] and last(viewport) == "9"


def test_a_room_that_fits_does_not_scroll_but_asks_for_older_messages():
    viewport = window(room(3))
    assert viewport.scroll(-5)
    assert viewport.at_end


def test_older_messages_do_not_move_what_is_in_sight():
    timeline = Timeline()
    for number in range(51, 101):
        timeline.add(said(number, f"message {number}"))
    viewport = window(timeline)
    viewport.to_start()
    before = texts(viewport)[2:]
    timeline.prepend([said(number, f"message {number}") for number in range(1, 51)], more=False)
    viewport.rows()
    assert [text.split()[-1] for text in texts(viewport)[2:]] == [
        text.split()[-1] for text in before
    ]


def test_selecting_goes_from_message_to_message_and_brings_it_into_sight():
    timeline = room(50)
    timeline.add(Line(Kind.NOTICE, "not said by anybody"))
    viewport = window(timeline)
    assert viewport.select(-1).text == "message 50"
    for _ in range(30):
        selected = viewport.select(-1)
    assert selected.text == "message 20"
    assert any(text.endswith("message 20") for text in texts(viewport))
    assert viewport.select(1).text == "message 21"
    viewport.to_end()
    assert viewport.selected is None


@given(
    st.lists(hard_texts, max_size=30),
    st.integers(1, 120),
    st.integers(1, 20),
    st.lists(st.integers(-40, 40) | st.sampled_from(["start", "end", "select"]), max_size=8),
    st.integers(1, 120),
)
def test_a_window_always_has_all_its_rows(said_texts, width, height, steps, later):
    timeline = Timeline()
    for number, text in enumerate(said_texts, 1):
        timeline.add(said(number, text, number * 60))
    viewport = window(timeline, width, height)
    for step in steps:
        if step == "start":
            viewport.to_start()
        elif step == "end":
            viewport.to_end()
        elif step == "select":
            viewport.select(-1)
        else:
            viewport.scroll(step)
        assert len(viewport.rows()) == height
        viewport.resize(later, height)
        assert len(viewport.rows()) == height
        viewport.resize(width, height)


@given(st.integers(1, 40), st.integers(1, 15), st.integers(1, 60))
def test_scrolling_up_and_down_again_ends_where_it_began(count, height, rows):
    viewport = window(room(count), height=height)
    before = texts(viewport)
    viewport.scroll(-rows)
    viewport.scroll(rows)
    assert texts(viewport) == before and viewport.at_end
