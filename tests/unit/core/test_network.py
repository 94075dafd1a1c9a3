"""A stack holds what its shape says, or is refused."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import network_shape, random_stack

from varbind.core.network import DeepBindStack, NetworkShape
from varbind.errors import ResourceError

shapes = st.builds(
    NetworkShape,
    window=st.integers(1, 60),
    detector_len=st.integers(1, 40),
    detectors=st.integers(1, 40),
    mean_pooling=st.booleans(),
    hidden=st.integers(0, 40),
    double_stranded=st.booleans(),
)


def assert_equal_stacks(one, other):
    assert (one.shape, one.model_ids) == (other.shape, other.model_ids)
    for name in DeepBindStack.array_names():
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@given(shapes, shapes)
def test_names_tell_shapes_apart(one, other):
    assert (one.name == other.name) == (one == other)


@given(shapes)
def test_pooled_values(shape):
    assert shape.pooled == shape.detectors * (1 + shape.mean_pooling)
    assert DeepBindStack.expected_shapes(shape, 3)["weights1"][1] == shape.pooled


@pytest.mark.parametrize("name", DeepBindStack.array_names())
@pytest.mark.parametrize("flaw", ["shape", "dtype", "nan", "inf"])
def test_a_flawed_array_is_refused(name, flaw):
    stack = random_stack(np.random.default_rng(0), network_shape(hidden=2), 2)
    array = getattr(stack, name)
    if flaw == "shape":
        array = array[:-1]
    elif flaw == "dtype":
        array = array.astype(np.float64)
    else:
        array = array.copy()
        array.flat[-1] = float(flaw)
    with pytest.raises(ResourceError, match=name):
        replace(stack, **{name: array})


def test_taking_and_joining():
    rng = np.random.default_rng(1)
    one, other = (random_stack(rng, network_shape(), 3, prefix=prefix) for prefix in "AB")
    joined = DeepBindStack.concatenate([one, other])
    assert joined.model_ids == ("A0", "A1", "A2", "B0", "B1", "B2")
    assert_equal_stacks(joined.take([0, 1, 2]), one)
    assert_equal_stacks(joined.take([3, 4, 5]), other)
    picked = joined.take([4, 0])
    assert picked.model_ids == ("B1", "A0")
    np.testing.assert_array_equal(picked.detectors, np.stack([other.detectors[1], one.detectors[0]]))


def test_single_stranded_changes_nothing_else():
    stack = random_stack(np.random.default_rng(2), network_shape(), 2)
    turned = stack.single_stranded()
    assert not turned.shape.double_stranded
    assert_equal_stacks(replace(turned, shape=stack.shape), stack)
