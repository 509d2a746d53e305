"""
The full-screen client as a whole, without its terminal and its network.
"""

import signal

import pytest
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import globalLogBeginner
from twisted.python.failure import Failure

from groupchat.cli.options import parse
from groupchat.cli.terminal.absence import LONG
from groupchat.cli.terminal.crash import CRASHED, Crashes
from groupchat.cli.terminal.preferences import Preferences
from groupchat.cli.terminal.program import Client
from groupchat.wire import events
from tests.cli.environment import BYE, Endpoint, Transport
from tests.client.fakes import line, message, state, welcome

SIGNALS = (signal.SIGWINCH, signal.SIGTSTP, signal.SIGCONT, signal.SIGHUP)


class FakeReactor(MemoryReactorClock):
    """A reactor that runs what the test says, and stops when it is told to."""

    def __init__(self, script):
        super().__init__()
        self._script = script
        self._triggers = []

    def run(self, installSignalHandlers=True):
        for function, arguments, more in self.whenRunningHooks:
            function(*arguments, **more)
        self._script()
        for function in self._triggers:
            function()

    def callFromThread(self, function, *arguments):
        function(*arguments)

    def addSystemEventTrigger(self, phase, event, function, *arguments, **more):
        self._triggers.append(function)


class FakeScreen:
    """A terminal of 80 columns and 20 rows."""

    size = (80, 20)
    ready = True

    def __init__(self, reactor, press, drained, lost):
        self.press, self.drained, self.lost = press, drained, lost
        self.started = False
        self.written = []
        self.canvas = None

    def start(self, palette, colours):
        self.started = True
        self.colours = colours

    def stop(self):
        self.started = False

    def draw(self, size, canvas):
        self.canvas = canvas

    def link_attribute(self, target):
        return "link"

    def clear(self):
        self.written.append("clear")

    def resume(self):
        self.written.append("resume")

    def set_title(self, text):
        self.written.append(text)

    def write(self, text):
        self.written.append(text)

    def copy(self, text):
        self.written.append(f"copy {text}")

    def close(self):
        pass

    @property
    def rows(self):
        return [row.rstrip() for row in self.canvas.decoded_text]


class Run:
    """A run of the client: the test is its reactor."""

    def __init__(self, script, *options, preferences=None, newcomer=False):
        self.endpoint = Endpoint()
        self.script = script
        self.reactor = FakeReactor(lambda: script(self))
        options = parse(["alice", "localhost", "9000", "--no-tls", *options])
        options.newcomer = newcomer
        self.client = Client(
            options,
            self.reactor,
            preferences or Preferences(),
            make_screen=self._screen,
            endpoint=self.endpoint,
        )

    def _screen(self, *arguments, links):
        self.screen = FakeScreen(*arguments)
        return self.screen

    def end(self):
        """Run to the end, and return how it ended."""
        ending = self.client.run()
        return ending.status, ending.text

    # For scripts.

    def accept(self):
        factory, waiting = self.endpoint.attempts[-1]
        self.transport = Transport()
        self.transport.protocol = factory.buildProtocol(None)
        self.transport.protocol.makeConnection(self.transport)
        waiting.callback(self.transport.protocol)

    def hear(self, *heard):
        self.transport.protocol.dataReceived(b"".join(line(event) + b"\n" for event in heard))

    def enter(self):
        self.accept()
        self.hear(welcome(), state(), events.Catchup(room="lobby", through=0))
        self.reactor.advance(0.1)

    def type(self, text, *keys):
        self.screen.press([*text, *keys])
        self.reactor.advance(0.1)

    def bye(self, event):
        self.hear(event)
        self.transport.loseConnection()
        self.reactor.advance(0.1)


