"""
Arbitrary requests to the HTTP API: each gets one answer, which is a problem where it is refused,
and nobody else notices.
"""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

from hypothesis import example, given
from hypothesis import strategies as st

from tests.core.accounts import PASSWORD, joined, made
from tests.gateways.web.support import Browser
from tests.support import examples

ODD = st.one_of(
    st.sampled_from(
        ["", "lobby", "LOBBY", "@bob", "den", "0", "1", "-1", "9" * 30, "..", "%", "\0"]
    ),
    st.text(max_size=40),
)
VISIBLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=60)
PARAMETERS = ["name", "before", "after", "limit", "text", "from", "epoch", "other"]
ROUTES = ["messages", "search", "who", "stream", "", "nothing"]
BASIC = base64.b64encode(f"bob:{PASSWORD}".encode()).decode()
AUTHORIZATIONS = st.one_of(
    st.sampled_from([f"Basic {BASIC}", f"basic  {BASIC}", "Basic", "Bearer", "Bearer gct_x"]),
    VISIBLE.map(lambda text: f"Basic {text}"),
    VISIBLE.map(lambda text: f"Bearer {text}"),
    VISIBLE,
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Authorization": AUTHORIZATIONS,
        "Idempotency-Key": VISIBLE,
        "Content-Type": st.one_of(
            st.sampled_from(["application/json", "text/plain", "text/plain;charset=", ";"]), VISIBLE
        ),
        "Accept": st.one_of(
            st.sampled_from(["application/x-ndjson", "text/event-stream"]), VISIBLE
        ),
        "Last-Event-ID": st.one_of(VISIBLE, ODD.filter(str.isascii).filter(str.isprintable)),
    },
)
BODIES = st.one_of(
    st.binary(max_size=300),
    st.text(max_size=100).map(str.encode),
    st.fixed_dictionaries({}, optional={"text": ODD, "act": st.one_of(st.booleans(), ODD)}).map(
        lambda value: json.dumps(value).encode()
    ),
)


def test_every_request_gets_one_answer_and_nobody_else_notices():
    server = made(connect_rate=0)
    zoe = server.json("zoe")
    den = joined(server, "alice", rooms={"den": None})
    den.ask("private", room="den", private=True)
    told = []

    @examples(2)
    @given(
        st.sampled_from(["GET", "POST", "HEAD", "PUT"]),
        ODD,
        st.sampled_from(ROUTES),
        st.dictionaries(st.sampled_from(PARAMETERS), ODD, max_size=4),
        HEADERS,
        BODIES,
    )
    @example("GET", "lobby", "messages", {}, {}, b"")
    @example("GET", "lobby", "messages", {"limit": "0"}, {}, b"")
    def ask(method, room, route, query, headers, body):
        path = f"/api/rooms/{quote(room, safe='')}/{route}" if route else "/api/rooms"
        asked = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
        browser = Browser(server)
        headers = {name: given.strip() for name, given in headers.items()}
        browser.begin(method, f"{path}?{asked}", headers, body if method == "POST" else b"")
        head, _, rest = bytes(browser.client.transport.taken).partition(b"\r\n\r\n")
        status = int(head.split(b" ")[1])
        told.append(status)
        assert status != 500
        if status >= 400 and method != "HEAD":
            assert b"\r\nContent-Type: application/problem+json\r\n" in head
            problem = json.loads(rest)
            assert problem["status"] == status and rest.count(b"\n") == 1
        browser.client.close()
        server.run()

    ask()
    assert {200, 400} <= {*told}
    assert "den" not in {event.get("room") for event in zoe.events()}
    (pong,) = zoe.ask("ping", ref="p")
    assert pong == {"type": "pong", "ref": "p"}
    assert not any(event["type"] == "message" for event in den.events())
