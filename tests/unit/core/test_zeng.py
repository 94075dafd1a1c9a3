"""The sizes of the networks of Zeng et al."""

from dataclasses import replace

import pytest
from published_networks import trained_numbers

from varbind.core.convolution import Convolution
from varbind.core.zeng import zeng_networks

NETWORKS = zeng_networks()
NUMBERS = {
    "1layer": 2_162,
    "1motif": 227,
    "64motif": 8_354,
    "128motif": 16_610,
    "local-win9": 7_794,
    "local-win3": 19_058,
    "2layer": 14_994,
    "3layer": 65_234,
    "2layer-local-win3": 32_402,
    "3layer-local-win3": 81_618,
}


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_of_parameters(name):
    assert trained_numbers(NETWORKS[name]) == NUMBERS[name]


def test_all_networks_differ():
    assert NETWORKS.keys() == NUMBERS.keys()
    assert len(set(NETWORKS.values())) == len({config.name for config in NETWORKS.values()}) == len(NUMBERS)


def test_a_longer_input_needs_more_numbers_where_pools_are_local():
    longer = zeng_networks(input_length=201)
    for name, config in NETWORKS.items():
        is_local = config.convolutions[-1].pool > 0
        assert (trained_numbers(longer[name]) > NUMBERS[name]) == is_local, name


@pytest.mark.parametrize(
    "changes",
    [
        {"input_length": 0},
        {"input_length": 10_001},
        {"convolutions": ()},
        {"convolutions": (Convolution(16, 24, 0), Convolution(32, 24, 0))},
        {"convolutions": (Convolution(16, 24, 3, 2),)},
        {"hidden": 0},
        {"members": 0},
    ],
)
def test_impossible_configurations_are_refused(changes):
    with pytest.raises(ValueError, match="a network cannot have the configuration zeng-"):
        replace(NETWORKS["1layer"], **changes)
