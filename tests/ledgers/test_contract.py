"""
The contract of every ledger, on disk or in memory.
"""

from __future__ import annotations

import pytest
from zope.interface.verify import verifyObject

from groupchat.core.entries import JoinEntry, LeaveEntry, LookEntry, QuitEntry, RenameEntry
from groupchat.interfaces import ILedger, ILedgerOwner
from groupchat.ledgers.pages import PAGE_BYTES
from groupchat.wire.errors import Conflict, NotInRoom, OutOfOrder, Refused
from groupchat.wire.timestamps import stamp
from tests.ledgers.keeping import ALICE, BOB, Owner, now

DAY = 86_400_000


def ids(messages):
    return [message.id for message in messages]


def test_it_is_a_ledger(log):
    verifyObject(ILedger, log.ledger)
    verifyObject(ILedgerOwner, Owner())


# Places in a room's log.


def test_ids_are_1_2_3_in_each_room(log):
    sayings = [log.say(room=room) for room in ["lobby", "lobby", "dev", "lobby", "dev"]]
    log.run()
    assert [saying.id for saying in sayings] == [1, 2, 1, 3, 2]
    assert all(saying.fresh and saying.refusal is None for saying in sayings)


def test_nothing_is_answered_inside_post(log):
    log.say()
    assert log.owner.batches == []
    log.run()
    assert len(log.owner.drafts) == 1


def test_what_is_posted_in_one_turn_is_one_batch_in_the_order_posted(log):
    posted = [
        log.say("a"),
        log.post(LeaveEntry("lobby", None)),
        log.say("b"),
        log.post(QuitEntry("")),
        log.post(RenameEntry("rob", None)),
    ]
    log.run()
    assert log.owner.batches == [posted]


def test_what_is_posted_while_a_batch_is_shown_is_the_next_batch(log):
    first = log.say("first")
    later = []
    appended = log.owner.appended

    def answer(batch):
        appended(batch)
        if not later:
            later.extend([log.say("second"), log.say("third")])

    log.owner.appended = answer
    log.run()
    assert log.owner.batches == [[first], later]
    assert [saying.id for saying in later] == [2, 3]


def test_an_owner_that_fails_does_not_stop_the_log(log, expect_logged):
    expect_logged(ZeroDivisionError)
    appended, log.owner.appended = log.owner.appended, lambda batch: 1 / 0
    log.say("unseen")
    log.run()
    log.owner.appended = appended
    assert log.said("seen").id == 2


def test_presence_takes_no_id(log):
    log.post(LeaveEntry("lobby", None))
    assert log.said().id == 1
    log.post(RenameEntry("rob", None))
    assert log.said().id == 2


def test_a_message_is_kept_as_it_was_said(log):
    at = now()
    log.said("zoë 👋\twaves", sender="Zoë", at=at, act=True)
    (message,) = log.page(0, 1)
    assert (message.room, message.id, message.sender, message.text, message.act) == (
        "lobby",
        1,
        "Zoë",
        "zoë 👋\twaves",
        True,
    )
    assert message.at.endswith(f".{at % 1000:03d}Z")


def test_a_message_is_kept_with_its_kind(log):
    for flags in ({}, {"act": True}, {"notice": True}):
        log.said("hello", **flags)
    log.corrected("hullo", replaces=1, act=True)
    page, (history, _) = log.page(0, 4), log.history(5, 10)
    for found in (page, history):
        assert [(message.act, message.notice) for message in found] == [
            (False, False),
            (True, False),
            (False, True),
            (True, False),
        ]


# Refusals.


def test_what_is_refused_before_it_is_posted_is_not_stored(log):
    why = NotInRoom("no")
    saying = log.said(refusal=why)
    assert (saying.refusal, saying.id, saying.fresh) == (why, None, False)
    assert log.entered().head == 0


def test_a_refused_saying_uses_up_no_n(log):
    log.said("no", n=1, refusal=NotInRoom("no"))
    assert log.entered().last_n == 0
    assert log.said("yes", n=1).id == 1


def test_a_refusal_does_not_hold_where_the_n_was_stored_already(log):
    log.said("hello", n=1)
    again = log.said("hello", n=1, refusal=NotInRoom("no"))
    assert (again.refusal, again.id, again.fresh) == (None, 1, False)


# Counts.


