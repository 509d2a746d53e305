"""
The HTTP API: messages, rooms and who is there, for programs that make single requests.
"""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from groupchat.core.permissions import BAN, MUTE, AuditEntry, Restriction
from groupchat.gateways.web.api.openapi import document
from groupchat.gateways.web.api.refusals import PATIENCE
from groupchat.ledgers.memory import MemoryLedger
from groupchat.wire import names
from tests.core.accounts import PASSWORD, joined, made
from tests.gateways.web.support import Browser
from tests.support import kinds

MESSAGES = "/api/rooms/lobby/messages"
JSON = {"Content-Type": "application/json"}
DEED = AuditEntry(0, "op", "test")


@pytest.fixture
def server():
    return made()


@pytest.fixture
def browser(server):
    return Browser(server)


def basic(name, password=PASSWORD):
    return {"Authorization": f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"}


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def post(browser, text="hi", target=f"{MESSAGES}?name=cron", **headers):
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return browser.ask("POST", target, given, text.encode())


def value(answer, status=200):
    assert (answer.status, answer.headers["content-type"]) == (status, "application/json")
    return json.loads(answer.body)


def texts(browser, target=MESSAGES):
    return [message["text"] for message in value(browser.get(target))["messages"]]


# Saying.


def test_a_guest_says_something_and_is_told_its_place(server, browser):
    zoe = server.json("zoe")
    zoe.read()
    answer = post(browser, "build green")
    assert value(answer, 201) == {"room": "lobby", "id": 1}
    assert answer.body.endswith(b"}\n")
    (event,) = zoe.events()
    assert (event["from"], event["text"], event["id"]) == ("cron", "build green", 1)


def test_an_owner_says_something_by_password_and_by_token(server, browser):
    token = joined(server, "alice").ask("token", name="ci")[0]["token"]
    for headers in (basic("alice"), basic("ALICE"), bearer(token)):
        answer = browser.ask("POST", MESSAGES, {**headers, **JSON}, b'{"text":"x","act":true}')
        assert value(answer, 201)["room"] == "lobby"
    messages = value(browser.get(MESSAGES))["messages"]
    assert [(message["from"], message["act"]) for message in messages] == [("alice", True)] * 3


@pytest.mark.parametrize(
    ("type", "body", "text"),
    [
        ("text/plain", "hi", "hi"),
        ("text/plain; charset=UTF-8", "hé 👋", "hé 👋"),
        ("application/x-www-form-urlencoded", "50% = a+b&c", "50% = a+b&c"),
        ("", "hi\n", "hi"),
        ("text/plain", "hi\r\n", "hi"),
        ("text/plain", "two\nlines", "two␊lines"),
        ("text/plain", "\x1b[31m\0", "␛[31m␀"),
        ("application/json", '{"text": "hi", "more": [1]}', "hi"),
        ("Application/JSON; charset=utf-8", '{"text": "a\\u0007b"}', "a␇b"),
        ("text/plain", '{"text": "hi"}', '{"text": "hi"}'),
    ],
)
def test_a_text_is_said_as_it_is_sent(browser, type, body, text):
    headers = {"Content-Type": type} if type else {}
    answer = browser.ask("POST", f"{MESSAGES}?name=cron", headers, body.encode())
    assert answer.status == 201 and texts(browser) == [text]


@pytest.mark.parametrize(
    ("type", "body", "status", "code"),
    [
        ("text/plain", b"", 400, "text-empty"),
        ("text/plain", b" \t\n", 400, "text-empty"),
        ("text/plain", b"x" * 4097, 400, "text-too-long"),
        ("text/plain", b"\xff", 400, "bad-utf8"),
        ("text/plain", b"\xed\xa0\x80", 400, "bad-utf8"),
        ("text/plain; charset=latin-1", b"hi", 415, "bad-type"),
        ("text/html", b"hi", 415, "bad-type"),
        ("multipart/form-data; boundary=x", b"hi", 415, "bad-type"),
        ("application/json", b"", 400, "bad-json"),
        ("application/json", b"hi", 400, "bad-json"),
        ("application/json", b"\xff", 400, "bad-utf8"),
        ("application/json", b"[" * 60_000, 400, "bad-field"),
        ("application/json", b'{"text":"hi","x":' + b"[" * 50_000, 400, "bad-json"),
        ("application/json", b'{"text":"\\ud800"}', 400, "bad-json"),
        ("application/json", b"[]", 400, "bad-field"),
        ("application/json", b"null", 400, "bad-field"),
        ("application/json", b"{}", 400, "bad-field"),
        ("application/json", b'{"text": 5}', 400, "bad-field"),
        ("application/json", b'{"text": null}', 400, "bad-field"),
        ("application/json", b'{"text": "hi", "act": "yes"}', 400, "bad-field"),
        ("application/json", b'{"text": "hi", "notice": 1}', 400, "bad-field"),
        ("application/json", b'{"text": ""}', 400, "text-empty"),
    ],
)
def test_what_is_no_text_is_refused_in_one_answer(browser, type, body, status, code):
    answer = browser.ask("POST", f"{MESSAGES}?name=cron", {"Content-Type": type}, body)
    assert (answer.status, answer.code) == (status, code)
    assert texts(browser) == []


def test_null_is_the_same_as_leaving_a_flag_out(browser):
    body = b'{"text": "hi", "act": null, "notice": null}'
    answer = browser.ask(
        "POST", f"{MESSAGES}?name=cron", {"Content-Type": "application/json"}, body
    )
    assert answer.status == 201
    assert texts(browser) == ["hi"]


@pytest.mark.parametrize(
    ("room", "status", "code"),
    [
        ("", 400, "bad-name"),
        ("%00", 400, "bad-name"),
        ("a%2fb", 400, "bad-name"),
        ("..", 400, "bad-name"),
        ("%2e%2e%2f", 400, "bad-name"),
        ("%ff", 400, "bad-utf8"),
        ("%zz", 400, "bad-name"),
        ("b%C3%BCro", 400, "bad-name"),
        ("x" * 33, 400, "bad-name"),
        ("x" * 8000, 400, "bad-name"),
        ("lobby%0d%0aSet-Cookie:x", 400, "bad-name"),
        ("@alice", 404, "no-such-name"),
        ("@", 400, "bad-name"),
    ],
)
@pytest.mark.parametrize("route", ["messages", "search?text=x", "who", "stream"])
def test_what_is_no_room_is_refused_in_one_answer(browser, room, status, code, route):
    answer = browser.get(f"/api/rooms/{room}/{route}")
    assert (answer.status, answer.code) == (status, code)
    assert b"\n" not in answer.body.rstrip(b"\n")


def test_a_room_is_asked_for_in_any_case_and_encoded(browser):
    assert value(post(browser, target="/api/rooms/%4Cobby/messages?name=cron"), 201) == {
        "room": "lobby",
        "id": 1,
    }
    assert texts(browser, "/api/rooms/LOBBY/messages") == ["hi"]


def test_where_names_are_unicode_so_are_rooms_and_guests():
    browser = Browser(made(names=names.UNICODE))
    answer = post(browser, target="/api/rooms/B%C3%BCro/messages?name=Zo%C3%AB")
    assert value(answer, 201)["room"] == "büro"
    (message,) = value(browser.get("/api/rooms/b%C3%BCro/messages"))["messages"]
    assert (message["from"], message["room"]) == ("Zoë", "büro")


# Callers.


def test_without_a_name_nothing_is_said_and_the_answer_says_how(browser):
    answer = browser.ask("POST", MESSAGES, {}, b"hi")
    assert (answer.status, answer.code) == (401, "hello-first")
    assert answer.headers["www-authenticate"] == (
        'Basic realm="groupchat", charset="UTF-8", Bearer'
    )
    assert "?name=NAME" in json.loads(answer.body)["detail"]


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("alice", 401, "bad-password"),
        ("al1ce", 409, "name-taken"),
        ("zoe", 409, "name-taken"),
        ("root", 409, "name-reserved"),
        ("", 400, "bad-name"),
        ("a%20b", 400, "bad-name"),
        ("%00", 400, "bad-name"),
        ("x" * 9000, 400, "bad-name"),
    ],
)
def test_a_guest_takes_nobody_elses_name(server, browser, name, status, code):
    server.json("zoe")
    answer = post(browser, target=f"{MESSAGES}?name={name}")
    assert (answer.status, answer.code) == (status, code)
    assert ("www-authenticate" in answer.headers) == (status == 401)


