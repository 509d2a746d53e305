"""The full-screen client as a program: where its objects meet."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import time
from collections.abc import Callable

from twisted.internet.error import ReactorNotRunning
from twisted.internet.interfaces import IReactorProcess, IStreamClientEndpoint
from twisted.internet.task import LoopingCall

from groupchat.cli import parts, password
from groupchat.cli.exit import Exit
from groupchat.cli.interfaces import IClientReactor
from groupchat.cli.outcome import Outcome
from groupchat.cli.pipe import Source
from groupchat.cli.terminal import hyperlinks
from groupchat.cli.terminal.absence import Absence
from groupchat.cli.terminal.completion import Surroundings
from groupchat.cli.terminal.controller import Controller
from groupchat.cli.terminal.crash import CRASHED, Crashes
from groupchat.cli.terminal.dialogs import Dialogs
from groupchat.cli.terminal.feed import Feed
from groupchat.cli.terminal.input_history import InputHistory
from groupchat.cli.terminal.kept import Kept, KeptFile
from groupchat.cli.terminal.lend import Lender, editor_command
from groupchat.cli.terminal.life import Life
from groupchat.cli.terminal.line_input import LineInput
from groupchat.cli.terminal.link import Link, Marks
from groupchat.cli.terminal.notify import Notifier
from groupchat.cli.terminal.notify_command import NotifyCommand
from groupchat.cli.terminal.page import Page
from groupchat.cli.terminal.painter import Painter, page
from groupchat.cli.terminal.palette import palette
from groupchat.cli.terminal.plain_view import plain_view
from groupchat.cli.terminal.preferences import Preferences
from groupchat.cli.terminal.room_list import RoomList
from groupchat.cli.terminal.screen import Screen
from groupchat.cli.terminal.start import remember
from groupchat.client import Chat, Policy, client_id
from groupchat.client.connector import TIMEOUT
from groupchat.client.cursors import SAVE_INTERVAL
from groupchat.client.identity import Identity
from groupchat.client.outbox import Outbox
from groupchat.client.parts import make_parts
from groupchat.wire.commands import Position

__all__ = ["Client", "run"]


_HINT = "All members read what you type. /help lists the commands, F1 the keys; Ctrl-D leaves."
_REPORT = "groupchat-connect.log"  #: of crashes


def run(
    options: argparse.Namespace,
    reactor: IClientReactor,
    preferences: Preferences,
    timeout: float = TIMEOUT,
) -> Exit:
    """
    Chat on the whole screen until it ends, and return how it ended.

    :param preferences: the person's settings.
    :param timeout: seconds for each answer of the server until the client has joined.
    :raises ClientError: it can't even begin.
    """
    return Client(options, reactor, preferences, timeout).run()


class Client:
    """
    The parts of the client, and its life.

    :param options: the command line.
    :param reactor: runs it.
    :param preferences: the person's settings.
    :param timeout: seconds for each answer of the server until the client has joined.
    :param make_screen: returns the terminal.
    :param endpoint: another way to the server.
    """

    def __init__(
        self,
        options: argparse.Namespace,
        reactor: IClientReactor,
        preferences: Preferences,
        timeout: float = TIMEOUT,
        make_screen: Callable[..., Screen] = Screen,
        endpoint: IStreamClientEndpoint | None = None,
    ) -> None:
        self._options = options
        self._reactor = reactor
        self._preferences = preferences
        self._crashes = Crashes(client_id.directory() / _REPORT, self._stop)
        owner = f"{options.name}@{options.host}:{options.port}"
        self._file = KeptFile(client_id.directory(), owner)
        self._kept = self._file.read()
        self._make_chat(timeout, endpoint)
        self._make_screen(make_screen)

    # The parts.

    def _make_chat(self, timeout: float, endpoint: IStreamClientEndpoint | None) -> None:
        options, reactor = self._options, self._reactor
        known = password.read(options.password_file) if options.password_file is not None else None
        access = parts.make_access(options, Source.PERSON)
        self._outbox: Outbox = parts.make_outbox(options, Source.PERSON)
        self._identity: Identity = access.identity(self._outbox)
        rooms = list(dict.fromkeys([*options.room, *self._kept.rooms]))
        made = make_parts(
            reactor,
            access,
            rooms,
            self._outbox,
            self._identity,
            password=known,
            endpoint=endpoint,
            since={},
            policy=Policy(timeout),
        )
        self._marks: dict[str, Position] = dict(self._identity.read() or {})
        self._identity.user = Marks(made.model, self._marks)
        self._chat = Chat.of(made)
        self._link = Link(self._chat, made.lifecycle, reactor)
        self._rooms = RoomList(rooms, self._preferences.time, self._preferences.presence)
        self._rooms.ignored.update(self._kept.ignored)

    def _make_screen(self, make_screen: Callable[..., Screen]) -> None:
        options, reactor = self._options, self._reactor
        links = hyperlinks.are_known(os.environ)
        self._screen = make_screen(reactor, self._press, self._drained, self._hang_up, links=links)
        self._feed = self._make_feed()
        history = InputHistory(client_id.directory() / "input-history")
        self._line = LineInput(history, self._surroundings)
        self._controller = Controller(
            self._link, self._rooms, self._feed, self._line, self, reactor
        )
        self._feed.on_direct = self._controller.commander.own.join_direct
        self._painter = Painter(
            self._screen,
            self._compose,
            self._link,
            self._rooms,
            reactor,
            self._crashes.on_error,
        )
        self._link.listener = self._feed
        has_password = options.password_file is not None
        self._dialogs = Dialogs(self._chat, self._line, self._feed, has_password)
        self._life = Life(self._link, self._feed, self._line, reactor, over=self._stop)
        self._lender = Lender(reactor, self._painter.stop, self._take_screen)
        for room in self._rooms:
            room.draft = self._kept.drafts.get(room.name, "")
        self._line.set(self._rooms.current.draft)
        self._rooms.current.draft = ""

    def _make_feed(self) -> Feed:
        return Feed(
            self._rooms,
            self._link,
            self._make_notifier(),
            self._repaint,
            hints=[_HINT] if self._options.newcomer else [],
            marks=self._marks,
            absence=Absence(self._reactor.seconds, time.time),
        )

    def _make_notifier(self) -> Notifier:
        settings, reactor = self._preferences, self._reactor
        run = None
        if settings.command:
            run = NotifyCommand(
                IReactorProcess(reactor), settings.command, os.environ, self._warn
            ).run
        return Notifier(self._screen.write, reactor.seconds, os.environ, settings.notify, run)

    def _warn(self, text: str) -> None:
        self._feed.tell(text)

    def _compose(self, width: int, height: int) -> Page:
        above = self._controller.rows
        return page(self._link, self._rooms, self._line, above, width, height)

    def _surroundings(self) -> Surroundings:
        me = self._link.name
        people = [name for name in self._rooms.current.people if name != me]
        return Surroundings(people, [room.name for room in self._rooms], self._link.operator)

    # From start to end.

    def run(self) -> Exit:
        """Run it, and return how it ended."""
        saving = LoopingCall(self._save)
        saving.clock = self._reactor
        saving.start(SAVE_INTERVAL, now=False)
        self._reactor.callWhenRunning(self._start)
        self._reactor.addSystemEventTrigger("before", "shutdown", self._shut_down)
        try:
            self._reactor.run()
        finally:
            self._painter.stop()
            self._screen.close()
            saving.stop()
        lost = 0 if self._options.outbox else self._keep_unsaid()
        self._save()
        self._line.history.save()
        outcome = Outcome(self._link.held, self._outbox.count, self._options.outbox)
        if self._life.joined:
            remember(self._options, self._chat.name)
        self._chat.close()
        if self._crashes.text:
            return Exit(CRASHED, self._crashes.text)
        ending = outcome.judge(self._life.ending)
        kept = f"The next run has {'it' if lost == 1 else 'them'} in its line."
        return Exit(ending.status, f"{ending.text} {kept}") if lost else ending

    def _start(self) -> None:
        self._crashes.watch()
        for number, act in (
            (signal.SIGWINCH, self._painter.redraw),
            (signal.SIGTSTP, self._lender.suspend),
            (signal.SIGCONT, self._continued),
            (signal.SIGHUP, self._hang_up),
        ):
            signal.signal(number, self._in_reactor(act))
        self._take_screen()
        self._life.begin()

    def _in_reactor(self, act: Callable[[], None]) -> Callable[[int, object], None]:
        return lambda number, frame: self._reactor.callFromThread(act)

    def _stop(self) -> None:
        self._life.stop()
        self._lender.stop()
        self._painter.stop()
        with contextlib.suppress(ReactorNotRunning):
            self._reactor.stop()

    def _shut_down(self) -> None:
        """The reactor stops, perhaps by a signal."""
        self._life.stop()
        self._lender.stop()
        self._painter.stop()
        self._link.end()

    def _keep_unsaid(self) -> int:
        """Put what was not said into the lines of the rooms. Returns the number of messages."""
        count = 0
        self._rooms.current.draft = self._line.take()
        for room in self._rooms:
            unsaid = room.timeline.unsaid
            count += len(unsaid)
            room.draft = "\n".join([*unsaid, *filter(None, [room.draft])])
        return count

    def _save(self) -> None:
        self._identity.save_positions(self._feed.positions())
        drafts = {room.name: room.draft for room in self._rooms if room.draft}
        if self._line.text:
            drafts[self._rooms.current.name] = self._line.text
        rooms = [room.name for room in self._rooms]
        kept = Kept(rooms, drafts, sorted(self._rooms.ignored))
        if kept != self._kept:
            self._kept = kept
            self._file.save(kept)

    # The screen: see `groupchat.cli.terminal.controller.Surface`.

    def _take_screen(self) -> None:
        colours = not (os.environ.get("NO_COLOR") or self._options.no_color)
        self._painter.start(palette(self._preferences.colours), colours)

    def _press(self, keys: list[str]) -> None:
        try:
            self._controller.press_all(keys)
        except Exception as error:
            self._crashes.on_error(error)
        self._painter.repainter.now()

    def _drained(self) -> None:
        self._painter.repainter.drained()

    def _repaint(self) -> None:
        self._painter.repainter.soon()

    def _continued(self) -> None:
        self._screen.resume()
        self._repaint()

    def _hang_up(self) -> None:
        """The terminal is gone."""
        self._life.leave()

    def redraw(self) -> None:
        self._painter.redraw()

    def suspend(self) -> None:
        self._lender.suspend()

    def bare(self) -> None:
        self._lender.show(plain_view(self._rooms.current))

    def edit(self, text: str, edited: Callable[[str], None]) -> None:
        self._lender.edit(text, edited, editor_command(os.environ))

    def copy(self, text: str) -> None:
        self._screen.copy(text)

    def open_link(self, link: str) -> None:
        self._lender.run([*self._preferences.open, link])

    def set_focus(self, focused: bool) -> None:
        self._painter.repainter.focused = focused

    def leave(self) -> None:
        self._life.leave()