def test_the_next_n_is_stored(log):
    sayings = [log.say(str(n), n=n) for n in (1, 2, 3)]
    log.run()
    assert [saying.id for saying in sayings] == [1, 2, 3]
    assert log.entered().last_n == 3


@pytest.mark.parametrize("turns", ["one", "two"])
def test_an_n_said_again_has_its_first_id_and_is_not_stored_again(log, turns):
    log.say("hello", n=1)
    if turns == "two":
        log.run()
    again = log.said("hello", n=1)
    assert (again.id, again.fresh, again.refusal) == (1, False, None)
    assert log.entered().head == 1


@pytest.mark.parametrize(
    "other",
    [
        {"text": "hullo"},
        {"text": "hello", "act": True},
        {"text": "hello", "notice": True},
    ],
)
def test_an_n_said_again_with_another_text_is_a_conflict(log, other):
    log.said("hello", n=1)
    again = log.said(n=1, **other)
    assert isinstance(again.refusal, Conflict)
    assert (again.id, again.fresh) == (None, False)


def test_a_later_n_is_out_of_order_and_says_which_it_wants(log):
    log.said(n=1)
    ahead = log.said(n=3)
    assert isinstance(ahead.refusal, OutOfOrder)
    assert (ahead.refusal.want, ahead.id) == (2, None)


def test_what_follows_a_refused_n_in_its_batch_is_out_of_order(log):
    log.say("a", n=1, refusal=NotInRoom("no"))
    second, third = log.say("b", n=2), log.say("c", n=3)
    log.run()
    assert [saying.refusal.want for saying in (second, third)] == [1, 1]


def test_each_client_counts_for_itself_in_each_room(log):
    sayings = [
        log.say(n=1),
        log.say(n=1, client=BOB),
        log.say(n=1, room="dev"),
        log.say(n=2, client=BOB),
    ]
    log.run()
    assert [saying.id for saying in sayings] == [1, 2, 1, 3]
    assert [
        log.entered(who, room=room).last_n for who in (ALICE, BOB) for room in ("lobby", "dev")
    ] == [1, 1, 2, 0]


def test_without_n_all_is_stored_as_it_comes(log):
    assert [log.said("same").id, log.said("same").id] == [1, 2]
    assert log.entered().last_n == 0


def test_the_ids_of_the_last_1000_n_are_known_and_an_older_one_is_ok_without(log):
    for n in range(1, 1002):
        log.say(str(n), n=n)
    log.run()
    oldest_known, older = log.say("2", n=2), log.say("1", n=1)
    log.run()
    assert [(one.id, one.refusal, one.fresh) for one in (oldest_known, older)] == [
        (2, None, False),
        (None, None, False),
    ]
    assert isinstance(log.said("not what was said", n=2).refusal, Conflict)
    assert log.said("1002", n=1002).id == 1002


# Pages and history.


@pytest.mark.parametrize(
    ("after", "through", "found"),
    [
        (0, 5, [1, 2, 3, 4, 5]),
        (2, 4, [3, 4]),
        (0, 1, [1]),
        (4, 5, [5]),
        (5, 5, []),
        (4, 99, [5]),
        (9, 99, []),
    ],
)
def test_a_page_is_what_is_after_one_id_and_up_to_another(log, after, through, found):
    log.fill(5)
    assert ids(log.page(after, through)) == found


@pytest.mark.parametrize(
    ("before", "limit", "found", "more"),
    [
        (6, 100, [1, 2, 3, 4, 5], False),
        (6, 5, [1, 2, 3, 4, 5], False),
        (6, 2, [4, 5], True),
        (3, 1, [2], True),
        (3, 2, [1, 2], False),
        (1, 10, [], False),
        (0, 10, [], False),
        (99, 2, [4, 5], True),
        (2**53 - 1, 1, [5], True),
    ],
)
def test_history_is_the_newest_before_an_id(log, before, limit, found, more):
    log.fill(5)
    messages, older = log.history(before, limit)
    assert (ids(messages), older) == (found, more)


