"""Properties run with few examples and without shrinking, and again with all examples among the slow tests."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

TESTS = Path(__file__).parents[1]


@given(st.integers())
def test_a_property_runs_in_both(number):
    assert number == int(str(number))


def test_examples_are_few_and_failures_end_quickly(pytestconfig):
    if pytestconfig.option.markexpr != "not slow" or pytestconfig.getoption("--hypothesis-profile"):
        pytest.skip("other tests or another profile were chosen")
    assert settings().max_examples == 8
    assert settings().deadline is None
    assert Phase.shrink not in settings().phases


@pytest.mark.parametrize(("chosen", "names"), [([], 4), (["-m", "slow"], 1)], ids=["quick", "slow"])
def test_slow_tests_hold_every_property(chosen, names):
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", __file__, *chosen]
    done = subprocess.run(command, cwd=TESTS.parent, capture_output=True, text=True, check=True)
    found = {line.split("::")[1].split("[")[0] for line in done.stdout.splitlines() if "::" in line}
    assert len(found) == names
    assert "test_a_property_runs_in_both" in found


def test_the_full_profile_has_more_examples_and_no_shrinking_either():
    full = settings.get_profile("full")
    assert full.max_examples > settings.get_profile("quick").max_examples
    assert Phase.shrink not in full.phases
    assert Phase.shrink in settings.get_profile("shrink").phases
