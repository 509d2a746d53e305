"""The reasons for which a port or a Unix socket cannot be bound."""

from __future__ import annotations

import errno
import os
import socket

import pytest
from twisted.internet.error import CannotListenError
from twisted.python.failure import Failure

from groupchat.errors import CannotStart, CannotStartYet
from groupchat.ops.listen_errors import cannot_listen, clears_socket, is_taken


def failed(reason, port=9000):
    """The failure to bind a port, or a path, for an error number or a text."""
    cause = reason if isinstance(reason, str) else OSError(reason, os.strerror(reason))
    return Failure(CannotListenError("", port, cause))


@pytest.mark.parametrize(
    ("reason", "told", "passes"),
    [
        (errno.EADDRINUSE, "Address already in use. Stop the program that uses it", True),
        (errno.EADDRNOTAVAIL, "does not have the address, or not yet: wait", True),
        (errno.ENOSPC, "the disk is full. Make room", True),
        (errno.EACCES, "not allowed (ports below 1024 are for root). Choose", False),
        (errno.EMFILE, "Too many open files. Choose", False),
    ],
)
def test_an_error_says_the_reason_and_whether_it_can_pass_by_itself(reason, told, passes):
    error = cannot_listen("port 9000", failed(reason))
    assert str(error).startswith("cannot listen on port 9000: ")
    assert told in str(error)
    assert str(error).endswith("choose another with --port." if passes else "another with --port.")
    assert isinstance(error, CannotStartYet) is passes


def test_a_socket_is_chosen_by_listen_and_needs_no_root():
    error = cannot_listen("unix:/run/chat.sock", failed(errno.EACCES, "/run/chat.sock"))
    assert str(error).endswith("Permission denied. Choose another with --listen.")


def test_a_file_in_place_of_a_socket_is_told_and_does_not_pass_by_itself(tmp_path):
    path = tmp_path / "chat.db"
    path.touch()
    error = cannot_listen("unix:chat.db", failed(errno.EADDRINUSE, str(path)))
    assert type(error) is CannotStart
    assert "there is something that is no socket. Move it away, or choose another" in str(error)
    path.unlink()
    error = cannot_listen("unix:chat.db", failed(errno.EADDRINUSE, str(path)))
    assert isinstance(error, CannotStartYet), "by now, it is gone"


def test_the_lock_of_a_socket_names_the_other_daemon():
    error = cannot_listen("unix:/run/chat.sock", failed("Cannot acquire lock", "/run/chat.sock"))
    assert isinstance(error, CannotStartYet)
    assert "another daemon does. Stop that one" in str(error)


def test_an_error_of_another_kind_is_given_as_it_is():
    error = cannot_listen("port 9000", Failure(ValueError("no such interface")))
    assert type(error) is CannotStart
    assert str(error) == "cannot listen on port 9000: no such interface"


@pytest.mark.parametrize(
    ("reason", "expected"),
    [(errno.EADDRINUSE, True), (errno.EACCES, True), (errno.EAFNOSUPPORT, False), ("lock", False)],
)
def test_only_an_address_that_is_taken_is_not_tried_by_ipv4(reason, expected):
    assert is_taken(failed(reason)) is expected


@pytest.mark.parametrize("reason", [errno.EADDRINUSE, "Cannot acquire lock"])
def test_a_socket_that_nobody_listens_on_is_removed(tmp_path, reason):
    path = str(tmp_path / "chat.sock")
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(path)
    assert clears_socket(failed(reason, path))
    assert not os.path.exists(path)
    assert not clears_socket(failed(reason, path)), "it is gone already"


@pytest.mark.parametrize(
    "failure",
    [
        failed(errno.EADDRINUSE, 9000),
        failed(errno.EACCES, "/run/chat.sock"),
        Failure(ValueError("no such interface")),
    ],
)
def test_nothing_else_is_a_reason_to_remove_a_socket(failure):
    assert not clears_socket(failure)