@pytest.mark.parametrize(
    ("after", "before", "limit", "found", "more"),
    [
        (0, 6, 100, [1, 2, 3, 4, 5], False),
        (0, 6, 2, [1, 2], True),
        (2, 6, 2, [3, 4], True),
        (2, 6, 3, [3, 4, 5], False),
        (2, 5, 2, [3, 4], False),
        (2, 5, 1, [3], True),
        (2, 3, 9, [], False),
        (4, 2, 9, [], False),
        (5, 6, 9, [], False),
        (0, 0, 9, [], False),
        (3, 99, 1, [4], True),
        (3, 2**53 - 1, 9, [4, 5], False),
        (2**53 - 1, 2**53 - 1, 9, [], False),
    ],
)
def test_history_can_be_the_oldest_after_an_id(log, after, before, limit, found, more):
    log.fill(5)
    messages, newer = log.history(before, limit, after=after)
    assert (ids(messages), newer) == (found, more)


def test_a_room_without_messages_has_no_pages(log):
    assert log.page(0, 9, room="nowhere") == []
    assert log.history(9, 9, room="nowhere", after=0) == ([], False)
    assert log.history(9, 9, room="nowhere") == ([], False)


@pytest.mark.parametrize("text", ["x" * 4096, "x", "👋" * 1024])
def test_a_page_and_history_are_cut_at_64_kib(log, text):
    for _ in range(600):
        log.say(text)
    log.run()
    page, (history, more) = log.page(0, 600), log.history(601, 1000)
    assert log.history(601, 1000, after=0) == (page, True)
    assert (page[0].id, history[-1].id, more) == (1, 600, True)
    assert ids(page) == list(range(1, len(page) + 1))
    assert ids(history) == list(range(601 - len(history), 601))
    for found in (page, history):
        assert (
            PAGE_BYTES / 2
            < sum(len(message.text.encode()) + 128 for message in found)
            <= PAGE_BYTES
        )


def test_a_page_has_at_least_one_message(log):
    log.say("x" * PAGE_BYTES)
    log.say("y" * PAGE_BYTES)
    log.run()
    assert ids(log.page(0, 2)) == [1]
    assert ids(log.history(3, 2)[0]) == [2]


# Retention.


def test_by_count_the_newest_are_kept(keeping):
    log = keeping("3 messages")
    log.fill(5)
    entered = log.entered()
    assert (entered.first, entered.head) == (3, 5)
    assert ids(log.page(0, 5)) == [3, 4, 5]
    assert [
        ids(found) for found, _ in (log.history(6, 1, after=0), log.history(6, 9, after=1))
    ] == [
        [3],
        [3, 4, 5],
    ]
    assert [ids(log.history(6, 2)[0]), log.history(6, 2)[1], log.history(6, 3)[1]] == [
        [4, 5],
        True,
        False,
    ]


def test_each_room_keeps_its_own_count(keeping):
    log = keeping("3 messages")
    log.fill(5)
    log.fill(2, room="dev")
    assert log.entered(room="dev").first == 1


def test_by_age_the_younger_are_kept(keeping, machine):
    log = keeping("2d")
    log.said(at=now() - int(1.5 * DAY))
    log.said(at=now())
    log.fill(1, room="dev")
    assert log.entered().first == 1
    machine.clock.days(1)
    assert log.said(at=now() + DAY).id == 3
    entered = log.entered()
    assert (entered.first, entered.head, ids(log.page(0, 3))) == (2, 3, [2, 3])


def test_by_age_a_room_may_end_up_empty_and_its_ids_go_on(keeping, machine):
    log = keeping("2d")
    log.fill(3, room="dev")
    machine.clock.days(3)
    log.said(at=now() + 3 * DAY)
    entered = log.entered(room="dev")
    assert (entered.first, entered.head, log.page(0, 3, room="dev"), log.rooms()) == (
        4,
        3,
        [],
        {"lobby": ""},
    )
    assert log.said(room="dev", at=now() + 3 * DAY).id == 4


@pytest.mark.parametrize("days", [-20_000, -100, 0.2, 100, 1200])
def test_a_clock_that_jumps_lets_nothing_go_that_is_young_and_what_is_old_goes_in_its_time(
    keeping, machine, days
):
    log = keeping("90d")
    log.fill(3)
    machine.clock.set_clock(days)
    for _ in range(5):
        machine.clock.days(1)
        log.said(at=machine.clock.now())
    assert log.entered().first == 1
    machine.clock.set_clock(0)
    log.said(at=machine.clock.now())
    machine.clock.days(1)
    log.said(at=machine.clock.now())
    assert (log.entered().first, log.entered().head) == (1, 10)
    machine.clock.days(200)
    log.said(at=machine.clock.now())
    assert log.entered().first == 11
    assert log.said(at=machine.clock.now()).id == 12


