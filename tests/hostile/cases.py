"""
The table of hostile cases, all of them; each file named here has a family.
"""

from __future__ import annotations

from tests.hostile import (
    apart,
    conduct,
    corrections,
    devices,
    framing,
    lines,
    names,
    openings,
    searching,
    texts,
    verbs,
    web,
)
from tests.hostile.case import Case

CASES: list[Case] = [
    *framing.CASES, *lines.CASES, *texts.CASES, *names.CASES, *verbs.CASES, *openings.CASES, *conduct.CASES,
    *corrections.CASES, *searching.CASES, *apart.CASES, *devices.CASES, *web.CASES,
]  # fmt: skip
