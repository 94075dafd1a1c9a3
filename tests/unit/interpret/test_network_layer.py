"""The layers of networks as detectors: the first one of any architecture, and deeper ones without pooling."""

import numpy as np
import pytest
from published_networks import drawn_stack, few_kernels, random_codes

pytest.importorskip("torch", reason="needs the extra `train`")
import torch

from varbind.errors import UsageError
from varbind.interpret.detector_motifs import Detectors, MotifRule, detector_motifs
from varbind.interpret.network_layer import NetworkLayer
from varbind.nn.architecture import ARCHITECTURES


@pytest.mark.parametrize(
    ("family", "name"),
    [("koo", "cnn-25"), ("zeng", "2layer"), ("deepgmap", "basset"), ("deepgmap", "conv4-frss")],
)
def test_first_kernels_give_what_the_network_computes(family, name):
    """The first convolution of the module, with its normalisation, at every window within a sequence."""
    config = few_kernels(family, name, members=2)
    stack = drawn_stack(np.random.default_rng(0), config, "A", "B")
    codes = random_codes(np.random.default_rng(1), 3, config.input_length, bases=4)
    found = Detectors.of_network(stack, 1)
    kernels = config.convolutions[0].kernels
    assert found.weights.shape == (2 * kernels, config.convolutions[0].width, 4)
    for member in range(2):
        network = ARCHITECTURES[family].build(stack, 2 + member).eval()
        first = network.frss.conv1 if name.endswith("frss") else network.conv1
        bases = torch.tensor(np.eye(4)[codes].transpose(0, 2, 1).copy()).unsqueeze(2)
        outputs = first(bases[:, [0, 2, 1, 3]] if family == "deepgmap" else bases)
        whole = (
            torch.relu(network.norm1(outputs) if family == "koo" else outputs)
            .squeeze(2)
            .detach()
            .numpy()
            .transpose(0, 2, 1)
        )
        margin = (whole.shape[1] - (codes.shape[1] - found.width + 1)) // 2
        inner = whole[:, margin : margin + codes.shape[1] - found.width + 1]
        own = found.activations(codes)[..., member * kernels : (member + 1) * kernels]
        np.testing.assert_allclose(own, inner, atol=1e-4)


@pytest.mark.parametrize("layer", [1, 2, 3])
def test_a_deeper_detector_reads_its_window_alone(layer):
    config = few_kernels("koo", "cnn-1-1-100")
    stack = drawn_stack(np.random.default_rng(0), config, "A")
    codes = random_codes(np.random.default_rng(1), 2, config.input_length, bases=4)
    found = NetworkLayer(stack, 0, layer)
    values = found.activations(codes)
    assert found.width == (19, 23, 27)[layer - 1]
    assert values.shape == (2, config.input_length - found.width + 1, config.convolutions[layer - 1].kernels)
    assert (values > 0).any()
    assert (values >= 0).all()
    alone = NetworkLayer(stack, 0, layer).activations(codes[:, 30 : 30 + found.width])
    np.testing.assert_allclose(alone[:, 0], values[:, 30], atol=1e-5)
    if layer == 1:
        np.testing.assert_allclose(values, Detectors.of_network(stack, 0).activations(codes), atol=1e-5)


@pytest.mark.parametrize(("name", "layer"), [("cnn-2", 2), ("cnn-1", 3), ("cnn-1", 0)])
def test_a_layer_behind_a_pool_reads_no_fixed_window(name, layer):
    stack = drawn_stack(np.random.default_rng(0), few_kernels("koo", name), "A")
    with pytest.raises(UsageError, match=f"layer {layer} of koo-.* read no fixed stretch"):
        NetworkLayer(stack, 0, layer)


def test_a_deeper_layer_has_motifs_by_its_largest_observed_activation():
    stack = drawn_stack(np.random.default_rng(0), few_kernels("koo", "cnn-1"), "A")
    codes = random_codes(np.random.default_rng(1), 200, 100, bases=4)
    layer = NetworkLayer(stack, 0, 2)
    largest = layer.activations(codes).max(axis=1)  # (N, D)
    motifs = {motif.detector: motif for motif in detector_motifs(layer, codes, MotifRule.KOO, min_windows=1)}
    for detector, own in enumerate(largest.T):
        kept = int((own >= np.float32(0.7) * own.max()).sum()) if own.max() > 0 else 0
        assert (motifs[detector].windows if detector in motifs else 0) == kept
