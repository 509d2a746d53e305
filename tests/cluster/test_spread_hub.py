"""The tests of tests/core/test_hub.py, with the clients spread over two nodes."""

from __future__ import annotations

from tests.cluster.spread import spread

spread("test_hub", globals())
