"""Motif discovery by the ten networks of Zeng et al. (2016): one setting a network, chosen on three sets.

    python workflows/experiments/zeng/discovery.py settings DATA STATE [--trials N] [--batches N] [--only NETWORKS]
    python workflows/experiments/zeng/discovery.py areas DATA STATE [--batches N] [--only SETS]

DATA is the folder with the training peaks (`*_AC.seq.gz`). `settings` trains each network with some of the 27 settings
on three sets, and writes `settings.NETWORK.tsv` with the mean accuracy on their validation sequences. `areas` trains
each network with its best setting on each of the other sets, and writes the AUC on the test sequences. What is finished
is kept in STATE, one file for each network or set, and is not computed again.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from network_areas import SEARCHED, area_of, best_settings, methods_named, train
from peak_sets import CHOOSING, SEED, read_set, set_files

from varbind.core.zeng import zeng_networks
from varbind.train.recipes import ZENG, settings_of


def main() -> None:
    """Run one of the two steps."""
    options = parse_options()
    torch.set_num_threads(1)
    options.state.mkdir(parents=True, exist_ok=True)
    {"settings": choose_settings, "areas": compare_networks}[options.step](options)


def parse_options() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=["settings", "areas"])
    parser.add_argument("data", type=Path)
    parser.add_argument("state", type=Path)
    parser.add_argument("--trials", type=int, default=27, help="number of settings")
    parser.add_argument("--batches", type=int, default=5_000, help="number of mini-batches")
    parser.add_argument("--most", type=int, help="largest number of peaks of a set")
    parser.add_argument("--only", help="names of networks or sets, separated by commas")
    return parser.parse_args()


def choose_settings(options: argparse.Namespace) -> None:
    """Train each network with several settings on the three sets, and write their mean validation accuracy."""
    files = {name: path for name, path in set_files(options.data).items() if name in CHOOSING}
    sets = [read_set(name, path, most=options.most) for name, path in files.items()]
    for network, config in zeng_networks().items():
        destination = options.state / f"settings.{network}.tsv"
        if destination.exists() or (options.only and network not in options.only.split(",")):
            continue
        rows = []
        # The same settings for all networks, so that none has more luck.
        for setting in settings_of(config, ZENG, options.trials, np.random.default_rng(SEED)):
            trained = [train(network, setting, one, options.batches) for one in sets]
            ratings = [result.rating if result else 0.5 for result in trained]
            found = {name: asdict(setting)[name] for name in SEARCHED}
            rows.append({"network": network, **found, "accuracy": np.mean(ratings), "batches": options.batches})
            print(rows[-1], flush=True)
        pd.DataFrame(rows).to_csv(destination, sep="\t", index=False, float_format="%.6g")


def compare_networks(options: argparse.Namespace) -> None:
    """Train each network with its best setting on each set that chose nothing, and write the AUC on the test set."""
    chosen = best_settings(options.state, methods_named(None))
    for name, path in set_files(options.data).items():
        destination = options.state / f"areas.{name}.tsv"
        if name in CHOOSING or destination.exists() or (options.only and name not in options.only.split(",")):
            continue
        one = read_set(name, path, most=options.most)
        rows = [area_of(network, setting, one, options.batches) for network, setting in chosen.items()]
        pd.DataFrame(rows).to_csv(destination, sep="\t", index=False, float_format="%.6g")
        print(name, {row["network"]: round(row["auc"], 3) for row in rows}, flush=True)


if __name__ == "__main__":
    main()
