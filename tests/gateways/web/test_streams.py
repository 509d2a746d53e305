"""
The stream of a room over HTTP: what is said in it, as server-sent events or as JSON lines.
"""

from __future__ import annotations

import json

import pytest

from groupchat.gateways.web.api.streams import KEEP_ALIVE
from tests.core.accounts import joined, made
from tests.gateways.web.support import Browser
from tests.gateways.web.test_api import basic, bearer, post, texts
from tests.support import kinds

STREAM = "/api/rooms/lobby/stream"


@pytest.fixture
def server():
    return made()


class Follower(Browser):
    """A client that follows a stream."""

    def follow(self, target=STREAM, **headers):
        self.begin("GET", target, {name.replace("_", "-"): str(headers[name]) for name in headers})
        head, _, rest = self.read().partition(b"\r\n\r\n")
        self.head = head.decode().splitlines()
        self.client.transport.taken[:0] = rest
        return self

    def read(self):
        data = bytes(self.client.transport.taken)
        self.client.transport.taken.clear()
        return data

    def events(self):
        """Returns the events that have arrived, each a dict of its fields."""
        found = []
        for block in self.read().decode().split("\n\n")[:-1]:
            fields = dict(line.split(": ", 1) for line in block.split("\n"))
            found.append(fields)
        return found

    def lines(self):
        return [json.loads(line) for line in self.read().splitlines()]


@pytest.fixture
def follower(server):
    return Follower(server)


def messages(events):
    return [event for event in events if "data" in event and "event" not in event]


def test_a_stream_begins_here_and_goes_on_with_what_is_said(server, follower):
    poster = Browser(server)
    post(poster, "before")
    follower.follow()
    epoch = server.ledger.epoch
    assert follower.head[0] == "HTTP/1.1 200 OK"
    for header in (
        "Content-Type: text/event-stream; charset=utf-8",
        "Cache-Control: no-store",
        "X-Accel-Buffering: no",
        "Connection: close",
    ):
        assert header in follower.head
    begin, room, through = follower.events()
    assert begin == {"retry": "3000", "id": f"{epoch}:1"}
    assert (room["event"], json.loads(room["data"])["head"]) == ("room", 1)
    assert through["event"] == "catchup"
    post(poster, "two words")
    (event,) = follower.events()
    assert event["id"] == f"{epoch}:2"
    assert json.loads(event["data"]) == {
        "type": "message",
        "room": "lobby",
        "id": 2,
        "at": "2026-11-22T14:03:00.000Z",
        "from": "cron",
        "text": "two words",
    }


def test_who_joins_and_sets_the_topic_is_told_under_a_name_of_its_own(server, follower):
    follower.follow().read()
    zoe = server.json("zoe")
    zoe.ask("topic", room="lobby", text="tea")
    told = follower.events()
    assert [event["event"] for event in told] == ["presence", "topic"]
    assert "id" not in told[0]


def test_a_client_that_comes_back_gets_what_it_missed_and_nothing_twice(server, follower):
    poster = Browser(server)
    follower.follow()
    post(poster, "one")
    last = messages(follower.events())[-1]["id"]
    follower.client.close()
    post(poster, "two")
    post(poster, "three")
    again = Follower(server).follow(Last_Event_ID=last)
    post(poster, "four")
    assert [json.loads(event["data"])["id"] for event in messages(again.events())] == [2, 3, 4]


def test_a_client_that_was_away_before_anything_was_said_misses_nothing(server, follower):
    begin = follower.follow().events()[0]
    follower.client.close()
    post(Browser(server), "one")
    again = Follower(server).follow(Last_Event_ID=begin["id"])
    assert len(messages(again.events())) == 1


def test_the_id_of_another_log_is_answered_with_a_reset(server, follower):
    post(Browser(server), "one")
    told = follower.follow(Last_Event_ID="another:7").events()
    assert [event.get("event") for event in told] == [None, "room", "reset", "catchup", None]
    assert told[0] == {"retry": "3000"} and told[2]["id"] == f"{server.ledger.epoch}:0"
    assert told[-1]["id"] == f"{server.ledger.epoch}:1"


