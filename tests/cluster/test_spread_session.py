"""The tests of tests/core/test_session.py, with the clients spread over two nodes."""

from __future__ import annotations

from tests.cluster.spread import spread

spread("test_session", globals())
