"""
Keys, from the person at the terminal to the chat and to the screen.
"""

import re

import pytest

from groupchat.cli.terminal.keys import HELP
from groupchat.cli.terminal.leaving import TWICE
from groupchat.cli.terminal.talk import Connection, Phase
from groupchat.client import AnswerLost, Refused
from groupchat.wire import commands, events
from tests.cli.terminal.fakes import Desk, message, state


@pytest.fixture
def desk():
    return Desk(["lobby", "dev", "ops"])


def fill(desk, count, first=1):
    for number in range(first, first + count):
        desk.hear(message(number, f"message {number}"))


def test_a_line_is_said_and_waits_dim_until_it_is_stored(desk):
    desk.type("hello", "enter")
    assert desk.talk.texts == [("lobby", "hello")] and desk.typed == "alice>"
    assert desk.room == ["…        alice  hello"]
    desk.talk.store(7)
    assert desk.room == ["alice  hello"]
    desk.hear(message(7, sender="alice"), mine=True)
    assert desk.room[-1].endswith("alice  hello") and len(desk.room) == 2


@pytest.mark.parametrize("typed", ["hello", "/me waves", "//hello"])
def test_a_refused_line_is_back_where_it_was_typed(desk, typed):
    desk.type(typed, "enter")
    desk.talk.refuse(Refused("muted", "You are muted."))
    assert desk.room[0] == "!  Not said, and back in your line: You are muted."
    assert desk.typed == f"alice> {typed}"


def test_refused_lines_of_one_text_are_back_together(desk):
    desk.type("one", "meta enter")
    desk.type("two", "enter")
    for _ in range(2):
        desk.talk.refuse(Refused("muted", "You are muted."))
    assert desk.line.text == "one\ntwo"
    desk.press("enter")
    assert desk.talk.texts == [("lobby", "one"), ("lobby", "two")]


def test_a_refused_line_does_not_touch_one_that_is_begun(desk):
    desk.type("hello", "enter")
    desk.type("half")
    desk.talk.refuse(Refused("muted", "You are muted."))
    assert desk.room == ["!  Not said: hello", "!  You are muted."]
    assert desk.typed == "alice> half"


def test_a_line_that_is_refused_in_another_room_is_back_there(desk):
    desk.type("for the lobby", "enter", "meta 2")
    desk.talk.refuse(Refused("muted", "You are muted."))
    assert desk.typed == "alice>" and "1:lobby @" in desk.bar
    desk.press("meta 1")
    assert desk.typed == "alice> for the lobby"


def test_a_refused_line_never_becomes_a_correction(desk):
    desk.hear(message(1))
    desk.hear(message(2, "x", sender="alice"), mine=True)
    desk.type("hello", "enter")
    desk.press("meta s", "up", "e", "backspace")
    desk.talk.refuse(Refused("muted", "You are muted."))
    assert desk.typed == "alice>" and "!  Not said: hello" in desk.room


def test_arrivals_leave_the_line_alone(desk):
    desk.type("half a li")
    fill(desk, 100)
    assert desk.typed == "alice> half a li"
    assert desk.page.cursor == (16, 15)


def test_what_somebody_does(desk):
    desk.type("/me waves", "enter")
    assert desk.room == ["…      * alice  waves"]
    desk.type("//me", "enter")
    assert desk.talk.texts == [("lobby", "waves"), ("lobby", "/me")]


def test_a_command_is_answered_in_the_words_of_the_plain_wire(desk):
    desk.type("/topic", "enter")
    assert desk.talk.asked == commands.SetTopic(room="lobby")
    desk.talk.answer(events.Topic(room="lobby", text="tea", sender="bob", ref="t1"))
    assert desk.room[0].startswith("--  ") and "tea" in desk.room[0]


def test_a_refused_command_is_told_with_its_word(desk):
    desk.type("/msg bbo hi", "enter")
    desk.talk.fail(Refused("no-such-name", 'Nobody here is called "bbo".'))
    assert desk.room == ['!  /msg: Nobody here is called "bbo".']
    desk.type("/who", "enter")
    desk.talk.fail(AnswerLost("The connection was lost."))
    assert desk.room[-1] == "!  /who: The connection was lost."


def test_a_private_message_is_shown_to_its_sender(desk):
    desk.type("/msg bob psst", "enter")
    desk.talk.answer(events.Ok())
    assert desk.room == ["→ bob  psst"]


