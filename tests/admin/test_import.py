"""
groupchat-admin import: the messages of a file are in a room, once, in order and with their times.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time

import pytest

from groupchat.admin.importing import Import
from groupchat.admin.messages import CHUNK
from groupchat.admin.said import proper_name
from groupchat.wire.limits import MAX_TEXT
from tests.admin.machine import Machine
from tests.ledgers.keeping import on_disk

WEECHAT = """\
2024-01-15 10:20:30\t-->\talice (~a@host) has joined #dev
2024-01-15 10:20:31\t@alice\thello
2024-01-15 10:20:32\t *\tbob waves
2024-01-15 10:20:33\t--\tMode #dev [+o bob] by alice
2024-01-15 10:20:34\tbob|away\t  indented
"""
IRSSI = """\
--- Log opened Mon Jan 15 10:20:30 2024
10:20 -!- alice [~a@host] has joined #dev
10:20 <@alice> hello
10:20  * bob waves
--- Day changed Tue Jan 16 2024
00:05:07 < bob> morning
--- Log closed Tue Jan 16 09:00:00 2024
"""
#: what the server takes for the present is later than this
SAID = {"at": "1970-01-01T00:00:09Z", "from": "alice", "text": "hello"}


@pytest.fixture
def zone(monkeypatch):
    """A time zone two hours ahead of UTC."""
    monkeypatch.setenv("TZ", "XXX-2")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def start(capsys, tmp_path):
    """Starts a server on the same file each time."""
    machines = []

    def start():
        for machine in machines:
            machine.server.ledger.close()
            machine.server.run()
        path = tmp_path / "chat.db"
        machines[:] = [Machine(capsys, str(path), on_disk(path))]
        machines[0].server.now = lambda: int(time.time() * 1000)
        return machines[0]

    yield start
    for machine in machines:
        machine.server.ledger.close()
        machine.server.run()


@pytest.fixture
def disk(start):
    return start()


@pytest.fixture
def write(tmp_path):
    """Writes a file that is imported: a log, or messages as JSON lines."""

    def write(*messages, text="", name="log"):
        lines = "".join(json.dumps({**SAID, **message}) + "\n" for message in messages)
        path = tmp_path / name
        path.write_text(text or lines)
        return str(path)

    return write


def room(machine, name="dev"):
    """The messages of a room."""
    return [json.loads(line) for line in machine.run("export", name, "json")]


def shown(machine, name="dev"):
    return [(message["at"], message["from"], message["text"]) for message in room(machine, name)]


def test_a_log_of_weechat_is_in_a_new_room(disk, write, zone):
    (line,) = disk.run("import", "dev", write(text=WEECHAT))
    assert line == (
        "3 messages are imported into dev. 2 lines of the file are no messages, and were left out."
    )
    assert shown(disk) == [
        ("2024-01-15T08:20:31.000Z", "alice", "hello"),
        ("2024-01-15T08:20:32.000Z", "bob", "waves"),
        ("2024-01-15T08:20:34.000Z", "bob_away", "  indented"),
    ]
    assert [message.get("act", False) for message in room(disk)] == [False, True, False]


def test_a_log_of_irssi_tells_the_day_in_lines_of_their_own(disk, write, zone):
    disk.run("import", "dev", write(text=IRSSI), "irssi")
    assert shown(disk) == [
        ("2024-01-15T08:20:00.000Z", "alice", "hello"),
        ("2024-01-15T08:20:00.000Z", "bob", "waves"),
        ("2024-01-15T22:05:07.000Z", "bob", "morning"),
    ]


def test_what_a_room_exports_another_imports(disk, write, tmp_path):
    alice = disk.server.json("alice")
    for text in ("helo", "a secret", "good-bye"):
        alice.say(text)
    disk.server.run()
    alice.ask("say", room="lobby", text="hello", replaces=1)
    alice.ask("say", room="lobby", redacts=2)
    exported = disk.run("export", "lobby", "json")
    (line,) = disk.run("import", "copy", write(text="\n".join(exported) + "\n"))
    assert line.startswith("2 messages are imported into copy. 3 lines")
    assert [text for _, _, text in shown(disk, "copy")] == ["hello", "good-bye"]
    times = [message["at"] for message in room(disk, "lobby") if message["id"] in (1, 3)]
    assert [at for at, _, _ in shown(disk, "copy")] == times


def test_an_import_comes_after_what_the_room_has_and_members_read_it(disk, write):
    alice = disk.server.json("alice")
    alice.say("now")
    disk.server.run()
    alice.events()
    disk.run("import", "lobby", write({}, {"from": "bob", "text": "hi"}))
    told = [(event["id"], event["from"], event["text"]) for event in alice.events()]
    assert told == [(2, "alice", "hello"), (3, "bob", "hi")]
    alice.say("later")
    disk.server.run()
    at = [message["at"] for message in room(disk, "lobby")]
    assert at[1] == at[2] == "1970-01-01T00:00:09.000Z" < at[0] <= at[3]


def test_many_messages_are_in_order(disk, write):
    count = 3 * CHUNK + 7
    disk.run("import", "dev", write(*({"text": str(n)} for n in range(count))))
    assert [text for _, _, text in shown(disk)] == [str(n) for n in range(count)]
    assert [message["id"] for message in room(disk)] == list(range(1, count + 1))


def test_long_messages_fit_into_the_lines_of_the_socket(disk, write):
    disk.run("import", "dev", write(*({"text": '"' * MAX_TEXT} for n in range(CHUNK))))
    assert len(room(disk)) == CHUNK


def test_a_second_time_nothing_is_imported(disk, write):
    path = write({}, {"text": "more"})
    disk.run("import", "dev", path)
    (line,) = disk.run("import", "dev", path)
    assert line == "dev has all messages of this file already: 2."
    assert len(room(disk)) == 2
    disk.run("import", "other", path)
    assert len(room(disk, "other")) == 2


def test_a_log_that_has_grown_goes_on_where_it_ended(disk, write):
    disk.run("import", "dev", write({}, {"text": "more"}))
    (line,) = disk.run("import", "dev", write({}, {"text": "more"}, {"text": "and more"}))
    assert line.startswith("1 message is imported")
    assert [text for _, _, text in shown(disk)] == ["hello", "more", "and more"]


def test_another_file_with_the_same_beginning_is_refused(disk, write):
    disk.run("import", "dev", write({}, {"text": "more"}))
    (line,) = disk.run("import", "dev", write({}, {"text": "less"}, {"text": "x"}), status=1)
    assert line.startswith("groupchat-admin: another file that begins like this one")
    assert len(room(disk)) == 2


@pytest.mark.parametrize("chunks", [0, 1, 2])
def test_an_import_that_was_killed_half_way_goes_on(disk, write, chunks):
    path = write(*({"text": str(n)} for n in range(3 * CHUNK)))
    source = Import(path)
    protocol = disk.connect()
    protocol.dataReceived(b'{"verb": "import", "room": "dev", "file": "x"}\n')
    list(source.replies(lambda start, go_on: sent(disk, protocol, start, go_on, chunks)))
    protocol.connectionLost()
    (line,) = disk.run("import", "dev", path)
    assert line.startswith(f"{(3 - chunks) * CHUNK} messages")
    assert [text for _, _, text in shown(disk)] == [str(n) for n in range(3 * CHUNK)]


def sent(machine, protocol, start, go_on, chunks):
    """Send some chunks of an import. Yields the first reply."""
    from groupchat.admin.messages import decode_reply

    protocol.dataReceived(start[1:] + b"\n")
    machine.server.run()
    (reply,) = protocol.transport.value().splitlines()
    yield decode_reply(reply)
    for _ in range(chunks):
        protocol.dataReceived(go_on() + b"\n")
        machine.server.run()


def test_after_a_restart_it_is_known_what_was_imported(start, write):
    path = write({}, {"text": "more"})
    start().run("import", "dev", path)
    assert "already" in start().run("import", "dev", path)[0]


def test_imported_messages_are_kept_as_long_as_if_they_were_said_now(disk, write, tmp_path):
    disk.run("import", "dev", write({}))
    with sqlite3.connect(tmp_path / "chat.db") as db:
        ((at, received),) = db.execute("SELECT at, received FROM messages").fetchall()
    db.close()
    assert at == 9000 and time.time() * 1000 - received < 60_000


def test_progress_is_told(disk, write):
    source = Import(write(*({"text": str(n)} for n in range(2 * CHUNK))))
    request = b'{"verb": "import", "room": "dev", "file": "x"}'
    replies = list(source.replies(lambda start, go_on: asked(disk, request + start, go_on)))
    assert [(reply.done, reply.total) for reply in replies[:-1]] == [(50, 100), (100, 100)]


def asked(machine, request, go_on):
    from groupchat.admin.messages import decode_reply

    return map(decode_reply, machine.ask("", request, go_on))


def test_it_is_in_the_audit_log(disk, write):
    disk.run("import", "dev", write({}))
    found = []
    disk.server.accounts.audit_entries(9).addCallback(found.extend)
    assert [(entry.verb, entry.target) for entry in found] == [("import", "dev")]


def test_what_somebody_said_in_an_import_can_be_forgotten(disk, write):
    disk.run("import", "dev", write({}, {"from": "bob"}))
    disk.run("forget", "alice", "--yes")
    assert [(sender, text) for _, sender, text in shown(disk)][:2] == [
        ("alice", ""),
        ("bob", "hello"),
    ]


# Files that can't be imported.


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"from": "a"}\n', 'line 1: it is no JSON object with the texts "at", "from" and "text".'),
        ("{" * 99_999, "line 1: it is no JSON object"),
        ('{"at": "soon", "from": "a", "text": "b"}\n', "line 1: its time is not like 2026-01-31T"),
        (json.dumps(SAID) + "\nhello\n", "line 2: it is no JSON object"),
        (json.dumps({**SAID, "text": "x" * 5000}), "line 1: A message has at most 4096 bytes"),
        (json.dumps({**SAID, "at": "0001-01-01T00:00:00"}), "line 1: there is no such time"),
        ("2024-13-15 10:20:31\talice\thello\n", "line 1: there is no such time as it has."),
        (f"{IRSSI}99:00 <bob> hi\n", "line 8: there is no such time as it has."),
        ("x" * (1 << 21), "line 1: it is longer than 1048576 characters."),
        ("nothing\n", "is none of the forms json, weechat and irssi."),
        ("", "is none of the forms json, weechat and irssi."),
        (json.dumps({**SAID, "text": " "}), "has no messages. Name its form"),
        (json.dumps({**SAID, "at": "2999-01-01T00:00:00Z"}), "Message 1: its time is before 1970"),
        (json.dumps({**SAID, "at": "1969-01-01T00:00:00Z"}), "Message 1: its time is before 1970"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_in_one_line(disk, write, text, problem):
    path = write(text=text) if text else write(name="empty")
    (line,) = disk.run("import", "dev", path, status=1)
    assert problem in line
    disk.run("export", "dev", status=1)


def test_a_byte_order_mark_is_no_part_of_the_first_line(disk, write):
    path = write(text="\ufeff" + json.dumps(SAID))
    assert disk.run("import", "dev", path) == ["1 message is imported into dev."]


def test_a_message_of_irssi_without_a_day_is_refused(disk, write):
    (line,) = disk.run("import", "dev", write(text="10:20 <alice> hello\n"), "irssi", status=1)
    assert 'line 1: no line before it tells the day, like "--- Log opened".' in line


def test_a_file_that_is_missing_or_a_pipe_is_refused(disk, tmp_path):
    assert "No such file" in disk.run("import", "dev", str(tmp_path / "no"), status=1)[0]
    assert "is not a file" in disk.run("import", "dev", str(tmp_path), status=1)[0]
    os.mkfifo(tmp_path / "pipe")
    assert "is not a file" in disk.run("import", "dev", str(tmp_path / "pipe"), status=1)[0]


def test_a_ledger_in_memory_takes_no_import(machine, write):
    (line,) = machine.run("import", "dev", write({}), status=1)
    assert "Only a ledger in a file" in line


@pytest.mark.parametrize("line", [b"nonsense", b"[]", b'{"first": [1, "a"], "count": 1}'])
def test_a_tool_that_makes_no_sense_gets_one_line(disk, line):
    request = b'{"verb": "import", "room": "dev", "file": "x"}\n' + line
    (reply,) = disk.ask("", request)
    assert b"no import as this server knows it" in reply


def test_a_tool_that_sends_without_being_asked_is_cut_off(disk):
    protocol = disk.connect()
    protocol.dataReceived(b'{"verb": "compact"}\n' + b"more\n" * 3)
    assert protocol.transport.disconnecting
    protocol.connectionLost()


@pytest.mark.parametrize(
    ("name", "proper"),
    [
        ("alice", "alice"),
        ("bob|away", "bob_away"),
        ("[bob]", "bob_"),
        ("_", "unknown"),
        ("Zoë", "Zoë"),
        ("root", "root_"),
        ("x" * 40, "x" * 32),
        ("", "unknown"),
        ("a\x1b[31m", "a__31m"),
    ],
)
def test_a_name_that_nobody_can_have_here_is_made_one(name, proper):
    assert proper_name(name) == proper
