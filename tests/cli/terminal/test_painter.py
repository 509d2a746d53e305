"""
The screen by the toolkit's own tests.
"""

import pytest
import urwid
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from urwid import str_util
from urwid.display import raw
from urwid.testing import press, render_runs, render_text

from groupchat.cli.terminal.page import compose
from groupchat.cli.terminal.painter import Painter, state_text
from groupchat.cli.terminal.palette import palette
from groupchat.cli.terminal.repaint import ARRIVAL_DELAY, UNFOCUSED_DELAY, Repainter
from groupchat.cli.terminal.rows import Segment
from groupchat.cli.terminal.status import Bar
from groupchat.cli.terminal.talk import Connection, Phase
from groupchat.cli.terminal.window import Window, canvas
from tests.cli.terminal.fakes import Desk, message
from tests.cli.terminal.texts import hard_texts

str_util.set_byte_encoding("utf8")
urwid.set_encoding("utf-8")


def window(desk):
    def compose_page(width, height):
        desk.size = (width, height)
        return desk.page

    return Window(compose_page, desk.controller.press)


def test_the_widget_shows_the_page_and_passes_keys_on():
    desk = Desk()
    shown = window(desk)
    press(shown, (60, 12), "h", "i")
    assert render_text(shown, (60, 12), strip=True)[-1] == "alice> hi"
    press(shown, (60, 12), "enter")
    assert desk.talk.texts == [("lobby", "hi")]


def test_styles_reach_the_terminal():
    desk = Desk()
    desk.hear(message(1, "alice: hi"))
    runs = render_runs(window(desk), (60, 12))
    assert ("mention", "alice: hi") in [(style, text.strip()) for style, text in runs[-3]]


def test_a_link_has_the_attribute_of_its_target_and_a_selected_one_has_not():
    desk = Desk()
    desk.hear(message(1, "see https://a.example"))
    shown = canvas(desk.page, 100, lambda target: f"to {target}")
    runs = [run for row in shown.content() for run in row]
    assert ("to https://a.example", None, b"https://a.example") in runs
    desk.press("meta s")
    shown = canvas(desk.page, 100, lambda target: f"to {target}")
    assert not [run for row in shown.content() for run in row if str(run[0]).startswith("to ")]


@given(hard_texts, hard_texts, st.integers(1, 100), st.integers(1, 30))
def test_every_page_fills_the_window_whatever_is_in_it(said, typed, width, height):
    desk = Desk(width=width, height=height)
    desk.hear(message(1, said))
    desk.line.insert(typed)
    canvas = window(desk).render((width, height), focus=True)
    assert canvas.rows() == height and canvas.cols() == width
    if canvas.cursor is not None:
        column, row = canvas.cursor
        assert 0 <= column < width and 0 <= row < height


@pytest.mark.parametrize("colours", [1, 16, 256])
def test_the_palette_is_one_that_the_toolkit_takes(colours):
    screen = raw.Screen()
    screen.set_terminal_properties(colors=colours)
    entries = palette({"mention": "light red"})
    assert len({entry[0] for entry in entries}) == len(entries)
    screen.register_palette(entries)


def test_every_style_that_pages_use_is_in_the_palette():
    known = {entry[0] for entry in palette({})}
    desk = Desk(["lobby", "dev"])
    desk.hear(message(1, "alice: hi https://example.org", room="dev"))
    desk.hear(message(1, "see https://example.org"))
    desk.type("/m")
    desk.press("tab", "tab")
    desk.press("meta s")
    used = {segment.style for row in desk.page.rows for segment in row}
    assert used <= known


# When to paint.


class Frames:
    def __init__(self):
        self.count = 0
        self.free = True
        self.clock = Clock()
        self.repainter = Repainter(self.clock, self._paint, lambda: self.free)

    def _paint(self):
        self.count += 1


def test_arrivals_are_gathered_and_a_key_is_shown_at_once():
    frames = Frames()
    for _ in range(100):
        frames.repainter.soon()
    frames.clock.advance(ARRIVAL_DELAY / 2)
    assert frames.count == 0
    frames.clock.advance(ARRIVAL_DELAY / 2)
    assert frames.count == 1
    frames.repainter.soon()
    frames.repainter.now()
    frames.clock.advance(0)
    assert frames.count == 2
    frames.clock.advance(1)
    assert frames.count == 2


