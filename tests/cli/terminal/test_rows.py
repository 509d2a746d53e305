"""
Lines in rows and columns.
"""

from hypothesis import example, given
from hypothesis import strategies as st

from groupchat.cli.terminal.hyperlinks import LINK, target
from groupchat.cli.terminal.rows import Layout, Segment, fit, rule, wrap
from groupchat.cli.terminal.timeline import Kind, Line
from groupchat.cli.terminal.width import columns, printable
from groupchat.cli.terminal.width import shown as shown_text
from tests.cli.terminal.texts import hard_texts

widths = st.integers(1, 200)


def text_of(row):
    return "".join(segment.text for segment in row)


def shown(line, width, time="13:24"):
    return [text_of(row).rstrip() for row in Layout(width).rows(line, time)]


def said(text, sender="bob", **more):
    return Line(Kind.MESSAGE, text, sender, **more)


def letters(text):
    """
    Everything in the words of a text that can be seen. (A mark gets its carrier where it stands
    alone; a joiner alone is nothing.)
    """
    words = map(shown_text, printable(text).split(" "))
    return "".join("".join(words).replace("\u25cc", "").split())


@example(" \u200d\ufe0f", 2)
@given(hard_texts, widths)
def test_wrapped_rows_fit_and_lose_nothing(text, width):
    rows = wrap(text, width)
    assert all(columns(row) <= width for row in rows)
    if width > 1:
        assert letters("".join(rows)) == letters(text)


@given(hard_texts, st.sampled_from(Kind), st.booleans(), widths)
def test_a_row_of_a_line_never_takes_more_columns_than_there_are(text, kind, waiting, width):
    line = Line(kind, text, "alice", waiting=waiting)
    for row in Layout(width).rows(line, "13:24"):
        assert columns(text_of(row)) <= width
        assert text_of(row) == printable(text_of(row))


@given(hard_texts, widths)
def test_a_rule_and_a_fitted_row_are_exactly_as_wide_as_the_window(text, width):
    assert columns(text_of(rule(text, width, "mark"))) == width
    assert columns(text_of(fit([Segment("bar", text), Segment("bar", text)], width))) == width


def test_time_name_and_text_stand_in_columns():
    assert shown(said("morning!"), 60) == [" 13:24          bob  morning!"]


def test_later_rows_hang_under_the_text():
    line = said("can you look at the migration once more, it touches two tables")
    assert shown(line, 60) == [
        " 13:24          bob  can you look at the migration once",
        "                     more, it touches two tables",
    ]


def test_a_text_without_spaces_in_wide_letters_is_broken_between_any_two():
    assert wrap("bob 早上好早上好早上好", 12) == ["bob 早上好早", "上好早上好"]


def test_a_narrow_window_has_no_columns():
    assert shown(said("can you look at the migration"), 20) == [
        "bob can you look at",
        "  the migration",
    ]


def test_a_long_name_is_cut():
    assert shown(said("hi", "bartholomew-the-third"), 60) == [" 13:24 bartholomew…  hi"]


def test_what_somebody_does_has_a_star_and_a_notice_has_two_dashes():
    assert shown(Line(Kind.ACT, "waves", "carol"), 60) == [" 13:24      * carol  waves"]
    assert shown(Line(Kind.NOTICE, "Hello."), 60, "") == ["                 --  Hello."]


def test_a_message_on_its_way_is_dim_and_has_dots_in_place_of_its_time():
    (row,) = Layout(60).rows(said("yes", "alice", waiting=True), "13:24")
    assert text_of(row) == "     …        alice  yes"
    assert row[-1].style == "dim"


def test_a_mention_is_marked_as_one_but_not_in_the_reader_s_own_words():
    (row,) = Layout(60).rows(said("alice: hi", mention=True))
    assert row[-1].style == "mention"
    (row,) = Layout(60).rows(said("alice: hi", mention=True, own=True))
    assert row[-1].style == "text"


def test_a_link_is_a_segment_of_its_own_and_is_not_broken_at_a_hyphen():
    link = "https://ci.example.org/group-chat/1123/"
    rows = Layout(62).rows(said(f"see {link} now"))
    assert Segment("link", link, link) in rows[1]


def test_each_row_of_a_link_leads_to_the_whole_link():
    link = f"https://example.org/{'x' * 90}"
    rows = Layout(60).rows(said(f"see {link}, and https://b.example."))
    parts = [segment for row in rows for segment in row if segment.style == "link"]
    assert len(parts) > 3 and "".join(part.text for part in parts[:-1]) == f"{link},"
    assert {part.link for part in parts[:-1]} == {link}
    assert parts[-1] == Segment("link", "https://b.example.", "https://b.example")


@given(hard_texts, st.integers(1, 60), st.integers(0, 80))
def test_links_in_any_text_lead_where_they_say(text, width, tail):
    whole = f"{text} https://a.example/{'y' * tail} {text}"
    rows = Layout(width).rows(said(whole))
    assert {segment.link for row in rows for segment in row} <= {
        "",
        *(target(link) for link in LINK.findall(printable(whole))),
    }


def test_a_removed_message_says_so_and_a_corrected_one_too():
    assert shown(said("secret", removed=True), 60, "")[0].endswith("(removed)")
    assert shown(said("better", edited=True), 60, "")[0].endswith("better (edited)")