def test_other_commands_are_answered_or_silent(desk):
    desk.type("/register geheim", "enter")
    desk.talk.answer(events.Ok())
    desk.type("/topic tea", "enter")
    desk.talk.answer(events.Topic(room="lobby", text="tea", sender="alice"))
    assert desk.room == ["--  /register: done."]


def test_a_token_is_shown_and_its_end_is_told(desk):
    desk.type("/token backup", "enter")
    desk.talk.answer(events.Token(name="backup", token="gct_x"))
    desk.type("/revoke backup", "enter")
    desk.talk.answer(events.Ok())
    assert desk.room == [
        "--  The token backup is gct_x",
        "--  It is shown only now. Scripts act as you with it; /revoke backup ends it.",
        "--  /revoke: done.",
    ]


@pytest.mark.parametrize("line", ["/nonsense", "/msg", "/join", "/notify loudly", "/help nonsense"])
def test_a_command_that_makes_no_sense_is_told(desk, line):
    desk.type(line, "enter")
    assert desk.room[0].startswith("!  ") and desk.talk.requested == []


def test_without_a_connection_a_command_is_refused_at_once_and_a_line_waits(desk):
    desk.talk.connection = Connection(Phase.WAITING, 3.2)
    for line in ("/who", "/join tea", "/leave dev"):
        desk.type(line, "enter")
    desk.type("hello", "enter")
    assert len([row for row in desk.room if "There is no connection" in row]) == 3
    assert desk.bar == "lobby 2 · again in 3 s, 1 line waits"
    desk.press("enter")
    assert desk.talk.reconnects == 1
    desk.type("/reconnect", "enter")
    assert desk.talk.reconnects == 2


# Rooms.


def test_each_room_keeps_the_line_that_was_begun_there(desk):
    desk.type("for the lobby", "meta 2")
    assert desk.typed == "alice>" and desk.bar == "dev 2 · 1:lobby @"
    desk.type("for dev", "meta 1")
    assert desk.typed == "alice> for the lobby"
    desk.press("meta /")
    assert desk.typed == "alice> for dev"


def test_keys_go_from_room_to_room(desk):
    for key, room in [
        ("ctrl n", "dev"),
        ("ctrl n", "ops"),
        ("ctrl n", "lobby"),
        ("ctrl p", "ops"),
        ("meta 2", "dev"),
        ("meta 9", "dev"),
        ("meta a", "dev"),
    ]:
        desk.press(key)
        assert desk.rooms.current.name == room
    desk.hear(message(1, room="ops"))
    desk.press("meta a")
    assert desk.rooms.current.name == "ops" and desk.rooms.unread == 0


def test_a_room_is_joined_and_the_others_stay(desk):
    desk.type("/join #Tea", "enter")
    assert desk.talk.asked == commands.Join(room="tea")
    desk.hear(state("tea"))
    desk.talk.answer(state("tea"))
    assert desk.rooms.current.name == "tea" and len(desk.rooms) == 4
    desk.type("/join dev", "enter")
    assert desk.rooms.current.name == "dev" and desk.talk.requested == []


def test_a_room_is_left_but_not_the_last_one(desk):
    desk.press("meta 2")
    desk.type("/leave", "enter")
    assert desk.talk.asked == commands.Leave(room="dev")
    desk.talk.answer(events.Ok())
    assert desk.rooms.current.name == "lobby" and desk.rooms.get("dev") is None
    desk.type("/leave ops", "enter")
    desk.talk.answer(events.Ok())
    desk.type("/leave", "enter")
    desk.type("/leave nowhere", "enter")
    assert ["only room" in row or "not in nowhere" in row for row in desk.room] == [True, True]


def test_a_room_with_lines_on_their_way_is_not_left(desk):
    desk.type("hello", "enter")
    desk.type("/leave", "enter")
    assert "not stored yet" in desk.room[0]


# Scrolling.


def test_pages_and_ends(desk):
    fill(desk, 50)
    desk.press("page up")
    assert "↓11" in desk.bar and desk.room[-1].endswith("message 39")
    desk.press("page down")
    assert "↓" not in desk.bar
    desk.press("meta <")
    assert desk.room[1].endswith("message 1")
    desk.press("meta >")
    assert desk.room[-1].endswith("message 50")


