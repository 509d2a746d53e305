"""
Several nodes on one log are one group, not several. `slow` nodes have not yet seen what the others
have: there the order decides, and all come to the same result.
"""

from __future__ import annotations

import pytest

from groupchat.core.group_entries import NodeGoneEntry
from groupchat.wire.names import UNICODE
from tests.cluster.group import Group
from tests.core.accounts import PASSWORD, types
from tests.support import codes, kinds, secret


@pytest.fixture
def make(tmp_path):
    """Makes groups, which agree in the end."""
    made = []

    def make(nodes=2, **settings):
        made.append(Group(nodes, str(tmp_path / f"accounts{len(made)}.db"), **settings))
        made[-1].register("alice", "bob", operators=("op",))
        return made[-1]

    yield make
    for group in made:
        for node in group.nodes:
            node.ledger.slow = False
            node.ledger.look()
        group.run(1)
        group.check()


@pytest.fixture
def group(make):
    return make()


def at_once(group, *act):
    """Do these while no node sees what the others do."""
    for node in group.nodes:
        node.ledger.slow = True
    for one in act:
        one()
    group.run()
    for node in group.nodes:
        node.ledger.slow = False
        node.ledger.look()
    group.run()


def hello(node, name, **fields):
    client = node.connect()
    client.hello(name, **fields)
    return client


def logged_in(group, node, name, device="", **fields):
    """Returns a client that has logged in to an account and has read everything."""
    client = hello(group.nodes[node], name, client=secret(device or name), password=PASSWORD)
    group.run()
    client.heard()
    return client


def ask(group, client, type, **fields):
    client.do(type, **fields)
    group.run()
    return client.events()


def members(group, client, room="lobby"):
    (who,) = types(ask(group, client, "who", room=room), "who")
    return [row["name"] for row in who["members"]]


# Messages.


def test_a_message_is_read_on_all_nodes_in_one_order(group):
    ann, ben = group.nodes[0].json("ann"), group.nodes[1].json("ben")
    ann.heard()
    at_once(group, lambda: ann.say("one"), lambda: ben.say("two"), lambda: ann.say("three"))
    heard = ann.heard()
    assert heard == ben.heard()
    assert sorted(heard) == ["ann: one", "ann: three", "ben: two"]


def test_an_answer_comes_before_the_message_itself(group):
    group.nodes[1].json("ben")
    ann = group.nodes[0].json("ann")
    assert kinds(ask(group, ann, "say", room="lobby", text="hi", n=1)) == ["ok", "message"]


def test_what_is_said_again_on_another_node_is_stored_once(group):
    ann = hello(group.nodes[0], "ann")
    group.run()
    ask(group, ann, "say", room="lobby", text="hi", n=1)
    again = hello(group.nodes[1], "ann")
    group.run()
    assert codes(ann.events()) == ["replaced"]
    again.events()
    (ok,) = ask(group, again, "say", room="lobby", text="hi", n=1)
    assert (ok["type"], ok["id"]) == ("ok", 1)


def test_who_comes_back_on_another_node_is_given_what_it_lacks(group):
    ann, ben = hello(group.nodes[0], "ann"), group.nodes[1].json("ben")
    ann.close()
    for text in ("one", "two"):
        ben.say(text)
    group.run()
    ann = hello(group.nodes[1], "ann", rooms={"lobby": {"after": 0}})
    group.run()
    assert ann.heard() == ["past ben: one", "past ben: two"]


def test_a_room_that_nobody_here_is_in_keeps_nothing_and_its_first_reader_misses_nothing(group):
    ann = group.nodes[0].json("ann", rooms={"dev": None})
    for number in range(5):
        ann.say(str(number), room="dev")
    group.run()
    assert group.nodes[1].hub.rooms["dev"].head == 5
    ben = group.nodes[1].json("ben", rooms={"dev": {"after": 2}, "lobby": None})
    ann.say("5", room="dev")
    group.run()
    assert ben.heard() == ["ann: 5"]
    cat = hello(group.nodes[1], "cat", rooms={"dev": {"after": 2}})
    group.run()
    assert cat.heard() == ["past ann: 2", "past ann: 3", "past ann: 4", "past ann: 5"]


