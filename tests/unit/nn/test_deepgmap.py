"""The networks of Onimaru et al. compute what their paper defines, position by position."""

import numpy as np
import pytest
from published_networks import FAMILIES, drawn_stack, few_kernels, random_codes, slow_outputs, trained_numbers
from tolerances import ORACLE

torch = pytest.importorskip("torch", reason="needs the extra `train`")

from varbind.core.deepgmap import deepgmap_networks
from varbind.nn.deepgmap import DeepGmap
from varbind.nn.torch_networks import SequenceNetworks

NAMES = list(FAMILIES["deepgmap"])


@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_those_of_loops(name):
    rng = np.random.default_rng(NAMES.index(name))
    config = few_kernels("deepgmap", name)
    stack = drawn_stack(rng, config, "A", "B")
    codes = random_codes(rng, 2, config.input_length)
    found = SequenceNetworks(stack).score(codes)
    expected = [[slow_outputs(stack, row, sequence) for row in range(2)] for sequence in codes]
    np.testing.assert_allclose(found, expected, rtol=ORACLE, atol=ORACLE)
    assert np.ptp(found) > 0.1


@pytest.mark.parametrize("name", NAMES)
def test_arrays_are_those_of_the_module(name):
    config = deepgmap_networks(input_length=1_000)[name]
    with torch.device("meta"):
        network = DeepGmap(config)
    shapes = {key: (1, *values.shape) for key, values in network.state_dict().items() if values.ndim}
    assert shapes == config.array_shapes(1)
    assert sum(values.numel() for values in network.parameters()) == trained_numbers(config)
