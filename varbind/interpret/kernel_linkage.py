"""Linkage of kernels (DeepGMAP 2018, figure 3b and Methods): which kernels lead to which output of a network.

A kernel of one layer has a row of weights for each kernel of the layer before it. The sum of these weights approximates
how strongly the one passes its values on to the other. In a dense layer, each weight is a strength. An FRSS layer uses
its weights once more in reverse order, which does not change their sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from varbind.errors import UsageError
from varbind.gate import optional_import

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from numpy.typing import NDArray

    from varbind.core.deepbind import DeepBindStack

__all__ = ["STRONGEST", "Link", "kernel_linkage", "link_strengths", "strengths_of_deepbind", "strengths_of_module"]

STRONGEST = 0.1
"""The share of the links that is kept (DeepGMAP 2018, Methods)."""


@dataclass(frozen=True, slots=True)
class Link:
    """An edge of the layered graph.

    Attributes:
        layer: the layer of the source, from 0, the first layer of kernels; the target is in the next layer.
        source: the index of a kernel or unit in this layer.
        target: the index of a kernel, unit or output in the next layer.
        strength: the sum of the weights between both.
    """

    layer: int
    source: int
    target: int
    strength: float


def link_strengths(weights: NDArray[np.floating], inputs: int) -> NDArray[np.float64]:
    """The strengths of the links of one layer with the layer before it.

    Args:
        weights: those of a convolution, (outputs, inputs, width) or (outputs, inputs, 1, width), or of a dense layer,
            (outputs, inputs * positions). A dense layer that reads each kernel at several positions has the positions
            of a kernel side by side.
        inputs: the number of kernels or units of the layer before.

    Returns:
        The sum over the width or the positions, float64 (outputs, inputs).

    Raises:
        UsageError: the weights do not belong to so many inputs.
    """
    flat = weights.reshape(len(weights), -1).astype(np.float64)
    if flat.shape[1] % inputs or (weights.ndim > 2 and weights.shape[1] != inputs):
        what = f"a layer with weights of the shape {weights.shape} does not follow a layer of {inputs}"
        raise UsageError(what, remedy="name the strengths of each layer yourself")
    sums: NDArray[np.float64] = flat.reshape(len(flat), inputs, -1).sum(axis=2)
    return sums


def strengths_of_module(network: torch.nn.Module) -> list[NDArray[np.float64]]:
    """The strengths between the layers of a torch network, in the order of its definition.

    Args:
        network: a chain of convolutions (`torch.nn.Conv1d`, or `torch.nn.Conv2d` over flat pictures) and
            `torch.nn.Linear` layers; other modules, such as pools, have no weights between kernels and are passed over.

    Returns:
        For each layer but the first, float64 (outputs, inputs). The first one reads bases.

    Raises:
        UsageError: there are fewer than two such layers, one does not follow the other, or there is a recurrent layer.
    """
    modules = optional_import("torch", needed_for="the linkage of kernels").nn
    if any(isinstance(layer, modules.RNNBase) for layer in network.modules()):
        what = "the network has a recurrent layer, which links each kernel with every position"
        raise UsageError(what, remedy="name the strengths of each layer yourself")
    weights = [
        layer.weight.detach().cpu().numpy()
        for layer in network.modules()
        if isinstance(layer, modules.Conv1d | modules.Conv2d | modules.Linear)
    ]
    if len(weights) < 2:
        what = "the network has fewer than two convolutions and dense layers of torch.nn"
        raise UsageError(what, remedy="name the strengths of each layer yourself")
    return [link_strengths(later, len(earlier)) for earlier, later in pairwise(weights)]


def strengths_of_deepbind(stack: DeepBindStack, row: int) -> list[NDArray[np.float64]]:
    """The strengths from the detectors of a DeepBind network to its hidden units, if there are any, and to its output.

    Args:
        stack: the stack with the network.
        row: the index of the network among the K networks of the stack.
    """
    # With mean pooling the maximum and the mean of a detector are side by side.
    strengths = [link_strengths(stack.weights1[row].T, stack.config.detectors)]
    if stack.config.hidden:
        strengths.append(link_strengths(stack.weights2[row][None], stack.config.hidden))
    return strengths


def kernel_linkage(strengths: Sequence[NDArray[np.float64]], output: int, *, share: float = STRONGEST) -> list[Link]:
    """The strongest links that lead to an output, as edges of a layered graph.

    The paper does not say from which links the top 10 % are taken. Here the choice goes backwards from the output: in
    each layer, of the links that end in what has been reached, the largest are kept, and their sources are reached.
    Negative links count as weak, because the paper calls large positive sums strong.

    Args:
        strengths: for each layer but the first, the strengths (outputs, inputs) of its links with the one before.
        output: the index of the output in the last layer.
        share: the share of the links of each layer that is kept, rounded up; at least one link is.

    Returns:
        The links from the first layer to the last, in each layer the strongest first.

    Raises:
        UsageError: there is no such output, or the share is not above 0 and at most 1.
    """
    if not 0 <= output < len(strengths[-1]):
        raise UsageError(f"there is no output {output}", remedy=f"name one of 0 to {len(strengths[-1]) - 1}")
    if not 0 < share <= 1:
        raise UsageError(f"found a share of {share}", remedy="give a number above 0 and at most 1")
    reached, chosen = [output], list[list[Link]]()
    for layer in reversed(range(len(strengths))):
        own = strengths[layer][reached]
        best = np.argsort(-own, axis=None, kind="stable")[: ceil(share * own.size)]
        ends, sources = np.unravel_index(best, own.shape)
        links = [
            Link(layer, source, reached[end], float(own[end, source]))
            for end, source in zip(ends.tolist(), sources.tolist(), strict=True)
        ]
        chosen.append(links)
        reached = sorted({link.source for link in links})
    return [link for links in reversed(chosen) for link in links]
