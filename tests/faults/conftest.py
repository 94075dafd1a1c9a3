"""Fixtures of the tests that break a run: those of the integration tests, and the scenes of a broken run."""

import pytest
from integration.conftest import bench, binary, expected, packed

__all__ = ["bench", "binary", "expected", "packed"]


@pytest.fixture(autouse=True)
def _no_byte_code(monkeypatch):
    """A program without room would leave a cut-off file of byte code, at which all later ones would stop."""
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
