"""
Start and stop in order, and the end where it is not known what was stored.
"""

from __future__ import annotations

import sys

import pytest
from twisted.internet.address import UNIXAddress
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import LogLevel, formatEvent, globalLogPublisher

from groupchat import service
from groupchat.accounts.store import AccountStore
from groupchat.core.hub import Hub
from groupchat.errors import CannotOpen, CannotStart
from groupchat.gateways.table import web
from groupchat.ops import join_hints
from groupchat.ops.binding import Binding
from groupchat.server.factory import ChatFactory
from groupchat.service import HAND_OVER_TIMEOUT, STORE_TIMEOUT, GroupChat
from groupchat.settings import Settings

ADDRESS = "service"


class Ledger:
    """Writes down what is asked of it."""

    def __init__(self, did):
        self.did = did
        self.closing = succeed(None)
        self.is_alone = True
        self.why = None

    def open(self, owner):
        if self.why:
            raise CannotStart(self.why)
        self.did.append("ledger opened")

    def close(self):
        self.did.append("ledger closed")
        return self.closing


class Listening:
    def __init__(self, did, host):
        self.did, self.host = did, host

    def getHost(self):
        return self.host

    def stopListening(self):
        self.did.append("port closed")
        return succeed(None)


class Endpoint:
    def __init__(self, did, result):
        self.did, self.result = did, result

    def listen(self, factory):
        self.did.append("port opened")
        return self.result


class Certificate:
    """Writes down what is asked of it."""

    fingerprint = "SHA256:abc"

    def __init__(self, did):
        self.did = did
        self.why = None

    def open(self):
        if self.why:
            raise CannotStart(self.why)
        self.did.append("certificate opened")


class Process:
    """Lets a test send the signals, and writes down the status."""

    def __init__(self):
        self.exits = []

    def on_signals(self, stop, reload):
        self.stop, self.reload = stop, reload

    def keep_collections_short(self):
        """Do nothing: this process is the tests'."""

    def exit_with(self, status):
        self.exits.append(status)


class Reloader:
    """Writes down that it runs."""

    def __init__(self, did):
        self.did = did
        self.error = None

    async def run(self):
        if self.error:
            raise self.error
        self.did.append("read again")


class House:
    """A service whose neighbours write down, in one list, what it does with them."""

    def __init__(self, *results):
        self.did = []
        self.reactor = MemoryReactorClock()
        self.ledger = Ledger(self.did)
        self.hub = Hub(
            Settings(),
            self.ledger,
            AccountStore(":memory:"),
            self.reactor,
            lambda: 0,
            lambda why: self.service.broken(why),
        )
        self.port = ChatFactory(self.hub, self.reactor)
        endpoints = [
            Endpoint(self.did, result)
            for result in results or [succeed(Listening(self.did, ADDRESS))]
        ]
        self.process = Process()
        self.reloader = Reloader(self.did)
        self.service = GroupChat(
            self.reactor,
            [Binding("port 9000", endpoints, self.port, self.port.ports.add)],
            self.port,
            self.hub,
            process=self.process,
            reloader=self.reloader,
        )
        self.hub.stop = lambda: self.did.append("farewells")

    def start(self):
        self.service.privilegedStartService()
        self.service.startService()

    def run(self):
        """The reactor runs now."""
        self.reactor.running = True
        for hook, arguments, options in self.reactor.whenRunningHooks:
            hook(*arguments, **options)