def test_older_messages_come_from_the_server_without_end(desk):
    desk.hear(state(head=405))
    fill(desk, 5, first=401)
    desk.press("page up")
    assert desk.talk.asked == commands.AskHistory(room="lobby", before=401, limit=100)
    desk.press("page up")
    assert len(desk.talk.requested) == 1
    page = [message(number, f"message {number}") for number in range(301, 401)]
    desk.talk.answer(events.History(room="lobby", messages=page, more=True))
    desk.press("page up")
    assert desk.room[-1].endswith("message 394")
    desk.press("meta <")
    assert desk.talk.asked.before == 301
    desk.talk.answer(events.History(room="lobby", messages=[], more=False))
    desk.press("meta <")
    assert desk.talk.requested == []


def test_a_page_that_cannot_be_had_is_told(desk):
    desk.hear(state(head=400))
    desk.press("page up")
    desk.talk.fail(AnswerLost("The connection was lost."))
    assert desk.room == ["--  The connection was lost."]
    desk.press("page up")
    assert len(desk.talk.requested) == 1


def test_news_and_mentions_are_found(desk):
    fill(desk, 3)
    desk.hear(message(4, "alice: one"))
    fill(desk, 30, first=5)
    desk.hear(message(35, "alice: two"))
    fill(desk, 30, first=36)
    desk.press("meta p")
    assert any("alice: two" in row for row in desk.room)
    desk.press("meta p")
    assert any("alice: one" in row for row in desk.room)
    desk.press("meta n")
    assert any("alice: two" in row for row in desk.room)
    desk.press("meta n")
    assert desk.room[-1].endswith("message 65")
    desk.press("focus out")
    assert not desk.surface.focused
    fill(desk, 40, first=66)
    desk.press("focus in", "meta u")
    assert any(row.strip("─ ") == "new" for row in desk.room)


# Selecting.


def test_a_message_is_selected_to_reply_to_quote_and_copy(desk):
    fill(desk, 3)
    desk.press("meta s", "up")
    assert "select:" in desk.bar
    desk.press("r")
    assert desk.typed == "alice> bob:" and "select" not in desk.bar
    desk.line.set("")
    desk.press("meta s", "q")
    assert desk.typed == "alice> > message 3"
    desk.press("meta s", "up", "down", "y")
    assert desk.surface.done == ["copy message 3"]
    desk.press("meta s", "esc")
    assert "select" not in desk.bar
    desk.press("meta s")
    desk.type("x")
    assert desk.typed.endswith("message 3 x") and "select" not in desk.bar


# The line.


@pytest.mark.parametrize("count", [1, 2, 9, 13, 14])
def test_the_oldest_message_can_be_selected(desk, count):
    fill(desk, count)
    desk.press("meta s", *["up"] * count, "y")
    assert desk.surface.done == ["copy message 1"]


def test_the_newest_message_is_copied_by_a_command(desk):
    desk.hear(message(1, "from bob"))
    desk.hear(message(2, "from carol", sender="carol"))
    desk.type("/copy", "enter")
    desk.type("/copy BOB", "enter")
    assert desk.surface.done == ["copy from carol", "copy from bob"]
    assert desk.room[-1] == "--  Copied: from bob"
    desk.type("/ignore carol", "enter")
    desk.type("/copy", "enter")
    assert desk.surface.done[-1] == "copy from bob"
    desk.type("/copy dave", "enter")
    assert desk.room[-1] == "!  /copy: There is no such message on the screen."


def test_a_command_lists_the_links(desk):
    desk.hear(message(1, "see https://example.org/a"))
    desk.type("/links", "enter")
    desk.press("enter")
    assert desk.surface.done == ["open https://example.org/a"]


def test_names_and_commands_are_completed(desk):
    desk.type("bo", "tab")
    assert desk.typed == "alice> bob:"
    desk.line.set("")
    desk.type("/m")
    assert any("/msg NAME TEXT" in row for row in desk.screen)
    desk.press("tab", "tab", "shift tab")
    assert desk.typed.startswith("alice> /msg")


def test_lines_typed_before_come_back(desk):
    desk.type("one", "enter")
    desk.type("two", "enter")
    desk.type("begun", "up", "up")
    assert desk.typed == "alice> one"
    desk.press("down", "down")
    assert desk.typed == "alice> begun"
    desk.press("ctrl r")
    desk.type("on")
    assert desk.typed == "search: on  one"
    desk.press("ctrl r", "backspace", "enter")
    assert desk.talk.texts[-1] == ("lobby", "two")
    desk.type("x", "ctrl r")
    desk.type("two", "esc")
    assert desk.typed == "alice> x"


