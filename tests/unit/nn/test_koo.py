"""What only the networks of Koo and Eddy have: pools with a stride, and normalisation by running means."""

import numpy as np
import pytest
from published_networks import FAMILIES, few_kernels
from tolerances import ORACLE

pytest.importorskip("torch", reason="needs the extra `train`")
import torch

from varbind.nn.dropout import Dropout
from varbind.nn.koo import Koo


def test_pools_with_a_stride_are_around_every_second_position():
    """Kernels that read the base A alone find one at position 40 from the 24 positions before to the 25 after it."""
    config = few_kernels("koo", "cnn-50-2")
    network = Koo(config).double().eval()
    codes = np.ones(100, dtype=np.int64)
    codes[40] = 0
    found = []
    network.conv2.register_forward_pre_hook(lambda _, inputs: found.append(inputs[0]))
    with torch.no_grad():
        network.conv1.weight.zero_()
        network.conv1.weight[:, 0, 0, 9] = 1
        network(torch.eye(4, dtype=torch.float64)[codes].T[None])
    maxima = found[0][0, 0, 0].round().int().tolist()
    assert maxima == [int(at - 24 <= 40 <= at + 25) for at in range(0, 100, 2)]


@pytest.mark.parametrize("length", [100, 101, 199, 200])
def test_pools_with_a_stride_give_the_stated_positions(length):
    config = few_kernels("koo", "cnn-50-2", input_length=length)
    assert Koo(config).eval()(torch.zeros(2, 4, length)).shape == (2, 2)


def test_shares_of_dropout():
    network = Koo(FAMILIES["koo"]["cnn-25"])
    assert [layer.share for layer in network.modules() if isinstance(layer, Dropout)] == [0.1, 0.5]


def test_a_trained_network_normalises_by_running_means():
    """The score of a sequence does not depend on those beside it."""
    torch.manual_seed(0)
    network = Koo(few_kernels("koo", "cnn-25")).double()
    bases = torch.rand(4, 4, 100, dtype=torch.float64)
    network.train()(bases)
    network.eval()
    with torch.no_grad():
        np.testing.assert_allclose(network(bases)[:1], network(bases[:1]), rtol=ORACLE, atol=ORACLE)