def test_without_the_focus_frames_are_rare():
    frames = Frames()
    frames.repainter.focused = False
    frames.repainter.soon()
    frames.clock.advance(ARRIVAL_DELAY)
    assert frames.count == 0
    frames.clock.advance(UNFOCUSED_DELAY)
    assert frames.count == 1


def test_a_terminal_that_takes_nothing_costs_frames_and_the_newest_is_painted_later():
    frames = Frames()
    frames.free = False
    for _ in range(10):
        frames.repainter.soon()
        frames.clock.advance(1)
    assert frames.count == 0
    frames.free = True
    frames.repainter.drained()
    frames.clock.advance(0)
    frames.repainter.drained()
    frames.clock.advance(0)
    assert frames.count == 1


def test_nothing_is_painted_while_somebody_else_has_the_terminal():
    frames = Frames()
    frames.repainter.soon()
    frames.repainter.stop()
    frames.repainter.now()
    frames.clock.advance(1)
    assert frames.count == 0
    frames.repainter.start()
    frames.clock.advance(0)
    assert frames.count == 1


class FakeScreen:
    """A terminal that keeps its frames."""

    def __init__(self):
        self.started = self.ready = False
        self.size = (60, 12)
        self.frames, self.titles, self.cleared = [], [], 0

    def start(self, palette, colours):
        self.started = self.ready = True

    def stop(self):
        self.started = False

    def draw(self, size, canvas):
        self.frames.append(canvas)

    def clear(self):
        self.cleared += 1

    def set_title(self, text):
        self.titles.append(text)

    def link_attribute(self, target):
        return f"link to {target}"


@pytest.fixture
def painting():
    desk = Desk()
    screen = FakeScreen()
    errors = []

    def compose_page(width, height):
        desk.size = (width, height)
        return desk.page

    painter = Painter(screen, compose_page, desk.talk, desk.rooms, desk.clock, errors.append)
    painter.start([], True)
    desk.clock.advance(0)
    return desk, screen, painter, errors


def test_the_painter_draws_and_sets_the_title_when_it_changes(painting):
    desk, screen, painter, errors = painting
    painter.repainter.now()
    desk.clock.advance(0)
    assert len(screen.frames) == 2 and screen.titles == ["groupchat: lobby"]
    assert errors == []


def test_a_new_size_and_a_redraw_clear_the_screen(painting):
    desk, screen, painter, _ = painting
    before = screen.cleared
    screen.size = (40, 10)
    painter.redraw()
    desk.clock.advance(0)
    assert screen.cleared == before + 2 and screen.frames[-1].cols() == 40


def test_the_bar_counts_down(painting):
    desk, screen, painter, _ = painting
    desk.talk.connection = Connection(Phase.WAITING, 3, "The server is full.")
    painter.repainter.now()
    desk.clock.advance(0)
    frames = len(screen.frames)
    desk.clock.pump([0.2] * 15)
    assert len(screen.frames) == frames + 2
    painter.stop()
    desk.clock.advance(5)
    assert len(screen.frames) == frames + 2


def test_an_error_of_painting_is_handed_on(painting):
    desk, screen, painter, errors = painting
    screen.draw = None
    painter.repainter.now()
    desk.clock.advance(0)
    assert isinstance(errors[0], TypeError)


@pytest.mark.parametrize(
    ("connection", "text"),
    [
        (Connection(Phase.CONNECTING), "connecting…"),
        (Connection(Phase.ONLINE), ""),
        (Connection(Phase.WAITING, 2.6), "again in 3 s"),
        (
            Connection(Phase.WAITING, 30, "Full (2 of 2). Try later."),
            "Full (2 of 2): again in 30 s",
        ),
        (Connection(Phase.ENDED), "not connected"),
    ],
)
def test_the_state_of_the_connection_in_words(connection, text):
    assert state_text(connection) == text


def test_hints_give_way_in_a_low_window():
    desk = Desk(width=60, height=6)
    desk.type("/")
    assert len(desk.screen) == 6
    page = compose(
        60, 6, (Segment("topic", "x"),), desk.rooms.current.viewport, Bar("x"), desk.line.view("> ")
    )
    assert len(page.rows) == 6
