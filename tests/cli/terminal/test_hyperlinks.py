"""
Links of the terminal: where there are any, and where they lead.
"""

import pytest

from groupchat.cli.terminal.hyperlinks import LinkRows, are_known, target


@pytest.mark.parametrize(
    "environment",
    [
        {"TERM": "xterm-kitty", "KITTY_WINDOW_ID": "1"},
        {"TERM": "foot"},
        {"TERM": "xterm-256color", "VTE_VERSION": "7006"},
        {"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"},
        {
            "TERM": "tmux-256color",
            "TMUX": "x",
            "TERM_PROGRAM": "tmux",
            "TERM_PROGRAM_VERSION": "3.4",
        },
        {"TERM": "xterm-256color", "WT_SESSION": "x"},
    ],
)
def test_terminals_that_have_links(environment):
    assert are_known(environment)


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"TERM": "linux"},
        {"TERM": "xterm-256color"},
        {"TERM": "xterm-256color", "VTE_VERSION": "4999"},
        {
            "TERM": "tmux-256color",
            "TMUX": "x",
            "TERM_PROGRAM": "tmux",
            "TERM_PROGRAM_VERSION": "3.3a",
        },
        {
            "TERM": "tmux-256color",
            "TMUX": "x",
            "TERM_PROGRAM": "tmux",
            "TERM_PROGRAM_VERSION": "next",
        },
        {"TERM": "screen", "TMUX": "x", "KITTY_WINDOW_ID": "1"},
    ],
)
def test_terminals_that_may_not(environment):
    assert not are_known(environment)


@pytest.mark.parametrize(
    ("link", "leads_to"),
    [
        ("https://a.example/x).", "https://a.example/x"),
        ("mailto:bob@example.org,", "mailto:bob@example.org"),
        ("https://раураl.example/", ""),
        ("https://a.example/" + "x" * 2000, ""),
    ],
)
def test_a_link_leads_where_it_says_or_nowhere(link, leads_to):
    assert target(link) == leads_to


@pytest.mark.parametrize(
    "text", ["javascript:alert(1)", "file:///etc/passwd", "ssh://host", "www.a.example"]
)
def test_other_schemes_are_no_links(text):
    assert list(LinkRows(text).parts(text)) == [(text, None)]


def test_rows_that_show_another_text_lead_nowhere():
    rows = LinkRows("https://a.example/long")
    assert list(rows.parts("https://a.evil")) == [("https://a.evil", "")]
    assert list(rows.parts("ample/long")) == [("ample/long", None)]
