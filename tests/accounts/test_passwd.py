"""
``groupchat-passwd``: what it does to the accounts file, and what it says.
"""

from __future__ import annotations

import io

import pytest

from groupchat.accounts import passwd
from groupchat.accounts.database import AccountsDatabase
from groupchat.accounts.passwords import Passwords
from groupchat.core.permissions import AuditEntry, Restriction
from groupchat.core.tokens import token_digest


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs it in a folder of its own, with this typed. Returns what it said."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments, typed=""):
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        passwd.main(arguments)
        return capsys.readouterr().out

    return run


@pytest.fixture
def begun(run):
    """The accounts file is there, as beside a daemon."""
    AccountsDatabase("groupchat.accounts").open()


@pytest.fixture
def permissions():
    def permissions():
        file = AccountsDatabase("groupchat.accounts")
        file.open()
        try:
            return file.load()
        finally:
            file.close()

    return permissions


def test_it_sets_a_password(run, permissions):
    assert run("alice", typed="secret\n") == "The password of alice is set.\n"
    account = permissions().owner("alice")
    assert Passwords().verify(account.password, "secret")
    assert not account.operator


def test_it_makes_an_operator_of_someone_new(begun, run, permissions):
    assert run("--operator", "alice", typed="secret\n") == "alice is an operator now.\n"
    assert permissions().owner("alice").operator


def test_it_makes_an_operator_of_someone_registered_and_takes_that_back(run, permissions):
    run("alice", typed="secret\n")
    run("-o", "ALICE")
    account = permissions().owner("alice")
    assert account.operator and Passwords().verify(account.password, "secret")
    assert run("--no-operator", "alice") == "alice is no operator any more.\n"
    assert not permissions().owner("alice").operator


def test_a_new_password_keeps_the_operator_and_the_account(begun, run, permissions):
    run("-o", "alice", typed="secret\n")
    id = permissions().owner("alice").id
    run("alice", typed="other\n")
    account = permissions().owner("alice")
    assert account.operator and account.id == id
    run("--delete", "alice")
    run("alice", typed="secret\n")
    assert permissions().owner("alice").id not in ("", id)


def test_it_deletes(run, permissions):
    run("alice", typed="secret\n")
    assert run("--delete", "alice") == "alice is not registered any more.\n"
    assert permissions().owner("alice") is None


def test_it_lists_who_is_registered(begun, run):
    run("-o", "bob", typed="secret\n")
    run("Alice", typed="secret\n")
    assert run("--list") == "Alice\nbob  operator\n"


def test_it_makes_lists_and_revokes_tokens(run, permissions):
    run("Alice", typed="secret\n")
    made, other = run("--token", "alice").strip(), run("--token", "ALICE", "CI").strip()
    assert made.startswith("gct_") and other != made
    bearer = permissions().bearer
    assert bearer(token_digest(made)).name == bearer(token_digest(other)).name == "Alice"
    lines = run("--tokens", "alice").splitlines()
    assert [line.split()[:2] for line in lines] == [["ci", "made"], ["default", "made"]]
    assert run("--revoke", "alice", "Ci") == "The token ci of Alice is revoked.\n"
    assert permissions().bearer(token_digest(other)) is None
    assert permissions().bearer(token_digest(made))
    log = run("--log")
    assert "revoke Alice: ci\n" in log and made not in log


def test_only_the_token_is_printed_so_that_a_script_can_take_it(run, capsys):
    run("alice", typed="secret\n")
    passwd.main(["--token", "alice"])
    said = capsys.readouterr()
    assert said.out.startswith("gct_") and said.out.count("\n") == 1
    assert said.err == (
        "groupchat-passwd: that is the token default of alice. It is shown only now.\n"
    )


def test_a_new_password_ends_the_tokens(run, permissions):
    run("alice", typed="secret\n")
    secret = run("--token", "alice").strip()
    run("--operator", "alice")
    assert permissions().bearer(token_digest(secret)).operator
    run("alice", typed="another\n")
    assert permissions().bearer(token_digest(secret)) is None
    assert run("--tokens", "alice") == ""


def test_it_shows_who_did_what(begun, run):
    run("-o", "alice", typed="secret\n")
    run("--delete", "alice")
    lines = run("--log").splitlines()
    assert [line.split()[2:] for line in lines] == [["op", "alice"], ["delete", "alice"]]
    assert all(line.split()[1].startswith("!") for line in lines)


