"""Fixtures of the tests that break a run: those of the integration tests, and the scenes of a broken run."""

from integration.conftest import bench, binary, expected, packed

__all__ = ["bench", "binary", "expected", "packed"]