def test_a_correction_and_a_removal_are_read_on_all_nodes(group):
    ann, ben = group.nodes[0].json("ann"), group.nodes[1].json("ben")
    ask(group, ann, "say", room="lobby", text="helo", n=1)
    ask(group, ann, "say", room="lobby", replaces=1, text="hello", n=2)
    ask(group, ann, "say", room="lobby", redacts=1, n=3)
    told = [event for event in ben.events() if event["type"] == "message"]
    assert [(one.get("replaces"), one.get("redacts")) for one in told] == [
        (None, None), (1, None), (None, 1),
    ]  # fmt: skip
    cat = hello(group.nodes[1], "cat", rooms={"lobby": {"after": 0}})
    group.run()
    assert [e["text"] for e in cat.events() if e["type"] == "message"] == ["", "", ""]


def test_a_message_of_the_node_of_one_member_is_searched_by_another(group):
    ann, ben = group.nodes[0].json("ann"), group.nodes[1].json("ben")
    ask(group, ann, "say", room="lobby", text="a needle", n=1)
    ben.events()
    (found,) = ask(group, ben, "search", room="lobby", text="needle")
    assert [message["text"] for message in found["messages"]] == ["a needle"]


def test_what_is_said_as_the_last_reader_of_a_room_moves_away_is_not_forgotten(group):
    ann, ben = group.nodes[0].json("ann"), group.nodes[1].json("ben")
    group.nodes[0].ledger.slow = True
    ben.say("one")
    group.run()
    hello(group.nodes[1], "ann")
    group.run()
    ben.say("two")
    group.run()
    group.nodes[0].ledger.slow = False
    group.nodes[0].ledger.look()
    group.run()
    assert ann.gone
    assert group.nodes[0].hub.rooms["lobby"].head == 2
    cat = hello(group.nodes[0], "cat", rooms={"lobby": {"after": 0}})
    group.run()
    assert cat.heard() == ["past ben: one", "past ben: two"]


# Names and places.


def test_of_two_that_take_a_name_at_once_one_gets_it(group):
    clients = []
    at_once(
        group,
        lambda: clients.append(hello(group.nodes[0], "ann", client=secret("a"))),
        lambda: clients.append(hello(group.nodes[1], "Ann", client=secret("b"))),
    )
    first, second = (client.events() for client in clients)
    assert sorted([kinds(first)[0], kinds(second)[0]]) == ["error", "welcome"]
    assert codes([*first, *second]) == ["name-taken"]


def test_names_that_look_alike_are_told_apart_on_all_nodes(make):
    group = make(names=UNICODE)
    group.nodes[0].json("ann1e")
    second = hello(group.nodes[1], "annle")
    group.run()
    assert codes(second.events()) == ["name-taken"]


def test_who_is_refused_may_take_another_name(group):
    group.nodes[0].json("ann")
    client = hello(group.nodes[1], "ann", client=secret("another"))
    client.hello("ben", client=secret("another"))
    group.run()
    events = client.events()
    assert kinds(events)[:2] == ["error", "welcome"]
    assert members(group, client) == ["ann", "ben"]


def test_no_more_than_max_are_in_whichever_nodes_they_come_to(make):
    group = make(nodes=3, max=4)
    clients = []
    at_once(
        group,
        *(
            lambda number=number: clients.append(hello(group.nodes[number % 3], f"n{number}"))
            for number in range(9)
        ),
    )
    outcomes = [client.events() for client in clients]
    assert sum(kinds(events)[0] == "welcome" for events in outcomes) == 4
    assert [codes(events) for events in outcomes].count(["full"]) == 5
    assert all(node.hub.members.count == 4 for node in group.nodes)


def test_the_last_place_is_free_again_for_all_once_somebody_leaves(make):
    group = make(max=1)
    ann = group.nodes[0].json("ann")
    ann.quit()
    group.run()
    ben = hello(group.nodes[1], "ben")
    group.run()
    assert kinds(ben.events())[0] == "welcome"


def test_of_two_that_rename_to_one_name_at_once_one_gets_it(group):
    ann, ben = group.nodes[0].json("ann"), group.nodes[1].json("ben")
    ann.heard()
    at_once(group, lambda: ann.rename("cat"), lambda: ben.rename("cat"))
    assert codes([*ann.events(), *ben.events()]) == ["name-taken"]
    assert len(members(group, ann)) == 2


