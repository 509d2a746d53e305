"""
Known vulnerabilities of the packages that the daemon and the client need.
"""

from __future__ import annotations

import json
import subprocess
import sysconfig

import pytest


@pytest.mark.slow
@pytest.mark.limit(120)
def test_no_package_has_a_known_hole(needs):
    audit = [
        needs("pip-audit"),
        "--progress-spinner",
        "off",
        "--format",
        "json",
        "--path",
        sysconfig.get_path("purelib"),
    ]
    done = subprocess.run(audit, capture_output=True, text=True, check=False, timeout=110)
    if not done.stdout:
        pytest.skip(
            f"pip-audit can't reach what is known of holes: {done.stderr.splitlines()[-1:]}"
        )
    packages = json.loads(done.stdout)["dependencies"]
    judged = [package for package in packages if "skip_reason" not in package]
    holes = {
        package["name"]: [hole["id"] for hole in package["vulns"]]
        for package in judged
        if package["vulns"]
    }
    assert not holes
    if not judged:
        pytest.skip("pip-audit can't reach what is known of holes")
