"""
A start that fails is reported where the daemon was started, and in its log.
"""

from __future__ import annotations

import pytest

from groupchat.errors import CannotStart
from groupchat.ops.start_errors import StartErrors

WHY = CannotStart("the port is taken. Choose another.")


def test_in_the_foreground_the_error_is_left_to_be_raised(capfd):
    assert StartErrors().report(WHY) is WHY
    assert capfd.readouterr().err == ""


def test_in_the_background_the_whole_error_goes_to_the_standard_error_of_the_start(capfd):
    errors = StartErrors(background=True)
    assert str(errors.report(WHY)) == "see the line above"
    assert capfd.readouterr().err == f"groupchat: {WHY}\n"
    errors.close()
    errors.close()


@pytest.mark.parametrize("background", [False, True])
def test_a_log_elsewhere_has_the_error_too(background, logged, expect_logged):
    expect_logged("Cannot start")
    errors = StartErrors(background=background, logged=True)
    errors.report(WHY)
    errors.close()
    assert logged() == [f"Cannot start: {WHY}"]
