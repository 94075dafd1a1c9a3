"""The sizes of convolutions with pooling."""

import pytest

from varbind.core.convolution import Convolution


@pytest.mark.parametrize("sizes", [(0, 3), (3, 0), (3, 3, -1), (3, 3, 2, -1)])
def test_impossible_sizes_are_refused(sizes):
    with pytest.raises(ValueError, match="a convolution cannot have the sizes"):
        Convolution(*sizes)


def test_names_tell_all_sizes():
    assert Convolution(30, 19, 25).name == "30x19p25"
    assert Convolution(30, 19, 50, 2).name == "30x19p50s2"


def test_maxima_are_as_far_apart_as_pools_are_wide_or_as_stated():
    assert (Convolution(1, 1, 50).step, Convolution(1, 1, 50, 2).step) == (50, 2)


@pytest.mark.parametrize("pool", [1, 2, 3, 7])
def test_every_position_is_in_a_pool_unless_the_rest_is_dropped(pool):
    layer = Convolution(1, 1, pool)
    for positions in range(1, 20):
        pools = [range(at, min(at + pool, positions)) for at in range(0, positions, pool)]
        assert layer.maxima(positions) == len(pools)
        assert layer.maxima(positions, drops_rest=True) == sum(len(each) == pool for each in pools)


def test_a_pool_over_all_positions():
    assert {Convolution(1, 1, 0).maxima(positions) for positions in (1, 2, 50)} == {1}
