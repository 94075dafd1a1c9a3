"""Links are sums of weights, and a planted path is found among them."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layered import MOTIFS, Layered, planted_bank
from oracles import deepbind_config, random_stack
from published_networks import few_kernels

pytest.importorskip("torch", reason="needs the extra `train`")
import torch

from varbind.errors import UsageError
from varbind.interpret.kernel_linkage import (
    Link,
    kernel_linkage,
    link_strengths,
    strengths_of_deepbind,
    strengths_of_module,
)
from varbind.nn.architecture import ARCHITECTURES


def test_a_convolution_is_summed_over_its_width():
    weights = np.random.default_rng(0).normal(0, 1, (3, 4, 5))
    found = link_strengths(weights, 4)
    expected = [[sum(weights[target, source].tolist()) for source in range(4)] for target in range(3)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_dense_layer_is_its_weights_or_their_sum_over_positions():
    weights = np.random.default_rng(1).normal(0, 1, (2, 6))
    np.testing.assert_array_equal(link_strengths(weights, 6), weights)
    found = link_strengths(weights, 3)
    for unit in range(2):
        for kernel in range(3):
            assert found[unit, kernel] == pytest.approx(weights[unit, 2 * kernel] + weights[unit, 2 * kernel + 1])


@pytest.mark.parametrize(("shape", "inputs"), [((3, 4, 5), 5), ((3, 4, 5), 2), ((2, 7), 3)])
def test_weights_of_other_inputs(shape, inputs):
    with pytest.raises(UsageError, match="does not follow a layer of"):
        link_strengths(np.zeros(shape), inputs)


def test_the_planted_path_is_found():
    (stack,) = planted_bank().stacks
    strengths = strengths_of_module(Layered(stack, 0))
    assert [each.shape for each in strengths] == [(4, 6), (3, 4)]
    for output in range(len(MOTIFS)):
        links = kernel_linkage(strengths, output, share=0.3)
        assert {(link.layer, link.source, link.target) for link in links if link.strength > 0.5} == {
            (0, 2 * output, output),
            (0, 2 * output + 1, output),
            (1, output, output),
        }
        # 30 % of 4 links to the output are 2, and 30 % of 12 links to what these come from are 4.
        assert [link.layer for link in links] == [0] * 4 + [1] * 2
        (best,) = [link for link in kernel_linkage(strengths, output) if link.layer == 1]
        assert (best.source, best.target) == (output, output)


@given(st.integers(0, 10_000), st.floats(0.01, 1))
def test_links_are_the_strongest_to_what_was_reached(seed, share):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 6, 4).tolist()
    strengths = [rng.normal(0, 1, (later, earlier)) for earlier, later in pairwise(sizes)]
    output = int(rng.integers(sizes[-1]))
    found = kernel_linkage(strengths, output, share=share)
    reached = {output}
    for layer in reversed(range(3)):
        links = [link for link in found if link.layer == layer]
        possible = sorted(
            (strengths[layer][target, source] for target in reached for source in range(sizes[layer])), reverse=True
        )
        assert [link.strength for link in links] == possible[: math.ceil(share * len(possible))]
        for link in links:
            assert link.target in reached
            assert link.strength == strengths[layer][link.target, link.source]
        reached = {link.source for link in links}
    assert [link.layer for link in found] == sorted(link.layer for link in found)


def test_modules_without_weights_are_passed_over():
    network = torch.nn.Sequential(
        torch.nn.Conv1d(4, 3, 5),
        torch.nn.ReLU(),
        torch.nn.MaxPool1d(2),
        torch.nn.Conv1d(3, 2, 2),
        torch.nn.Flatten(),
        torch.nn.Linear(8, 6),
        torch.nn.Dropout(),
        torch.nn.Linear(6, 2),
    )
    found = strengths_of_module(network)
    assert [each.shape for each in found] == [(2, 3), (6, 2), (2, 6)]
    np.testing.assert_allclose(found[1][0, 1], network[5].weight[0, 4:].sum().item(), rtol=1e-6)
    with pytest.raises(UsageError, match="fewer than two convolutions and dense layers"):
        strengths_of_module(torch.nn.Linear(4, 2))


@pytest.mark.parametrize("mean_pooling", [False, True])
def test_detectors_of_deepbind(mean_pooling):
    rng = np.random.default_rng(2)
    hidden = random_stack(rng, deepbind_config(hidden=2, mean_pooling=mean_pooling), 2)
    first, second = strengths_of_deepbind(hidden, 1)
    assert (first.shape, second.shape) == ((2, 3), (1, 2))
    pools = 2 if mean_pooling else 1
    for unit in range(2):
        for detector in range(3):
            own = hidden.weights1[1, pools * detector : pools * (detector + 1), unit]
            assert first[unit, detector] == pytest.approx(float(own.sum()), rel=1e-6)
    np.testing.assert_array_equal(second[0], hidden.weights2[1].astype(float))
    (only,) = strengths_of_deepbind(random_stack(rng, deepbind_config(mean_pooling=mean_pooling), 1), 0)
    assert only.shape == (1, 3)


def test_what_cannot_be_linked():
    strengths = [np.ones((2, 3))]
    with pytest.raises(UsageError, match="there is no output 2; name one of 0 to 1"):
        kernel_linkage(strengths, 2)
    for share in (0, 1.1, float("nan")):
        with pytest.raises(UsageError, match="give a number above 0 and at most 1"):
            kernel_linkage(strengths, 0, share=share)
    assert kernel_linkage(strengths, 1)[0] == Link(0, 0, 1, 1.0)


@pytest.mark.parametrize(
    ("family", "name", "shapes"),
    [
        ("koo", "cnn-1-1-100", [(3, 2), (4, 3), (5, 4), (2, 5)]),
        ("zeng", "2layer-local-win3", [(3, 2), (5, 3), (2, 5)]),
        ("deepgmap", "conv4-frss", [(3, 2), (4, 3), (5, 4), (5, 5), (2, 5)]),
    ],
)
def test_networks_of_papers_are_chains(family, name, shapes):
    """The link of a kernel with a hidden unit is what the unit gets where the kernel alone is 1, at every position."""
    network = ARCHITECTURES[family].network(few_kernels(family, name))
    strengths = strengths_of_module(network)
    assert [each.shape for each in strengths] == shapes
    dense = network.get_submodule("hidden1" if family == "deepgmap" else "hidden")
    kernels = shapes[-2][1]
    for kernel in range(kernels):
        maxima = torch.zeros(1, kernels, 1, dense.in_features // kernels)
        maxima[0, kernel] = 1
        with torch.no_grad():
            expected = torch.nn.functional.linear(maxima.flatten(1), dense.weight)[0]
        np.testing.assert_allclose(strengths[-2][:, kernel], expected, rtol=1e-5, atol=1e-6)


def test_a_recurrent_layer_is_no_link():
    network = ARCHITECTURES["deepgmap"].network(few_kernels("deepgmap", "danq"))
    with pytest.raises(UsageError, match="the network has a recurrent layer"):
        strengths_of_module(network)
