"""
Chunks to lines.
"""

from hypothesis import given
from hypothesis import strategies as st

from groupchat.wire.framing import LineProtocol, LineSplitter


class Recorded(LineProtocol):
    MAX_LENGTH = 8

    def __init__(self):
        super().__init__()
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


def test_nothing_is_kept_of_a_line_that_is_too_long():
    splitter = LineSplitter(8)
    for _ in range(100):
        splitter.receive(b"x" * 5)
        assert splitter.split() == []
        assert len(splitter.partial) <= 8
    splitter.receive(b"x\nnext\nla")
    assert splitter.split() == [None, b"next"]
    assert splitter.partial == b"la"


def test_lines_are_split_a_few_at_a_time():
    splitter = LineSplitter(8)
    splitter.receive(b"1\n2\n3\n4")
    assert splitter.split(2) == [b"1", b"2"]
    assert splitter.waiting
    splitter.receive(b"4\n")
    assert splitter.split(2) == [b"3", b"44"]
    assert splitter.split(2) == []
    assert not splitter.waiting


def test_lines_that_are_too_long_are_told_whichever_of_a_chunk_they_are():
    splitter = LineSplitter(3)
    splitter.receive(b"1234\n123\n12345\n1\n12")
    assert splitter.split() == [None, b"123", None, b"1"]
    splitter.receive(b"34\n12\n")
    assert splitter.split() == [None, b"12"]
