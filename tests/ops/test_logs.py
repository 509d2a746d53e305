"""
The log as JSON: an object on each line, with everything that the line for people has.
"""

from __future__ import annotations

import json
import os
import sys

import pytest
from twisted.logger import LogLevel
from twisted.python.failure import Failure

from groupchat.ops import logs
from groupchat.options.start import choose_log_format
from groupchat.tap import Options

EVENT = {
    "log_time": 1_795_816_557.12,
    "log_level": LogLevel.info,
    "log_namespace": "groupchat.core.hub.Hub",
    "log_format": "{name} joined from {address} ({count} of {max})",
    "name": "Zoë",
    "address": "127.0.0.1",
    "count": 1,
    "max": 20,
    "password": "in no form, so in no line",
}


@pytest.fixture(autouse=True)
def _a_log_of_its_own(monkeypatch):
    monkeypatch.setattr(logs.json_log, "path", "")


def read(event):
    line = logs.json_line(event)
    assert line.endswith("\n") and line.count("\n") == 1 and line.isascii()
    return json.loads(line)


def test_an_event_has_its_line_its_form_and_the_values_in_it():
    assert read(EVENT) == {
        "time": "2026-11-27T21:55:57.120Z",
        "level": "info",
        "logger": "groupchat.core.hub.Hub",
        "event": "{name} joined from {address} ({count} of {max})",
        "message": "Zoë joined from 127.0.0.1 (1 of 20)",
        "fields": {"name": "Zoë", "address": "127.0.0.1", "count": 1, "max": 20},
    }


@pytest.mark.parametrize(
    ("level", "name"),
    [
        (LogLevel.debug, "debug"),
        (LogLevel.info, "info"),
        (LogLevel.warn, "warning"),
        (LogLevel.error, "error"),
        (LogLevel.critical, "critical"),
    ],
)
def test_levels_have_their_usual_names(level, name):
    assert read({**EVENT, "log_level": level})["level"] == name


def test_a_traceback_is_within_the_line():
    failure = Failure(ValueError("x"), ValueError)
    event = {"log_level": LogLevel.critical, "log_failure": failure, "log_format": "Unhandled"}
    found = read(event)
    assert "ValueError: x" in found["traceback"]
    assert found["message"] == "Unhandled"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, None),
        (1.5, 1.5),
        (True, True),
        (b"x", "b'x'"),
        (["a"], "['a']"),
        ("\udcff", "\udcff"),
    ],
)
def test_any_value_can_be_in_a_line(value, shown):
    assert read({"log_format": "{it}", "it": value})["fields"] == {"it": shown}


@pytest.mark.parametrize("form", ["", "{", "{0}", "{missing}", "{log_time}", "{a.b} {c[d]}"])
def test_a_form_that_is_none_loses_no_event(form):
    assert read({"log_format": form, "log_time": 0.0})["event"] == form


def test_an_event_of_the_older_log_is_a_line_too():
    event = {"log_format": "{log_text}", "log_text": "Starting", "log_namespace": "-"}
    found = read(event)
    assert (found["message"], found["fields"]) == ("Starting", {})


# Where it goes.


def test_it_goes_to_standard_output(capsys):
    logs.json_log()(EVENT)
    assert json.loads(capsys.readouterr().out)["level"] == "info"


def test_in_the_journal_each_line_begins_with_its_priority(tmp_path, monkeypatch):
    with (tmp_path / "journal").open("w+", encoding="utf-8") as stream:
        status = os.fstat(stream.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", stream)
            logs.json_log()({**EVENT, "log_level": LogLevel.error})
        text = (stream.seek(0), stream.read())[1]
    assert text.startswith('<3>{"time": ')


@pytest.mark.parametrize(
    ("twistd", "foreground", "path"),
    [
        ({"logfile": None}, True, ""),
        ({"logfile": "-"}, True, ""),
        ({"logfile": "chat.log"}, True, "chat.log"),
        ({"logfile": None}, False, "twistd.log"),
        ({"logfile": "chat.log"}, False, "chat.log"),
    ],
)
def test_it_goes_where_twistds_own_would(twistd, foreground, path):
    choose_log_format(twistd, foreground, as_json=True)
    assert twistd["logger"] == "groupchat.ops.logs.json_log"
    assert logs.json_log.path == path


@pytest.mark.parametrize("twistd", [{"syslog": 1}, {"logger": "mine"}])
def test_it_cannot_be_combined_with_another_logger(twistd):
    with pytest.raises(SystemExit, match="cannot be combined"):
        choose_log_format(twistd, True, as_json=True)


def test_any_other_form_is_refused():
    with pytest.raises(SystemExit, match='takes text or json, not "xml"'):
        Options().parseOptions(["--log-format", "xml"])