@pytest.mark.parametrize(
    ("authorization", "status", "code"),
    [
        ("Basic", 400, "bad-field"),
        ("Basic x", 400, "bad-field"),
        ("Basic YWxpY2U=", 400, "bad-field"),
        ("Basic /////w==", 400, "bad-field"),
        ("Basic " + "QQ==" * 3000, 400, "bad-field"),
        (basic("alice", "wrong")["Authorization"], 401, "bad-password"),
        (basic("alice", "")["Authorization"], 401, "bad-password"),
        (basic("alice", "x" * 2000)["Authorization"], 401, "bad-password"),
        (basic("zoe")["Authorization"], 401, "bad-password"),
        (basic("a b")["Authorization"], 400, "bad-name"),
        ("Bearer", 401, "bad-password"),
        ("Bearer gct_wrong", 401, "bad-password"),
        ("Bearer " + "x" * 9000, 401, "bad-password"),
        ("Digest x", 401, "hello-first"),
        ("", 401, "hello-first"),
    ],
)
def test_a_wrong_authorization_is_refused(browser, authorization, status, code):
    for method, body in (("POST", b"hi"), ("GET", b"")):
        answer = browser.ask(method, MESSAGES, {"Authorization": authorization}, body)
        assert (answer.status, answer.code) == (status, code)