def test_a_new_name_is_told_on_all_nodes(group):
    ann, ben = group.nodes[0].json("ann"), group.nodes[1].json("ben")
    ann.rename("anna")
    ann.say("hi")
    group.run()
    assert ben.heard() == ["ann is now anna.", "anna: hi"]


def test_an_owner_gets_its_name_from_a_guest_on_another_node(group):
    guest = group.nodes[0].json("carol")
    group.register("carol")
    owner = logged_in(group, 1, "carol")
    assert codes(guest.events()) == ["replaced"]
    assert members(group, owner) == ["carol"]


# Presence.


def test_who_comes_and_goes_is_told_on_all_nodes(group):
    ann = group.nodes[0].json("ann")
    ben = group.nodes[1].json("ben")
    assert ann.heard() == ["ben joined."]
    ben.close()
    group.run()
    assert ann.heard() == ["ben left."]


def test_the_room_line_and_who_name_members_of_all_nodes(group):
    group.nodes[0].json("ann")
    ben = hello(group.nodes[1], "ben")
    group.run()
    room = next(event for event in ben.events() if event["type"] == "room")
    assert (room["members"], room["count"]) == (["ann", "ben"], 2)
    assert members(group, ben) == ["ann", "ben"]


def test_addresses_are_seen_from_another_node(make):
    group = make(show_addresses="everyone")
    group.nodes[0].connect(address="198.51.100.7").hello("ann")
    ben = group.nodes[1].json("ben")
    (who,) = ask(group, ben, "who", room="lobby")
    assert [row["address"] for row in who["members"]] == ["198.51.100.7", "192.0.2.1"]


@pytest.mark.parametrize("there", [0, 1, 2])
def test_a_client_that_moves_to_another_node_is_told_as_neither_left_nor_joined(make, there):
    group = make(nodes=3)
    ann, ben = group.nodes[0].json("ann"), group.nodes[there].json("ben")
    moved = hello(group.nodes[1], "ann")
    group.run()
    moved.say("one")
    group.run()
    moved = hello(group.nodes[0], "anna", client=secret("ann"))
    group.run()
    moved.say("two")
    group.run()
    assert ann.gone
    assert ben.heard() == ["ann: one", "ann is now anna.", "anna: two"]


def test_rooms_that_only_the_older_connection_was_in_are_left(group):
    hello(group.nodes[0], "ann", rooms={"lobby": None, "dev": None})
    ben = group.nodes[1].json("ben", rooms={"lobby": None, "dev": None})
    ben.heard()
    hello(group.nodes[1], "ann")
    group.run()
    (left,) = ben.events()
    assert (left["room"], left["left"]) == ("dev", ["ann"])


def test_rooms_are_listed_and_counted_over_all_nodes(group):
    ann = group.nodes[0].json("ann", rooms={"lobby": None, "dev": None})
    group.nodes[1].json("ben", rooms={"dev": None})
    (rooms,) = types(ask(group, ann, "rooms"), "rooms")
    assert [(row["room"], row["count"]) for row in rooms["rooms"]] == [("dev", 2), ("lobby", 1)]


def test_there_are_no_more_rooms_than_max_rooms(make):
    group = make(max_rooms=2)
    group.nodes[0].json("ann", rooms={"lobby": None, "dev": None})
    ben = group.nodes[1].json("ben")
    ben.heard()
    assert codes(ask(group, ben, "join", room="tea")) == ["too-many"]
    assert codes(ask(group, ben, "join", room="dev")) == []


# Topics.


def test_a_topic_is_told_on_all_nodes_and_to_those_who_come_later(group):
    ann, ben = group.nodes[0].json("ann"), group.nodes[1].json("ben")
    ann.topic("tea")
    group.run()
    assert ben.heard() == ["ann set the topic: tea"]
    cat = hello(group.nodes[1], "cat")
    group.run()
    assert next(event for event in cat.events() if event["type"] == "room")["topic"] == "tea"


def test_of_two_topics_at_once_all_keep_the_same(group):
    ann, ben = group.nodes[0].json("ann"), group.nodes[1].json("ben")
    at_once(group, lambda: ann.topic("tea"), lambda: ben.topic("coffee"))
    assert len({node.hub.rooms["lobby"].topic for node in group.nodes}) == 1


