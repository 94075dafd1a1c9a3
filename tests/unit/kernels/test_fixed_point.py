"""Detectors as whole numbers."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from oracles import deepbind_config, random_stack

from varbind.kernels.fixed_point import DETECTOR_BITS, fixed_point


@given(
    st.integers(0, 2**32 - 1),
    st.floats(-30, 30),
    st.integers(1, 40),
    st.booleans(),
)
def test_fixed_point_stays_in_its_bound(seed, magnitude, detector_len, silent):
    """Whole numbers below 2^28, each within half a step, at most m x 2^-28 of the range in all."""
    rng = np.random.default_rng(seed)
    stack = random_stack(rng, deepbind_config(detector_len=detector_len), 2)
    stack.detectors[...] *= np.float32(10.0**magnitude)
    stack.thresholds[...] *= np.float32(10.0**magnitude)
    if silent:
        stack.detectors[0, :, :, 0] = stack.thresholds[0, 0] = 0
    fixed = fixed_point(stack)
    detectors, thresholds, scale = fixed.detectors, fixed.thresholds, fixed.scale
    for whole in (detectors, thresholds):
        np.testing.assert_array_equal(whole, np.rint(whole))
    assert np.all(np.frexp(scale)[0] == 0.5)  # a power of two
    # The largest sum over any path of bases, and the range it comes from.
    largest = np.abs(detectors).max(axis=2).sum(axis=1) + np.abs(thresholds)
    assert largest.max() <= 2**DETECTOR_BITS + detector_len
    reach = np.abs(stack.detectors.astype(float)).max(axis=2).sum(axis=1) + np.abs(stack.thresholds.astype(float))
    off = np.abs(detectors * scale[:, None, None] - stack.detectors.astype(float)).max(axis=2).sum(axis=1)
    off += np.abs(thresholds * scale - stack.thresholds.astype(float))
    assert np.all(off <= (detector_len + 1) * 2.0**-DETECTOR_BITS * reach)
    if silent:
        assert not np.any(detectors[0, :, :, 0])
