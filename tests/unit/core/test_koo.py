"""The sizes of the networks of Koo and Eddy."""

from dataclasses import replace

import pytest
from published_networks import trained_numbers

from varbind.core.convolution import Convolution
from varbind.core.koo import KooConfig, koo_networks

NETWORKS = koo_networks()
LONGER = 524_288
"""Weights of the dense layer for the 800 further bases of an input of 1,000: 8 maxima of 128 kernels, 512 units."""

NUMBERS = {
    **dict.fromkeys(["cnn-1", "cnn-2", "cnn-4", "cnn-10", "cnn-25", "cnn-50", "cnn-100", "cnn-50-2"], 160_048),
    **dict.fromkeys(["cnn9-4", "cnn9-25"], 158_848),
    **dict.fromkeys(["cnn3-50", "cnn3-2"], 158_128),
    "cnn19-1-2": 144_688,
    "cnn-25-60": 181_588,
    "cnn-25-90": 203_128,
    "cnn-25-120": 224_668,
    "cnn-1-1-100": 242_224,
}


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_of_parameters(name):
    assert trained_numbers(NETWORKS[name]) == NUMBERS[name]
    assert trained_numbers(koo_networks(input_length=1_000)[name]) == NUMBERS[name] + LONGER


def test_all_networks_differ():
    assert NETWORKS.keys() == NUMBERS.keys()
    assert len(set(NETWORKS.values())) == len({config.name for config in NETWORKS.values()}) == len(NUMBERS)


def test_pools_of_one_network_read_a_hundred_positions_together():
    for name, config in NETWORKS.items():
        steps = [convolution.step for convolution in config.convolutions]
        assert (config.positions, steps[0] * steps[-1]) == (2, 100), name


@pytest.mark.parametrize(
    "changes",
    [
        {"input_length": 0},
        {"input_length": 10_001},
        {"input_length": 99},
        {"convolutions": ()},
        {"convolutions": (Convolution(30, 18, 25), Convolution(128, 5, 4))},
        {"convolutions": (Convolution(30, 19, 25, 2), Convolution(128, 5, 4))},
        {"convolutions": (Convolution(30, 19, 2, 4), Convolution(128, 5, 25))},
        {"convolutions": (Convolution(30, 19, 0),)},
        {"hidden": 0},
        {"outputs": 0},
        {"members": 0},
    ],
)
def test_impossible_configurations_are_refused(changes):
    with pytest.raises(ValueError, match="a network cannot have the configuration koo-"):
        replace(NETWORKS["cnn-25"], **changes)


def test_networks_of_a_model_are_beside_each_other():
    config = KooConfig(200, (Convolution(30, 19, 100),), 8, 2, members=3)
    assert config.array_shapes(2)["conv1.weight"] == (6, 30, 4, 1, 19)
    assert config.name == "koo-i200-30x19p100-h8-t2-ss-x3"
