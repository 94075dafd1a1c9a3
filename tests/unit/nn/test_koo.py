"""The networks of Koo and Eddy compute what their paper defines, position by position."""

import numpy as np
import pytest
from published_networks import FAMILIES, drawn_stack, few_kernels, random_codes, slow_outputs, trained_numbers
from tolerances import ORACLE

torch = pytest.importorskip("torch", reason="needs the extra `train`")

from varbind.core.koo import koo_networks
from varbind.core.sequence import reverse_complement
from varbind.nn.koo import Koo, _pool
from varbind.nn.torch_networks import SequenceNetworks

NAMES = list(FAMILIES["koo"])


@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_those_of_loops(name):
    rng = np.random.default_rng(NAMES.index(name))
    config = few_kernels("koo", name)
    stack = drawn_stack(rng, config, "A", "B")
    codes = random_codes(rng, 2, config.input_length)
    found = SequenceNetworks(stack).score(codes)
    expected = [[slow_outputs(stack, row, sequence) for row in range(2)] for sequence in codes]
    np.testing.assert_allclose(found, expected, rtol=ORACLE, atol=ORACLE)
    assert np.ptp(found) > 0.1


@pytest.mark.parametrize("name", NAMES)
def test_arrays_are_those_of_the_module(name):
    config = koo_networks(input_length=1_000)[name]
    with torch.device("meta"):
        network = Koo(config)
    shapes = {key: (1, *values.shape) for key, values in network.state_dict().items() if values.ndim}
    assert shapes == config.array_shapes(1)
    assert sum(values.numel() for values in network.parameters()) == trained_numbers(config)


def test_the_score_of_both_strands_is_their_mean():
    rng = np.random.default_rng(0)
    config = few_kernels("koo", "cnn-25", double_stranded=True)
    stack = drawn_stack(rng, config, "A")
    (codes,) = random_codes(rng, 1, config.input_length)
    found = SequenceNetworks(stack).score(codes[None])[0, 0]
    np.testing.assert_allclose(found, slow_outputs(stack, 0, codes), rtol=ORACLE, atol=ORACLE)
    opposite = reverse_complement(codes)
    np.testing.assert_allclose(found, SequenceNetworks(stack).score(opposite[None])[0, 0], rtol=ORACLE, atol=ORACLE)


def test_pools_with_a_stride_are_around_every_second_position():
    """One kernel that reads the base A: each maximum tells whether there is an A at most 24 before and 25 after it."""
    config = few_kernels("koo", "cnn-50-2")
    codes = np.ones(100, dtype=np.uint8)
    codes[40] = 0
    bases = torch.eye(4, dtype=torch.float64)[codes.astype(int)].T[None, None, :1]  # (1, 1, 1, L)
    maxima = _pool(bases, config.convolutions[0]).squeeze()
    assert maxima.tolist() == [float(at - 24 <= 40 < at + 26) for at in range(0, 100, 2)]
