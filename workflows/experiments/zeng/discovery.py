"""Motif discovery by the ten networks of Zeng et al. (2016): one setting a network, chosen on three sets.

    python workflows/experiments/zeng/discovery.py settings DATA STATE [--trials N] [--batches N] [--only NETWORKS]
    python workflows/experiments/zeng/discovery.py areas DATA STATE [--batches N] [--only SETS]

DATA is the folder with the training peaks (`*_AC.seq.gz`). `settings` trains each network with some of the 27 settings
on three sets, and writes `settings.tsv` with the mean accuracy on their validation sequences. `areas` trains each
network with its best setting on each of the other sets, and writes the AUC on the test sequences. What is finished is
kept in STATE, one file for each network or set, and is not computed again.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from sets import CHOOSING, SEED, read_set, set_files

from varbind.core.zeng import zeng_networks
from varbind.nn.torch_networks import SequenceNetworks
from varbind.train.metrics import auc
from varbind.train.network_trial import NetworkTrial
from varbind.train.recipes import ZENG, settings_of
from varbind.train.validated_training import Validated, train_validated

if TYPE_CHECKING:
    from sets import SplitSet

    from varbind.train.descent import Descent

SEARCHED = ["momentum", "epsilon", "dropout"]


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
    chosen = best_settings(options.state)
    for name, path in set_files(options.data).items():
        destination = options.state / f"areas.{name}.tsv"
        if name in CHOOSING or destination.exists() or (options.only and name not in options.only.split(",")):
            continue
        one = read_set(name, path, most=options.most)
        rows = [area_of(network, setting, one, options.batches) for network, setting in chosen.items()]
        pd.DataFrame(rows).to_csv(destination, sep="\t", index=False, float_format="%.6g")
        print(name, {row["network"]: round(row["auc"], 3) for row in rows}, flush=True)


def best_settings(state: Path) -> dict[str, Descent]:
    """The setting of each network, of those that were tried, with the best mean accuracy on the three sets."""
    table = pd.concat([pd.read_csv(path, sep="\t") for path in sorted(state.glob("settings.*.tsv"))], ignore_index=True)
    best = table.loc[table.groupby("network")["accuracy"].idxmax()].set_index("network")
    return {
        network: replace(ZENG.descent, **{name: float(best.loc[network, name]) for name in SEARCHED})
        for network in zeng_networks()
        if network in best.index
    }


def area_of(network: str, setting: Descent, one: SplitSet, batches: int) -> dict[str, object]:
    """Train one network on one set, and measure it on the test sequences."""
    start = time.process_time()
    best = train(network, setting, one, batches)
    seconds = time.process_time() - start
    bound = one.test.labels[:, 0] == 1
    area = auc(bound, outputs_of(best, one)) if best else 0.5
    facts = {"peaks": int((one.training.labels == 1).sum()), "best batch": best.steps if best else 0}
    return {"set": one.name, "network": network, "auc": area, **facts, "batches": batches, "seconds": round(seconds, 1)}


def train(network: str, setting: Descent, one: SplitSet, batches: int) -> Validated | None:
    """Train one network on one set, and keep its best state on the validation sequences."""
    config = zeng_networks(input_length=one.training.codes.shape[1])[network]
    trial = NetworkTrial(config, setting, one.training, np.arange(len(one.training.codes)), SEED)
    recipe = replace(ZENG, batches=batches, looks=max(batches // 100, 1))
    looks = recipe.checkpoints(len(one.training.codes))
    return train_validated(trial, one.validation, looks, ZENG.measure)


def outputs_of(best: Validated, one: SplitSet) -> np.ndarray:
    """The outputs of a network for the test sequences, (N,)."""
    networks = SequenceNetworks(best.stack, dtype=torch.float32)
    return np.concatenate([networks.score(part)[:, 0, 0] for part in np.array_split(one.test.codes, 20)])


if __name__ == "__main__":
    main()