def test_a_paste_goes_into_the_line_and_many_lines_are_asked_about(desk):
    desk.press("begin paste")
    desk.type("a\tb")
    for letter in ["enter", "c", "enter", "d", "enter", "tab", "up", "e"]:
        desk.press(letter)
    desk.press("end paste")
    assert desk.talk.said == [] and desk.typed == "alice> a    b⏎c⏎d⏎    e"
    desk.press("enter")
    assert desk.typed.startswith("Say 4 lines?")
    desk.press("n")
    assert desk.talk.said == []
    desk.press("enter", "y")
    assert [text for _, text in desk.talk.texts] == ["a    b", "c", "d", "    e"]


def test_a_paste_can_be_edited_first(desk):
    desk.line.insert("1\n2\n3\n4")
    desk.press("enter", "x", "enter", "e")
    assert desk.surface.done == ["edit 1\n2\n3\n4"] and desk.line.text == "1\n2\n3\n4 edited"


def test_three_lines_are_said_without_a_question(desk):
    desk.type("a", "meta enter", "b", "enter")
    assert [text for _, text in desk.talk.texts] == ["a", "b"]


def test_the_editor(desk):
    desk.type("hello", "meta e")
    assert desk.typed == "alice> hello edited"


# Leaving.


def test_ctrl_c_clears_the_line_and_twice_leaves(desk):
    desk.type("hello", "ctrl c")
    assert desk.typed == "alice>"
    desk.press("ctrl c")
    desk.clock.advance(TWICE + 1)
    desk.press("ctrl c")
    assert not desk.talk.left
    desk.press("ctrl c")
    assert desk.talk.left


def test_ctrl_d_removes_a_letter_and_in_an_empty_line_leaves(desk):
    desk.type("ab", "left", "ctrl d")
    assert desk.typed == "alice> a" and not desk.talk.left
    desk.press("backspace", "ctrl d")
    assert desk.talk.left


def test_leaving_asks_if_lines_are_not_stored(desk):
    desk.type("hello", "enter")
    desk.type("/quit", "enter")
    assert desk.typed == "1 line is not stored. Leave? y or n:" and not desk.talk.left
    desk.press("n")
    assert desk.surface.done == []
    desk.press("ctrl d", "ctrl c")
    desk.press("ctrl d", "y")
    assert desk.surface.done == ["leave"]


# Other keys and commands.


def test_keys_that_concern_the_screen(desk):
    desk.press("ctrl l", "ctrl z", "meta l", "f2", "insert", "ctrl q", "<0>")
    desk.type("/bare", "enter")
    assert desk.surface.done == ["redraw", "suspend", "bare", "bare"] and desk.typed == "alice>"


def test_help_lists_commands_and_keys():
    desk = Desk(width=120, height=60)
    desk.type("/help", "enter")
    assert any(row.startswith("--  /join ROOM") for row in desk.room)
    desk.type("/help ban", "enter")
    assert desk.room[-1].startswith("--  ") and "network" in desk.room[-1]
    desk.press("f1")
    assert desk.room[-1].endswith(HELP[-1][1])


def test_people_are_hidden_and_shown_again(desk):
    desk.hear(message(1))
    desk.type("/ignore Bob", "enter")
    assert not any("hello" in row for row in desk.room)
    desk.type("/unignore @bob", "enter")
    assert any("hello" in row for row in desk.room)
    assert desk.room[-1] == "--  You hide what these say: nobody."


def test_the_room_is_cleared_and_notifications_are_set(desk):
    desk.hear(message(1))
    desk.type("/clear", "enter")
    desk.type("/notify none", "enter")
    assert desk.room == ["--  A mention is told by: none."]


def test_a_question_takes_the_line_and_gives_it_back(desk):
    from groupchat.cli.terminal.line_input import Question

    answers = []
    desk.type("begun")
    desk.line.ask(Question("Password: ", answers.append, masked=True))
    desk.line.ask(Question("Name: ", answers.append))
    desk.type("geheim", "tab", "left", "up")
    assert desk.typed == "Password: ••••••" and desk.line.asking
    desk.press("enter")
    desk.type("bob", "esc")
    assert answers == ["geheim", None] and desk.typed == "alice> begun"
    desk.line.ask(Question("Name: ", answers.append))
    desk.line.drop_questions()
    assert desk.typed == "alice> begun"