@pytest.fixture(autouse=True)
def surroundings(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(globalLogBeginner, "beginLoggingTo", lambda *arguments, **more: None)
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_run_from_the_first_connection_to_ctrl_d():
    def script(run):
        run.enter()
        assert run.screen.rows[-2].startswith(" lobby 1") and run.screen.rows[-1] == "alice>"
        run.type("hello", "enter")
        assert b'"hello"' in run.transport.value()
        run.hear(events.Ok(n=1, room="lobby", id=1))
        run.type("", "ctrl d")
        assert b'"quit"' in run.transport.value()
        run.bye(BYE)
        assert not run.screen.started and run.reactor.hasStopped

    assert Run(script).end() == (0, "")


def test_a_server_that_is_not_there_ends_it_with_3():
    def script(run):
        run.endpoint.attempts[-1][1].errback(Failure(ConnectionRefusedError()))
        run.reactor.advance(0)

    status, text = Run(script).end()
    assert status == 3 and "localhost" in text


def test_rooms_drafts_and_marks_survive_the_run():
    def first(run):
        run.enter()
        run.hear(message(1), message(2))
        run.type("/join dev", "enter")
        ref = run.transport.value().rpartition(b'"ref":"')[2].partition(b'"')[0].decode()
        joined = events.RoomState(
            room="dev",
            epoch="e1",
            first=1,
            head=0,
            said=0,
            topic="",
            members=[],
            count=0,
            ref=ref,
        )
        run.hear(joined, events.Catchup(room="dev", through=0))
        run.type("for dev")
        run.reactor.advance(0.1)
        run.screen.lost()

    def second(run):
        run.accept()
        run.hear(welcome(), state(head=5), events.Catchup(room="lobby", through=5))
        run.type("", "meta 2")
        assert run.screen.rows[-1] == "alice> for dev"
        run.type("", "ctrl c", "ctrl c", "ctrl c")
        run.bye(BYE)

    assert Run(first).end() == (0, "")
    assert Run(second).end() == (0, "")


def test_a_connection_taken_over_by_another_terminal_can_come_back():
    def script(run):
        run.enter()
        run.bye(events.Bye(code="replaced", text="You are here from elsewhere."))
        assert run.screen.rows[-1] == "Enter comes back, Ctrl-D leaves:"
        run.type("", "enter")
        run.enter()
        assert run.screen.rows[-1] == "alice>"
        run.bye(events.Bye(code="kicked", text="Out."))
        run.type("", "ctrl d")

    assert Run(script).end() == (4, "Out.")


def test_a_ban_at_the_door_ends_it_with_the_reason():
    def script(run):
        run.accept()
        run.bye(events.Bye(code="banned", text="You are banned."))

    assert Run(script).end() == (4, "You are banned.")


def test_leaving_anyway_says_what_was_not_said():
    def script(run):
        run.enter()
        run.transport.loseConnection()
        run.type("hello", "enter", "ctrl d")
        assert run.screen.rows[-1] == "1 line is not stored. Leave? y or n:"
        run.type("y")

    assert Run(script).end() == (
        6,
        "1 line was not said. The next run has it in its line.",
    )


def test_signals_reach_the_screen():
    def script(run):
        run.enter()
        signal.raise_signal(signal.SIGWINCH)
        signal.raise_signal(signal.SIGCONT)
        run.reactor.advance(0.1)
        assert run.screen.written.count("clear") >= 1 and "resume" in run.screen.written
        signal.raise_signal(signal.SIGHUP)
        assert not run.screen.started

    assert Run(script).end() == (0, "")


def test_a_terminate_signal_restores_the_terminal():
    def script(run):
        run.enter()  # and the reactor stops

    run = Run(script)
    assert run.end() == (0, "") and not run.screen.started


def test_an_error_of_the_program_restores_the_terminal_and_says_where_the_report_is(tmp_path):
    def script(run):
        run.enter()
        run.screen.draw = None
        run.type("x")
        assert not run.screen.started

    status, text = Run(script).end()
    (report,) = tmp_path.rglob("groupchat-connect.log")
    assert status == CRASHED and str(report) in text and "TypeError" in report.read_text()


def test_an_error_in_a_key_ends_it_too(monkeypatch):
    def script(run):
        run.enter()
        run.screen.copy = None
        run.hear(message(1))
        run.type("", "meta s", "y")

    assert Run(script).end()[0] == CRASHED


def test_errors_that_twisted_logs_are_errors_of_the_program(tmp_path):
    ended = []
    crashes = Crashes(tmp_path / "sub" / "log", lambda: ended.append(1))
    crashes.watch()
    crashes({"log_format": "all is well"})
    assert crashes.text == ""
    crashes({"log_failure": Failure(ValueError("wrong"))})
    crashes({"log_failure": Failure(ValueError("again"))})
    assert ended == [1] and "again" in (tmp_path / "sub" / "log").read_text()
    (tmp_path / "file").write_text("")
    crashes = Crashes(tmp_path / "file" / "log", lambda: None)
    crashes.on_error(ValueError())
    assert "could not be written down" in crashes.text


def test_colours_can_be_turned_off(monkeypatch):
    run = Run(lambda run: run.enter(), "--no-color")
    run.end()
    assert not run.screen.colours
    monkeypatch.setenv("NO_COLOR", "1")
    run = Run(lambda run: run.enter())
    run.end()
    assert not run.screen.colours


def test_the_focus_is_known_and_the_clipboard_is_used():
    def script(run):
        run.enter()
        run.hear(message(1, "alice: hi"))
        run.type("", "focus out", "meta s", "y", "ctrl l", "f1")
        assert "copy alice: hi" in run.screen.written
        run.hear(message(2, "alice: look"))
        assert "\a" in run.screen.written
        run.screen.drained()

    Run(script).end()


FULL = events.Bye(code="full", text="The server is full (20 of 20).", retry=30)


def test_a_server_that_is_full_is_tried_again():
    def script(run):
        run.accept()
        run.bye(FULL)
        run.reactor.advance(1)
        assert "The server is full (20 of 20): again in" in run.screen.rows[-2]
        run.reactor.advance(30)
        run.accept()
        run.bye(FULL)
        run.type("", "enter")
        run.enter()
        assert run.screen.rows[-2].startswith(" lobby 1")
        run.type("", "ctrl d")
        run.bye(BYE)

    assert Run(script).end() == (0, "")


def test_leaving_a_full_server_ends_at_once():
    def script(run):
        run.accept()
        run.bye(FULL)
        run.type("", "ctrl d")
        assert run.reactor.hasStopped and not run.screen.started

    assert Run(script).end() == (0, "")


def test_a_line_that_waits_while_the_chat_ends_is_said_by_the_next_one():
    def script(run):
        run.enter()
        run.type("hello", "enter")
        run.bye(events.Bye(code="kicked", text="Out."))
        assert any("…        alice  hello" in row for row in run.screen.rows)
        run.type("", "enter")
        run.accept()
        run.hear(welcome(), state(), events.Catchup(room="lobby", through=0))
        assert b'"hello"' in run.transport.value()
        run.hear(events.Ok(n=1, room="lobby", id=1), message(1, "hello", sender="alice"))
        run.reactor.advance(1)
        assert sum("alice  hello" in row for row in run.screen.rows) == 1
        run.type("", "ctrl d")
        run.bye(BYE)

    assert Run(script).end() == (0, "")


def test_what_was_said_during_a_long_absence_is_told_in_one_line():
    def script(run):
        run.enter()
        run.screen.press(["focus out"])
        run.hear(message(1, "one"))
        rings = run.screen.written.count("\a")
        run.transport.loseConnection()
        run.reactor.advance(LONG)
        run.accept()
        missed = [message(number, "alice: hi") for number in (2, 3)]
        run.hear(welcome(), state(head=3), events.Catchup(room="lobby", through=3), *missed)
        run.reactor.advance(1)
        assert any("While you were away: 2 new, 2 for you." in row for row in run.screen.rows)
        assert run.screen.written.count("\a") == rings + 1
        run.type("", "focus in", "ctrl d")
        run.bye(BYE)

    assert Run(script).end() == (0, "")


def test_a_line_that_is_typed_while_there_is_no_chat_is_said_by_the_next_one():
    def script(run):
        run.enter()
        run.bye(events.Bye(code="kicked", text="Out."))
        run.type("", "enter")
        run.accept()
        run.bye(events.Bye(code="full", text="The server is full (1 of 1). Try later.", retry=30))
        assert "The server is full (1 of 1): again in 30 s" in run.screen.rows[-2]
        run.type("are you there", "enter")
        assert "1 line waits" in run.screen.rows[-2]
        run.type("", "enter")
        run.accept()
        run.hear(welcome(), state(), events.Catchup(room="lobby", through=0))
        assert run.transport.value().count(b'"are you there"') == 1
        run.hear(events.Ok(n=1, room="lobby", id=1))
        run.reactor.advance(1)
        assert not any("…" in row for row in run.screen.rows)
        run.type("", "ctrl d")
        run.bye(BYE)

    assert Run(script).end() == (0, "")


def test_what_was_not_said_is_in_the_line_of_the_next_run():
    def first(run):
        run.enter()
        run.transport.loseConnection()
        run.type("/me waves", "enter")
        run.type("//etc", "enter")
        run.type("hello", "enter")
        run.type("and mo", "ctrl c")
        run.type("half", "page up")
        run.client.leave()

    def second(run):
        run.enter()
        assert run.screen.rows[-1] == "alice> /me waves⏎//etc⏎hello⏎half"
        run.type("", "ctrl c", "ctrl d")
        run.bye(BYE)

    told = "3 lines were not said. The next run has them in its line."
    assert Run(first).end() == (6, told)
    assert Run(second).end() == (0, "")


def test_lines_of_an_outbox_are_not_in_the_line_as_well(tmp_path):
    def first(run):
        run.enter()
        run.transport.loseConnection()
        run.type("hello", "enter")
        run.client.leave()

    status, text = Run(first, "--outbox", str(tmp_path / "box")).end()
    assert status == 7 and "next run has that" not in text


@pytest.mark.parametrize("newcomer", [True, False])
def test_a_newcomer_is_told_how_it_goes_once(newcomer):
    def script(run):
        run.enter()
        told = any("/help lists" in row for row in run.screen.rows)
        assert told == newcomer
        run.type("", "ctrl d")
        run.bye(BYE)

    run = Run(script, newcomer=newcomer)
    assert run.end() == (0, "")
