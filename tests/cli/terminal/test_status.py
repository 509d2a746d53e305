"""
The bar.
"""

from groupchat.cli.terminal.status import Bar, RoomNews, bar_row, title


def text(bar, width=80):
    return "".join(segment.text for segment in bar_row(bar, width)).rstrip()


def test_the_bar_of_a_quiet_room():
    assert text(Bar("lobby", 5, encrypted=True)) == " lobby 5 · TLS"


def test_a_lost_connection_and_lines_that_wait():
    bar = Bar("lobby", 5, state="again in 3 s", waiting=1)
    assert text(bar) == " lobby 5 · again in 3 s, 1 line waits"
    assert text(Bar("lobby", state="", waiting=2)) == " lobby · 2 lines wait"


def test_rooms_with_news_stand_in_order_those_with_mentions_first():
    others = [RoomNews(2, "dev", 2), RoomNews(3, "quiet"), RoomNews(4, "ops", 7, 1)]
    assert text(Bar("lobby", 5, others=others)) == " lobby 5 · 4:ops 1! · 2:dev 2"


def test_a_draft_and_lines_below_are_seen():
    bar = Bar("lobby", 5, below=12, others=[RoomNews(2, "dev", draft=True)])
    assert text(bar) == " lobby 5 · ↓12 · 2:dev @"


def test_the_bar_is_as_wide_as_the_window():
    bar = Bar("lobby", 5, others=[RoomNews(2, "a-room-with-a-long-name", 2)])
    for width in (1, 10, 20, 80):
        assert sum(len(segment.text) for segment in bar_row(bar, width)) == width


def test_the_title_counts_what_is_unread():
    assert title("lobby", 0) == "groupchat: lobby"
    assert title("lobby", 3) == "groupchat: lobby (3)"
