"""Proxies: the client's address, and who may tell it."""

from __future__ import annotations

import pytest

from groupchat.gateways.web.forwarded import Proxies
from groupchat.gateways.web.message import Request
from groupchat.gateways.web.problem import Problem
from tests.gateways.web.support import Browser
from tests.support import Server, codes

PROXY = "127.0.0.1"
TRUSTED = ("127.0.0.1", "10.0.0.0/8", "2001:db8::/64")


def request(address=PROXY, **headers):
    return Request(
        method="GET",
        path="/",
        query={},
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        body=b"",
        address=address,
        encrypted=False,
        port=9000,
    )


def client(**headers):
    return Proxies(TRUSTED).unwrapped(request(**headers)).address


def encrypted(**headers):
    return Proxies(TRUSTED).unwrapped(request(**headers)).encrypted


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, PROXY),
        ({"x_forwarded_for": "192.0.2.7"}, "192.0.2.7"),
        ({"x_forwarded_for": "198.51.100.1, 192.0.2.7, 10.1.2.3"}, "192.0.2.7"),
        ({"x_forwarded_for": "nonsense, 192.0.2.7"}, "192.0.2.7"),
        ({"x_forwarded_for": "10.9.9.9, 10.1.2.3"}, "10.9.9.9"),
        ({"x_forwarded_for": "192.0.2.7:4711"}, "192.0.2.7"),
        ({"x_forwarded_for": "[2001:db8:1::2]:4711"}, "2001:db8:1::2"),
        ({"x_forwarded_for": "::ffff:192.0.2.7"}, "192.0.2.7"),
        ({"forwarded": "for=192.0.2.7;proto=https"}, "192.0.2.7"),
        ({"forwarded": 'by=10.0.0.1; For="[2001:db8:1::2]:80", for=10.0.0.9'}, "2001:db8:1::2"),
        ({"x_forwarded_for": "192.0.2.7", "forwarded": "for=192.0.2.7"}, "192.0.2.7"),
        ({"x_forwarded_for": "192.0.2.7", "forwarded": "proto=https"}, "192.0.2.7"),
        ({"forwarded": "proto=https"}, PROXY),
        (
            {"forwarded": r'For="192.0.2.\7" ;; host="a, for=192.0.2.8" , ;for=10.0.0.9'},
            "192.0.2.7",
        ),
    ],
)
def test_the_last_hop_that_is_not_ours_is_the_client(headers, expected):
    assert client(**headers) == expected


@pytest.mark.parametrize(
    "headers",
    [
        {"x_forwarded_for": "192.0.2.7, nonsense"},
        {"x_forwarded_for": "192.0.2.7,"},
        {"x_forwarded_for": "x" * 4096},
        {"forwarded": "for=_hidden"},
        {"forwarded": "for=unknown"},
        {"forwarded": "for=192.0.2.7,"},
        {"forwarded": "for=192.0.2.7, proto=https"},
        {"forwarded": "for=192.0.2.7;for=192.0.2.8"},
        {"forwarded": "for=192.0.2.7;proto=http;Proto=https"},
        {"forwarded": 'for=192.0.2.7;proto="https'},
        {"forwarded": 'for=192.0.2.8;host=", for=192.0.2.7'},
        {"forwarded": 'for=192.0.2.8;host=", for="[2001:db8:1::2]"'},
        {"forwarded": "for=192.0.2.7 proto=https"},
        {"forwarded": "for=192.0.2.7;proto"},
        {"forwarded": "for=192.0.2.7;proto="},
        {"forwarded": "for=192.0.2.7;=https"},
        {"forwarded": "for=192.0.2.7" + ";" * 8000 + '"'},
        {"x_forwarded_for": "192.0.2.7", "x_forwarded_proto": "http", "forwarded": "proto=https"},
        {"x_forwarded_proto": "https", "forwarded": "for=192.0.2.7;proto=http"},
        {"x_forwarded_for": "192.0.2.7", "forwarded": "for=192.0.2.8"},
        {"x_forwarded_for": "192.0.2.7", "x_forwarded_prefix": "//evil.example"},
        {"x_forwarded_for": "192.0.2.7", "x_forwarded_prefix": "chat"},
        {"x_forwarded_for": "192.0.2.7", "x_forwarded_prefix": "/chat'; reboot '"},
        {"x_forwarded_for": "192.0.2.7", "x_forwarded_prefix": "/chat, /made-up"},
        {"x_forwarded_for": "192.0.2.7", "x_forwarded_prefix": "/x" * 129},
    ],
)
def test_a_proxy_that_tells_nonsense_is_refused(headers):
    with pytest.raises(Problem) as refused:
        client(**headers)
    assert refused.value.code == "bad-forwarded"


@pytest.mark.parametrize(
    "headers",
    [
        {"forwarded": "for=192.0.2.7;proto=https"},
        {"forwarded": 'proto="https"; for=192.0.2.7'},
        {"forwarded": "for=192.0.2.7;PROTO=HTTPS"},
        {"forwarded": r'for=192.0.2.7;proto="ht\tps"'},
        {"forwarded": "for=192.0.2.7;proto=https, for=10.0.0.9;proto=http"},
        {"forwarded": "for=192.0.2.7", "x_forwarded_proto": "https"},
        {"forwarded": "for=192.0.2.7;proto=https", "x_forwarded_proto": "https"},
        {"forwarded": "proto=https", "x_forwarded_for": "192.0.2.7"},
    ],
)
def test_the_proxy_tells_whether_the_client_spoke_tls_with_it(headers):
    assert client(**headers) == "192.0.2.7" and encrypted(**headers)


