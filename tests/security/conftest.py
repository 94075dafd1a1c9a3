"""Fixtures of the tests of what `SECURITY.md` promises."""

import pytest
from integration.runs import Bench


@pytest.fixture
def bench(tmp_path):
    """A folder for inputs, and one for results."""
    return Bench(tmp_path)
