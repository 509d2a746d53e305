"""
The meaning of a typed line, and when it acts.
"""

import json

import msgspec
import pytest

from groupchat.cli.input import MAX_UNSTORED, InputParser, JsonInputParser, PipeInputParser
from groupchat.wire import events
from tests.client.fakes import message, state, welcome
from tests.client.test_model import ModelDriver, ok


class InputDriver(ModelDriver):
    """A model, and a parser of what is typed for it."""

    def __init__(self, kind=InputParser):
        super().__init__()
        self.parser = kind(self.model, self.display)

    def type(self, *lines):
        for typed in lines:
            self.parser.type(typed if isinstance(typed, bytes) else typed.encode())
        return self.work()

    def work(self):
        self.parser.work()
        self.model.flush()
        return self

    def sent(self):
        return [
            {key: one[key] for key in one if key not in ("client", "rooms")}
            for one in super().sent()
        ]

    @classmethod
    def logged_in(cls, kind=InputParser):
        driver = cls(kind).connect().hear(welcome()).enter()
        driver.sent()
        return driver


@pytest.fixture
def driver():
    return InputDriver.logged_in()


@pytest.fixture
def program():
    return InputDriver.logged_in(JsonInputParser)


def say(n, text, **more):
    return {"type": "say", "room": "lobby", "text": text, **more, "n": n}


def test_a_line_is_said(driver):
    assert driver.type("hello").sent() == [say(1, "hello")]


def test_an_empty_line_is_nothing(driver):
    assert driver.type("", "  ").sent() == []


def test_two_slashes_say_one(driver):
    assert driver.type("//x").sent() == [say(1, "/x")]


def test_me_is_an_act(driver):
    assert driver.type("/me waves").sent() == [say(1, "waves", act=True)]


def test_controls_are_made_visible(driver):
    assert driver.type("a\x1bb").sent() == [say(1, "a␛b")]


def test_a_command_is_about_the_current_room(driver):
    assert driver.type("/who").sent() == [{"type": "who", "room": "lobby", "ref": "/who"}]


def test_help_is_at_hand_while_the_server_is_not():
    driver = InputDriver().type("/help")
    assert driver.display.shown == [(events.Help(), False)]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (
            "/bogus",
            "There is no such command. /help lists them; // says a line that begins with /.",
        ),
        ("/msg bob", "/msg: Type it like this: /msg NAME TEXT"),
        (b"caf\xe9", "That line is not UTF-8. Set your terminal to UTF-8."),
        (b"\xff\xfd\x01", "That line is not UTF-8. Set your terminal to UTF-8."),
        ("x" * 4097, "A message has at most 4096 bytes. Say it in parts."),
        (
            "/join a/b",
            "/join: A room's name has 1 to 32 of A-Z a-z 0-9 _ - . and the first a letter or "
            "digit.",
        ),
    ],
)
def test_a_line_that_makes_no_sense_is_told_and_the_next_is_read(driver, line, complaint):
    assert driver.type(line, "next").sent() == [say(1, "next")]
    assert driver.display.complaints == [complaint]
    assert driver.parser.unsaid == 1


def test_a_line_that_is_too_long_is_reported(driver):
    driver.parser.overflow()
    assert driver.display.complaints == ["That line is too long. Say it in parts."]


def test_a_command_waits_until_what_was_said_before_is_stored(driver):
    assert driver.type("a", "/who", "b").sent() == [say(1, "a")]
    driver.hear(ok(1, 1)).work()
    assert [one["type"] for one in driver.sent()] == ["who", "say"]


def test_what_is_typed_after_join_goes_to_the_new_room(driver):
    assert [one["type"] for one in driver.type("/join dev", "hello").sent()] == ["join"]
    driver.enter("dev").work()
    assert [(one["type"], one["room"]) for one in driver.sent()] == [
        ("leave", "lobby"),
        ("say", "dev"),
    ]


def test_what_is_typed_while_the_connection_is_lost_is_said_later(driver):
    driver.model.disconnect()
    driver.type("a", "/who")
    driver.connect().hear(welcome()).enter().hear(ok(1, 1)).work()
    assert [one["type"] for one in driver.sent()] == ["hello", "say", "who"]


def test_an_operators_question_waits_for_its_answer_and_the_answer_is_shown(driver):
    assert driver.type("/bans", "/max").sent() == [
        {"type": "bans", "ref": "/bans"},
        {"type": "places", "ref": "/max"},
    ]
    assert driver.model.busy
    driver.hear(events.Bans([], 0, "/bans"), events.Places(20, 1, "/max"))
    assert not driver.model.busy
    assert [type(event) for event, _ in driver.display.shown[-2:]] == [events.Bans, events.Places]


