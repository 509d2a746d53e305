"""The generated manual pages and completions belong to the present command lines."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from groupchat.admin.verbs import VERBS
from groupchat.options.table import FLAG_NAMES, PARAMETERS, VALUES
from tests.generate.files import ROOT, generated
from tests.generate.programs import Kind, Program, programs

PROGRAMS = {program.name: program for program in programs()}


def test_the_files_are_up_to_date():
    made = generated()
    stale = [name for name, text in made.items() if (ROOT / name).read_text() != text]
    assert stale == [], "run: python -m tests.generate"
    there = [*(ROOT / "etc/man").iterdir(), *(ROOT / "etc/completions").glob("*/*")]
    assert {path.relative_to(ROOT).as_posix() for path in there} == made.keys()


def test_every_option_of_the_daemon_has_a_value_that_readme_names():
    assert {option.name for option in PARAMETERS} | {
        "listen",
        "auth",
        "host",
        "trusted-proxy",
    } == VALUES.keys()
    shown = dict(
        re.findall(r"^``--([a-z-]+) ?([A-Z]*)``", (ROOT / "README.rst").read_text(), re.MULTILINE)
    )
    assert shown == {name: value.metavar for name, value in VALUES.items()} | dict.fromkeys(
        FLAG_NAMES, ""
    )


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_a_manual_page_has_every_option_and_every_verb(program: Program):
    text = (ROOT / f"etc/man/{program.name}.1").read_text().replace("\\-", "-")
    for option in program.options:
        assert f"\\fB{option.spellings[-1]}\\fR" in text
    for verb in program.verbs:
        assert f"\n\\fB{verb.name}\\fR" in text


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_a_manual_page_tells_the_exit_statuses(program: Program):
    _, _, section = (ROOT / f"etc/man/{program.name}.1").read_text().partition(".SH EXIT STATUS")
    assert re.findall(r"^\\fB(\d+)\\fR$", section, re.MULTILINE)[0] == "0"


@pytest.mark.parametrize("name", PROGRAMS)
def test_man_has_no_warning_about_a_manual_page(name: str, needs):
    needs("groff")
    assert warnings(needs("man"), ROOT / f"etc/man/{name}.1") == ""


def test_man_warns_about_a_page_that_is_wrong(tmp_path: Path, needs):
    needs("groff")
    wrong = tmp_path / "wrong.1"
    wrong.write_text('.TH WRONG 1 "" "" ""\n.SH NAME\n.NOSUCHMACRO\n')
    assert "NOSUCHMACRO" in warnings(needs("man"), wrong)


def warnings(man: str, page: Path) -> str:
    """The warnings of man about a page."""
    arguments = [man, "--warnings", "-E", "UTF-8", "-Tutf8", "-l", str(page)]
    environment = {"LC_ALL": "C.UTF-8", "MANWIDTH": "80", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(arguments, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout
    return done.stderr


def test_the_verbs_of_groupchat_admin_complete_their_files_and_choices():
    kinds = {
        verb.name: [word.value.kind for word in verb.words]
        for verb in PROGRAMS["groupchat-admin"].verbs
    }
    assert kinds.keys() == VERBS.keys()
    assert kinds["backup"] == [Kind.FILE]
    assert kinds["export"] == [Kind.TEXT, Kind.CHOICE]
