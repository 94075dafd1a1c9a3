"""One network for all proteins beside the bank of one network for each protein, on held-out chromosomes.

    python workflows/experiments/deepgmap/multitask.py DATA STATE FOLDER [--networks LIST] [--sequences N] [--epochs N]

Each network of the list is trained on the labels of all proteins together, without those that are not known. It reads
regions of 200 bases of chromosomes 13, 18, 19, 21 and X: those that any protein binds and, as in Onimaru et al. (2018),
a quarter of the others. Regions of chromosome 14 choose among ten states of a network and, by the mean area under the
ROC curve over the proteins, among the networks.

The best network and the bank are then compared on chromosomes 16 and 20, which neither trained nor chose any of them:
the area under the ROC curve of each protein, with at most 2,000 bound and 2,000 open, unbound regions. The model of a
protein in the bank is its network of ChIP-seq, a default one if there is any, and reads whole regions. The shipped bank
was also trained on chromosome 14. Proteins without such a model or with fewer than 50 bound regions are left out, and
counted.

STATE gets one table for each network and one for the bank, and what is there is not computed again. FOLDER gets
multitask.tsv.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from network_runs import areas_of, outputs_of, stored, train
from open_regions import TEST, TRAINING, VALIDATION, RegionSplit, read_regions
from scipy.stats import wilcoxon

from varbind.io.banks import load_bank
from varbind.scoring.ensemble import Ensemble
from varbind.train.recipes import DEEPGMAP, network_named

if TYPE_CHECKING:
    import pandas as pd

    from varbind.bank.bank import Bank
    from varbind.core.sequence import Codes
    from varbind.datasets.labelled_sequences import LabelledSequences

LOOKS = 10
MOST_OF_CLASS = 2_000
LEAST_BOUND = 50
ASSAY = "ChIP-seq"


def main() -> None:
    """Train and measure what is not there yet, and write the comparison."""
    options = parse_options()
    torch.set_num_threads(1)
    options.state.mkdir(parents=True, exist_ok=True)
    split = read_split(options)
    sizes = {"sequences": len(split.training.codes), "epochs": options.epochs, "seed": options.seed}
    networks = {
        network: stored(
            options.state / f"{network}.tsv",
            sizes | {"validation": len(split.validation.codes)},
            lambda network=network: measure_network(network, split, options.epochs, options.seed),
        )
        for network in options.networks.split(",")
    }
    ratings = {network: table["validation AUROC"].mean() for network, table in networks.items()}
    best = max(ratings, key=lambda network: ratings[network])
    bank = stored(
        options.state / "bank.tsv", {"seed": options.seed}, lambda: measure_bank(load_bank(options.bank), split.test)
    )
    table = compared(networks[best], bank)
    left_out = len(networks[best]) - len(table)
    facts = {"network": best, **sizes, "proteins": len(table), "left out": left_out, "machine": options.machine}
    lines = [", ".join(f"{name} {value}" for name, value in facts.items())]
    lines += [f"mean AUROC on chromosome 14: {name} {rating:.4f}" for name, rating in ratings.items()]
    text = "".join(f"# {line}\n" for line in [*lines, verdict(table)])
    text += table.to_csv(sep="\t", index=False, float_format="%.4f")
    options.folder.mkdir(parents=True, exist_ok=True)
    (options.folder / "multitask.tsv").write_text(text, encoding="utf-8")
    print(text)


def parse_options() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("state", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--bank", default="default", help="name or folder of the bank")
    parser.add_argument(
        "--networks",
        default="koo-cnn-4,koo-cnn-25-120,deepgmap-basset",
        help="names as in `varbind train binding --architecture`, separated by commas",
    )
    parser.add_argument("--sequences", type=int, default=20_000, help="number of training regions")
    parser.add_argument("--validation", type=int, default=5_000, help="number of validation regions")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--machine", default="an unnamed machine")
    return parser.parse_args()


def read_split(options: argparse.Namespace) -> RegionSplit:
    """The regions of all proteins, with a quarter of those that train and that none binds."""
    training, validation, test = (read_regions(options.data, part) for part in (TRAINING, VALIDATION, TEST))
    rng = np.random.default_rng([options.seed, 1])
    training, validation = known_regions(training), known_regions(validation)
    bound = (training.labels == 1).any(axis=1)
    training = training.take(bound | (rng.random(len(bound)) < DEEPGMAP.kept_negatives))
    split = RegionSplit(training, validation, at_most(test, MOST_OF_CLASS, rng))
    return split.drawn(options.sequences, options.validation, options.seed)


def at_most(regions: LabelledSequences, most: int, rng: np.random.Generator) -> LabelledSequences:
    """Regions with at most so many known labels of each class of each protein, drawn at random."""
    labels = np.full_like(regions.labels, -1)
    for kept, column in zip(labels.T, regions.labels.T, strict=True):
        for label in (0, 1):
            kept[rng.permutation(np.flatnonzero(column == label))[:most]] = label
    return known_regions(replace(regions, labels=labels))


def known_regions(regions: LabelledSequences) -> LabelledSequences:
    """The regions of which at least one label is known."""
    return regions.take((regions.labels >= 0).any(axis=1))


def measure_network(network: str, split: RegionSplit, epochs: int, seed: int) -> list[dict[str, Any]]:
    """Train one network: a row for each protein with its areas on the validation and the test regions."""
    _, length = split.training.codes.shape
    config, recipe = network_named(network, input_length=length, outputs=len(split.training.tasks))
    trained = train(config, replace(recipe, epochs=epochs, looks=LOOKS), split.training, split.validation, seed)
    chosen, measured = (
        areas_of(outputs_of(trained.stack, part.codes), part) for part in (split.validation, split.test)
    )
    cost = {"best_batch": trained.best_batch, "batches": trained.batches, "seconds": trained.seconds}
    return [
        {**row, "validation AUROC": on_validation["AUROC"], **cost}
        for row, on_validation in zip(measured, chosen, strict=True)
    ]


def measure_bank(bank: Bank, test: LabelledSequences) -> list[dict[str, Any]]:
    """A row with the area of each protein of the bank on the test regions."""
    models: dict[str, str] = {}
    for model in sorted(bank.models, key=lambda model: not model.default):
        if model.assay == ASSAY:
            models.setdefault(model.protein, model.model_id)
    rows = []
    for task, protein in enumerate(test.tasks):
        if protein not in models:
            continue
        own = test.take(test.labels[:, task] >= 0)
        single = replace(own, tasks=(protein,), labels=own.labels[:, [task]])
        scores = scores_of(bank.select([models[protein]]), single.codes)
        rows += [{"model": models[protein], **row} for row in areas_of(scores, single)]
    return rows


def scores_of(bank: Bank, codes: Codes) -> np.ndarray:
    """The scores of whole sequences by a bank of one model, (N, 1)."""
    ensemble = Ensemble(bank.stacks, bank.outputs, device="cpu", threads=1)
    sequences = list(codes)
    return ensemble.score(dict.fromkeys(ensemble.windows, sequences))


def compared(network: pd.DataFrame, bank: pd.DataFrame) -> pd.DataFrame:
    """The proteins with both areas and enough bound regions."""
    columns = ["task", "model", "bound", "unbound", "AUROC"]
    table = network[["task", "AUROC"]].merge(bank[columns], on="task", suffixes=(" of network", " of bank"))
    kept = table[table["bound"] >= LEAST_BOUND].dropna()
    areas = ["AUROC of network", "AUROC of bank"]
    return kept[["task", "model", "bound", "unbound", *areas]].reset_index(drop=True)


def verdict(table: pd.DataFrame) -> str:
    """The medians of both, and the paired test of Wilcoxon over the proteins."""
    network, bank = table["AUROC of network"], table["AUROC of bank"]
    found = wilcoxon(network, bank)
    medians = f"median AUROC of the network {network.median():.4f}, of the bank {bank.median():.4f}"
    return f"{medians}; higher for {(network > bank).sum()} of {len(table)} proteins; Wilcoxon p {found.pvalue:.2g}"


if __name__ == "__main__":
    main()
