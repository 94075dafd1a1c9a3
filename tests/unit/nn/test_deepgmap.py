"""What only the networks of Onimaru et al. have: the order of bases, scans of both strands, and a recurrent layer."""

import numpy as np
import pytest
from published_networks import FAMILIES, few_kernels

pytest.importorskip("torch", reason="needs the extra `train`")
import torch

from varbind.nn.deepgmap import DeepGmap
from varbind.nn.dropout import Dropout


def network_of(name, **changes):
    torch.manual_seed(0)
    return DeepGmap(few_kernels("deepgmap", name, **changes)).double().eval()


def test_a_turned_kernel_is_its_reverse_complement():
    """A kernel that spells AGGT in the order A G C T finds it, and turned by 180 degrees finds ACCT."""
    network = network_of("conv4-frss")
    seen = []
    network.frss.conv1.register_forward_hook(lambda _, __, sums: seen.append(sums))
    spelt = torch.eye(4, dtype=torch.float64)[[0, 1, 1, 3]].T
    sequences = [[0, 2, 2, 3], [0, 1, 1, 3]]
    bases = torch.stack([torch.eye(4, dtype=torch.float64)[codes * 38][:150].T for codes in sequences])
    with torch.no_grad():
        for kernel in (spelt, spelt.flip(0, 1)):
            network.frss.conv1.weight.zero_()
            network.frss.conv1.weight[0, :, 0, :4] = kernel
            network(bases)
    assert [sums[:, 0].amax(dim=(1, 2)).tolist() for sums in seen] == [[4, 2], [2, 4]]


@pytest.mark.parametrize("name", ["conv4-frss", "danq-frss"])
def test_both_strands_are_read_but_their_outputs_differ(name):
    """The dense layers read positions in their order, so that the paper claims nothing about the output."""
    network = network_of(name)
    bases = torch.rand(2, 4, 150, dtype=torch.float64)
    with torch.no_grad():
        assert (network(bases) - network(bases.flip(1, 2))).abs().max() > 1e-4


def test_a_scan_has_the_parameters_of_the_plain_network():
    plain, scanning = (network_of(name) for name in ("conv4", "conv4-frss"))
    counts = [sum(values.numel() for values in network.parameters()) for network in (plain, scanning)]
    assert counts[0] == counts[1]
    assert [name.removeprefix("frss.") for name, _ in scanning.named_parameters()] == [
        name for name, _ in plain.named_parameters()
    ]


@pytest.mark.parametrize("name", FAMILIES["deepgmap"])
def test_the_last_dropout_is_that_of_the_dense_layers(name):
    *others, last = (layer.share for layer in network_of(name).modules() if isinstance(layer, Dropout))
    assert (set(others), last) == ({0.2}, 0.5)


@pytest.mark.parametrize(
    ("name", "undisturbed", "disturbed"),
    [("conv4", "conv2", "conv3"), ("conv4-frss", "frss.conv2", "conv3"), ("danq", "lstm", "hidden1")],
)
def test_the_first_convolution_alone_has_no_dropout(name, undisturbed, disturbed):
    """Inputs of layers in training are those in use until the first dropout, which is after the second layer."""
    network, seen = network_of(name), []
    for layer in (undisturbed, disturbed):
        network.get_submodule(layer).register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].numpy()))
    bases = torch.rand(1, 4, 150, dtype=torch.float64)
    with torch.no_grad():
        network(bases)
        network.train()(bases)
    np.testing.assert_array_equal(seen[0], seen[2])
    assert (seen[1] != seen[3]).any()