def test_the_topic_of_a_room_that_is_left_by_the_last_goes_once_and_only_then(group):
    ann = group.nodes[0].json("ann", rooms={"dev": None})
    ben = group.nodes[1].json("ben", rooms={"dev": None})
    ann.do("topic", room="dev", text="tea")
    group.run()
    ann.close()
    group.run()
    assert group.nodes[1].hub.rooms["dev"].topic == "tea"
    ben.close()
    group.run()
    assert group.order.posted("TopicEntry") == 2
    cat = hello(group.nodes[0], "cat", rooms={"dev": None})
    group.run()
    assert next(event for event in cat.events() if event["type"] == "room")["topic"] == ""


# Private messages.


def test_a_private_message_reaches_its_member_on_another_node(group):
    ann, ben = group.nodes[0].json("ann"), group.nodes[1].json("ben")
    ann.heard()
    ann.tell("ben", "psst")
    group.run()
    assert kinds(ann.events()) == ["ok"]
    assert ben.heard() == ["ann (to you): psst"]


def test_a_private_message_to_nobody_is_refused(group):
    ann = group.nodes[0].json("ann")
    assert codes(ask(group, ann, "tell", to="nobody", text="psst")) == ["no-such-name"]


def test_whom_the_order_knows_can_be_told_something_though_this_node_does_not_know_it_yet(group):
    ann = group.nodes[0].json("ann")
    group.nodes[0].ledger.slow = True
    ben = hello(group.nodes[1], "ben")
    group.run()
    ann.tell("ben", "psst")
    group.run()
    group.nodes[0].ledger.slow = False
    group.nodes[0].ledger.look()
    group.run()
    assert "ok" in kinds(ann.events())
    assert "ann (to you): psst" in ben.heard()


def test_a_direct_room_is_one_room_on_all_nodes(group):
    alice, bob = logged_in(group, 0, "alice"), logged_in(group, 1, "bob")
    alice.heard()
    ask(group, alice, "join", room="@bob")
    ask(group, alice, "say", room="@bob", text="psst", n=1)
    assert [(e["type"], e["from"]) for e in bob.events()] == [("tell", "alice")]
    ask(group, bob, "join", room="@alice")
    ask(group, alice, "say", room="@bob", text="again", n=2)
    assert [(e["room"], e["text"]) for e in bob.events()] == [("@alice", "again")]


# Private rooms.


def test_who_is_not_invited_leaves_a_private_room_on_whatever_node(group):
    alice = logged_in(group, 0, "alice")
    bob, cat = logged_in(group, 1, "bob"), group.nodes[1].json("cat")
    for client in (alice, bob, cat):
        ask(group, client, "join", room="den")
    cat.events()
    ask(group, alice, "private", room="den", private=True)
    assert codes(cat.events()) == ["not-allowed"]
    assert members(group, alice, "den") == ["alice", "bob"]
    ask(group, alice, "uninvite", room="den", name="bob")
    assert codes(bob.events()) == ["not-allowed"]
    assert codes(ask(group, cat, "join", room="den")) == ["not-allowed"]
    assert members(group, alice, "den") == ["alice"]


# Operators.


def test_a_kick_reaches_a_member_on_another_node(group):
    op, ann = logged_in(group, 0, "op"), group.nodes[1].json("ann")
    op.heard()
    events = ask(group, op, "kick", name="ann", text="enough")
    assert kinds(events) == ["ok", "presence"]
    assert codes(ann.events()) == ["kicked"]
    assert members(group, op) == ["op"]


def test_a_kick_finds_its_member_under_whatever_name_it_has_by_now(group):
    op, ann = logged_in(group, 0, "op"), group.nodes[1].json("ann")
    at_once(
        group, lambda: ann.rename("ann-elisabeth"), lambda: op.do("kick", name="ann", text="enough")
    )
    assert "kicked" in codes(ann.events())


def test_a_ban_reaches_a_member_on_another_node_and_keeps_it_out_on_all(group):
    op, ann = logged_in(group, 0, "op"), group.nodes[1].json("ann")
    ask(group, op, "ban", name="ann")
    assert codes(ann.events()) == ["banned"]
    for node in group.nodes:
        again = hello(node, "ann")
        group.run()
        assert codes(again.events()) == ["banned"]
    ask(group, op, "unban", name="ann")
    for node in group.nodes:
        again = hello(node, "ann")
        group.run()
        assert kinds(again.events())[0] == "welcome"


