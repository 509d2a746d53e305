"""The JSON wire over WebSocket, and what a client that breaks the protocol gets."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from groupchat.gateways.web.frames import IDLE_FRAMES, MAX_MESSAGE, FrameSplitter
from groupchat.testing.websocket import masked
from tests.support import Server

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0x80, 0x81, 0x82, 0x88, 0x89, 0x8A
UNFINISHED = 0x01


@pytest.fixture
def server():
    return Server()


@pytest.fixture
def bob(server):
    return server.json("bob")


@pytest.fixture
def alice(server, bob):
    alice = server.join("websocket", "alice")
    bob.heard()
    alice.heard()
    return alice


def test_the_whole_wire_is_spoken(server, alice, bob):
    alice.say("hi")
    server.run()
    bob.say("ho")
    server.run()
    assert alice.heard() == bob.heard() == ["alice: hi", "bob: ho"]


def test_a_message_may_have_several_lines_and_its_last_needs_no_end(server, alice, bob):
    line = b'{"type":"say","room":"lobby","text":"%d"}'
    alice.send(line % 1, b"\n", line % 2, b"\r\n", line % 3)
    server.run()
    assert bob.heard() == ["alice: 1", "alice: 2", "alice: 3"]


def test_a_batch_is_one_message_and_the_same_bytes_for_all(server, alice, bob):
    others = [server.join("websocket", name) for name in ("carol", "dave")]
    for client in (alice, *others):
        server.run()
        client.heard()
        client.frames.clear()
    for number in range(3):
        bob.say(str(number))
    server.run()
    taken = [bytes(client.arrived()) for client in (alice, *others)]
    assert taken[0] == taken[1] == taken[2]
    assert alice.heard() == ["bob: 0", "bob: 1", "bob: 2"] and len(alice.frames) == 1


def test_handshake_and_first_words_may_come_at_once(server):
    client = server.connect("websocket")
    client.hello("carol")
    server.run()
    assert client.events()[0]["type"] == "welcome"
    assert b"101 Switching Protocols" in client.head


def test_before_its_hello_it_is_a_pending_login(server):
    client = server.connect("websocket")
    server.run()
    assert len(server.factory.pending) == 1 and not len(server.factory.visitors)
    server.run(server.hub.settings.login_timeout + 1)
    assert [event["code"] for event in client.events()] == ["idle"]
    assert client.close_code == 1000 and not server.factory.pending


def test_the_end_is_a_close_and_bye_stands_before_it(server, alice, bob):
    alice.quit()
    server.run()
    assert alice.events()[-1]["type"] == "bye"
    assert alice.close_code == 1000 and alice.gone
    assert bob.heard() == ["alice left."]


def test_a_close_of_the_client_is_answered_once_everything_is_said(server, alice, bob):
    alice.say("last words")
    alice.send_raw(masked(b"\x03\xe9", CLOSE), masked(b'{"type":"ping"}'))
    server.run()
    assert bob.heard() == ["alice: last words", "alice left."]
    assert [event["type"] for event in alice.events()] == ["ok", "message", "bye"]
    assert alice.close_code == 1000


def test_a_silent_client_is_pinged_by_the_protocol_too(server, alice, bob):
    server.run(server.hub.settings.idle_timeout / 2)
    assert [event["type"] for event in alice.events()] == ["ping"]
    assert alice.frames[-1] == (PING, b"")
    alice.send_raw(masked(b"", PONG))
    server.run(server.hub.settings.idle_timeout / 2)
    assert not alice.gone


def test_pings_are_answered_between_the_pieces_of_a_message(server, alice, bob):
    line = b'{"type":"say","room":"lobby","text":"caf\xc3\xa9"}'
    alice.send_raw(
        masked(line[:40], UNFINISHED),
        masked(b"?", PING),
        masked(line[40:-3], 0),
        masked(line[-3:], CONT),
    )
    server.run()
    assert bob.heard() == ["alice: café"]
    alice.heard()
    assert (PONG, b"?") in alice.frames


def test_frames_may_be_cut_anywhere(server, alice, bob):
    frame = masked(b'{"type":"say","room":"lobby","text":"' + b"x" * 200 + b'"}')
    for byte in frame:
        alice.send_raw(bytes([byte]))
        server.run()
    assert bob.heard() == [f"alice: {'x' * 200}"]


#: frames, and the texts that they bring
KINDS = [
    (masked(b"short"), ["short"]),
    (masked(b"x" * 126), ["x" * 126]),
    (masked("two\nliñes\n".encode()), ["two", "liñes"]),
    (b"\x81\xfe\x00\x04" + masked(b"long")[2:], ["long"]),  # a size of 2 bytes
    (b"\x81\xff" + bytes(7) + b"\x04" + masked(b"long")[2:], ["long"]),
    (masked(b"?", PING), []),
    (masked(b"", PONG), []),
    (masked(b"a", UNFINISHED) + masked(b"", PING) + masked(b"", 0) + masked(b"b", CONT), ["ab"]),
    (masked(b""), []),
]


class Speaker:
    """A session that takes what its frames answer."""

    ended = False
    peer = property(lambda self: self)

    def write(self, data):
        pass


@given(
    st.lists(st.sampled_from(KINDS), max_size=12),
    st.lists(st.integers(1, 9) | st.integers(1, 300), min_size=1),
)
def test_frames_bring_the_same_lines_however_they_are_cut(frames, cuts):
    protocol = ServerProtocol(state=OPEN, max_size=MAX_MESSAGE)
    splitter = FrameSplitter(protocol, Speaker(), lambda: 0.0)
    data, lines = b"".join(frame for frame, _ in frames), []
    for cut in itertools.cycle(cuts):
        splitter.receive(data[:cut])
        data = data[cut:]
        while splitter.waiting:
            lines += splitter.split(3)
        if not data:
            break
    assert [line.decode() for line in lines] == [text for _, texts in frames for text in texts]


def test_compression_is_not_agreed_on_and_a_known_subprotocol_is(server):
    client = server.connect("websocket")
    head = bytes(client.transport.incoming).removesuffix(b"\r\n")
    client.transport.incoming.clear()
    client.send_raw(
        head,
        b"Sec-WebSocket-Extensions: permessage-deflate\r\n"
        b"Sec-WebSocket-Protocol: other, groupchat.json\r\n\r\n",
    )
    server.run()
    client.read()
    assert b"Extensions" not in client.head
    assert b"Sec-WebSocket-Protocol: groupchat.json\r\n" in client.head


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"\x81\x02{}", 1002),  # without a mask
        (masked(b"{}", 0xC1), 1002),  # a reserved bit
        (masked(b"{}", 0x83), 1002),  # a reserved opcode
        (masked(b"{}", CONT), 1002),  # the end of nothing
        (masked(b"{", UNFINISHED) + masked(b"}"), 1002),  # a message within another
        (masked(b"", 0x09), 1002),  # a ping in pieces
        (masked(b"x" * 126, PING), 1002),
        (masked(b"\x03", CLOSE), 1002),
        (masked(b"\x00\x00", CLOSE), 1002),
        (masked(b"\x03\xed", CLOSE), 1002),  # 1005 is for no code at all
        (masked(b"\x13\x88", CLOSE), 1002),  # 5000
        (masked(b"\x03\xe8\xff", CLOSE), 1007),
        (masked(b"{}", BINARY), 1003),
        (masked(b"\xff"), 1007),
        (masked(b"caf\xc3", UNFINISHED) + masked(b"\x28", CONT), 1007),
        (b"\x81\xff" + b"\x40" + bytes(7), 1009),
        (masked(b"x" * (MAX_MESSAGE + 1)), 1009),
        (masked(b"x" * 20_000, UNFINISHED) + masked(b"x" * 20_000, CONT), 1009),
        (masked(b"", PING) * 5000, 1008),
        (masked(b"", PONG) * 5000, 1008),
        (masked(b"{", UNFINISHED) + masked(b"", 0) * 5000, 1008),
        (masked(b"") * 5000, 1008),
    ],
)
def test_whoever_breaks_the_protocol_is_gone_by_its_close_code(server, alice, bob, sent, code):
    alice.send_raw(sent)
    server.run()
    assert alice.close_code == code and alice.gone
    assert bob.heard() == ["alice left."]
    assert bob.ask("ping") == [{"type": "pong"}]


def test_pings_now_and_then_are_no_flood(server, alice):
    rate, _ = IDLE_FRAMES
    for _ in range(300):
        alice.send_raw(masked(b"", PING))
        server.run(1 / rate)
    alice.heard()
    assert alice.frames.count((PONG, b"")) == 300 and not alice.gone


def test_many_short_messages_are_slowed_down_and_not_read_ahead():
    server = Server(rate=50, burst=10)
    bob, alice = server.json("bob"), server.join("websocket", "alice")
    bob.heard()
    alice.send_raw(masked(b'{"type":"say","room":"lobby","text":"x"}') * 5000)
    server.run(1)
    assert len(bob.heard()) < 80
    assert alice.transport.incoming and not alice.is_read
    server.run(10)
    assert 400 < len(bob.heard()) < 600


def test_a_slow_reader_gets_everything_in_the_end(server, alice, bob):
    alice.stall(100)
    for number in range(2000):
        bob.say(f"{number} {'x' * 100}")
        if number % 100 == 0:
            server.run()
    server.run()
    assert alice.transport.waiting < 300_000
    alice.flow()
    server.run()
    heard = [note.removeprefix("past ").split()[1] for note in alice.heard() if "x" in note]
    assert heard == [str(number) for number in range(2000)]


def test_resuming_continues_where_the_last_connection_ended(server, alice, bob):
    room = server.join("websocket", "carol").ask("who", room="lobby")
    assert room
    alice.close()
    server.run()
    bob.say("missed")
    server.run()
    again = server.connect("websocket")
    again.hello("alice", rooms={"lobby": {"epoch": server.ledger.epoch, "after": 0}})
    server.run()
    assert "past bob: missed" in again.heard()