def test_the_time_never_descends_in_a_room(log):
    at = now()
    sayings = [
        log.say(at=at + ahead) for ahead in (0, 3_600_000, -3_600_000, 3_600_001, -20_000 * DAY)
    ]
    elsewhere = log.say(at=at, room="dev")
    log.run()
    assert [saying.at - at for saying in sayings] == [0, 3_600_000, 3_600_000, 3_600_001, 3_600_001]
    assert elsewhere.at == at
    times = [message.at for message in log.page(0, 5)]
    assert times == sorted(times) and times[-1] == stamp(at + 3_600_001)


def test_what_is_too_old_is_still_known_by_its_n(keeping):
    log = keeping("1 messages")
    log.said("one", n=1)
    log.said("two", n=2)
    again = log.said("one", n=1)
    assert (again.id, again.refusal) == (1, None)


# Joining.


def test_one_who_enters_is_told_how_the_room_stands_at_its_place_in_the_order(log):
    log.say("a", n=1)
    entering = log.post(JoinEntry("lobby", ALICE))
    log.say("b", n=2)
    log.run()
    assert (entering.head, entering.first, entering.last_n) == (1, 1, 1)


def test_a_room_in_which_nothing_was_said_is_empty(log):
    entered = log.entered(room="new")
    assert (entered.head, entered.first, entered.last_n, entered.topic, entered.known) == (
        0,
        1,
        0,
        "",
        True,
    )


def test_a_place_in_this_log_is_known(log):
    log.fill(3)
    assert all(log.entered(epoch=log.ledger.epoch, after=after).known for after in (0, 1, 3))
    assert log.entered(after=3).known, "without an epoch it is taken as of the present one"


def test_a_place_beyond_the_log_or_of_another_is_not_known(log):
    log.fill(3)
    assert not log.entered(epoch=log.ledger.epoch, after=4).known
    assert not log.entered(after=4).known
    assert not log.entered(epoch="another", after=0).known
    assert not log.entered(epoch=log.ledger.epoch, after=1, room="new").known


def test_who_looks_at_a_room_is_told_its_state_in_its_place_and_enters_nothing(log):
    log.say("a", n=1)
    looking = log.post(LookEntry("lobby", ALICE, log.ledger.epoch, 1))
    log.say("b", n=2)
    log.run()
    assert (looking.head, looking.first, looking.last_n, looking.known) == (1, 1, 1, True)
    assert looking in log.owner.drafts


def test_a_client_that_says_one_thing_is_remembered_without_an_account_or_a_session(log):
    key = b"k" * 16
    first, again = log.said("a", n=1, client=key), log.said("a", n=1, client=key)
    assert (first.id, first.fresh, again.id, again.fresh) == (1, True, 1, False)
    assert isinstance(log.said("b", n=1, client=key).refusal, Conflict)
    assert log.said("a", client=b"").id == 2, "without a client nothing is counted"


def test_the_topic_is_told_to_those_who_enter(log):
    log.topic("tea at four")
    entered = log.entered()
    assert (entered.topic, entered.topic_by, entered.head) == ("tea at four", "alice", 0)
    log.topic("", sender="bob")
    assert log.entered().topic == ""


def test_the_rooms_are_those_in_which_messages_are_kept(log):
    log.topic("tea at four")
    assert log.rooms() == {}
    log.fill(1)
    log.fill(1, room="dev")
    log.entered(room="empty")
    assert log.rooms() == {"lobby": "tea at four", "dev": ""}


def test_closing_stores_what_was_posted(log):
    saying = log.say()
    log.close()
    assert saying.id == 1


def test_no_refusal_is_anything_but_one(log):
    """Return the sentence of an entry's refusal."""
    log.said(n=1)
    for refused in (log.said("other", n=1), log.said(n=9)):
        assert isinstance(refused.refusal, Refused)
        assert refused.refusal.text.endswith(".")


def test_a_ledger_that_works_answers(log):
    answers = []
    log.ledger.ping().addCallback(answers.append)
    log.run()
    assert answers == [None]
    assert log.ledger.trouble == ""