def test_help_explains_one_command(driver):
    driver.type("/help msg")
    assert driver.display.shown[-1] == (events.Help(word="/msg"), False)


def test_a_byte_order_mark_before_a_line_is_dropped(driver, program):
    assert driver.type("\ufeffhello").sent() == [say(1, "hello")]
    assert program.type('\ufeff{"type":"ping"}').sent() == [{"type": "ping"}]


def test_quit_ends_and_what_follows_is_not_read(driver):
    driver.type("/quit", "never")
    assert driver.parser.done and driver.sent() == []
    assert driver.type("never").sent() == []


def test_it_is_done_when_all_has_acted_and_nothing_more_comes(driver):
    driver.type("a", "/who")
    driver.parser.ended = True
    assert not driver.parser.done
    driver.hear(ok(1, 1)).work()
    assert driver.parser.done


def test_reading_on_waits_while_too_much_is_not_stored(driver):
    driver.type(*("x" for _ in range(MAX_UNSTORED)))
    assert not driver.parser.full
    assert driver.type("x").parser.full


# Corrections.


def edit(n, corrected, text="tea"):
    return say(n, text, replaces=corrected, ref="/edit")


def remove(n, removed):
    return {"type": "say", "ref": "/remove", "room": "lobby", "redacts": removed, "n": n}


def test_a_correction_is_said_of_the_last_message_once_that_is_stored(driver):
    assert driver.type("te", "/edit tea", "more").sent() == [say(1, "te")]
    driver.hear(ok(1, 7)).work()
    assert driver.sent() == [edit(2, 7), say(3, "more")]


def test_a_correction_of_a_correction_is_one_of_the_first_message(driver):
    driver.type("te").hear(ok(1, 7)).type("/edit tee").hear(ok(2, 8)).type("/edit tea")
    assert driver.sent()[1:] == [edit(2, 7, "tee"), edit(3, 7)]


def test_messages_are_removed_from_the_last_to_the_first(driver):
    driver.type("a").hear(ok(1, 1)).type("b").hear(ok(2, 2))
    driver.type("/remove").hear(ok(3, 3)).type("/remove").hear(ok(4, 4))
    assert driver.sent()[2:] == [remove(3, 2), remove(4, 1)]
    driver.type("/remove")
    assert driver.display.complaints == [NOTHING_TO_REMOVE]


NOTHING_TO_REMOVE = "/remove: Nothing that you said here is known. /history may show it."


def test_what_was_said_elsewhere_under_our_name_is_corrected_too(driver):
    driver.hear(message(1, "te", "Alice"), message(2, "no", "bob")).type("/edit tea")
    assert driver.sent() == [edit(1, 1)]


def test_what_a_page_of_history_shows_can_be_corrected(driver):
    driver.type("/remove")
    assert driver.display.complaints == [NOTHING_TO_REMOVE] and driver.sent() == []
    driver.type("/history")
    page = [message(6, "te", "alice"), message(7, "no", "bob")]
    driver.hear(events.History(room="lobby", messages=page, more=False, ref="/history"))
    driver.sent()
    assert driver.type("/remove").sent() == [remove(1, 6)]


def test_a_message_that_another_device_has_removed_is_not_removed_again(driver):
    driver.hear(message(1, "a", "alice"), message(2, "b", "alice"))
    driver.hear(msgspec.structs.replace(message(3, "", "alice"), redacts=2)).type("/remove")
    assert driver.sent() == [remove(1, 1)]


def test_an_older_server_gets_no_correction_as_a_new_message():
    driver = InputDriver.logged_in()
    driver.hear(message(1, "te", "alice"), state(head=1, mark=None))
    assert driver.type("/edit tea").sent() == []
    assert driver.display.complaints == [
        "/edit: This server is older than your client: it does not know that."
    ]


def test_a_refused_correction_names_its_command(driver):
    driver.hear(message(1, "te", "alice")).type("/edit tea")
    late = events.Error(code="not-allowed", text="Too late.", room="lobby", n=1, ref="/edit")
    driver.hear(late)
    assert driver.display.shown[-1] == (late, False)
    assert (driver.model.unsaid, driver.model.busy) == (1, False)


def test_a_direct_room_is_joined_like_any(driver):
    assert driver.type("/join @Bob").sent() == [{"type": "join", "room": "@bob", "ref": "/join"}]
    assert driver.enter("@bob").type("psst").sent()[-1]["room"] == "@bob"


def test_a_correction_that_is_empty_is_refused(driver):
    driver.hear(message(1, "a", "alice")).type("/edit")
    assert driver.display.complaints == ["/edit: Type it like this: /edit TEXT"]


