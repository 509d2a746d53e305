"""
The table of hostile cases, all of them; each file beside this one has a family.
"""

from __future__ import annotations

from tests.hostile import framing, lines
from tests.hostile.case import Case

CASES: list[Case] = [*framing.CASES, *lines.CASES]
