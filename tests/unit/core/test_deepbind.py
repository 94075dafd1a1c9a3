"""A stack holds what its shape says, or is refused."""

from dataclasses import replace

import numpy as np
import pytest
import tolerances
from hypothesis import given
from hypothesis import strategies as st
from oracles import ARRAY_NAMES, deepbind_config, random_stack, whole_score

from varbind.core.deepbind import DeepBindConfig, DeepBindStack
from varbind.errors import ResourceError

shapes = st.builds(
    DeepBindConfig,
    window=st.integers(1, 60),
    detector_len=st.integers(1, 40),
    detectors=st.integers(1, 40),
    mean_pooling=st.booleans(),
    hidden=st.integers(0, 40),
    double_stranded=st.booleans(),
)


def assert_equal_stacks(one, other):
    assert (one.config, one.model_ids) == (other.config, other.model_ids)
    for name in ARRAY_NAMES:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@given(shapes, shapes)
def test_names_tell_shapes_apart(one, other):
    assert (one.name == other.name) == (one == other)


@given(shapes)
def test_pooled_values(shape):
    assert shape.pooled == shape.detectors * (1 + shape.mean_pooling)
    assert shape.array_shapes(3)["weights1"][1] == shape.pooled


@pytest.mark.parametrize("name", ARRAY_NAMES)
@pytest.mark.parametrize("flaw", ["shape", "dtype", "nan", "inf"])
def test_a_flawed_array_is_refused(name, flaw):
    stack = random_stack(np.random.default_rng(0), deepbind_config(hidden=2), 2)
    array = stack.arrays[name]
    if flaw == "shape":
        array = array[:-1]
    elif flaw == "dtype":
        array = array.astype(np.float64)
    else:
        array = array.copy()
        array.flat[-1] = float(flaw)
    with pytest.raises(ResourceError, match=name):
        replace(stack, arrays={**stack.arrays, name: array})


def test_taking_and_joining():
    rng = np.random.default_rng(1)
    one, other = (random_stack(rng, deepbind_config(), 3, prefix=prefix) for prefix in "AB")
    joined = DeepBindStack.concatenate([one, other])
    assert joined.model_ids == ("A0", "A1", "A2", "B0", "B1", "B2")
    assert_equal_stacks(joined.take([0, 1, 2]), one)
    assert_equal_stacks(joined.take([3, 4, 5]), other)
    picked = joined.take([4, 0])
    assert picked.model_ids == ("B1", "A0")
    np.testing.assert_array_equal(picked.detectors, np.stack([other.detectors[1], one.detectors[0]]))


@given(
    st.lists(st.booleans(), min_size=1, max_size=4),
    st.integers(0, 2**32 - 1),
    st.lists(st.integers(0, 4), min_size=1, max_size=12),
)
def test_the_members_of_a_mean_are_its_networks(pooling, seed, codes):
    rng, codes = np.random.default_rng(seed), np.array(codes, dtype=np.uint8)
    members = [
        random_stack(rng, deepbind_config(mean_pooling=mean_pooling), 2, prefix=prefix)
        for mean_pooling, prefix in zip(pooling, "ABCD", strict=False)
    ]
    joined = DeepBindStack.mean_of(members)
    count = len(members)
    assert joined.model_ids == ("A0", "A1")
    assert joined.config == deepbind_config(members=count, mean_pooling=any(pooling))
    apart = joined.unstack()
    assert apart.model_ids == (
        ("A0", "A1") if count == 1 else tuple(f"A{row}.{n + 1}" for row in range(2) for n in range(count))
    )
    for row in range(2):
        for number, stack in enumerate(members):
            found = whole_score(apart, row * count + number, codes)
            assert found == pytest.approx(whole_score(stack, row, codes), abs=tolerances.SINGLE)
    second = joined.take([1])
    assert second.model_ids == ("A1",)
    assert_equal_stacks(second.unstack(), apart.take(range(count, 2 * count)))
    assert_equal_stacks(DeepBindStack.concatenate([joined.take([0]), second]), joined)


def test_what_has_no_mean_is_refused():
    rng = np.random.default_rng(0)
    linear, hidden = (random_stack(rng, deepbind_config(hidden=units), 1) for units in (0, 2))
    assert DeepBindStack.mean_of([hidden]) is hidden
    longer = random_stack(rng, deepbind_config(detector_len=6), 1)
    for stacks in ([linear, hidden], [linear, longer]):
        with pytest.raises(ResourceError, match=r"no mean of w9-m5-d3-max-h"):
            DeepBindStack.mean_of(stacks)


@pytest.mark.parametrize("hidden", [0, 3])
def test_mean_pooling_with_weight_0_changes_no_score(hidden):
    rng = np.random.default_rng(0)
    stack = random_stack(rng, deepbind_config(hidden=hidden), 2)
    turned = stack.with_mean_pooling()
    assert turned.config == deepbind_config(hidden=hidden, mean_pooling=True)
    assert turned.with_mean_pooling() is turned
    for codes in rng.integers(0, 5, (5, 11)).astype(np.uint8):
        assert whole_score(turned, 1, codes) == pytest.approx(whole_score(stack, 1, codes), abs=tolerances.ORACLE)


def test_single_stranded_changes_nothing_else():
    stack = random_stack(np.random.default_rng(2), deepbind_config(), 2)
    turned = stack.single_stranded()
    assert not turned.config.double_stranded
    assert_equal_stacks(replace(turned, config=stack.config), stack)


@pytest.mark.parametrize("change", [{"members": 0}, {"members": -1}, {"detectors": 0}, {"window": 0}, {"hidden": -1}])
def test_a_shape_that_cannot_be_is_refused(change):
    with pytest.raises(ValueError, match="a network cannot have the configuration"):
        deepbind_config(**change)