@pytest.mark.parametrize(
    ("arguments", "typed", "said"),
    [
        (["no such name"], "x\n", "A name has"),
        (["root"], "x\n", "reserved"),
        (["alice"], "", "a password has 1 to 1024 bytes"),
        (["alice"], "x" * 1025, "a password has 1 to 1024 bytes"),
        (["--delete", "alice"], "", '"alice" is not registered'),
        (["--token", "alice"], "", '"alice" is not registered'),
        (["--tokens", "alice"], "", '"alice" is not registered'),
        (["--revoke", "alice"], "", '"alice" is not registered'),
        ([], "", "whose?"),
        (["-f", "/nowhere/at/all", "alice"], "x\n", "No such file"),
    ],
)
def test_what_it_can_not_do_it_says_in_one_line(begun, run, arguments, typed, said):
    with pytest.raises(SystemExit) as ended:
        run(*arguments, typed=typed)
    assert said in str(ended.value)
    assert "\n" not in str(ended.value)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--token", "alice"], "There is a token default already."),
        (["--token", "alice", "no/name"], "The name of a token has 1 to 32"),
        (["--revoke", "alice", "other"], 'There is no token "other".'),
    ],
)
def test_a_token_that_can_not_be_made_or_ended_is_refused_in_one_line(run, arguments, said):
    run("alice", typed="secret\n")
    run("--token", "alice")
    with pytest.raises(SystemExit) as ended:
        run(*arguments)
    assert said in str(ended.value) and "\n" not in str(ended.value)


def test_it_says_that_it_made_a_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO("secret\n"))
    passwd.main(["alice"])
    said = capsys.readouterr()
    assert said.out == "The password of alice is set.\n"
    assert (
        said.err
        == f"groupchat-passwd: this made a new accounts file, {tmp_path}/groupchat.accounts.\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["--operator", "bob"],
        ["--no-operator", "bob"],
        ["--delete", "bob"],
        ["--list"],
        ["--log"],
        ["--bans"],
        ["--unban", "bob"],
        ["--token", "bob"],
    ],
)
def test_in_the_wrong_directory_nothing_is_made_and_it_says_where_it_looked(
    run, tmp_path, arguments
):
    with pytest.raises(SystemExit) as ended:
        run(*arguments, typed="secret\n")
    assert f"there is no accounts file {tmp_path}/groupchat.accounts. Go to" in str(ended.value)
    assert "\n" not in str(ended.value)
    assert not list(tmp_path.iterdir())


def test_a_password_that_is_refused_makes_no_file(run, tmp_path):
    with pytest.raises(SystemExit, match="1 to 1024 bytes"):
        run("alice", typed="")
    assert not list(tmp_path.iterdir())


def measure(kind, target, until=None, text=""):
    file = AccountsDatabase("groupchat.accounts")
    file.open()
    file.save(Restriction(kind, target, "op", b"", until, text), AuditEntry(0, "op", kind, target))
    file.close()


def test_it_lists_bans_and_mutes_and_lifts_them(begun, run, permissions):
    measure("ban", "192.0.2.7/32", text="noise")
    measure("ban", "192.0.2.7", until=4_102_444_800_000)
    measure("ban", "long-ago", until=1)
    measure("mute", "bob")
    assert run("--bans") == (
        "ban @192.0.2.7 until 2100-01-01T00:00:00.000Z, by op\n"
        "ban 192.0.2.7 for ever, by op: noise\n"
        "mute bob for ever, by op\n"
    )
    assert run("--unban", "::FFFF:192.0.2.7") == "192.0.2.7 is not banned any more.\n"
    assert run("--unban", "@192.0.2.7") == "@192.0.2.7 is not banned any more.\n"
    assert run("--unmute", "BOB") == "bob is not muted any more.\n"
    assert run("--bans") == ""
    with pytest.raises(SystemExit, match=r'there is no ban on "192\.0\.2\.7"'):
        run("--unban", "192.0.2.7")
    assert run("--log").count("unban") == 2


def test_a_file_that_is_none_can_be_another_with_an_option(run, tmp_path):
    (tmp_path / "groupchat.accounts").write_bytes(b"no database at all" * 100)
    with pytest.raises(SystemExit) as ended:
        run("--list")
    assert str(ended.value).endswith("Repair it, or name another with -f PATH.")


# A database.


def test_the_accounts_can_be_in_a_database(engine, capsys, monkeypatch):
    from tests.ledgers.nodes import database

    uri = database(engine)
    monkeypatch.setattr("sys.stdin", io.StringIO("secret\n"))
    passwd.main(["-f", uri, "--operator", "alice"])
    passwd.main(["-f", uri, "--list"])
    assert capsys.readouterr().out == "alice is an operator now.\nalice  operator\n"
    with pytest.raises(SystemExit) as ended:
        passwd.main(["-f", engine.uri("nothing"), "--list"])
    assert str(ended.value).startswith("groupchat-passwd: the database nothing at ")
