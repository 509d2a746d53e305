"""
Questions that the server causes.
"""

import pytest

from groupchat.cli.terminal.dialogs import Dialogs
from groupchat.wire import events
from tests.cli.terminal.fakes import Desk
from tests.cli.terminal.test_link import Linked

REGISTERED = events.Error(code="bad-password", text='"alice" is registered. Its password?')
TAKEN = events.Error(code="name-taken", text="alice is taken.")


class Asked(Linked):
    """A link whose questions are asked in the line of a desk."""

    def __init__(self):
        super().__init__()
        self.desk = Desk()
        self.dialogs = Dialogs(self.chat, self.desk.line, self.desk.feed)
        self.accept()
        self.sent()


@pytest.fixture
def asked():
    return Asked()


def test_a_password_is_asked_for_unseen_and_asked_for_again(asked):
    asked.hear(REGISTERED)
    asked.desk.type("wrong")
    assert asked.desk.typed == "Password for alice: •••••"
    asked.desk.press("enter")
    assert asked.sent()[0]["password"] == "wrong"
    asked.hear(REGISTERED)
    assert asked.desk.typed.endswith("Its password? Password for alice:")
    asked.desk.type("right", "enter")
    assert asked.sent()[0]["password"] == "right"


def test_a_name_that_is_taken_is_asked_for_again(asked):
    asked.hear(TAKEN)
    assert asked.desk.typed == "alice is taken. Another name:"
    asked.desk.type("no good", "enter")
    assert asked.desk.room and asked.desk.typed == "alice is taken. Another name:"
    asked.desk.type("alicia", "enter")
    assert asked.sent()[0]["name"] == "alicia"
    asked.hear(events.Welcome(name="alicia", server="x", max=9, operator=False, limits={}))
    assert asked.link.name == "alicia"


def test_giving_up_ends_with_the_reason(asked):
    asked.hear(TAKEN)
    asked.desk.press("ctrl d")
    asked.clock.advance(0)
    assert [(one.status, one.text) for one in asked.endings] == [(4, "alice is taken.")]


def test_other_refusals_are_no_questions(asked):
    asked.hear(events.Error(code="bad-field", text="No."))
    assert not asked.desk.line.asking


def test_no_password_is_asked_for_by_a_server_that_cannot_show_who_it_is(asked):
    asked.model.session.unproven = True
    asked.hear(REGISTERED)
    assert not asked.desk.line.asking