def test_where_we_were_put_out_nothing_is_said(driver):
    driver.hear(events.Error(code="not-allowed", text="It is not open to you.", room="lobby"))
    driver.type("hello", "/edit x", "/join dev", "there")
    assert driver.display.complaints[0] == (
        "You are not in lobby any more. /join ROOM enters a room."
    )
    driver.enter("dev").work()
    assert [(one["type"], one["room"]) for one in driver.sent()] == [
        ("join", "dev"),
        ("say", "dev"),
    ]
    assert driver.parser.unsaid == 2


# For scripts.


@pytest.mark.parametrize(
    "line", ["/quit", "//x", "/kick bob", " /who", "/dev/vda1  20G", "{}", "/join dev"]
)
def test_every_line_of_a_pipe_is_said_as_it_is(line):
    assert InputDriver.logged_in(PipeInputParser).type(line).sent() == [say(1, line)]


@pytest.mark.parametrize("line", [b"caf\xe9", b"\xff\xfd\x01", b"x" * 4097])
def test_a_line_of_a_pipe_that_cannot_be_said_is_counted(line):
    driver = InputDriver.logged_in(PipeInputParser)
    assert driver.type(line, "next").sent() == [say(1, "next")]
    assert driver.parser.unsaid == len(driver.display.complaints) == 1


def test_a_blank_line_of_a_pipe_is_nothing():
    driver = InputDriver.logged_in(PipeInputParser)
    assert driver.type("", " ", "\u3000").sent() == []
    assert driver.parser.unsaid == 0


def test_what_comes_after_it_was_given_up_is_only_counted(driver):
    driver.model.disconnect()
    driver.type("a", "/who")
    driver.parser.give_up()
    driver.type("b", "", b"\xff")
    driver.parser.overflow()
    assert (driver.parser.waiting, driver.parser.unsaid, driver.model.outbox.count) == (1, 3, 1)


# For programs.


def test_a_say_gets_its_number_and_keeps_the_rest(program):
    typed = '{"type":"say","room":"lobby","text":"x","ref":"r","mood":1}'
    assert program.type(typed).sent() == [say(1, "x", ref="r", mood=1)]


def test_a_program_corrects_and_removes_under_numbers_of_ours(program):
    program.type('{"type":"say","room":"lobby","text":"x","replaces":4}')
    program.type('{"type":"say","room":"lobby","redacts":4,"ref":"/remove"}')
    assert program.sent() == [say(1, "x", replaces=4), remove(2, 4)]


def test_a_line_that_is_no_object_is_said(program):
    assert program.type("/who", "plain").sent() == [say(1, "/who"), say(2, "plain")]


def test_a_say_that_has_its_number_goes_as_it_is(program):
    assert program.type('{"type":"say","room":"lobby","text":"x","n":9}').sent() == [say(9, "x")]


def test_what_the_server_can_judge_better_goes_as_it_is(program):
    bad = (
        '{"type":"say","room":"lobby","text":""}',
        '{"type":"say","room":"dev","text":"x"}',
        '{"type":"bogus"}',
    )
    assert program.type(*bad).sent() == [json.loads(one) for one in bad]
    program.type('{"broken')
    assert program.lines_sent == [b'{"broken\n']


def test_what_goes_as_it_is_is_waited_for(program):
    program.type('{"type":"who","room":"lobby"}')
    assert program.model.busy
    program.hear(events.Who(room="lobby", members=[], count=0))
    assert not program.model.busy


def test_a_hello_gets_the_client(program):
    program.type('{"type":"hello","name":"alice"}')
    assert json.loads(program.lines_sent[-1])["client"] == program.model.session.client


def test_one_can_join_another_room_and_speak_there(program):
    program.type('{"type":"join","room":"Dev"}', '{"type":"say","room":"Dev","text":"x"}')
    assert [one["type"] for one in program.sent()] == ["join"]
    program.enter("dev", said=4)
    assert program.sent() == [{"type": "say", "room": "Dev", "text": "x", "n": 5}]


def test_a_program_can_leave_its_only_room(program):
    program.type('{"type":"leave","room":"lobby"}', "anyone?")
    assert program.sent()[-1] == {"type": "say", "room": "lobby", "text": "anyone?"}


def test_a_program_can_quit(program):
    assert program.type('{"type":"quit"}').parser.quitting


def test_a_line_that_no_number_fits_in_goes_as_it_is(program):
    program.type('{"type":"say","room":"lobby","text":"x","pad":"%s"}' % ("x" * 32720))
    assert "n" not in program.sent()[0]