def test_a_window_that_is_too_small_says_so():
    assert Desk(width=19, height=5).screen[0] == "Make the window"[:19] + " la…"
    desk = Desk(width=30, height=4)
    assert desk.screen == ["Make the window larger.", "", "", ""] and desk.page.cursor is None


def test_scrolling_back_keeps_own_words_from_jumping_only_until_they_are_said(desk):
    fill(desk, 50)
    desk.press("page up")
    desk.type("hello", "enter")
    assert desk.room[-1].endswith("alice  hello")


# Corrections.


def test_the_newest_message_is_corrected_and_removed(desk):
    desk.type("/edit better", "enter")
    assert "Nothing that you said here is known" in desk.room[-1]
    desk.talk.newest = 7
    desk.type("/edit better", "enter")
    desk.type("/remove", "enter")
    assert [one[:3] for one in desk.talk.corrected] == [
        ("lobby", 7, "better"),
        ("lobby", 7, None),
    ]
    desk.talk.corrected[0][3].callback(8)
    desk.talk.corrected[1][3].errback(Refused("not-allowed", "Too late."))
    assert desk.room[-1] == "!  Too late."


def test_a_selected_message_of_the_reader_is_edited_in_the_line(desk):
    desk.hear(message(1, "helo", sender="alice"), mine=True)
    desk.press("meta s", "e")
    assert desk.typed == "alice> helo"
    desk.press("backspace")
    desk.type("lo", "enter")
    assert desk.talk.corrected[0][:3] == ("lobby", 1, "hello") and desk.talk.said == []
    desk.press("meta s", "e", "ctrl c")
    desk.type("said", "enter")
    assert desk.talk.texts == [("lobby", "said")]


def test_a_message_of_somebody_else_is_not_edited(desk):
    desk.hear(message(1))
    desk.press("meta s", "e")
    assert desk.typed == "alice>"


def test_a_selected_message_is_removed_after_a_question(desk):
    desk.hear(message(1, sender="alice"), mine=True)
    desk.press("meta s", "d")
    assert desk.typed == "Remove the message of alice? y or n:"
    desk.press("n", "meta s", "d", "y")
    assert [one[:3] for one in desk.talk.corrected] == [("lobby", 1, None)]


def test_older_messages_are_shown_as_they_read_now(desk):
    desk.hear(state(head=5))
    desk.press("page up")
    page = [
        message(1, "helo"),
        message(2, "secret"),
        message(3, "hello", replaces=1),
        message(4, "", redacts=2),
        message(5, "gone", redacted=True),
    ]
    desk.talk.answer(events.History(room="lobby", messages=page, more=True))
    assert [row.split("  ")[-1] for row in desk.room[-3:]] == [
        "hello (edited)",
        "(removed)",
        "(removed)",
    ]
    desk.press("meta <")
    assert desk.talk.asked.before == 1


# Searching.


def found(*messages, more=False, before=None):
    return events.Found(room="lobby", messages=list(messages), more=more, before=before)


def test_what_a_search_finds_is_listed_and_shown_in_its_place(desk):
    fill(desk, 60)
    desk.type("/search mess from:bob", "enter")
    assert desk.talk.asked == commands.Search(room="lobby", text="mess", sender="bob")
    desk.talk.answer(found(message(5, "message 5"), message(50, "message 50")))
    assert any("2 found. " in row for row in desk.screen)
    assert [row.strip().split("  ")[-1] for row in desk.screen[-4:-2]] == [
        "bob: message 50",
        "bob: message 5",
    ]
    desk.press("down", "down", "up", "down", "focus in", "down", "enter")
    assert any("message 5" in row for row in desk.room)
    assert desk.rooms.current.viewport.pointed == 4


def test_a_search_looks_further_back_at_the_end_of_the_list(desk):
    desk.type("/search tea", "enter")
    desk.talk.answer(found(message(9, "tea"), more=True, before=9))
    desk.press("down")
    assert desk.talk.asked == commands.Search(room="lobby", text="tea", before=9)
    desk.talk.answer(found(message(3, "more tea")))
    desk.press("down", "down")
    assert any("2 found. " in row for row in desk.screen)
    desk.press("esc")
    assert not any("found" in row for row in desk.screen)


def test_nothing_found_and_a_search_that_is_refused(desk):
    desk.type("/search tea", "enter")
    desk.talk.answer(found())
    assert any("Nothing found" in row for row in desk.screen)
    desk.press("enter")
    desk.type("/search tea", "enter")
    desk.talk.fail(Refused("unknown-type", "This server is older than your client."))
    desk.type("/search from:bob", "enter")
    assert [row[:12] for row in desk.room] == ["!  /search: ", "!  /search: "]


