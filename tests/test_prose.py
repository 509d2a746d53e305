"""
The project's English, and the check that finds its bad habits.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import prose
from tests.prose import Prose

PAGE = Path("page.rst")


def found(text: str) -> list[str]:
    """The findings in a page of this text, by their words."""
    return [finding.words for finding in prose.findings(PAGE, prose.of_page(text))]


def lines(paragraphs) -> list[int]:
    return [finding.line for finding in prose.findings(PAGE, paragraphs)]


# The project.


def test_no_file_but_those_of_the_baseline_has_a_tic():
    unclean = prose.check(set(prose.files()) - prose.baseline())
    assert not unclean, "\n".join(str(finding) for some in unclean.values() for finding in some)


def test_the_baseline_lists_no_file_that_is_clean_or_gone():
    listed = prose.baseline()
    clean = listed - set(prose.check(listed & set(prose.files())))
    assert not clean, (
        f"take these off {prose.BASELINE.name} (python -m tests.prose --baseline):"
        f" {sorted(map(str, clean))}"
    )


def test_the_files_are_those_that_people_read():
    files = set(map(str, prose.files()))
    assert {
        "README.rst",
        "CONTRIBUTING.rst",
        "docs/protocol.rst",
        "groupchat/tap.py",
        "tests/conftest.py",
    } <= files
    assert not [
        name for name in files if "__pycache__" in name or name.endswith((".json", ".svg", ".pyc"))
    ]


# The tics.


TICS = """\
Who leaves at once still sees it.
It works. Who is too fast is slowed.
Whoever likes registers.
What many connections leave is looked at.
Done. What was said is stored.
How one logs in.
Which of them is right.
Why there is none.
It is the name that one has.
One can register.
Seconds in which one has to log in.
Nothing changes if one likes it.
A name of one's own.
The one who runs it.
Talk to oneself.
Members who come in late.
A guest comes in.
It came in, then left.
Before coming in: nothing.
It is read anew.
The server heeds it.
A ban that is heeded.
It takes so many lines a second.
So few of them.
That name is none's.
Nobody's words are shown.
A password that is none.
That are 20 names.
The server sees to it that it ends.
This is what is kept of it.
The cost is borne by all.
It bears the name.
"""


@pytest.mark.parametrize("text", TICS.splitlines())
def test_a_tic_is_found(text):
    assert len(found(text)) == 1


GOOD = """\
One of the rooms is full.
It takes one line.
All at one time, one by one.
No one can see it.
No one's name.
A one-line answer.
This one is full.
A new one is made.
The error has the last one's code.
Someone who reads it.
What is your name?
How many clients at most?
What if the disk is full? It waits.
How to release.
Why not? It works.
What's new.
It knows who reads what, and how.
The line comes in the same order.
It came into being.
It came in two parts.
Incoming lines.
So many connections that it fails.
There are so many of them that none is seen.
There is none.
A line that is none of these.
Bear in mind that it ends.
One gets the line, the other waits.
That is 20 names.
See the page.
Heedless is another word.
"""


@pytest.mark.parametrize("text", GOOD.splitlines())
def test_good_english_is_not(text):
    assert found(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "It is ``read anew``.",
        'It says "come in" to you.',
        "`come in`_ is a link.",
        "What one may do\n===============\n\nText.",
        "So::\n\n    read it anew\n\n    come in\n\nText.",
        "- an item::\n\n      read it anew\n\n- Text.",
        ".. code-block:: sh\n\n   read it anew\n\nText.",
        ".. a comment, come in\n",
    ],
)
def test_what_is_no_prose_is_left_out(text):
    assert found(text) == []


def test_a_paragraph_goes_over_the_ends_of_lines_and_is_told_by_its_line():
    page = "Title\n=====\n\nA guest\ncomes\nin, and\n\n::\n\n    anew\n\nis read\nanew.\n"
    assert lines(prose.of_page(page)) == [5, 13]


def test_an_item_begins_a_sentence():
    assert lines(prose.of_page("- What it is\n- Who does\n  it\n\n1. How it is\n")) == [1, 2, 5]


def test_a_finding_tells_the_file_the_line_the_words_and_the_advice():
    (finding,) = prose.findings(
        PAGE, [Prose(7, "The file is read anew when it changes a bit later than that.")]
    )
    assert str(finding) == 'page.rst:7: "anew when it changes a bit later": say again, or new'


# Python.

MODULE = '''
"""
It is read anew.

So::

    read anew
"""

NAME = "read anew by the server"  # It comes in, see below.

# A guest
# comes in
# at once. ::
def f(x):
    """Who knows it."""
    raise ValueError(f"{x} is none's name")
'''


def test_docstrings_and_comments_are_prose():
    assert lines(prose.of_python(MODULE)) == [3, 16, 10, 13]


@pytest.mark.parametrize(
    "string",
    ['"# a"', "'# a'", r'"\"# a"', "'''\n# a\n'''", '"""\n"# a\n"""', r"'\'# a'", "f'{x[\"#\"]}'"],
)
def test_a_string_holds_no_comment_and_one_behind_it_is_found(string):
    found = prose.of_python(f"x = {string}  # this is a comment\n")
    assert [paragraph.text for paragraph in found] == ["this is a comment"]


def test_strings_are_prose_where_users_meet_them():
    assert lines(prose.of_python(MODULE, strings=True))[4:] == [10, 17]
    assert list(prose.of_python('x = ["a", "two words", "INSERT"]', strings=True)) == []
