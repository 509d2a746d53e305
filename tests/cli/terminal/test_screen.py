"""
The terminal itself, as a pseudo-terminal whose other end the test holds.
"""

import os
import re
import select
import signal
import termios
import time

import pytest
from twisted.internet.task import Clock
from urwid import TextCanvas

from groupchat.cli.terminal.lend import Lender, editor_command
from groupchat.cli.terminal.palette import palette
from groupchat.cli.terminal.screen import Modes, Screen

PATIENCE = 20.0  #: seconds to wait for another thread


class FakeReactor(Clock):
    """Calls from threads wait until the test takes them; readers are known."""

    def __init__(self):
        super().__init__()
        self.readers = []
        self.processes = []
        self._reader, self._writer = os.pipe()
        self._calls = []

    def __conform__(self, interface):
        return self

    def addReader(self, reader):
        self.readers.append(reader)

    def removeReader(self, reader):
        if reader in self.readers:
            self.readers.remove(reader)

    def callFromThread(self, function, *arguments):
        self._calls.append((function, arguments))
        os.write(self._writer, b"!")

    def spawnProcess(self, protocol, program, arguments, env, childFDs):
        self.processes.append((protocol, arguments))

    def run_until(self, happened):
        """Take calls of threads until this is so."""
        end = time.monotonic() + PATIENCE
        while not happened():
            assert select.select([self._reader], [], [], end - time.monotonic())[0]
            os.read(self._reader, 1)
            function, arguments = self._calls.pop(0)
            function(*arguments)

    def close(self):
        os.close(self._reader)
        os.close(self._writer)


class Pty:
    """A terminal, and the screen on it."""

    def __init__(self, links=False):
        self.ours, self.theirs = os.openpty()
        termios.tcsetwinsize(self.ours, (10, 40))
        self.reactor = FakeReactor()
        self.keys = []
        self.drains = self.losses = 0
        self.screen = Screen(
            self.reactor,
            self.keys.extend,
            self._drained,
            self._lost,
            self.theirs,
            self.theirs,
            links,
        )

    def _drained(self):
        self.drains += 1

    def _lost(self):
        self.losses += 1

    def start(self):
        self.screen.start(palette({}))
        return self.read("\033[?1004h")

    def read(self, expected):
        """Everything that the terminal has got, up to a text that it has to get."""
        data = ""
        end = time.monotonic() + PATIENCE
        while expected not in data:
            assert select.select([self.ours], [], [], end - time.monotonic())[0], data
            data += os.read(self.ours, 1 << 16).decode()
        return data

    def settle(self):
        """Wait until the screen knows that the terminal has taken everything."""
        self.reactor.run_until(lambda: self.screen.ready)

    def type(self, data):
        os.write(self.ours, data)
        for reader in list(self.reactor.readers):
            reader.doRead()

    def echoes(self):
        return bool(termios.tcgetattr(self.theirs)[3] & termios.ECHO)

    def close(self):
        self.screen.stop()
        self.screen.close()
        for descriptor in (self.ours, self.theirs):
            if descriptor >= 0:
                os.close(descriptor)
        self.reactor.close()


@pytest.fixture
def pty():
    made = Pty()
    yield made
    made.close()


def canvas(text, width=40, height=10):
    rows = [text.encode().ljust(width)] + [b" " * width] * (height - 1)
    return TextCanvas(rows, maxcol=width, cursor=(0, 0), check_width=False)


def test_full_screen_begins_and_ends_and_leaves_the_terminal_as_it_was(pty):
    assert pty.echoes()
    begun = pty.start()
    assert "\033[?1049h" in begun and "\033[?2004h" in begun and "\033[?1004h" in begun
    assert not pty.echoes() and pty.screen.size == (40, 10)
    pty.screen.stop()
    assert pty.echoes() and pty.reactor.readers == []
    ended = pty.read("\033[?1049l")
    assert "\033[?2004l" in ended and "\033[?25h" in ended
    pty.screen.stop()


def test_the_screen_can_be_taken_again(pty):
    pty.start()
    pty.screen.stop()
    pty.read("\033[?1049l")
    assert "\033[?1049h" in pty.start() and not pty.echoes()


def test_frames_go_to_the_terminal(pty):
    pty.start()
    pty.screen.draw((40, 10), canvas("hello"))
    pty.read("hello")
    pty.settle()
    assert pty.drains > 0
    pty.screen.set_title("groupchat: lobby")
    pty.read("groupchat: lobby")
    pty.screen.write("\a")
    pty.read("\a")
    pty.screen.copy("text")
    pty.read("\033]52;")
    pty.screen.clear()
    pty.screen.draw((40, 10), canvas("again"))
    pty.read("again")


@pytest.mark.parametrize("colours", [True, False])
def test_a_terminal_that_has_links_gets_their_targets(colours):
    pty = Pty(links=True)
    try:
        pty.screen.start(palette({}), colours)
        attribute = pty.screen.link_attribute("https://a.example")
        linked = TextCanvas([b"link".ljust(40)], [[(attribute, 4), (None, 36)]], maxcol=40)
        pty.screen.draw((40, 1), linked)
        shown = pty.read("\033]8;;")
        underlined = r"\033\[[0-9;]*;4;[0-9;]*m"
        assert re.search(underlined + r"\033\]8;id=[0-9a-f]+;https://a\.example\033\\link", shown)
    finally:
        pty.close()


