"""A stack of any architecture: what it refuses, and that each ensemble keeps its own networks."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra `train`")
from two_tasks import TwoTasksConfig, TwoTasksStack, random_networks

from varbind.core.network_stack import NetworkStack
from varbind.errors import ResourceError

CONFIG = TwoTasksConfig(9, 5, members=2)


@pytest.fixture
def stack():
    return random_networks(np.random.default_rng(0), CONFIG, "A", "B", "C")


def test_outputs_are_named_network_by_network(stack):
    assert stack.outputs == [("A", 0), ("A", 1), ("B", 0), ("B", 1), ("C", 0), ("C", 1)]


def test_taking_keeps_the_members_of_an_ensemble_together(stack):
    picked = stack.take([2, 0])
    assert (type(picked), picked.model_ids) == (TwoTasksStack, ("C", "A"))
    for name, array in picked.arrays.items():
        np.testing.assert_array_equal(array, stack.arrays[name][[4, 5, 0, 1]])


def test_one_stack_per_configuration(stack):
    other = random_networks(np.random.default_rng(1), replace(CONFIG, width=3), "D")
    first, second = NetworkStack.by_config([stack.take([1]), other, stack.take([0, 2])])
    assert (first.model_ids, second.model_ids) == (("B", "A", "C"), ("D",))
    for name, array in first.take([1, 0, 2]).arrays.items():
        np.testing.assert_array_equal(array, stack.arrays[name])


def test_an_array_that_is_missing(stack):
    with pytest.raises(ResourceError, match="weights"):
        replace(stack, arrays={"filters": stack.arrays["filters"]})


@pytest.mark.parametrize("flaw", [np.float64, np.nan, "shape"])
def test_a_flawed_array(stack, flaw):
    array = stack.arrays["weights"].copy()
    if flaw is np.float64:
        array = array.astype(np.float64)
    elif flaw == "shape":
        array = array[:-1]
    else:
        array[0, 0, 0] = flaw
    with pytest.raises(ResourceError, match="weights of two-tasks"):
        replace(stack, arrays={**stack.arrays, "weights": array})
