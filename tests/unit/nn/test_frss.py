"""Forward- and reverse-sequence scans: both strands are read alike, by weights that are trained once."""

import numpy as np
import pytest
from published_networks import slow_scan
from tolerances import ORACLE

pytest.importorskip("torch", reason="needs the extra `train`")
import torch
from hypothesis import given
from hypothesis import strategies as st

from varbind.core.convolution import Convolution
from varbind.nn.frss import Frss

FIRST, SECOND = Convolution(3, 4, 2), Convolution(5, 3, 2)
LENGTH = 27
"""24 positions of the first kernels, 12 maxima, 10 positions of the second ones, 5 maxima: all pools are full."""

SAME = 1e-12
"""The same sums in another order, in double precision."""


def scan(seed=0, *, first=FIRST, second=SECOND, **options):
    torch.manual_seed(seed)
    return Frss(first, second, **options).double().eval()


def random_bases(seed, length=LENGTH):
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 5, (2, length))
    return torch.tensor(np.eye(5)[codes][:, :, :4].transpose(0, 2, 1)[:, :, None].copy())  # (2, 4, 1, L)


@pytest.mark.parametrize("drops_rest", [False, True])
@pytest.mark.parametrize("length", [LENGTH, LENGTH + 1])
def test_maxima_are_those_of_loops(length, drops_rest):
    block, bases = scan(drops_rest=drops_rest), random_bases(1, length)
    first, second = (layer.weight.detach().numpy() for layer in (block.conv1, block.conv2))
    with torch.no_grad():
        found = block(bases).squeeze(2)
    for values, expected in zip(found, bases[:, :, 0].numpy(), strict=True):
        oracle = slow_scan(expected, first, second, [2, 2], drops_rest=drops_rest)
        np.testing.assert_allclose(values, oracle, rtol=ORACLE, atol=ORACLE)


@given(
    seed=st.integers(0, 1_000),
    maxima=st.integers(1, 5),
    widths=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    pools=st.tuples(st.integers(1, 3), st.integers(1, 3)),
)
def test_the_opposite_strand_gives_the_same_maxima_in_reverse_order(seed, maxima, widths, pools):
    first, second = (Convolution(3, *sizes) for sizes in zip(widths, pools, strict=True))
    length = (maxima * second.pool + second.width - 1) * first.pool + first.width - 1
    block, bases = scan(seed, first=first, second=second), random_bases(seed, length)
    with torch.no_grad():
        given_strand, opposite = block(bases), block(bases.flip(1, 3))
    assert given_strand.shape[-1] == maxima
    np.testing.assert_allclose(opposite, given_strand.flip(3), rtol=SAME, atol=SAME)


def test_pools_that_are_not_full_break_the_symmetry():
    block, bases = scan(), random_bases(2, LENGTH + 1)
    with torch.no_grad():
        given_strand, opposite = block(bases), block(bases.flip(1, 3))
    assert (opposite - given_strand.flip(3)).abs().max() > 0.01


def test_each_weight_is_trained_once():
    block = scan()
    assert [name for name, _ in block.named_parameters()] == ["conv1.weight", "conv2.weight"]
    assert sum(values.numel() for values in block.parameters()) == 3 * 4 * 4 + 5 * 3 * 3


def test_slopes_of_shared_weights_are_finite_differences():
    """Kernels and maxima switch at isolated points, which random weights and small steps do not meet."""
    block, bases = scan(), random_bases(3)

    def loss(first, second):
        weights = {"conv1.weight": first, "conv2.weight": second}
        return torch.func.functional_call(block, weights, (bases,)).square().sum()

    weights = [layer.weight.detach().clone().requires_grad_() for layer in (block.conv1, block.conv2)]
    assert torch.autograd.gradcheck(loss, weights, eps=1e-7, atol=1e-5, rtol=1e-5)
