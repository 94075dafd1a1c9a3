"""The networks of Zeng et al. (2016) on one set: their settings, their training, and their AUC on test sequences."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from peak_sets import SEED

from varbind.core.zeng import zeng_networks
from varbind.nn.torch_networks import SequenceNetworks
from varbind.train.metrics import auc
from varbind.train.network_trial import NetworkTrial
from varbind.train.recipes import ZENG, Measure
from varbind.train.validated_training import Validated, train_validated

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from peak_sets import SplitSet

    from varbind.train.descent import Descent

SEARCHED = ["momentum", "epsilon", "dropout"]
REGULARISED_DECAY = 5e-3
"""The weight decay of a regularised training, ten times that of the paper."""


def best_settings(state: Path, networks: Sequence[str]) -> dict[str, Descent]:
    """The setting of each network with the best mean accuracy on the validation sequences of the choosing sets.

    Networks whose settings were not tried yet have the usual one, which is said on standard error.

    Args:
        state: the folder with `settings.NETWORK.tsv` of `discovery.py`.
        networks: the names of the networks.
    """
    found = {}
    for network in networks:
        path = state / f"settings.{network}.tsv"
        if path.exists():
            table = pd.read_csv(path, sep="\t")
            best = table.loc[table["accuracy"].idxmax()]
            found[network] = replace(ZENG.descent, **{name: float(best[name]) for name in SEARCHED})
        else:
            print(f"{network} has no chosen setting in {state}: the usual one is taken", file=sys.stderr)
            found[network] = ZENG.descent
    return found


def methods_named(words: str | None, *others: str) -> list[str]:
    """The names of methods separated by commas; all networks of the paper and the other methods if there are none."""
    known = [*zeng_networks(), *others]
    names = words.split(",") if words else known
    if unknown := sorted(set(names) - set(known)):
        raise SystemExit(f"no method {unknown[0]!r}: expected some of {', '.join(known)}")
    return names


def area_of(
    network: str, setting: Descent, one: SplitSet, batches: int, *, regularised: bool = False
) -> dict[str, object]:
    """Train one network on one set, and measure it on the test sequences."""
    start = time.process_time()
    best = train(network, setting, one, batches, regularised=regularised)
    seconds = time.process_time() - start
    bound = one.test.labels[:, 0] == 1
    area = auc(bound, outputs_of(best, one)) if best else 0.5
    facts = {"peaks": int((one.training.labels == 1).sum()), "best batch": best.steps if best else 0}
    return {"set": one.name, "network": network, "auc": area, **facts, "batches": batches, "seconds": round(seconds, 1)}


def train(
    network: str, setting: Descent, one: SplitSet, batches: int, *, regularised: bool = False
) -> Validated | None:
    """Train one network on one set, and keep its best state on the validation sequences.

    Args:
        network: the name of the network.
        setting: how the weights are changed.
        one: the set.
        batches: the number of mini-batches.
        regularised: whether a random half of the sequences is read from the other strand, the weights decay ten times
            as much, and the log likelihood chooses the state instead of the accuracy. This is our choice for few
            sequences, not that of the paper. The outputs for test sequences are then means over both strands.
    """
    config = zeng_networks(input_length=one.training.codes.shape[1])[network]
    measure = ZENG.measure
    if regularised:
        config = replace(config, double_stranded=True)
        setting, measure = replace(setting, weight_decay=REGULARISED_DECAY), Measure.LOG_LIKELIHOOD
    trial = NetworkTrial(config, setting, one.training, np.arange(len(one.training.codes)), SEED)
    recipe = replace(ZENG, batches=batches, looks=max(batches // 100, 1))
    looks = recipe.checkpoints(len(one.training.codes))
    return train_validated(trial, one.validation, looks, measure)


def outputs_of(best: Validated, one: SplitSet) -> np.ndarray:
    """The outputs of a network for the test sequences, (N,)."""
    networks = SequenceNetworks(best.stack, dtype=torch.float32)
    return np.concatenate([networks.score(part)[:, 0, 0] for part in np.array_split(one.test.codes, 20)])
