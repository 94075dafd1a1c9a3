"""Train one network of Koo and Eddy (2019) on their synthetic sequences with planted motifs.

    python workflows/experiments/koo/synthetic.py JASPAR NETWORK BANK [--trial N] [--sequences N] [--epochs N]

JASPAR is a MEME file of JASPAR matrices. BANK is the new folder, whose models are the twelve tasks of the network. Each
trial has its own initial weights and order of sequences; the sequences are the same in all trials, split as in the
paper. The state with the lowest cross-entropy on the validation sequences after an epoch is kept.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from varbind.bank.bank import Bank
from varbind.bank.model_card import BankCard, ModelCard
from varbind.core.koo import koo_networks
from varbind.datasets.planted_motifs import COUNTS_OF_CODE, COUNTS_OF_PAPER, plant_motifs
from varbind.datasets.pwm import read_matrices
from varbind.io.banks import write_bank
from varbind.train.network_trial import NetworkTrial
from varbind.train.recipes import KOO
from varbind.train.validated_training import train_validated

if TYPE_CHECKING:
    from varbind.datasets.labelled_sequences import LabelledSequences

MOTIFS = {
    "ARID3A": "MA0151.1",
    "CEBPB": "MA0466.2",
    "FOSL1": "MA0477.1",
    "GABPA": "MA0062.2",
    "MAFK": "MA0496.1",
    "MAX": "MA0058.3",
    "MEF2A": "MA0052.3",
    "NFYB": "MA0502.1",
    "SP1": "MA0079.3",
    "SRF": "MA0083.3",
    "STAT1": "MA0137.3",
    "YY1": "MA0095.2",
}
"""The matrix of each of the twelve proteins of the paper in JASPAR 2016."""

DATA_SEED = 2019


def main() -> None:
    """Train and write one network."""
    options = parse_options()
    training, validation, _ = split_sequences(options.jaspar, options.sequences, skewed=options.skewed)
    torch.set_num_threads(1)
    config = koo_networks()[options.network]
    rows = np.arange(len(training.codes))
    trial = NetworkTrial(config, KOO.descent, training, rows, [DATA_SEED, options.trial])
    looks = replace(KOO, epochs=options.epochs, looks=options.epochs).checkpoints(len(rows))
    start = time.monotonic()

    def report(steps: int, rating: float) -> None:
        seconds = time.monotonic() - start
        left = seconds * (looks[-1] / steps - 1)
        epoch = looks.index(steps) + 1
        print(f"{options.network} epoch {epoch}: {rating:.4f}, {seconds:.0f} s, {left:.0f} s left", flush=True)

    best = train_validated(trial, validation, looks, KOO.measure, finished=report)
    facts = {
        "sequences": options.sequences,
        "epochs": options.epochs,
        "best epoch": looks.index(best.steps) + 1,
        "validation log likelihood": round(best.rating, 6),
        "seeds": [DATA_SEED, options.trial],
        "seconds": round(time.monotonic() - start),
    }
    stack = replace(best.stack, model_ids=(options.network,))
    write_bank(options.bank, bank_of(options.network, stack, facts))


def parse_options() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("jaspar")
    parser.add_argument("network", choices=koo_networks())
    parser.add_argument("bank", type=Path)
    parser.add_argument("--trial", type=int, default=0)
    parser.add_argument("--sequences", type=int, default=25_000)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--skewed", action="store_true", help="numbers of motifs as in the code of the authors")
    return parser.parse_args()


def split_sequences(jaspar: str, count: int, *, skewed: bool = False) -> list[LabelledSequences]:
    """The training, validation and test sequences: 70, 10 and 20 % of `count`."""
    matrices = read_matrices(jaspar)
    motifs = {protein: matrices[name] for protein, name in MOTIFS.items()}
    counts = COUNTS_OF_CODE if skewed else COUNTS_OF_PAPER
    planted = plant_motifs(motifs, count, np.random.default_rng(DATA_SEED), counts=counts)
    bounds = [round(0.7 * count), round(0.8 * count)]
    return [planted.take(rows) for rows in np.split(np.arange(count), bounds)]


def bank_of(name: str, stack: object, facts: dict[str, object]) -> Bank:
    """A bank whose models are the tasks of one network."""
    models = tuple(
        ModelCard(
            model_id=f"{name}.{protein}",
            protein=protein,
            family=protein,
            species="synthetic",
            assay="planted motifs",
            experiment="",
            config=stack.config,
            default=True,
            training=facts,
            network=name,
            output=output,
        )
        for output, protein in enumerate(MOTIFS)
    )
    description = "a network of Koo and Eddy (2019), trained on synthetic sequences with planted motifs"
    card = BankCard(name, "1", description, "workflows/experiments", "MIT", models)
    return Bank((card,), models, (stack,), background=None)


if __name__ == "__main__":
    main()