def test_a_stream_can_begin_at_an_id_of_the_query(server, follower):
    poster = Browser(server)
    for text in ("one", "two"):
        post(poster, text)
    assert len(messages(follower.follow(f"{STREAM}?after=1").events())) == 1
    epoch = server.ledger.epoch
    again = Follower(server).follow(f"{STREAM}?after=0&epoch={epoch}")
    assert len(messages(again.events())) == 2
    other = Follower(server).follow(f"{STREAM}?after=0&epoch=x%0Adata:+x")
    assert [event.get("event") for event in other.events()][2] == "reset"


@pytest.mark.parametrize(
    "last", ["x", ":1", "e:", "e:-1", "e:x", "e:9007199254740992", "e" * 65 + ":1", "e:1:"]
)
def test_the_id_of_no_event_is_refused(follower, last):
    answer = follower.get(STREAM, Last_Event_ID=last)
    assert (answer.status, answer.code) == (400, "bad-field")


@pytest.mark.parametrize("query", ["epoch=e", f"after=1&epoch={'e' * 65}"])
def test_half_a_position_is_refused(follower, query):
    assert follower.get(f"{STREAM}?{query}").code == "bad-field"


def test_json_lines_are_those_of_the_wire(server, follower):
    zoe = server.json("zoe")
    follower.follow(Accept="application/x-ndjson")
    assert "Content-Type: application/x-ndjson" in follower.head
    begin = follower.lines()
    assert kinds(begin) == ["room", "catchup"] and begin[0]["epoch"] == server.ledger.epoch
    zoe.say("hi")
    server.run()
    (line,) = follower.lines()
    assert (line["type"], line["id"], line["text"]) == ("message", 1, "hi")


def test_a_silent_stream_says_each_15_s_that_it_is_there(server, follower):
    lines = Follower(server).follow(Accept="application/x-ndjson")
    follower.follow().read(), lines.read()
    for _ in range(3):
        server.run(KEEP_ALIVE - 5)
        assert follower.read() == b""
        server.run(6)
        assert follower.read() == b": still here\n\n"
    assert kinds(lines.lines()) == ["ping"] * 3


def test_a_reader_that_does_not_read_is_bounded_and_loses_nothing(server, follower):
    poster = server.json("zoe")
    follower.follow().read()
    follower.client.stall()
    for number in range(200):
        poster.say(f"{number} {'x' * 2000}")
        server.run()
    assert len(follower.client.transport.taken) == 0
    follower.client.flow()
    server.run(1)
    found = messages(follower.events())
    assert [json.loads(event["data"])["text"].split()[0] for event in found] == [
        str(number) for number in range(200)
    ]


def test_revoking_a_token_ends_its_streams_within_a_second(server):
    alice = joined(server, "alice")
    token = alice.ask("token", name="ci")[0]["token"]
    follower = Follower(server).follow(**bearer(token))
    password = Follower(server).follow(**basic("alice"))
    alice.ask("revoke", name="ci")
    server.run(1.1)
    bye = follower.events()[-1]
    assert (bye["event"], json.loads(bye["data"])["code"]) == ("bye", "bad-password")
    assert follower.gone and not password.gone


def test_a_stream_ends_where_its_room_becomes_private(server):
    alice = joined(server, "alice", rooms={"den": None})
    follower = Follower(server).follow("/api/rooms/den/stream")
    alice.ask("private", room="den", private=True)
    assert follower.events()[-1]["event"] == "bye" and follower.gone
    alice.ask("say", room="den", text="among us")
    assert follower.read() == b""


def test_a_client_that_is_gone_leaves_nothing(server):
    follower = Follower(server).follow("/api/rooms/den/stream")
    assert "den" in server.hub.rooms
    follower.client.close()
    server.run()
    assert "den" not in server.hub.rooms


def test_a_client_that_leaves_before_its_answer_disturbs_nobody(server):
    browser = Browser(server)
    browser.begin("GET", "/", {})
    browser.answer()
    request = (
        b"POST /api/rooms/lobby/messages?name=cron HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Length: 2\r\n\r\nhi"
    )
    browser.client.send(request)
    browser.client.close()
    server.run()
    assert texts(Browser(server)) in ([], ["hi"])