def test_a_ban_of_a_network_reaches_all_nodes_and_spares_operators(group):
    op = logged_in(group, 1, "op")
    other = logged_in(group, 0, "op", "another")
    clients = [node.connect(address="198.51.100.7") for node in group.nodes]
    for number, client in enumerate(clients):
        client.hello(f"n{number}")
    group.run()
    ask(group, op, "ban", address="198.51.100.0/24")
    assert [codes(client.events()) for client in clients] == [["banned"], ["banned"]]
    assert not op.gone
    assert not other.gone


def test_who_logs_in_as_a_ban_is_made_is_not_let_in(group):
    op = logged_in(group, 0, "op")
    clients = []
    at_once(
        group,
        lambda: op.do("ban", name="ann"),
        lambda: clients.append(hello(group.nodes[1], "ann")),
    )
    assert codes(clients[0].events()) == ["banned"]
    assert members(group, op) == ["op"]


def test_who_is_muted_on_one_node_is_on_all(group):
    op, ann = logged_in(group, 0, "op"), group.nodes[1].json("ann")
    ask(group, op, "mute", name="ann")
    assert kinds(ann.events()) == ["notice"]
    assert codes(ask(group, ann, "say", room="lobby", text="hi", n=1)) == ["muted"]


def test_a_notice_is_read_on_all_nodes(group):
    op, ann = logged_in(group, 0, "op"), group.nodes[1].json("ann")
    op.heard()
    assert kinds(ask(group, op, "notice", text="tea is ready")) == ["notice", "ok"]
    assert kinds(ann.events()) == ["notice"]


def test_a_max_holds_on_all_nodes(group):
    op = logged_in(group, 0, "op")
    ask(group, op, "max", max=1)
    assert [node.hub.members.max for node in group.nodes] == [1, 1]
    ann = hello(group.nodes[1], "ann")
    group.run()
    assert codes(ann.events()) == ["full"]


def test_an_operator_of_one_node_is_one_of_all(group):
    op, bob = logged_in(group, 0, "op"), logged_in(group, 1, "bob")
    ask(group, op, "op", name="bob")
    bob.events()
    assert kinds(ask(group, bob, "bans")) == ["bans"]


# Accounts and devices.


def test_a_name_that_is_registered_on_one_node_is_on_all(group):
    ann = group.nodes[0].json("ann")
    ask(group, ann, "register", password="correct horse battery")
    second = hello(group.nodes[1], "ann", client=secret("another"))
    group.run()
    assert codes(second.events()) == ["bad-password"]
    device = hello(group.nodes[1], "ann", client=secret("b"), password="correct horse battery")
    group.run()
    assert kinds(device.events())[0] == "welcome"
    assert not ann.gone


def test_devices_on_several_nodes_are_one_member(group):
    phone, laptop = logged_in(group, 0, "alice", "phone"), logged_in(group, 1, "alice", "laptop")
    ben = group.nodes[1].json("ben")
    assert members(group, ben) == ["alice", "ben"]
    phone.heard()
    laptop.heard()
    ben.tell("alice", "psst")
    group.run()
    assert phone.heard() == laptop.heard() == ["ben (to you): psst"]
    phone.close()
    group.run()
    assert ben.heard() == []
    laptop.close()
    group.run()
    assert ben.heard() == ["alice left."]


def test_no_more_devices_than_can_be_log_in_over_all_nodes(make):
    group = make(devices=2)
    clients = []
    at_once(
        group,
        *(
            lambda number=number: clients.append(
                hello(
                    group.nodes[number % 2], "alice", client=secret(f"d{number}"), password=PASSWORD
                )
            )
            for number in range(4)
        ),
    )
    outcomes = [client.events() for client in clients]
    assert sum(kinds(events)[0] == "welcome" for events in outcomes) == 2


def test_a_rename_concerns_the_devices_on_all_nodes(group):
    phone, laptop = logged_in(group, 0, "alice", "phone"), logged_in(group, 1, "alice", "laptop")
    phone.rename("al")
    group.run()
    phone.heard()
    laptop.heard()
    laptop.say("hi")
    group.run()
    assert phone.heard() == ["al: hi"]


def test_a_mark_of_one_device_reaches_the_other(group):
    phone, laptop = logged_in(group, 0, "alice", "phone"), logged_in(group, 1, "alice", "laptop")
    ask(group, phone, "say", room="lobby", text="hi", n=1)
    laptop.events()
    ask(group, phone, "mark", room="lobby", id=1)
    assert laptop.events() == [{"type": "mark", "room": "lobby", "id": 1}]
    again = hello(group.nodes[0], "alice", client=secret("third"), password=PASSWORD)
    group.run()
    assert next(event for event in again.events() if event["type"] == "room")["mark"] == 1