def test_a_name_and_an_authorization_are_one_too_many(browser):
    answer = browser.ask("POST", f"{MESSAGES}?name=cron", basic("alice"), b"hi")
    assert (answer.status, answer.code) == (400, "bad-field")


def test_too_many_wrong_passwords_or_tokens_have_to_wait(browser):
    for headers in (basic("alice", "wrong"), bearer("gct_wrong")):
        for _ in range(10):
            assert browser.ask("GET", MESSAGES, headers).status == 401
        answer = browser.ask("GET", MESSAGES, headers)
        assert (answer.status, answer.code, answer.headers["retry-after"]) == (
            429,
            "too-often",
            "30",
        )


def test_who_is_banned_or_muted_is_refused(server, browser):
    server.accounts.save(Restriction(MUTE, "cron", "op", text="noise"), DEED)
    answer = post(browser)
    assert (answer.status, answer.code) == (403, "muted")
    assert json.loads(answer.body)["detail"] == "You are muted: noise"
    server.accounts.save(Restriction(BAN, "cron", "op"), DEED)
    assert post(browser).code == "banned"
    server.accounts.save(Restriction(BAN, "192.0.2.0/24", "op"), DEED)
    answer = browser.get("/api/rooms")
    assert (answer.status, answer.code) == (403, "banned")


def test_where_only_members_are_let_in_reading_needs_a_name_too():
    browser = Browser(made(members_only=True))
    for target in ("/api/rooms", MESSAGES, "/api/rooms/lobby/who", "/api/rooms/lobby/stream"):
        answer = browser.get(target)
        assert (answer.status, answer.code) == (401, "bad-password")
        assert "www-authenticate" in answer.headers
    assert post(browser).code == "members-only"
    assert browser.ask("GET", MESSAGES, basic("alice")).status == 200