@pytest.mark.parametrize(
    "forwarded",
    [
        "for=192.0.2.7",
        "for=192.0.2.7;proto=http",
        "for=192.0.2.7;proto=httpsx",
        "for=192.0.2.7;xproto=https",
        'for=192.0.2.7;host="a;proto=https"',
        r'for=192.0.2.7;host="a\";proto=https;b=\""',
        "for=198.51.100.1;proto=https, for=192.0.2.7;proto=http",  # the first is the client's word
        "for=198.51.100.1;proto=https, for=192.0.2.7",
        "for=192.0.2.7;proto=http, for=10.0.0.9;proto=https",  # only between two proxies
    ],
)
def test_the_protocol_of_another_hop_or_in_another_parameter_does_not_count(forwarded):
    assert client(forwarded=forwarded) == "192.0.2.7" and not encrypted(forwarded=forwarded)


def test_strangers_tell_nothing():
    asked = request(
        "192.0.2.7",
        x_forwarded_for="198.51.100.1",
        x_forwarded_proto="https",
        x_forwarded_prefix="/chat",
        forwarded="for=198.51.100.1;proto=https",
    )
    assert Proxies(TRUSTED).unwrapped(asked) == asked
    assert Proxies(()).unwrapped(request(x_forwarded_for="198.51.100.1")).address == PROXY


def test_a_unix_socket_is_trusted_by_its_word():
    assert Proxies(["local"]).trusts("local") and not Proxies(TRUSTED).trusts("local")


def through(server, **headers):
    """A WebSocket client that a proxy brings."""
    server.serve_web(proxies=TRUSTED)
    client = server.connect("websocket", PROXY)
    head = bytes(client.transport.incoming).removesuffix(b"\r\n")
    client.transport.incoming.clear()
    client.send_raw(head, b"X-Forwarded-For: 192.0.2.7\r\n\r\n")
    server.run()
    return client


def test_a_session_through_a_proxy_has_the_clients_address():
    server = Server(show_addresses="everyone")
    alice = through(server)
    alice.hello("alice")
    server.run()
    alice.events()
    (who,) = alice.ask("who", room="lobby")
    assert [member["address"] for member in who["members"]] == ["192.0.2.7"]
    alice.close()
    server.run()
    assert not server.factory.connections and not server.factory.pending


def test_limits_of_an_address_are_the_clients():
    server = Server(per_address=2)
    members = [through(server) for _ in range(3)]
    assert [codes(member.events()) for member in members] == [[], [], ["too-many-connections"]]
    assert members[2].close_code == 1000


def test_where_tls_is_required_the_proxy_may_have_spoken_it():
    server = Server(require_tls=True)
    server.serve_web(proxies=["10.0.0.1"])
    assert Browser(server, "192.0.2.7").get("/").status == 308
    assert Browser(server, "10.0.0.1").get("/", X_Forwarded_For="192.0.2.7").status == 308
    for secure in (
        {"X_Forwarded_For": "192.0.2.7", "X_Forwarded_Proto": "https"},
        {"Forwarded": "for=192.0.2.7;proto=https"},
    ):
        assert Browser(server, "192.0.2.7").get("/", **secure).status == 308
        answer = Browser(server, "10.0.0.1").get("/", **secure)
        assert answer.status == 200 and b"https://localhost" in answer.body


@pytest.mark.parametrize("prefix", ["/chat", "/chat/"])
def test_the_text_for_programs_knows_the_prefix_that_the_proxy_removes(prefix):
    server = Server()
    server.serve_web("chat.example", proxies=["10.0.0.1"])
    headers = {
        "Host": "chat.example",
        "X_Forwarded_For": "192.0.2.7",
        "X_Forwarded_Proto": "https",
        "X_Forwarded_Prefix": prefix,
    }
    text = Browser(server, "10.0.0.1").get("/", **headers).body.decode()
    assert "https://chat.example/chat/\n" in text
    assert "'https://chat.example/chat/api/rooms/lobby/stream'" in text
    assert "groupchat-connect YOUR_NAME chat.example 9000" in text
    assert "chat/" not in Browser(server, "192.0.2.7").get("/", **headers).body.decode()


def test_a_proxy_that_removes_nothing_may_say_so():
    server = Server()
    server.serve_web(proxies=["10.0.0.1"])
    headers = {"X_Forwarded_For": "192.0.2.7", "X_Forwarded_Prefix": "/"}
    assert (
        b"http://localhost/api/"
        in Browser(server, "10.0.0.1").get("/", Host="localhost", **headers).body
    )


def test_where_tls_is_required_a_browser_is_sent_to_the_page_below_the_prefix():
    server = Server(require_tls=True)
    server.serve_web(proxies=["10.0.0.1"])
    headers = {"X_Forwarded_For": "192.0.2.7", "X_Forwarded_Prefix": "/chat"}
    answer = Browser(server, "10.0.0.1").get("/", Host="chat.local", **headers)
    assert answer.headers["location"] == "https://chat.local/chat/"
