"""What only the networks of Zeng et al. have: two softmax outputs, and zeros beyond both ends."""

from dataclasses import replace

import pytest
from published_networks import few_kernels
from tolerances import ORACLE

pytest.importorskip("torch", reason="needs the extra `train`")
import torch

from varbind.core.convolution import Convolution
from varbind.nn.zeng import Zeng


def test_the_loss_of_the_score_is_that_of_two_softmax_outputs():
    network = Zeng(few_kernels("zeng", "1layer")).double().eval()
    bases = torch.eye(4, dtype=torch.float64)[torch.arange(3 * 41).reshape(3, 41) % 4].transpose(1, 2)
    labels = torch.tensor([0, 1, 1])
    hidden = []
    network.output.register_forward_hook(lambda _, __, logits: hidden.append(logits))
    score = network(bases)[:, 0]
    of_two = torch.nn.functional.cross_entropy(hidden[0], labels)
    of_score = torch.nn.functional.binary_cross_entropy_with_logits(score, labels.double())
    assert of_score.item() == pytest.approx(of_two.item(), rel=ORACLE)


def test_kernels_reach_beyond_both_ends():
    """Half of a kernel of 24 finds its 12 bases at either end, because 12 zeros lie around the sequence."""
    network = Zeng(replace(few_kernels("zeng", "1motif"), convolutions=(Convolution(1, 24, 0),))).double()
    motif = torch.eye(4, dtype=torch.float64)[[0, 1, 2, 3] * 3].T  # (4, 12)
    for half, place, position in ((slice(12, 24), slice(12), 0), (slice(12), slice(29, 41), 41)):
        bases = torch.zeros(1, 4, 1, 41, dtype=torch.float64)
        bases[0, :, 0, place] = motif
        with torch.no_grad():
            network.conv1.weight.zero_()
            network.conv1.weight[0, :, 0, half] = motif
            sums = network.conv1(bases) - network.conv1.bias
        assert sums.shape[-1] == 42
        assert sums[0, 0, 0, position].item() == pytest.approx(12)