def test_a_private_room_is_answered_like_one_that_is_not_there(server, browser):
    alice = joined(server, "alice", rooms={"den": None})
    alice.ask("private", room="den", private=True)
    for route in ("messages", "who", "stream", "search?text=x"):
        answer = browser.get(f"/api/rooms/den/{route}")
        assert (answer.status, answer.code) == (403, "not-allowed")
    assert post(browser, target="/api/rooms/den/messages?name=cron").status == 403
    answer = browser.ask("POST", "/api/rooms/den/messages", basic("alice"), b"hi")
    assert answer.status == 201


def test_a_direct_room_is_that_of_the_caller_and_a_name(server, browser):
    bob = joined(server, "bob")
    answer = browser.ask("POST", "/api/rooms/@bob/messages", basic("alice"), b"psst")
    assert value(answer, 201) == {"room": "@bob", "id": 1}
    assert kinds(bob.events()) == ["tell"]
    page = value(browser.ask("GET", "/api/rooms/%40alice/messages", basic("bob")))
    assert [(message["room"], message["from"]) for message in page["messages"]] == [
        ("@alice", "alice")
    ]


# Keys.


def test_a_request_that_is_repeated_with_its_key_is_stored_once(browser):
    answers = [post(browser, Idempotency_Key="k-1") for _ in range(3)]
    assert [value(answer, 201) for answer in answers] == [{"room": "lobby", "id": 1}] * 3
    assert value(post(browser, Idempotency_Key='"k-1"'), 201)["id"] == 1
    assert value(post(browser, Idempotency_Key="k-2"), 201)["id"] == 2
    answer = post(browser, "something else", Idempotency_Key="k-1")
    assert (answer.status, answer.code) == (409, "conflict")
    assert texts(browser) == ["hi", "hi"]


@pytest.mark.parametrize("key", ["", '""', "a" * 256, "\u00fc", "a\tb"])
def test_some_keys_are_none(browser, key):
    answer = browser.ask(
        "POST", f"{MESSAGES}?name=cron", {"Idempotency-Key": key.encode("latin-1")}, b"hi"
    )
    assert (answer.status, answer.code) == (400, "bad-field")
    assert texts(browser) == []


# Reading.


def test_messages_are_paged_in_both_directions(browser):
    for number in range(1, 6):
        post(browser, str(number))
    for query, found, more in [
        ("", "12345", False),
        ("?limit=2", "45", True),
        ("?before=3", "12", False),
        ("?after=3", "45", False),
        ("?after=0&limit=1", "1", True),
        ("?after=1&before=5&limit=2", "23", True),
        ("?before=9007199254740991", "12345", False),
    ]:
        page = value(browser.get(f"{MESSAGES}{query}"))
        assert ("".join(message["text"] for message in page["messages"]), page["more"]) == (
            found,
            more,
        )


def test_a_message_is_like_a_line_of_the_wire(browser):
    post(browser)
    (message,) = value(browser.get(MESSAGES))["messages"]
    assert message == {
        "type": "message",
        "room": "lobby",
        "id": 1,
        "at": "2026-11-22T14:03:00.000Z",
        "from": "cron",
        "text": "hi",
    }


@pytest.mark.parametrize(
    "given", ["", "x", "-1", "1.0", "1e3", "+1", "0x1", "9007199254740992", "9" * 400, "١", "1%00"]
)
@pytest.mark.parametrize("name", ["before", "after", "limit"])
def test_what_is_no_number_is_refused(browser, given, name):
    for route in ("messages", "stream") if name == "after" else ("messages", "search?text=x"):
        target = f"/api/rooms/lobby/{route}{'&' if '?' in route else '?'}{name}={given}"
        answer = browser.get(quote(target, safe="/?=&%+"))
        assert (answer.status, answer.code) == (400, "bad-field")


