"""This machine's addresses, where the service may ask for them and where it may not."""

from __future__ import annotations

import errno
import socket

import pytest

from groupchat.ops.join_hints import own_addresses


@pytest.mark.parametrize("both", [False, True])
def test_a_service_without_a_network_of_its_own_knows_no_address(monkeypatch, both):
    def refused(*arguments):
        raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")

    monkeypatch.setattr(socket, "socket", refused)
    assert own_addresses(both) == []
