"""The sizes of the networks of Onimaru et al."""

from dataclasses import replace

import pytest
from published_networks import trained_numbers

from varbind.core.convolution import Convolution
from varbind.core.deepgmap import deepgmap_networks

NETWORKS = deepgmap_networks()
NUMBERS = {
    "deepsea": (52_881_143, 8_489_477),
    "basset": (5_767_803, 2_376_812),
    "danq": (46_080_503, 9_976_837),
    "conv4": (17_285_623, 6_193_957),
    "conv3-frss": (55_846_423, 11_454_757),
    "conv4-frss": (17_285_623, 6_193_957),
    "conv4-frss+": (21_371_063, 8_429_397),
    "danq-frss": (50_355_063, 10_699_397),
}
"""For 1,000 bases and three tasks, and for 200 bases and twelve tasks."""


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_of_parameters(name):
    long, short = NUMBERS[name]
    assert trained_numbers(NETWORKS[name]) == long
    assert trained_numbers(deepgmap_networks(input_length=200, outputs=12)[name]) == short


def test_all_networks_differ():
    assert NETWORKS.keys() == NUMBERS.keys()
    assert len(set(NETWORKS.values())) == len({config.name for config in NETWORKS.values()}) == len(NUMBERS)


@pytest.mark.parametrize(
    "changes",
    [
        {"input_length": 0},
        {"input_length": 10_001},
        {"convolutions": ()},
        {"convolutions": (Convolution(320, 9, 2),), "scans_both": True},
        {"convolutions": (Convolution(320, 9, 4, 2),)},
        {"convolutions": (Convolution(320, 9, 0),)},
        {"hidden": ()},
        {"hidden": (925, 0)},
        {"outputs": 0},
        {"recurrent": -1},
        {"members": 0},
    ],
)
def test_impossible_configurations_are_refused(changes):
    with pytest.raises(ValueError, match="a network cannot have the configuration deepgmap-"):
        replace(NETWORKS["conv4"], **changes)


def test_the_shortest_input_of_a_network_fills_every_layer():
    """The last kernels of DeepSEA need 8 maxima: of 7 pools and a position, which kernels of 8 bases read; twice."""
    maxima = 8
    for _ in range(2):
        maxima = (maxima - 1) * 4 + 1 + 7
    shortest = replace(NETWORKS["deepsea"], input_length=maxima)
    assert shortest.positions == 1
    with pytest.raises(ValueError, match="no position is left of the input of deepgmap-i147-"):
        replace(shortest, input_length=shortest.input_length - 1)