@pytest.mark.parametrize("route", ["messages", "search?text=x", "who", "stream", ""])
def test_a_parameter_that_means_nothing_is_refused(browser, route):
    target = f"/api/rooms/lobby/{route}" if route else "/api/rooms"
    answer = browser.get(f"{target}{'&' if '?' in route else '?'}size=5")
    assert (answer.status, answer.code) == (400, "bad-field")
    assert post(browser, target=f"{MESSAGES}?name=cron&act=true").code == "bad-field"


@pytest.mark.parametrize("query", ["limit=0", "limit=1001"])
def test_a_limit_has_its_limits(browser, query):
    assert browser.get(f"{MESSAGES}?{query}").code == "bad-field"
    assert browser.get("/api/rooms/lobby/search?text=x&limit=101").code == "bad-field"


def test_a_search_finds_words_and_looks_further_back(browser):
    for text in ("tea at four", "no time for TEA", "coffee"):
        post(browser, text)
    found = value(browser.get("/api/rooms/lobby/search?text=tea"))
    assert [message["id"] for message in found["messages"]] == [1, 2] and not found["more"]
    found = value(browser.get("/api/rooms/lobby/search?text=tea&limit=1"))
    assert ([message["id"] for message in found["messages"]], found["more"]) == ([2], True)
    found = value(browser.get(f"/api/rooms/lobby/search?text=tea&before={found['before']}"))
    assert [message["id"] for message in found["messages"]] == [1]
    assert value(browser.get("/api/rooms/lobby/search?text=tea&from=nobody"))["messages"] == []


@pytest.mark.parametrize("query", ["", "?text=", "?text=%20", f"?text={'x' * 257}"])
def test_a_search_without_words_is_refused(browser, query):
    answer = browser.get(f"/api/rooms/lobby/search{query}")
    assert (answer.status, answer.code) == (400, "bad-field")


def test_who_is_there_and_which_rooms_there_are(server, browser):
    server.json("zoe", rooms={"den": None, "lobby": None})
    post(browser, target="/api/rooms/deploys/messages?name=cron")
    who = value(browser.get("/api/rooms/lobby/who"))
    assert who == {"members": [{"name": "zoe", "since": "2026-11-22T14:03:00.000Z"}], "count": 1}
    assert value(browser.get("/api/rooms")) == {
        "rooms": [
            {"room": "den", "count": 1, "topic": ""},
            {"room": "deploys", "count": 0, "topic": ""},
            {"room": "lobby", "count": 1, "topic": ""},
        ],
        "count": 3,
    }
    assert [row["room"] for row in value(browser.get("/api/rooms?after=deploys"))["rooms"]] == [
        "lobby"
    ]
    (member,) = value(browser.ask("GET", "/api/rooms/lobby/who", basic("op")))["members"]
    assert member["address"]


# All answers.


def test_no_answer_is_kept_by_anyone(browser):
    answers = [
        post(browser),
        browser.get(MESSAGES),
        browser.get("/api/rooms"),
        browser.get("/openapi.json"),
        browser.get("/api/nothing"),
        browser.ask("DELETE", "/api/rooms"),
        browser.get("/api/rooms/a%2fb/who"),
        browser.ask("POST", MESSAGES, {}, b"hi"),
        browser.ask("POST", f"{MESSAGES}?name=cron", {"Content-Type": "image/png"}, b"hi"),
    ]
    assert {answer.headers["cache-control"] for answer in answers} == {"no-store"}
    assert {answer.headers["x-content-type-options"] for answer in answers} == {"nosniff"}