def test_other_terminals_get_none(pty):
    pty.start()
    assert pty.screen.link_attribute("https://a.example") == "link"


def test_a_stopped_screen_shows_nothing(pty):
    pty.screen.draw((40, 10), canvas("hello"))
    pty.screen.set_title("x")
    pty.screen.write("\a")
    pty.screen.copy("x")
    assert select.select([pty.ours], [], [], 0)[0] == [] and not pty.screen.ready


def test_keys_have_names_and_incomplete_ones_wait_for_their_rest(pty):
    pty.start()
    pty.type("a\r\x1bb\x01é早".encode())
    pty.type(b"\x1b[5")
    pty.type(b"~\x1b[200~x\x1b[201~\x1b[I\x03\x1a")
    assert pty.keys[:6] == ["a", "enter", "meta b", "ctrl a", "é", "早"]
    assert pty.keys[6:] == [
        "page up",
        "begin paste",
        "x",
        "end paste",
        "focus in",
        "ctrl c",
        "ctrl z",
    ]
    pty.type(b"\x1b")
    assert pty.keys[-1] == "ctrl z"
    pty.reactor.advance(1)
    assert pty.keys[-1] == "esc"


def test_a_terminal_that_goes_is_told_once(pty):
    pty.start()
    os.close(pty.ours)
    pty.ours = -1
    for reader in list(pty.reactor.readers):
        reader.doRead()
    assert pty.losses == 1 and pty.reactor.readers == []


def test_a_terminal_that_hangs_up_is_told(pty):
    pty.start()
    pty.reactor.readers[0].connectionLost(None)
    assert pty.losses == 1


def test_the_modes_are_set_again_after_a_stop(pty):
    pty.start()
    Modes(pty.theirs).restore()
    before = termios.tcgetattr(pty.theirs)
    before[3] |= termios.ECHO
    termios.tcsetattr(pty.theirs, termios.TCSANOW, before)
    pty.screen.resume()
    assert not pty.echoes()
    pty.screen.stop()
    assert pty.echoes()


def test_a_descriptor_that_is_no_terminal_has_no_modes():
    reader, writer = os.pipe()
    modes = Modes(reader)
    modes.set()
    modes.restore()
    os.close(reader)
    os.close(writer)


# Lending the terminal.


class Lent:
    def __init__(self):
        self.reactor = FakeReactor()
        self.done = []
        self.ours, self.theirs = os.openpty()
        self.lender = Lender(
            self.reactor,
            lambda: self.done.append("give"),
            lambda: self.done.append("take"),
            self.theirs,
            self.theirs,
        )

    def close(self):
        os.close(self.ours)
        os.close(self.theirs)
        self.reactor.close()


@pytest.fixture
def lent():
    made = Lent()
    yield made
    made.close()


def test_plain_lines_are_shown_until_enter(lent):
    lent.lender.show("bob: hello\n")
    lent.lender.show("twice\n")
    lent.lender.suspend()
    assert os.read(lent.ours, 100).startswith(b"bob") and lent.done == ["give"]
    os.write(lent.ours, b"\n")
    (reader,) = lent.reactor.readers
    assert reader.fileno() == lent.theirs
    reader.doRead()
    assert lent.done == ["give", "take"] and lent.reactor.readers == []


def test_a_terminal_that_goes_meanwhile_gives_the_screen_back(lent):
    lent.lender.show("bob: hello\n")
    lent.reactor.readers[0].connectionLost(None)
    assert lent.done == ["give", "take"]


def test_an_ended_program_does_not_take_the_screen_again(lent):
    lent.lender.show("bob: hello\n")
    lent.lender.stop()
    assert lent.done == ["give"] and lent.reactor.readers == []


def test_a_text_is_edited_in_a_file_of_the_person_only(lent):
    edited = []
    before = signal.getsignal(signal.SIGINT)
    lent.lender.edit("hello", edited.append, ["vi", "-n"])
    lent.lender.edit("twice", edited.append, ["vi"])
    ((protocol, arguments),) = lent.reactor.processes
    path = arguments[-1]
    assert arguments[:-1] == ["vi", "-n"] and os.stat(path).st_mode & 0o777 == 0o600
    with open(path, "a") as file:
        file.write(" there")
    protocol.processEnded(None)
    assert edited == ["hello there"] and lent.done == ["give", "take"]
    assert not os.path.exists(path) and signal.getsignal(signal.SIGINT) is before


def test_a_link_is_opened_by_a_program_of_its_own(lent):
    lent.lender.run(["xdg-open", "https://example.org"])
    assert [arguments for _, arguments in lent.reactor.processes] == [
        ["xdg-open", "https://example.org"]
    ]
    assert lent.done == [] and not lent.lender.lent


def test_a_file_that_the_editor_removed_is_an_empty_text(lent):
    edited = []
    lent.lender.edit("hello", edited.append, ["vi"])
    os.unlink(lent.reactor.processes[0][1][-1])
    lent.reactor.processes[0][0].processEnded(None)
    assert edited == [""]


@pytest.mark.parametrize(
    ("environment", "command"),
    [
        ({}, ["vi"]),
        ({"EDITOR": "nano -w"}, ["nano", "-w"]),
        ({"VISUAL": "code --wait", "EDITOR": "nano"}, ["code", "--wait"]),
        ({"VISUAL": '"', "EDITOR": "nano"}, ["nano"]),
    ],
)
def test_the_editor_is_the_person_s(environment, command):
    assert editor_command(environment) == command
