"""The rate of the networks of three papers: SNVs per second on one thread, each beside the network 1layer of Zeng.

python benchmarks/networks.py [--variants 64] [--rounds 3] [--network NAME ...]

Both alleles are scored as in annotation: in double precision, in full batches of torch. The inputs have the lengths of
the papers. Each network and 1layer take turns; times are of the processor, and ratios are medians over the rounds.
Weights are random, because they do not change the time.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

import torch
from material import draw_windows
from turns import Way, take_turns, timed

from varbind.bank.model_card import STACK_TYPES
from varbind.core.deepgmap import deepgmap_networks
from varbind.core.koo import koo_networks
from varbind.core.zeng import zeng_networks
from varbind.nn.architecture import ARCHITECTURES, TorchArchitecture
from varbind.nn.torch_networks import TorchNetworks

if TYPE_CHECKING:
    from varbind.core.network_stack import NetworkStack

NETWORKS = {**zeng_networks(), **koo_networks(), **deepgmap_networks()}
BASELINE = "1layer"


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variants", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--network", nargs="*", default=list(NETWORKS), choices=list(NETWORKS))
    options = parser.parse_args()
    torch.set_num_threads(1)
    baseline = way_of(BASELINE, options.variants, label="baseline")
    print(f"{options.variants} SNVs a round, {options.rounds} rounds, one thread")
    print("| network | input | SNVs/s | time, as a multiple of 1layer |\n|---|---:|---:|---:|", flush=True)
    for name in options.network:
        rates = take_turns([baseline, way_of(name, options.variants)], options.rounds)
        length = NETWORKS[name].input_length
        print(f"| {name} | {length:,} | {rates.rate(name):.3g} | {rates.ratio('baseline', name):.3g} |", flush=True)


def way_of(name: str, variants: int, *, label: str | None = None) -> Way:
    """How a network scores both alleles of SNVs."""
    config = NETWORKS[name]
    networks = TorchNetworks([random_stack(config)], "cpu")
    windows = draw_windows(variants, config.window)
    return Way(label or name, config.name, timed(lambda: networks.score_windows(windows)), variants)


def random_stack(config: Any) -> NetworkStack[Any]:
    """A network with the weights that torch draws."""
    torch.manual_seed(0)
    architecture = ARCHITECTURES[config.architecture]
    assert isinstance(architecture, TorchArchitecture)
    state = architecture.network(config).state_dict()
    arrays = {name: state[name].numpy()[None] for name in config.array_shapes(1)}
    return STACK_TYPES[config.architecture](config, ("random",), arrays)


if __name__ == "__main__":
    main()