def test_a_correction_that_is_found_is_shown_where_the_message_is(desk):
    desk.hear(message(1, "te"))
    desk.hear(message(2, "tea", replaces=1))
    desk.type("/search tea", "enter")
    desk.talk.answer(found(message(2, "tea", replaces=1)))
    desk.press("enter")
    assert desk.rooms.current.viewport.pointed == 0


def test_another_key_closes_the_list_and_means_what_it_means(desk):
    desk.type("/search tea", "enter")
    desk.talk.answer(found(message(9, "tea")))
    desk.type("x")
    assert desk.typed == "alice> x" and not desk.controller.results.active
    desk.talk.connection = Connection(Phase.CONNECTING)
    desk.line.set("")
    desk.type("/search tea", "enter")
    assert "no connection" in desk.room[-1]


def test_a_message_that_is_not_loaded_is_reached_page_by_page(desk):
    desk.hear(state(head=2005))
    fill(desk, 5, first=2001)
    desk.type("/search tea", "enter")
    desk.talk.answer(found(message(1, "tea")))
    desk.press("enter")
    for first in (1001, 1):
        assert desk.talk.asked.limit == 1000
        page = [message(number, f"message {number}") for number in range(first, first + 1000)]
        desk.talk.answer(events.History(room="lobby", messages=page, more=first > 1))
    assert any(row.endswith("message 1") for row in desk.room)


def test_a_message_that_is_no_longer_kept_is_not_looked_for_without_end(desk):
    desk.hear(state(head=5))
    desk.type("/search tea", "enter")
    desk.talk.answer(found(message(1, "tea")))
    desk.press("enter")
    desk.talk.answer(events.History(room="lobby", messages=[message(4)], more=False))
    assert "too far back" in desk.room[-1]


# Direct rooms, and marks.


def test_direct_rooms_with_news_are_joined_by_themselves(desk):
    desk.hear(
        events.Direct(
            rooms={
                "@bob": events.DirectRoom(head=5, mark=3),
                "@carol": events.DirectRoom(head=5, mark=5),
            }
        )
    )
    assert [command.room for command, _ in desk.talk.requested] == ["@bob"]
    desk.talk.fail(Refused("no-such-name", "No."))
    assert desk.room[-1] == "!  /join: No."


def test_a_direct_room_is_joined_by_its_name(desk):
    desk.type("/join @bob", "enter")
    assert desk.talk.asked == commands.Join(room="@bob")


def test_other_devices_learn_what_was_read_and_tell_it(desk):
    desk.hear(message(1))
    assert desk.talk.read == ["lobby"]
    desk.hear(message(1, "alice: hi", room="dev"))
    desk.hear(events.Mark(room="dev", id=1))
    assert desk.rooms.unread == 0 and "dev" not in desk.bar


def test_a_paste_of_a_megabyte_is_one_step_that_undo_takes_back(desk):
    desk.press("begin paste")
    for _ in range(256):
        desk.controller.press_all(["x"] * 4095 + ["enter"])
    desk.press("end paste", "y")
    assert len(desk.line.text) == 1 << 20
    desk.press("ctrl _", "ctrl _")
    assert desk.line.text == ""


# Links.


def test_links_are_listed_opened_and_copied(desk):
    desk.press("meta o")
    assert desk.room == ["--  There are no links here."]
    desk.hear(message(1, "see https://example.org/a. and (https://example.org/b)"))
    desk.hear(message(2, "again https://example.org/a"))
    desk.press("meta o")
    assert [row.strip() for row in desk.screen[-4:-2]] == [
        "1  https://example.org/a",
        "2  https://example.org/b",
    ]
    desk.press("down", "down", "up", "focus in", "2", "enter")
    desk.press("meta o", "y")
    assert desk.surface.done == ["open https://example.org/b", "copy https://example.org/a"]
    desk.press("meta o", "esc")
    desk.press("meta o")
    desk.type("x")
    assert desk.typed == "alice> x" and not desk.controller.links.active


def test_only_the_newest_links_are_listed(desk):
    for number in range(1, 21):
        desk.hear(message(number, f"https://example.org/{number}"))
    desk.press("meta o")
    assert sum("https://example.org/" in row for row in desk.screen[-11:-2]) == 9
    assert "1  https://example.org/20" in desk.screen[-11]


