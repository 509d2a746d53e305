"""
Everything in the benchmarks works: on loads so small that they say nothing about speed, which no
test here looks at.
"""

from __future__ import annotations

import os
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.benchmarks import page, screen
from tests.benchmarks.__main__ import parse
from tests.benchmarks.beside import HISTORY, HISTORY_TLS, SEARCH
from tests.benchmarks.build import has_openssl
from tests.benchmarks.devices import DEVICES
from tests.benchmarks.flood import EMPTY, NOTHING, GarbageInput
from tests.benchmarks.irc import Inspircd, IrcServer, Ngircd
from tests.benchmarks.loads import DISK, FANOUT, FANOUT_TLS, SIZE, WEB, Column, Load
from tests.benchmarks.nodes import NODES, ON_POSTGRESQL, TWO_NODES
from tests.benchmarks.page import LOADS
from tests.benchmarks.restart import WITH_TLS, WITHOUT_TLS, Restart
from tests.benchmarks.results import Results, simple_table
from tests.benchmarks.retention import DELETING, GIVING_BACK, QUIET, RETENTION
from tests.benchmarks.run import run
from tests.benchmarks.servers import BASELINE, BASELINE_JSON, BEFORE, OURS, THREAD_PER_CLIENT, TLS
from tests.benchmarks.stored import RESUME

TINY = 0.0004
SERVERS = [OURS, BASELINE, BASELINE_JSON]
IN_BROWSERS = [OURS, f"{OURS}, WebSocket", f"{OURS}, event stream"]
ENCRYPTED = [OURS, OURS + TLS, BASELINE_JSON + TLS]
LINES = {
    **dict.fromkeys(("throughput-200", "chat-200", "chat-1000", "ping-pong-1000"), SERVERS),
    "open-loop-50": [*SERVERS, DISK],
    "throughput-200-tls": ENCRYPTED,
    "open-loop-50-tls": [*ENCRYPTED, DISK],
    "chat-200-web": IN_BROWSERS,
    "join-10k": [OURS],
    "rooms-500": [OURS],
    "memory-2000-tls": [OURS, OURS + TLS],
    "restart-tls": [WITHOUT_TLS, WITH_TLS],
    "history": ["nobody reads", "one reads all of it"],
    "history-tls": ["nobody reads", "one reads all of it"],
    "search": [
        "nobody searches",
        "one searches all of it",
        "one searches in another script",
    ],
    "retention": [QUIET, DELETING, GIVING_BACK],
    "devices-200": ["200 members", "20 members, 10 devices each"],
    "resume": ["short ledger", "long ledger"],
    "garbage-input": [NOTHING, EMPTY],
}


@pytest.fixture
def compilers(needs) -> None:
    needs("cc", "gcc")
    if not has_openssl():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(
            "needs OpenSSL's headers: install libssl-dev"
        )


@pytest.fixture
def measured(compilers, tmp_path) -> Results:
    """Each kind of load, on our daemon and on the epoll baselines."""
    loads: list[Load] = [
        *FANOUT,
        FANOUT_TLS[0],
        FANOUT_TLS[-1],
        WEB[0],
        *SIZE,
        Restart([WITHOUT_TLS, WITH_TLS]),
        HISTORY,
        HISTORY_TLS,
        SEARCH,
        RETENTION,
        DEVICES,
        RESUME,
        GarbageInput([NOTHING, EMPTY]),
    ]
    only = [case for cases in LINES.values() for case in cases]
    return run(tmp_path, loads, 1, TINY, 500, lambda line: None, only=only)


def test_every_load_is_delivered_and_told_in_tables_and_a_plot(measured, tmp_path):
    assert measured.failed == {}
    shown = [load for load in LOADS if load.name in LINES]
    assert {load.name: measured.cases(load.name) for load in shown} == LINES
    data, tables, picture = page.write(measured, tmp_path / "out")
    assert vars(Results.read(data)) == vars(measured)
    for load in shown:
        assert f"**{load.name}**: {load.title}" in tables.read_text()
    assert ElementTree.parse(picture).getroot().tag == "{http://www.w3.org/2000/svg}svg"