# Nodes.


def test_a_node_that_comes_later_knows_everybody(group):
    ann = group.nodes[0].json("ann", rooms={"lobby": None, "dev": None})
    ann.do("topic", room="dev", text="tea")
    logged_in(group, 1, "bob")
    late = group.add()
    ben = hello(late, "ben", rooms={"dev": None})
    group.run()
    room = next(event for event in ben.events() if event["type"] == "room")
    assert (room["members"], room["topic"]) == (["ann", "ben"], "tea")
    taken = hello(late, "Ann", client=secret("another"))
    group.run()
    assert codes(taken.events()) == ["name-taken"]
    ben.tell("ann", "psst")
    group.run()
    assert "ben (to you): psst" in ann.heard()


def test_of_a_node_that_is_dead_nobody_is_left(group):
    ann, ben = group.nodes[0].json("ann"), group.nodes[1].json("ben")
    ann.heard()
    ben.say("last")
    group.run()
    group.order.die(group.ledger(1))
    group.run(10)
    assert ann.heard() == ["ben: last"]
    group.order.reap(2, by=1)
    group.run()
    assert ann.heard() == ["ben left."]
    again = hello(group.nodes[0], "ben", client=secret("another"))
    group.run()
    assert kinds(again.events())[0] == "welcome"


def test_who_was_on_a_dead_node_comes_back_on_another_without_being_told_as_left(group):
    ann, ben = group.nodes[0].json("ann"), group.nodes[1].json("ben")
    ann.heard()
    group.order.die(group.ledger(1))
    again = hello(group.nodes[0], "ben")
    group.run()
    group.order.reap(2, by=1)
    group.run()
    again.say("hi")
    group.run()
    assert ann.heard() == ["ben: hi"]
    assert not ben.gone


def test_whoever_is_on_a_node_that_was_taken_for_dead_is_sent_away(group):
    ann, ben = group.nodes[0].json("ann"), group.nodes[1].json("ben")
    ann.heard()
    group.nodes[0].hub.post(NodeGoneEntry(2, 1))
    group.run()
    assert ann.heard() == ["ben left."]
    assert codes(ben.events()) == ["unavailable"]


def test_the_topic_of_a_room_whose_last_member_was_on_a_dead_node_goes(group):
    ben = group.nodes[1].json("ben", rooms={"dev": None})
    ben.do("topic", room="dev", text="tea")
    group.run()
    group.order.die(group.ledger(1))
    group.order.reap(2, by=1)
    group.run()
    cat = hello(group.nodes[0], "cat", rooms={"dev": None})
    group.run()
    assert next(event for event in cat.events() if event["type"] == "room")["topic"] == ""


def test_a_node_that_stops_says_good_bye(group):
    ann, ben = group.nodes[0].json("ann"), group.nodes[1].json("ben")
    ann.heard()
    group.nodes[1].ledger.close()
    group.run()
    assert ann.heard() == ["ben left."]
    assert ben.gone or kinds(ben.events()) == []


def test_a_message_said_again_does_not_move_an_empty_room_back(group):
    alice = logged_in(group, 0, "alice")
    for n, text in ((1, "one"), (2, "two"), (3, "three"), (1, "one")):
        alice.do("say", room="lobby", text=text, n=n)
    group.run()
    bob = hello(group.nodes[1], "bob", client=secret("bob"), password=PASSWORD)
    group.run()
    assert [line["head"] for line in types(bob.events(), "room")] == [3]


def test_a_correction_does_not_move_an_empty_room_back(group):
    alice = logged_in(group, 0, "alice")
    alice.do("say", room="lobby", text="one", n=1)
    group.run()
    alice.do("say", room="lobby", text="two", n=2)
    alice.do("say", room="lobby", text="won", n=3, replaces=1)
    for n in (4, 5):
        alice.do("say", room="lobby", text="more", n=n)
    group.run()
    bob = hello(group.nodes[1], "bob", client=secret("bob"), password=PASSWORD)
    group.run()
    assert [line["head"] for line in types(bob.events(), "room")] == [5]
