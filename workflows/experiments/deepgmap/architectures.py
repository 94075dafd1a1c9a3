"""The eight networks of Table 1 of Onimaru et al. (2018, DeepGMAP) on regions of open chromatin that proteins bind.

    python workflows/experiments/deepgmap/architectures.py DATA STATE [--networks LIST] [--seeds LIST] [--sequences N]

The regions have 200 bases, and each is bound by at least one of twelve proteins; labels that are not known do not
count. A network is trained by the recipe of the paper on regions of chromosomes 13, 18, 19, 21 and X. Regions of
chromosome 14 choose among ten states of it, and all of chromosomes 16 and 20 measure it. A seed draws the training and
validation regions, their order and the initial weights, so that networks of one seed read the same regions in the same
order. With `--epochs`, `--rate` and `--initial`, the training differs from that of the paper.

STATE gets one table for each network and seed, with the areas under the ROC and the precision-recall curve for each
protein; what is there is not computed again. `compare_architectures.py` sums the tables up.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from network_runs import add_training_options, areas_of, changed, facts_of, outputs_of, stored, train
from open_regions import TEST, TRAINING, TWELVE, VALIDATION, RegionSplit, bound_regions, read_regions

from varbind.core.deepgmap import deepgmap_networks
from varbind.train.recipes import network_named

if TYPE_CHECKING:
    from varbind.core.deepgmap import DeepGmapConfig
    from varbind.train.recipes import Recipe

TIMED = 20
"""The number of mini-batches whose time is stated, as in the paper's Table 1."""


def main() -> None:
    """Train and measure what is not there yet."""
    options = parse_options()
    torch.set_num_threads(1)
    options.state.mkdir(parents=True, exist_ok=True)
    parts = (bound_regions(read_regions(options.data, part, TWELVE)) for part in (TRAINING, VALIDATION, TEST))
    split = RegionSplit(*parts)
    for seed in options.seeds.split(","):
        own = split.drawn(options.sequences, options.validation, int(seed))
        sizes = {"sequences": len(own.training.codes), "validation": len(own.validation.codes)}
        for network in options.networks.split(","):
            _, length = own.training.codes.shape
            config, published = network_named(f"deepgmap-{network}", input_length=length, outputs=len(TWELVE))
            recipe = changed(published, options)
            table = stored(
                options.state / f"{network}.{seed}.tsv",
                {"network": network, "seed": int(seed), **sizes, **facts_of(recipe)},
                partial(measure, config, recipe, own, int(seed)),
            )
            print(network, seed, table[["AUROC", "AUPRC", "seconds"]].mean().round(4).to_dict(), flush=True)


def parse_options() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("state", type=Path)
    parser.add_argument("--networks", default=",".join(deepgmap_networks()), help="names, separated by commas")
    parser.add_argument("--seeds", default="1,2,3,4,5", help="whole numbers, separated by commas")
    parser.add_argument("--sequences", type=int, help="number of training regions; all by default")
    parser.add_argument("--validation", type=int, default=1_000, help="number of validation regions")
    add_training_options(parser)
    return parser.parse_args()


def measure(config: DeepGmapConfig, recipe: Recipe, split: RegionSplit, seed: int) -> list[dict[str, Any]]:
    """Train one network, and measure it on the test regions: a row for each protein."""
    trained = train(config, recipe, split.training, split.validation, seed)
    cost = {"seconds": trained.seconds * TIMED / trained.batches, "best_batch": trained.best_batch}
    areas = areas_of(outputs_of(trained.stack, split.test.codes), split.test)
    return [row | cost | {"batches": trained.batches} for row in areas]


if __name__ == "__main__":
    main()