@pytest.mark.parametrize("server", [Ngircd, Inspircd])
def test_an_irc_server_is_measured_without_tls_and_with_it(compilers, needs, tmp_path, server):
    needs(server.program_name)
    names = [server().name, server(encrypted=True).name]
    loads: list[Load] = [FANOUT[0], FANOUT_TLS[0]]
    measured = run(tmp_path, loads, 1, TINY, 500, lambda line: None, only=names)
    assert measured.failed == measured.skipped == {}
    assert [measured.cases(load.name) for load in loads] == [[name] for name in names]


def test_one_node_and_two_are_measured_beside_the_ledger_on_disk(compilers, needs):
    needs("postgres", "postgresql")
    with TemporaryDirectory() as folder:  # in pytest's own, the engine's user reads nothing
        measured = run(Path(folder), [NODES[0]], 1, TINY, 500, lambda line: None)
    assert measured.failed == {}
    assert measured.cases(NODES[0].name) == [OURS, ON_POSTGRESQL, TWO_NODES]
    (figures,) = measured.measured[NODES[0].name][TWO_NODES]
    assert figures["engine_us"] > 0


def test_an_irc_server_that_is_not_installed_is_skipped_with_its_package():
    class Missing(IrcServer):
        program_name = "no-such-server"

    assert Missing(encrypted=True).missing() == "it is not installed: install no-such-server"


@pytest.fixture
def results() -> Results:
    """Two rounds of two servers, the second on a machine that has become half as fast."""
    results = Results(
        {"processor": "a & b", "kernel": "k", "Python": "3"}, 2, {"ngircd": "it is not installed"}
    )
    for speed in (1_000, 500):
        for load in FANOUT:
            for name, share in ((OURS, 0.75), (BASELINE, 1.0)):
                metrics = {
                    "deliveries_s": speed * share,
                    "cpu_us": 1.0,
                    "p50_ms": 2.0,
                    "p99_ms": 3.0,
                    "last_p50_ms": 2.5,
                    "last_p99_ms": 3.5,
                }
                results.add(load.name, name, metrics)
    return results


def test_ratios_are_taken_within_a_round(results):
    assert results.median("chat-200", "groupchat", "deliveries_s") == 562.5
    assert results.ratio("chat-200", "groupchat", "deliveries_s", BASELINE) == 0.75


def test_differences_are_taken_within_a_round(results):
    column = Column("more", "deliveries_s", 1, less=BASELINE)
    assert results.cell("chat-200", "groupchat", column) == "-187.5"


def test_there_is_no_ratio_to_one_that_is_not_here(results):
    assert (
        results.cell(
            "chat-200", "groupchat", Column("x threads", "deliveries_s", 2, over=THREAD_PER_CLIENT)
        )
        == ""
    )


def test_what_failed_once_has_no_figures(results):
    results.fail("chat-200", BASELINE, "one was missing")
    results.add("chat-200", BASELINE, {"deliveries_s": 1.0})
    assert results.cases("chat-200") == ["groupchat"]
    assert "Failed: chat-200, epoll baseline.\n" in page.report(results)


def test_another_version_is_compared_round_by_round(results):
    assert "Against" not in page.report(results)
    for speed in (800, 500):
        metrics = {"deliveries_s": speed, "cpu_us": 2.0, "user_us": 0.0, "p99_ms": 3.0}
        results.add("chat-200", OURS + BEFORE, metrics | {"p50_ms": 2.0})
    for metrics in results.measured["chat-200"][OURS]:
        metrics["user_us"] = 1.0
    row = "chat-200, groupchat  0.844 (0.75 to 0.94)  0.500 (0.50 to 0.50)"
    assert row in page.report(results)


def test_a_table_is_restructuredtext():
    assert simple_table([["", "n"], ["some one", "1,000"], ["b", ""]]) == (
        "========  =====\n..            n\n========  =====\nsome one  1,000\nb\n========  ====="
    )


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


def test_the_screen_is_measured(capsys):
    screen.main(rounds=1, messages=300, keys=3)
    printed = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in printed] == [
        "first frame, ms",
        "online, ms",
        "a key is shown, ms",
        "CPU at 500 messages a second, %",
        "to the terminal, KB/s",
        "a key is shown then, ms",
        "in memory with 300 lines, MB",
    ]
