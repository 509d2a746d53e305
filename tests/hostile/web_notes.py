"""The answers to a client of HTTP or WebSocket, in short."""

from __future__ import annotations

import json

from groupchat.testing.websocket import CLOSE, TEXT, take_frame
from tests.hostile.case import brief

__all__ = ["web_notes"]


def web_notes(data: bytes, base: int = 0) -> list[str]:
    """
    Returns the answers in these bytes: ``404 not-found`` for a problem, ``200`` for another answer;
    after ``101`` the JSON lines in short, ``close 1002`` and the first bytes of other frames.

    :param base: the last id of the lobby before the case.
    """
    notes: list[str] = []
    left = bytearray(data)
    while left:
        status, headers = _take_head(left)
        if status == 101:
            return [*notes, "101", *_frames(left, base)]
        if status == 100:
            notes.append("100")
            continue
        size = int(headers.get("content-length", 0))
        assert len(left) >= size or not left, "whole answers"
        body = bytes(left[:size])
        del left[:size]
        notes.append(f"{status} {_code(headers, body)}".rstrip())
    return notes


def _take_head(left: bytearray) -> tuple[int, dict[str, str]]:
    head, end, _ = bytes(left).partition(b"\r\n\r\n")
    assert end, f"a whole head: {head[:200]!r}"
    del left[: len(head) + len(end)]
    first, *lines = head.decode("ascii").split("\r\n")
    assert first.startswith("HTTP/1.1 ")
    pairs = [line.split(": ", 1) for line in lines]
    return int(first.split(" ")[1]), {name.lower(): value for name, value in pairs}


def _code(headers: dict[str, str], body: bytes) -> str:
    if headers.get("content-type") != "application/problem+json" or not body:
        return ""
    problem = json.loads(body)
    assert problem["detail"] and problem["detail"].isprintable(), problem
    return str(problem["code"])


def _frames(left: bytearray, base: int) -> list[str]:
    notes = []
    while (frame := take_frame(left)) is not None:
        first, data = frame
        if first == TEXT:
            notes += [brief(json.loads(line), base) for line in data.splitlines()]
        elif first == CLOSE:
            notes.append(f"close {int.from_bytes(data[:2], 'big')}")
        else:
            notes.append(f"frame {first:02x} {data!r}")
    assert not left, "whole frames"
    return notes
