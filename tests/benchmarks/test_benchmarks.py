"""
Everything in the benchmarks works: on loads so small that they say nothing about speed, which no
test here looks at.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from tests.benchmarks import page
from tests.benchmarks.__main__ import parse
from tests.benchmarks.flood import EMPTY, NOTHING, Input
from tests.benchmarks.loads import DISK, FANOUT, SIZE, Column, Load
from tests.benchmarks.page import LOADS
from tests.benchmarks.results import Results, simple_table
from tests.benchmarks.run import run
from tests.benchmarks.stored import HISTORY, STORE

TINY = 0.0004
SERVERS = ["groupchat", "floor", "floor, JSON lines"]
LINES = {
    **dict.fromkeys(("busy", "talk", "hall", "turns"), SERVERS), "calm": [*SERVERS, DISK],
    "crowd": ["groupchat"], "rooms": ["groupchat"],
    "history": ["nobody reads", "one reads all of it"], "store": ["short ledger", "long ledger"],
    "input": [NOTHING, EMPTY],
}  # fmt: skip


@pytest.fixture
def measured(needs, tmp_path) -> Results:
    """All loads, on our daemon and on the floors."""
    needs("cc", "gcc")
    loads: list[Load] = [*FANOUT, *SIZE, HISTORY, STORE, Input([NOTHING, EMPTY])]
    return run(tmp_path, loads, 1, TINY, 500, lambda line: None, only=SERVERS)


def test_every_load_is_delivered_and_told_in_tables_and_a_plot(measured, tmp_path):
    assert measured.failed == {}
    assert {load.name: measured.contestants(load.name) for load in LOADS} == LINES
    data, tables, picture = page.write(measured, tmp_path / "out")
    assert vars(Results.read(data)) == vars(measured)
    for load in LOADS:
        assert f"**{load.name}**: {load.title}" in tables.read_text()
    assert ElementTree.parse(picture).getroot().tag == "{http://www.w3.org/2000/svg}svg"


@pytest.fixture
def results() -> Results:
    """Two rounds of two servers, the second on a machine that has become half as fast."""
    results = Results(
        {"processor": "a & b", "kernel": "k", "Python": "3"}, 2, {"ngircd": "it is not installed"}
    )
    for speed in (1_000, 500):
        for load in FANOUT:
            for name, share in (("groupchat", 0.75), ("floor", 1.0)):
                measures = {
                    "deliveries_s": speed * share,
                    "p50_ms": 2.0,
                    "p99_ms": 3.0,
                    "last_p50_ms": 2.5,
                    "last_p99_ms": 3.5,
                }
                results.add(load.name, name, measures)
    return results


def test_ratios_are_taken_within_a_round(results):
    assert results.median("talk", "groupchat", "deliveries_s") == 562.5
    assert results.ratio("talk", "groupchat", "deliveries_s", "floor") == 0.75


def test_there_is_no_ratio_to_one_that_is_not_here(results):
    assert results.cell("talk", "groupchat", Column("x seed", "deliveries_s", 2, over="seed")) == ""


def test_what_failed_once_has_no_figures(results):
    results.fail("talk", "floor", "one was missing")
    results.add("talk", "floor", {"deliveries_s": 1.0})
    assert results.contestants("talk") == ["groupchat"]
    assert "Failed: talk, floor.\n" in page.report(results)


def test_a_table_is_restructuredtext():
    assert simple_table([["", "n"], ["some one", "1,000"], ["b", ""]]) == (
        "========  =====\n"
        "..            n\n"
        "========  =====\n"
        "some one  1,000\n"
        "b\n"
        "========  ====="
    )  # fmt: skip


def test_the_page_is_renewed_between_its_marks(results, tmp_path):
    copy = tmp_path / "performance.rst"
    copy.write_text(page.PAGE.read_text())
    page.renew(results, copy)
    once = copy.read_text()
    page.renew(results, copy)
    assert copy.read_text() == once
    assert "Not measured: ngircd (it is not installed)." in once
    assert once.split(page.BEGIN)[0] == page.PAGE.read_text().split(page.BEGIN)[0]
    assert (tmp_path / "performance.svg").exists() and (tmp_path / "performance.json").exists()


def test_the_page_shows_only_a_whole_run(capsys):
    with pytest.raises(SystemExit):
        parse(["--docs", "--quick"])
    assert "--docs is for all loads in their whole size" in capsys.readouterr().err
