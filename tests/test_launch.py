"""
The commands' first steps: Ctrl-C while a program is loaded ends it without a word, and afterwards
is the program's own.
"""

from __future__ import annotations

import signal
from configparser import ConfigParser
from pathlib import Path
from types import SimpleNamespace

import pytest

from groupchat import launch


@pytest.fixture
def seen(monkeypatch):
    """The handlers of SIGINT while a program is loaded, and while it runs."""
    seen = []

    def load(module):
        seen.append(signal.getsignal(signal.SIGINT))
        return SimpleNamespace(main=lambda: seen.append(signal.getsignal(signal.SIGINT)))

    monkeypatch.setattr(launch.importlib, "import_module", load)
    before = signal.getsignal(signal.SIGINT)
    yield seen
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_ends_a_program_that_is_loaded_and_is_left_to_one_that_runs(seen):
    signal.signal(signal.SIGINT, signal.default_int_handler)
    launch.admin()
    assert seen == [signal.SIG_DFL, signal.default_int_handler]


def test_a_program_that_shall_not_be_interrupted_is_not(seen):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    launch.connect()
    assert seen == [signal.SIG_IGN, signal.SIG_IGN]


def test_a_program_that_is_interrupted_ends_without_a_traceback(monkeypatch):
    def main():
        raise KeyboardInterrupt

    monkeypatch.setattr(launch.importlib, "import_module", lambda name: SimpleNamespace(main=main))
    with pytest.raises(SystemExit) as ended:
        launch.connect()
    assert ended.value.code == 130


def test_each_command_begins_here():
    setup = ConfigParser()
    setup.read(Path(__file__).parents[1] / "setup.cfg")
    commands = setup["options.entry_points"]["console_scripts"].split("\n")[1:]
    starts = {line.partition(" = ")[2] for line in commands}
    assert starts == {f"groupchat.launch:{name}" for name in launch.__all__}