def test_a_room_that_we_are_no_longer_in_is_closed_without_asking_the_server(desk):
    desk.talk.outside.add("dev")
    desk.press("meta 2")
    desk.type("/leave", "enter")
    assert desk.rooms.get("dev") is None and desk.talk.requested == []


# The finder of rooms.


def listed(desk):
    """The list above the bar, without its title."""
    rows = ["".join(segment.text for segment in row).strip() for row in desk.controller.rows]
    return rows[1:]


def has_rooms(desk, **counts):
    """The server lists these rooms."""
    entries = [events.RoomEntry(room=room, count=count, topic="") for room, count in counts.items()]
    desk.talk.answer(events.Rooms(rooms=entries, count=len(entries)))


def test_a_room_is_found_by_a_part_of_its_name(desk):
    desk.type("begun", "meta j")
    desk.type("e", "enter")
    assert desk.rooms.current.name == "dev" and desk.typed == "alice>"
    desk.press("meta 1")
    assert desk.typed == "alice> begun"


def test_rooms_with_news_are_listed_first_and_those_of_the_server_last(desk):
    desk.hear(message(1, "hi", room="dev"))
    desk.hear(message(1, "alice: hi", room="ops"))
    desk.press("meta j")
    assert desk.talk.asked == commands.AskRooms()
    has_rooms(desk, lobby=2, small=1, big=7)
    assert listed(desk) == [
        "ops  1 new, 1 for you",
        "dev  1 new",
        "big  7 members",
        "small  1 member",
    ]
    desk.press("down", "down", "up", "enter")
    assert desk.rooms.current.name == "dev" and not desk.controller.rows


def test_names_that_begin_with_the_part_are_first_and_a_new_room_is_last(desk):
    desk.press("meta j")
    has_rooms(desk, sandev=1, devices=1)
    desk.type("DEV")
    assert listed(desk) == ["dev", "devices  1 member", "sandev  1 member"]
    desk.type("i")
    assert listed(desk) == ["devices  1 member", "devi  (a new room)"]
    desk.press("backspace", "backspace", "backspace", "backspace")
    desk.type("tea", "enter")
    assert desk.talk.asked == commands.Join(room="tea")


def test_the_finder_needs_no_connection_and_says_when_there_is_nothing(desk):
    desk.talk.connection = Connection(Phase.WAITING, 3)
    desk.press("meta j")
    assert desk.talk.requested == [] and listed(desk) == ["dev", "ops"]
    desk.type("!!")
    assert listed(desk) == ["No room can have this name."]
    desk.press("enter")
    assert not desk.controller.rows


@pytest.mark.parametrize("key", ["esc", "ctrl c", "meta j", "meta 2", "page up"])
def test_other_keys_close_the_finder(desk, key):
    desk.press("meta j", "focus out", "focus in", key)
    assert not desk.controller.rows
    desk.talk.fail(AnswerLost("The connection was lost."))


def test_the_link_of_a_selected_message_is_opened(desk):
    desk.hear(message(1, "see https://a.example/x."))
    desk.press("meta s", "o")
    assert desk.surface.done == ["open https://a.example/x"]
    desk.hear(message(2, "no link"))
    desk.press("meta s", "o")
    assert len(desk.surface.done) == 1


# Settings of this run.


def test_settings_can_be_changed_for_this_run(desk):
    desk.hear(message(1))
    desk.hear(events.Presence(room="lobby", joined=["carol"], left=[], renamed={}, count=3))
    assert any("carol joined" in row for row in desk.room)
    desk.type("/set presence false", "enter")
    desk.type("/set time @%M", "enter")
    assert not any("carol joined" in row for row in desk.room)
    assert any(row.startswith("@24") for row in desk.room)
    desk.type("/set time %H:%M:%S", "enter")
    assert any(re.match(r"\d\d:24:00 +bob", row) for row in desk.room)
    desk.type("/set notify none", "enter")
    assert desk.room[-1].endswith("A mention is told by: none.")
    assert not desk.rooms.add("new").presence


@pytest.mark.parametrize("line", ["/set", "/set presence", "/set presence no", "/set colour red"])
def test_a_setting_that_makes_no_sense_is_told(desk, line):
    desk.type(line, "enter")
    assert desk.room[-1].startswith("!  ") and "/set time" in " ".join(desk.room)
