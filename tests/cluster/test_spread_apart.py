"""The tests of tests/core/test_apart.py, with the clients spread over two nodes."""

from __future__ import annotations

from tests.cluster.spread import spread

spread("test_apart", globals())