@pytest.fixture(autouse=True)
def _excepthook(monkeypatch):
    """A start that fails puts a hook in place."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)


@pytest.fixture
def house():
    return House()


@pytest.fixture
def logged():
    texts = []

    def observe(event):
        if event.get("log_level", LogLevel.info) >= LogLevel.info:
            texts.append(formatEvent(event))

    globalLogPublisher.addObserver(observe)
    yield texts
    globalLogPublisher.removeObserver(observe)


def refused(error):
    return fail(CannotListenError("", 9000, error))


# Start.


def test_it_binds_then_opens_the_ledger(house):
    house.start()
    assert house.did == ["port opened", "ledger opened"]
    assert house.service.running


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(98, "Already in use"), "Already in use. Stop"),
        (PermissionError(13, "no"), "not allowed"),
    ],
)
def test_a_port_that_can_not_be_bound_is_told_in_one_line(error, told, capfd):
    house = House(refused(error), succeed(None))
    with pytest.raises(CannotStart) as caught:
        house.start()
    assert house.did == ["port opened"]
    sys.excepthook(CannotStart, caught.value, None)
    line = capfd.readouterr().err
    assert (
        line.startswith("groupchat: cannot listen on port 9000: ")
        and told in line
        and line.count("\n") == 1
    )


@pytest.mark.parametrize("ends_the_program", [True, False])
def test_what_can_pass_by_itself_ends_the_program_with_75(monkeypatch, capfd, ends_the_program):
    house = House(refused(OSError(98, "Already in use")))
    with pytest.raises(CannotStart) as caught:
        house.start()
    exits = []
    monkeypatch.setattr(service.atexit, "register", lambda *call: exits.append(call))
    monkeypatch.setattr(
        sys, "last_value", caught.value if ends_the_program else None, raising=False
    )
    sys.excepthook(CannotStart, caught.value, None)
    assert exits == [(service.os._exit, 75)] * ends_the_program


def test_without_ipv6_it_listens_on_ipv4():
    house = House(
        refused(OSError(97, "Address family not supported")), succeed(Listening([], ADDRESS))
    )
    house.start()
    assert house.did == ["port opened", "port opened", "ledger opened"]


def test_a_ledger_that_can_not_be_opened_is_told_in_one_line(house, capfd):
    house.ledger.why = "the ledger x: it is damaged."
    with pytest.raises(CannotStart) as caught:
        house.start()
    sys.excepthook(CannotStart, caught.value, None)
    assert capfd.readouterr().err == "groupchat: the ledger x: it is damaged.\n"


def test_a_file_that_can_not_be_used_can_be_another_with_an_option(house, tmp_path):
    house.ledger.open = lambda owner: (_ for _ in ()).throw(CannotOpen("the ledger x: no", "Wait"))
    with pytest.raises(CannotOpen, match=r"^the ledger x: no\. Wait, or choose .* --ledger\.$"):
        house.start()
    del house.ledger.open
    house.hub.accounts = AccountStore(str(tmp_path))
    with pytest.raises(CannotOpen, match=r" Is a directory\. Repair it, or choose .* --auth\.$"):
        house.start()


def test_the_certificate_is_opened_once_the_ledger_is_ours(house):
    house.port.certificate = Certificate(house.did)
    house.start()
    assert house.did == ["port opened", "ledger opened", "certificate opened"]


def test_a_certificate_that_can_not_be_opened_is_told_in_one_line(house, capfd):
    house.port.certificate = Certificate(house.did)
    house.port.certificate.why = "the certificate x: it is none."
    with pytest.raises(CannotStart) as caught:
        house.start()
    sys.excepthook(CannotStart, caught.value, None)
    assert capfd.readouterr().err == "groupchat: the certificate x: it is none.\n"


def test_it_tells_the_fingerprint(house, logged):
    house.port.certificate = Certificate(house.did)
    house.start()
    house.run()
    assert "Encrypted with the certificate SHA256:abc" in logged


def test_without_a_certificate_it_tells_none(house, logged):
    house.start()
    house.run()
    assert not any("certificate" in text for text in logged)


@pytest.mark.parametrize("require_tls", [False, True])
def test_where_tls_is_required_nc_is_for_this_machine_only(logged, monkeypatch, require_tls):
    from twisted.internet.address import IPv4Address

    monkeypatch.setattr(join_hints, "own_addresses", lambda both: ["192.0.2.1"])
    house = House(succeed(Listening([], IPv4Address("TCP", "0.0.0.0", 9000))))
    house.port.require_tls = require_tls
    house.start()
    house.run()
    here, there = (text for text in logged if text.startswith("Join from"))
    assert "nc localhost 9000" in here
    assert ("nc 192.0.2.1 9000" in there) is not require_tls
    assert "groupchat-connect YOUR_NAME localhost 9000  " in here
    assert "groupchat-connect YOUR_NAME 192.0.2.1 9000 --no-tls" in there, (
        "as it has no certificate"
    )


@pytest.mark.parametrize("require_tls", [False, True])
def test_it_names_the_page(logged, monkeypatch, require_tls):
    from twisted.internet.address import IPv6Address

    monkeypatch.setattr(join_hints, "own_addresses", lambda both: ["192.0.2.1", "2001:db8::1"])
    house = House(succeed(Listening([], IPv6Address("TCP", "::", 9000))))
    house.port.register(web(house.port, ()))
    house.port.require_tls = require_tls
    house.start()
    house.run()
    scheme = "https" if require_tls else "http"
    assert (
        f"In a browser:  http://localhost:9000/   or:  {scheme}://192.0.2.1:9000/"
        f"   or:  {scheme}://[2001:db8::1]:9000/"
    ) in logged


def test_without_the_web_it_names_no_page(logged):
    from twisted.internet.address import IPv4Address

    house = House(succeed(Listening([], IPv4Address("TCP", "127.0.0.1", 9000))))
    house.start()
    house.run()
    assert not any("browser" in text for text in logged)


def test_it_says_how_to_join_by_a_unix_socket(logged):
    house = House(succeed(Listening([], UNIXAddress(b"/run/group chat.sock"))))
    house.start()
    house.run()
    (told,) = (text for text in logged if text.startswith("Join from"))
    assert told == (
        "Join from this machine:  groupchat-connect YOUR_NAME unix:'/run/group chat.sock'"
        "   or:  nc -U '/run/group chat.sock'"
    )


def test_it_says_how_to_join(logged):
    from twisted.internet.address import IPv4Address

    house = House(succeed(Listening([], IPv4Address("TCP", "127.0.0.1", 9000))))
    house.start()
    house.run()
    assert any(
        "groupchat-connect YOUR_NAME 127.0.0.1 9000" in text and "nc 127.0.0.1 9000" in text
        for text in logged
    )


# Stop.


def test_a_signal_stops_the_reactor_once(house):
    house.start()
    house.run()
    house.process.stop()
    assert house.reactor.hasStopped
    house.reactor.running = house.reactor.hasStopped = False
    house.process.stop()
    assert not house.reactor.hasStopped, "it stops already"


def test_a_reload_reads_again_what_can_be_read(house):
    house.start()
    house.run()
    house.process.reload()
    assert house.did == ["port opened", "ledger opened", "read again"]


def test_a_reload_that_fails_is_logged_and_the_daemon_goes_on(house, expect_logged):
    expect_logged("The reload failed")
    house.reloader.error = OSError("broken")
    house.start()
    house.run()
    house.process.reload()
    assert not house.reactor.hasStopped


def test_it_stops_taking_then_stores_then_says_good_bye(house):
    house.start()
    house.did.clear()
    done = []
    house.service.stopService().addCallback(done.append)
    assert house.did == ["port closed", "ledger closed", "farewells"]
    assert done == [None]
    assert house.hub.stopping


def test_it_says_good_bye_only_once_all_is_stored(house):
    house.start()
    house.ledger.closing = Deferred()
    house.service.stopService()
    assert "farewells" not in house.did
    house.ledger.closing.callback(None)
    assert house.did[-1] == "farewells"


def test_it_hands_over_to_other_nodes_before_it_stores_the_last(house):
    house.start()
    house.did.clear()
    house.ledger.is_alone, told = False, Deferred()
    house.ledger.hand_over = lambda: told
    house.service.stopService()
    assert house.did == ["port closed"]
    told.callback(None)
    assert house.did == ["port closed", "ledger closed", "farewells"]


def test_it_ends_though_the_other_nodes_can_not_be_told(house):
    house.start()
    house.ledger.is_alone = False
    house.ledger.hand_over = Deferred
    house.service.stopService()
    house.reactor.advance(HAND_OVER_TIMEOUT)
    assert house.did[-1] == "farewells"


def test_it_does_not_wait_for_ever(house, expect_logged):
    expect_logged("did not close in time")
    house.start()
    house.ledger.closing = Deferred()
    done = []
    house.service.stopService().addCallback(done.append)
    house.reactor.advance(STORE_TIMEOUT + 0.1)
    assert done == [None]
    assert house.process.exits == [service.EXIT_LEDGER_FAILED]


def test_where_it_is_not_known_what_was_stored_it_ends(house, expect_logged):
    expect_logged("may be stored or not")
    house.start()
    house.did.clear()
    house.hub.failed("the ledger x: disk I/O error")
    house.hub.failed("again")
    assert house.process.exits == [service.EXIT_LEDGER_FAILED]
    assert house.reactor.hasStopped and house.hub.stopping
    house.service.stopService()
    assert house.did == ["port closed"], (
        "nothing is stored any more, and nobody is told that it was"
    )
