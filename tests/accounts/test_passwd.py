"""
``groupchat-passwd``: what it does to the accounts file, and what it says.
"""

from __future__ import annotations

import io

import pytest

from groupchat.accounts import passwd, passwords
from groupchat.accounts.file import AccountsFile


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
def rights():
    def rights():
        file = AccountsFile("groupchat.accounts")
        file.open()
        try:
            return file.load()
        finally:
            file.close()

    return rights


def test_it_sets_a_password(run, rights):
    assert run("alice", typed="secret\n") == "The password of alice is set.\n"
    account = rights().owner("alice")
    assert passwords.fits(account.password, "secret")
    assert not account.operator


def test_it_makes_an_operator_of_someone_new(run, rights):
    assert run("--operator", "alice", typed="secret\n") == "alice is an operator now.\n"
    assert rights().owner("alice").operator


def test_it_makes_an_operator_of_someone_registered_and_takes_that_back(run, rights):
    run("alice", typed="secret\n")
    run("-o", "ALICE")
    account = rights().owner("alice")
    assert account.operator and passwords.fits(account.password, "secret")
    assert run("--no-operator", "alice") == "alice is no operator any more.\n"
    assert not rights().owner("alice").operator


def test_a_new_password_keeps_the_operator(run, rights):
    run("-o", "alice", typed="secret\n")
    run("alice", typed="other\n")
    assert rights().owner("alice").operator


def test_it_deletes(run, rights):
    run("alice", typed="secret\n")
    assert run("--delete", "alice") == "alice is nobody's now.\n"
    assert rights().owner("alice") is None


def test_it_lists_who_is_registered(run):
    run("-o", "bob", typed="secret\n")
    run("Alice", typed="secret\n")
    assert run("--list") == "Alice\nbob  operator\n"


def test_it_shows_who_did_what(run):
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
        ([], "", "whose?"),
        (["-f", "/nowhere/at/all", "alice"], "x\n", "No such file"),
    ],
)
def test_what_it_can_not_do_it_says_in_one_line(run, arguments, typed, said):
    with pytest.raises(SystemExit) as ended:
        run(*arguments, typed=typed)
    assert said in str(ended.value)
    assert "\n" not in str(ended.value)
