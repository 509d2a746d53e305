"""
Talking in the page: with others, through breakdowns, in several rooms and tabs.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

from tests.e2e.web.support import VENV, Open, Server, person

pytestmark = pytest.mark.slow


def test_browsers_nc_and_groupchat_connect_talk_in_one_room(
    own: Server, new_screen: Open, needs: Callable[..., str]
) -> None:
    alice, bob = new_screen(own).join("alice"), new_screen(own).join("bob")
    port = str(own.port)
    nc = subprocess.Popen(
        [needs("nc", "netcat-openbsd"), "-N", "localhost", port],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert nc.stdin is not None and nc.stdout is not None
    nc.stdin.write(b"carol\nhello from nc\n")
    nc.stdin.flush()
    subprocess.run(
        [str(VENV / "groupchat-connect"), "dave", "localhost", port],
        input=b"hello from a pipe\n",
        env={"HOME": str(own.directory), "PATH": "/usr/bin:/bin"},
        check=True,
        timeout=20,
    )
    alice.say("hello from alice")
    bob.sees("hello from alice")
    bob.say("hello from bob")
    for screen in (alice, bob):
        for text in ("hello from nc", "hello from a pipe", "hello from alice", "hello from bob"):
            screen.sees(text)
    assert b"bob: hello from bob" in nc.communicate()[0]
    bob.page.wait_for_selector("#count:text('2')")


def test_a_name_that_is_begun_before_the_page_is_ready_is_kept(
    own: Server, new_screen: Open
) -> None:
    screen = new_screen(own)
    page, held = screen.page, []
    page.route("**/main*.js", lambda route: held.append(route))
    page.goto(own.url, wait_until="commit")
    page.locator("#login-name").press_sequentially("ali")
    while not held:
        page.wait_for_timeout(10)
    held[0].continue_()
    page.wait_for_selector("#login-form button:enabled")
    page.keyboard.type("ce")
    page.keyboard.press("Enter")
    page.wait_for_selector("#chat:not([hidden])")
    assert page.text_content("#me") == "alice"


def test_a_room_without_messages_says_so_until_there_is_one(own: Server, new_screen: Open) -> None:
    screen = new_screen(own).join("alice")
    hint = "getComputedStyle(document.querySelector('#lines'), '::before').content"
    assert screen.page.evaluate(hint) == '"No messages yet. Say hello."'
    screen.say("hello").stored("hello")
    assert screen.page.evaluate(hint) == "none"


def test_own_words_are_pale_until_they_are_stored(own: Server, new_screen: Open) -> None:
    alice = new_screen(own).join("alice")
    alice.say("stored").stored("stored")
    own.kill()
    alice.say("waits")
    alice.page.locator(".line.waiting", has_text="waits").wait_for()
    own.start()
    alice.stored("waits")


def test_a_killed_server_costs_nothing_but_the_bar(own: Server, new_screen: Open) -> None:
    alice, bob = new_screen(own).join("alice"), new_screen(own).join("bob")
    bob.say("before").stored("before")
    alice.say("one", "two")
    own.kill()
    alice.say("three", "four")
    alice.page.fill("#say", "in mid-sente")
    alice.page.wait_for_selector("#bar.shown >> text=/messages wait/")
    own.start()
    for screen in (alice, bob):
        screen.page.evaluate("window.dispatchEvent(new Event('online'))")  # don't wait longer
        screen.page.wait_for_selector("#bar:not(.shown)", state="attached")
        screen.sees("four")
    alice.page.wait_for_selector(".line.waiting", state="detached")
    for screen in (alice, bob):
        assert screen.texts == ["before", "one", "two", "three", "four"]
    assert alice.page.input_value("#say") == "in mid-sente"


def test_words_typed_offline_are_kept_over_a_new_page(own: Server, new_screen: Open) -> None:
    alice = new_screen(own).join("alice")
    alice.say("one").stored("one")
    own.kill()
    alice.say("two", "three")
    alice.page.wait_for_selector("#bar.shown")
    alice.page.fill("#say", "a draft")
    own.start()
    alice.page.reload()
    alice.stored("three")
    alice.sees("one")  # of the history, for which the page asks once it has drawn the rest
    assert alice.texts == ["one", "two", "three"]
    assert alice.page.input_value("#say") == "a draft"


def test_a_browser_that_was_offline_goes_on(shared: Server, new_screen: Open) -> None:
    alice = new_screen(shared).join("alice-off").say("/join offline")
    alice.page.wait_for_selector("h1:text('offline')")
    alice.say("one").stored("one")
    alice.page.context.set_offline(True)
    alice.page.evaluate("window.dispatchEvent(new Event('online'))")
    alice.say("two")
    with person(shared, "bob-off", rooms={"offline": None}) as bob:
        bob.say("meanwhile", room="offline")
        alice.page.wait_for_timeout(100)
        alice.page.context.set_offline(False)
        alice.stored("two")
        alice.sees("meanwhile")
    assert sorted(alice.texts) == ["meanwhile", "one", "two"]


def test_rooms_show_what_is_unread_and_who_is_meant(shared: Server, new_screen: Open) -> None:
    alice = new_screen(shared).join("alice-rooms").say("/join quiet")
    alice.page.wait_for_selector("h1:text('quiet')")
    with person(shared, "bob-rooms") as bob:
        bob.say("one", "two")
        alice.page.wait_for_selector(".room[data-room=lobby] .badge:not(.loud)")
        bob.say("Alice-Rooms: look")
        alice.page.wait_for_selector(".room[data-room=lobby] .badge.loud:has-text('1')")
        assert "(1)" in alice.page.title()
        alice.page.click(".room[data-room=lobby]")
        alice.page.wait_for_selector(".day.new")
        assert alice.sees("Alice-Rooms: look").get_attribute("class").count("mention")
        alice.page.wait_for_selector(".badge.loud", state="detached")
        alice.say("seen")
        alice.page.wait_for_selector(".day.new", state="detached")


def test_a_message_is_corrected_and_removed(shared: Server, new_screen: Open) -> None:
    alice, bob = (new_screen(shared).join(name) for name in ("alice-fix", "bob-fix"))
    for one in (alice, bob):
        one.say("/join fixes")
        one.page.wait_for_selector("h1:text('fixes')")
    alice.say("tea at for", "hunter2").stored("hunter2")
    alice.sees("tea at for").hover()
    alice.page.click(".line .more")
    alice.page.click("role=menuitem[name=Correct]")
    alice.page.fill("#say", "tea at four")
    alice.page.press("#say", "Enter")
    bob.sees("tea at four (corrected)")
    alice.say("/remove")
    bob.sees("This message was removed.")
    assert "hunter2" not in bob.page.inner_text("#lines")
    assert bob.texts == ["tea at four (corrected)", "This message was removed."]


def test_registered_people_have_a_room_of_two(shared: Server, new_screen: Open) -> None:
    alice, bob = (new_screen(shared).join(name) for name in ("alice-two", "bob-two"))
    for one in (alice, bob):
        one.page.click("#me-menu")
        one.page.click("role=menuitem[name=/Register/]")
        one.page.fill("dialog input[type=password]", "open sesame")
        one.page.click("dialog >> role=button[name=Register]")
        one.sees("/register: done.")
    alice.page.click("#member-list >> text=bob-two")
    alice.page.click("role=menuitem[name=/privately/]")
    alice.page.wait_for_selector("h1:text('@bob-two')")
    alice.say("psst")
    bob.sees("psst")
    second = new_screen(shared).join("bob-two", "open sesame")
    second.page.wait_for_selector(".room.direct .badge.loud")
    second.page.click(".room.direct")
    second.sees("psst")
    second.say("here, too").stored("here, too")
    alice.sees("here, too")


def test_a_mark_of_one_device_counts_on_the_others(shared: Server, new_screen: Open) -> None:
    with person(shared, "alice-mark", client="the-secret-of-a-laptop") as alice:
        alice.do(type="register", password="open sesame")
        phone = new_screen(shared).join("alice-mark", "open sesame").say("/join elsewhere")
        phone.page.wait_for_selector("h1:text('elsewhere')")
        with person(shared, "bob-mark") as bob:
            newest = bob.say("news")
        phone.page.wait_for_selector(".room[data-room=lobby] .badge")
        alice.do(type="mark", room="lobby", id=newest)
        phone.page.wait_for_selector(".room[data-room=lobby] .badge", state="detached")
        phone.page.click(".room[data-room=lobby]")


def test_each_tab_is_a_device_of_its_own(shared: Server, new_screen: Open) -> None:
    first = new_screen(shared).join("alice-tabs")
    first.page.click("#me-menu")
    first.page.click("role=menuitem[name=/Register/]")
    first.page.fill("dialog input[type=password]", "open sesame")
    first.page.click("dialog >> role=button[name=Register]")
    first.sees("/register: done.")
    second = new_screen(shared, beside=first)
    second.open()
    second.page.wait_for_selector("#login-name:focus")
    assert second.page.input_value("#login-name") == "alice-tabs"
    second.join("alice-tabs", "open sesame")
    second.say("from the second").stored("from the second")
    first.sees("from the second")
    first.say("from the first").stored("from the first")
    second.sees("from the first")
    for one in (first, second):
        one.page.reload()
        one.sees("from the first")
        assert not one.page.is_visible("#bar")


def test_another_guest_cannot_take_a_name(shared: Server, new_screen: Open) -> None:
    new_screen(shared).join("alice-taken")
    second = new_screen(shared).open()
    second.page.fill("#login-name", "alice-taken")
    second.page.press("#login-name", "Enter")
    second.page.wait_for_selector("#login-error:has-text('taken')")
    second.page.fill("#login-name", "alice-free")
    second.page.press("#login-name", "Enter")
    second.page.wait_for_selector("#chat:not([hidden])")


def test_an_operator_finds_kick_ban_and_mute_at_a_member(shared: Server, new_screen: Open) -> None:
    with person(shared, "oper") as first:
        first.do(type="register", password="open sesame")
    shared.passwd("--operator", "oper")
    oper = new_screen(shared).join("oper", "open sesame")
    bob = new_screen(shared).join("bob-out")
    oper.page.click("#member-list >> text=bob-out")
    oper.page.click("role=menuitem[name=/^Mute/]")
    oper.page.select_option("dialog select", label="for 10 minutes")
    oper.page.click("dialog >> role=button[name=Mute]")
    oper.sees("bob-out is muted")
    bob.say("unheard")
    bob.sees("Not said: unheard")
    oper.page.click("#member-list >> text=bob-out")
    oper.page.click("role=menuitem[name=/^Kick/]")
    oper.page.fill("dialog input[name=text]", "enough")
    oper.page.click("dialog >> role=button[name=Kick]")
    bob.page.wait_for_selector("#bar.shown >> text=Join again")
    assert "enough" in bob.page.inner_text("#bar")


@pytest.mark.parametrize("blocked", ["refused", "swallowed"])
def test_the_page_goes_on_where_websocket_is_blocked(
    shared: Server, new_screen: Open, blocked: str
) -> None:
    opens = "setTimeout(() => this.onopen?.())"
    fails = "setTimeout(() => this.onclose?.())"
    screen = new_screen(shared)
    screen.page.add_init_script(
        f"""window.WebSocket = class {{
          constructor() {{ {opens if blocked == "swallowed" else fails} }}
          send() {{}}
          close() {{}}
        }};"""
    )
    screen.join(f"alice-{blocked}").say("over another way", "and in order").stored("and in order")
    with person(shared, f"bob-{blocked}") as bob:
        bob.say(f"{blocked}, and back")
        screen.sees(f"{blocked}, and back")
    assert screen.texts[-3:] == ["over another way", "and in order", f"{blocked}, and back"]
