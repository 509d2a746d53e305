"""The tests of tests/core/test_private.py, with the clients spread over three nodes."""

from __future__ import annotations

from tests.cluster.spread import spread

spread("test_private", globals(), nodes=3)
