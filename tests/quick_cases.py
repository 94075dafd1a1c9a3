"""Which of many like cases run always, and which only with the slow tests."""

import pytest


def first_quick(cases, count=1):
    """Parameters of a test: the first `count` of the cases, and the others marked as slow."""
    cases = list(cases)
    return [*cases[:count], *(_slow(case) for case in cases[count:])]


def first_quick_of_fixture(cases, count=1):
    """The same for a fixture, whose parameter is the whole case."""
    cases = list(cases)
    return [*cases[:count], *(pytest.param(case, marks=pytest.mark.slow) for case in cases[count:])]


def _slow(case):
    values = case if isinstance(case, tuple) else (case,)
    return pytest.param(*values, marks=pytest.mark.slow)