def test_a_page_of_another_origin_says_nothing(browser):
    for headers in (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ):
        answer = browser.ask("POST", f"{MESSAGES}?name=cron", headers, b"hi")
        assert (answer.status, answer.code) == (403, "bad-origin")
    answer = browser.ask("POST", f"{MESSAGES}?name=cron", {"Host": "evil.example"}, b"hi")
    assert answer.status == 421
    assert texts(browser) == []
    ours = {"Origin": "http://localhost:9000", "Sec-Fetch-Site": "same-origin"}
    assert browser.ask("POST", f"{MESSAGES}?name=cron", ours, b"hi").status == 201


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_another_method_is_told_which_there_are(browser, method):
    answer = browser.ask(method, MESSAGES)
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, POST")


def test_a_head_is_like_a_get_without_its_body(browser):
    for target in (MESSAGES, "/api/rooms", "/api/rooms/lobby/stream"):
        answer = browser.ask("HEAD", target)
        assert (answer.status, answer.body) == (200, b"")


def test_a_head_of_a_stream_has_the_headers_of_a_get(browser):
    for accepted in ("text/event-stream", "application/x-ndjson"):
        heads = []
        for method in ("GET", "HEAD"):
            client = Browser(browser.server)
            client.begin(method, "/api/rooms/lobby/stream", {"Accept": accepted})
            head, _, body = bytes(client.client.transport.taken).partition(b"\r\n\r\n")
            heads.append(head)
        assert heads[0] == heads[1] and b"Content-Length" not in heads[0]
        assert accepted.encode() in heads[1]
        assert body == b"" and client.gone


def test_a_head_of_a_stream_that_cant_be_had_is_refused(browser):
    answer = browser.ask("HEAD", "/api/rooms/lobby/stream?after=-1")
    assert (answer.status, answer.body) == (400, b"") and not browser.gone


def test_requests_that_come_too_fast_are_told_when_to_come_back():
    browser = Browser(made(rate=1, burst=2))
    assert [post(browser).status for _ in range(3)] == [201, 201, 429]
    answer = browser.get("/api/rooms")
    assert (answer.status, answer.code, answer.headers["retry-after"]) == (429, "too-often", "1")


class Away(MemoryLedger):
    """A ledger that stores nothing until it is back."""

    here = True
    batch = ()

    def write(self, batch):
        if self.here:
            super().write(batch)
        else:
            self.batch = batch


def test_while_the_ledger_is_away_a_request_waits_a_while_and_can_be_repeated():
    server = made(ledger=lambda reactor: Away(reactor.callLater))
    browser, ledger = Browser(server), server.ledger
    zoe = server.json("zoe")
    ledger.here = False
    browser.begin("POST", f"{MESSAGES}?name=cron", {"Idempotency-Key": "k"}, b"hi")
    server.run(PATIENCE - 1)
    assert not browser.client.transport.taken
    server.run(2)
    answer = browser.answer()
    assert (answer.status, answer.code, answer.headers["retry-after"]) == (503, "unavailable", "5")
    zoe.close()
    ledger.here = True
    ledger.write(ledger.batch)
    server.run()
    assert value(post(browser, Idempotency_Key="k"), 201)["id"] == 1
    assert texts(browser) == ["hi"]


# The document.


def test_the_document_names_every_route(browser):
    page = value(browser.get("/openapi.json"))
    assert page == json.loads(json.dumps(document(names.ASCII))) and page["openapi"] == "3.1.0"
    assert {
        f"{method.upper()} {path}" for path, ways in page["paths"].items() for method in ways
    } == {
        "GET /api/rooms",
        "GET /api/rooms/{room}/who",
        "GET /api/rooms/{room}/search",
        "GET /api/rooms/{room}/stream",
        "GET /api/rooms/{room}/messages",
        "POST /api/rooms/{room}/messages",
    }


@pytest.mark.parametrize(("rule", "is_plain"), [(names.ASCII, True), (names.UNICODE, False)])
def test_the_document_says_which_names_there_can_be(rule, is_plain):
    page = value(Browser(made(names=rule)).get("/openapi.json"))
    parameters = page["components"]["parameters"].values()
    assert {"pattern" in parameter["schema"] for parameter in parameters} == {is_plain}
