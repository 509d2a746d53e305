"""
Small files, and what only looks like one: each is read whole, or refused at once.
"""

from __future__ import annotations

import os

import pytest

from groupchat import smallfile


def refused(path, limit=10):
    with pytest.raises(OSError, match=r"\[Errno") as caught:
        smallfile.read(str(path), limit)
    return caught.value.strerror


def test_a_file_is_read_whole(tmp_path):
    (tmp_path / "file").write_bytes(b"0123456789")
    assert smallfile.read(str(tmp_path / "file"), 10) == b"0123456789"
    assert smallfile.read(os.devnull, 10) == b""


def test_a_pipe_without_a_writer_and_an_endless_device_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    told = "it is a device or a pipe, and has to be a file"
    assert [refused(path) for path in (tmp_path / "pipe", "/dev/zero")] == [told, told]


def test_so_are_a_folder_and_a_file_that_is_too_long_or_missing(tmp_path):
    (tmp_path / "long").write_bytes(bytes(2049))
    assert refused(tmp_path / "long", 2048) == "it is longer than 2 KiB"
    assert refused(tmp_path) == "Is a directory"
    assert refused(tmp_path / "none") == "No such file or directory"
