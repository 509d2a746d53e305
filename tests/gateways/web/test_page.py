"""The page, its files, and who may ask for them."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from groupchat.gateways.web.assets import Assets
from groupchat.gateways.web.hosts import host_name
from tests.gateways.web.support import Browser
from tests.support import Server


@pytest.fixture
def server():
    return Server()


@pytest.fixture
def browser(server):
    return Browser(server)


def test_a_program_reads_how_to_join(browser):
    answer = browser.get("/", Accept="*/*")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    text = answer.body.decode()
    assert "http://localhost:9000/" in text
    assert "groupchat-connect YOUR_NAME localhost 9000" in text
    assert "nc localhost 9000" in text
    assert "curl -d 'Hello!' 'http://localhost:9000/api/rooms/lobby/messages?name=" in text


def test_the_servers_name_is_the_one_that_it_has_now(server, browser):
    assert b"(groupchat)" in browser.get("/").body
    server.hub.settings.server = "The Pub"
    assert b"(The Pub)" in browser.get("/").body


def test_every_answer_keeps_everything_out_that_is_not_ours(browser):
    for target in ("/", "/nothing"):
        headers = browser.get(target).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert "require-trusted-types-for 'script'" in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


# Host and Origin.


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:1", "127.0.0.1:9000", "[::1]:9000", "printer.local", "here.example."],
)
def test_the_server_answers_under_its_own_names(server, host):
    server.serve_web("here.example")
    assert Browser(server).get("/", Host=host).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "here.example.evil.example", "", "localhost:x", "[", "1.2.3.4.5"]
)
def test_under_another_name_it_is_misdirected(server, host):
    server.serve_web("here.example")
    answer = Browser(server).get("/", Host=host)
    assert answer.status == 421 and answer.code == "bad-host"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:9001"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_page_may_neither_post_nor_open_a_websocket(browser, headers):
    for method, target in (("POST", "/"), ("GET", "/ws"), ("DELETE", "/")):
        answer = browser.ask(method, target, headers)
        assert answer.status == 403 and answer.code == "bad-origin"


@pytest.mark.parametrize("origin", ["http://localhost:9000", "https://localhost:9000"])
def test_the_page_may(browser, origin):
    answer = browser.ask("GET", "/ws", {"Origin": origin, "Sec-Fetch-Site": "same-origin"})
    assert answer.status == 426
    assert answer.headers["upgrade"] == "websocket"
    assert answer.headers["connection"] == "Upgrade"


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Chat.Example:80", "chat.example"),
        ("[2001:db8::1]:9", "2001:db8::1"),
        ("chat.example.", "chat.example"),
        ("chat.example:9x", ""),
        ("[::1]x", ""),
        ("[]", ""),
        ("[::1]:9'; reboot'", ""),
    ],
)
def test_the_name_of_a_host_has_no_port(header, name):
    assert host_name(header) == name


def test_where_tls_is_required_a_browser_is_sent_there():
    server = Server(require_tls=True)
    answer = Browser(server).get("/", Host="chat.local:9000")
    assert answer.status == 308 and answer.headers["location"] == "https://chat.local:9000/"
    assert Browser(server, "127.0.0.1").get("/").status == 200


def test_an_address_with_too_many_connections_is_refused():
    server = Server(per_address=1)
    assert Browser(server).get("/").status == 200
    answer = Browser(server).get("/")
    assert answer.status == 503 and answer.code == "too-many-connections"


# Files.


@pytest.fixture
def folder(tmp_path):
    files = {
        "index.html": '<script type="module" src="./main.js"></script><img src="./a.png">'
        '<link href="./manifest.webmanifest">',
        "main.js": 'import { a } from "./other.js"; import("./other.js"); "./nothing.js"'
        + " " * 999,
        "other.js": 'import "./main.js"',
        "style.css": "a { background: url(./a.png) }",
        "manifest.webmanifest": '{"icons": [{"src": "./a.png"}]}',
        "a.png": '"./main.js"',
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    return tmp_path


def test_files_have_names_that_change_with_them(folder):
    before = {*Assets(folder).files}
    (folder / "other.js").write_text("changed")
    after = {*Assets(folder).files}
    assert before & after == {"manifest.webmanifest"}


def test_texts_name_other_files_as_browsers_find_them(folder):
    assets = Assets(folder)
    by_name = {path.split("/")[-1].split(".")[0]: asset for path, asset in assets.files.items()}
    assert f'src="./{by_name["main"].path}"' in assets.page.body.decode()
    assert 'href="./manifest.webmanifest"' in assets.page.body.decode()
    other = by_name["other"].path.removeprefix("assets/")
    assert by_name["main"].body.decode().count(f'"./{other}"') == 2
    assert '"./nothing.js"' in by_name["main"].body.decode()
    assert f'"./{by_name["a"].path}"' in by_name["manifest"].body.decode()
    assert by_name["a"].body == b'"./main.js"'
    assert gzip.decompress(by_name["main"].compressed) == by_name["main"].body


def test_our_own_files_are_served_and_kept_by_browsers():
    static = Path(__file__).parents[3] / "groupchat" / "gateways" / "web" / "static"
    server = Server()
    browser = Browser(server)
    for path in Assets(static).files:
        answer = browser.get(f"/{path}", Accept_Encoding="gzip")
        assert answer.status == 200
        assert ("immutable" in answer.headers["cache-control"]) == path.startswith("assets/")
