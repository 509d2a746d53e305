"""
Chunks to lines.
"""

from hypothesis import given
from hypothesis import strategies as st

from groupchat.wire.framing import LineSplitter


class Recorded(LineSplitter):
    MAX_LENGTH = 8

    def __init__(self):
        self.seen = []

    def lineReceived(self, line):
        self.seen.append(line)

    def lineLengthExceeded(self, line):
        self.seen.append("too long")


def read(*chunks):
    lines = Recorded()
    for chunk in chunks:
        lines.dataReceived(chunk)
    lines.inputEnded()
    return lines.seen


def test_a_carriage_return_before_the_end_is_dropped():
    assert read(b"a\r\nb\n") == [b"a", b"b"]


def test_what_stands_behind_the_last_end_is_a_line_too():
    assert read(b"a\nb") == [b"a", b"b"]


def test_a_line_that_is_too_long_is_told_once_and_skipped():
    assert read(b"ok\n", b"x" * 9, b"x" * 9, b"x\nok\n") == [b"ok", "too long", b"ok"]


def test_a_long_line_in_one_chunk_is_skipped_alone():
    assert read(b"a\n" + b"x" * 9 + b"\nb\n") == [b"a", "too long", b"b"]


@given(st.lists(st.sampled_from([b"", b"a", b"bc", b"12345678"]), max_size=6), st.data())
def test_slices_make_no_difference(lines, data):
    stream = b"".join(one + b"\n" for one in lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    chunks = [
        stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)
    ]
    assert read(*chunks) == lines
