"""The networks of Zeng et al. compute what their paper defines, position by position."""

from dataclasses import replace

import numpy as np
import pytest
from published_networks import FAMILIES, drawn_stack, few_kernels, random_codes, slow_outputs, trained_numbers
from tolerances import ORACLE

torch = pytest.importorskip("torch", reason="needs the extra `train`")

from varbind.core.convolution import Convolution
from varbind.core.zeng import zeng_networks
from varbind.nn.zeng import Zeng
from varbind.nn.torch_networks import SequenceNetworks

NAMES = list(FAMILIES["zeng"])


@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_those_of_loops(name):
    rng = np.random.default_rng(NAMES.index(name))
    config = few_kernels("zeng", name)
    stack = drawn_stack(rng, config, "A", "B")
    codes = random_codes(rng, 2, config.input_length)
    found = SequenceNetworks(stack).score(codes)
    expected = [[slow_outputs(stack, row, sequence) for row in range(2)] for sequence in codes]
    np.testing.assert_allclose(found, expected, rtol=ORACLE, atol=ORACLE)
    assert np.ptp(found) > 0.1


@pytest.mark.parametrize("name", NAMES)
def test_arrays_are_those_of_the_module(name):
    config = zeng_networks(input_length=101)[name]
    with torch.device("meta"):
        network = Zeng(config)
    shapes = {key: (1, *values.shape) for key, values in network.state_dict().items() if values.ndim}
    assert shapes == config.array_shapes(1)
    assert sum(values.numel() for values in network.parameters()) == trained_numbers(config)


def test_the_loss_of_the_score_is_that_of_two_softmax_outputs():
    network = Zeng(few_kernels("zeng", "1layer")).double().eval()
    bases = torch.eye(4, dtype=torch.float64)[torch.arange(3 * 41).reshape(3, 41) % 4].transpose(1, 2)
    labels = torch.tensor([0, 1, 1])
    hidden = []
    network.output.register_forward_hook(lambda _, __, logits: hidden.append(logits))
    score = network(bases)[:, 0]
    of_two = torch.nn.functional.cross_entropy(hidden[0], labels)
    of_score = torch.nn.functional.binary_cross_entropy_with_logits(score, labels.double())
    torch.testing.assert_close(of_score, of_two, rtol=ORACLE, atol=ORACLE)


def test_kernels_reach_beyond_both_ends():
    """A motif of 12 bases is found at either end, because half a kernel of zeros lies around the sequence."""
    (config,) = {replace(few_kernels("zeng", "1motif"), convolutions=(Convolution(1, 24, 0),))}
    network = Zeng(config).double().eval()
    motif = torch.eye(4, dtype=torch.float64)[[0, 1, 2, 3] * 3].T  # (4, 12)
    with torch.no_grad():
        for half in (slice(12, 24), slice(12)):
            network.conv1.weight.zero_()
            network.conv1.weight[0, :, 0, half] = motif
            bases = torch.zeros(1, 4, 41, dtype=torch.float64)
            place = slice(12) if half.start else slice(29, 41)
            bases[0, :, place] = motif
            found = network.conv1(bases[:, :, None]) - network.conv1.bias
            assert found.max().item() == pytest.approx(12)
