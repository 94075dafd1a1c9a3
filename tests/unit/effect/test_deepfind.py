"""The arrays of the DeepFind head fit together, and features are read on the scale of training."""

from dataclasses import replace

import numpy as np
import pytest

from varbind.effect.deepfind import DeepFindHead
from varbind.errors import ResourceError


@pytest.fixture
def head():
    """Two networks of three features and two hidden units."""
    sizes = {**DeepFindHead.expected_shapes(3, 2, 2), "center": (3,), "spread": (3,)}
    arrays = {name: np.ones(size, dtype=np.float32) for name, size in sizes.items()}
    arrays |= {"center": np.float32([0, 10, -1]), "spread": np.float32([1, 2, 0.5])}
    return DeepFindHead(features=("a", "b", "c"), limit=6.0, **arrays)


def test_values_are_centred_scaled_and_clipped(head):
    found = head.standardise(np.array([[3.0, 14.0, -2.0], [-7.0, 1e3, -1.0]]))
    assert found.dtype == np.float32
    assert found.tolist() == [[3, 2, -2], [-6, 6, 0]]


def test_a_missing_value_is_the_mean_in_training(head):
    found = head.standardise(np.array([[np.nan, 10.0, np.nan]], dtype=np.float32))
    assert found.tolist() == head.standardise(head.center[None]).tolist() == [[0, 0, 0]]


def test_what_is_beyond_single_precision_is_at_the_limit(head):
    assert head.standardise(np.array([[1e300, -np.inf, -3e38]])).tolist() == [[6, -6, -6]]


def test_values_are_left_alone(head):
    values = np.float32([[3, np.nan, 99]])
    before = values.tobytes()
    head.standardise(values)
    assert values.tobytes() == before


@pytest.mark.parametrize("values", [np.zeros((0, 3)), np.asfortranarray(np.arange(12.0).reshape(4, 3))])
def test_any_layout_is_read(head, values):
    found = head.standardise(values)
    assert found.flags.c_contiguous
    assert found.tobytes() == head.standardise(np.float32(values.tolist()).reshape(-1, 3)).tobytes()


@pytest.mark.parametrize("name", sorted(DeepFindHead.expected_shapes(1, 1, 1)))
def test_arrays_that_do_not_fit_are_refused(head, name):
    array = getattr(head, name)
    with pytest.raises(ResourceError, match=f"{name} .*expected"):
        replace(head, **{name: array[:, None]})
    with pytest.raises(ResourceError, match=f"{name} of the DeepFind head is float64"):
        replace(head, **{name: array.astype(np.float64)})
    with pytest.raises(ResourceError, match=f"{name} .*not a finite number"):
        replace(head, **{name: np.full_like(array, np.nan)})


def test_names_are_as_many_as_features(head):
    with pytest.raises(ResourceError, match=r"center .* expected float32 \(2,\)"):
        replace(head, features=("a", "b"))


@pytest.mark.parametrize("wrong", [{"limit": 0.0}, {"limit": np.inf}, {"limit": np.nan}, {"features": ()}])
def test_what_cannot_be_is_refused(head, wrong):
    with pytest.raises(ResourceError, match="DeepFind head"):
        replace(head, **wrong)


def test_a_head_without_networks_is_refused(head):
    arrays = {name: getattr(head, name)[:0] for name in ("hidden", "hidden_bias", "output", "output_bias")}
    with pytest.raises(ResourceError, match="one network"):
        replace(head, **arrays)


def test_a_spread_of_nothing_is_refused(head):
    with pytest.raises(ResourceError, match="not above 0"):
        replace(head, spread=np.float32([1, 0, 1]))
