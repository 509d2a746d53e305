"""Fixtures of these tests."""

from __future__ import annotations

from tests.admin.machine import machine

__all__ = ["machine"]
