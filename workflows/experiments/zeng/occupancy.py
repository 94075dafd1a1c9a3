"""Motif occupancy by the networks of Zeng et al. (2016, sections 3.1 and 3.3) and by a gkm-SVM.

    export PYTHONPATH=workflows/train-bank
    python workflows/experiments/zeng/occupancy.py tasks DATA STATE [--location-free]
    python workflows/experiments/zeng/occupancy.py areas DATA STATE [--location-free] [--regularised] [--methods NAMES]

DATA is the folder with `chipseq-hg38` and `pwm`. `tasks` makes the task of each protein that has a matrix in JASPAR
2022, and writes how many pairs it has or why it is left out. `areas` trains the networks and the gkm-SVM on 80 % of
both classes of each task, those with most pairs first, and writes the AUC on the others. The settings of the networks
are those that `discovery.py settings` chose in the same STATE. With `--regularised` they are trained on both strands
with more weight decay (`network_areas.train`), and the results have other names. What is finished is kept in STATE, one
file for each protein, and is not computed again.

Motifs are those in 200-base regions of open chromatin, and bound regions are bound in any cell type. The paper looks at
the whole genome and at one cell type at a time.
"""

from __future__ import annotations

import argparse
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from claims import MACHINE
from gkm_svm import train_gkm_svm
from network_areas import area_of, best_settings, methods_named
from peak_sets import SEED, SplitSet
from region_files import read_open_regions

from varbind.core.sequence import N_CODE
from varbind.datasets.motif_occupancy import OccupancyTask, confounder_areas, occupancy_task, refuse_confounded
from varbind.datasets.pwm import read_matrices
from varbind.errors import InputError
from varbind.train.metrics import auc

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from varbind.core.sequence import Codes

JASPAR = "JASPAR2022_vertebrates.gimme.pfm.gz"
MOST_FOR_MACHINE = 5_000
"""The largest number of bound sequences on which a gkm-SVM is trained (section 4.3)."""


def main() -> None:
    """Run one of the two steps."""
    options = parse_options()
    torch.set_num_threads(1)
    options.state.mkdir(parents=True, exist_ok=True)
    {"tasks": describe_tasks, "areas": compare_methods}[options.step](options)


def parse_options() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=["tasks", "areas"])
    parser.add_argument("data", type=Path)
    parser.add_argument("state", type=Path)
    parser.add_argument("--location-free", action="store_true", help="the motifs of bound sequences lie anywhere")
    parser.add_argument("--regularised", action="store_true", help="train against overfitting, unlike the paper")
    parser.add_argument("--methods", help=f"names of networks and {MACHINE}, separated by commas; all if absent")
    parser.add_argument("--batches", type=int, default=5_000, help="number of mini-batches")
    parser.add_argument("--proteins", type=int, help="number of proteins, those with most pairs first; all if absent")
    return parser.parse_args()


def name_of(options: argparse.Namespace) -> str:
    """The name of the experiment, with which its files start."""
    return "location-free" if options.location_free else "occupancy"


def describe_tasks(options: argparse.Namespace) -> None:
    """Make the task of each protein, and write its size and what its classes are matched in."""
    rows = [
        described(protein, *own, location_free=options.location_free)
        for protein, own in proteins_of(options.data).items()
    ]
    table = pd.DataFrame(rows)
    table.to_csv(options.state / f"{name_of(options)}-tasks.tsv", sep="\t", index=False, float_format="%.4g")
    print(f"{table['left out'].isna().sum()} of {len(table)} proteins have a task")


def described(
    protein: str,
    codes: Codes,
    labels: NDArray[np.int8],
    matrix: NDArray[np.float64],
    *,
    location_free: bool,
) -> dict[str, object]:
    """The row of one protein: the number of pairs, the AUC of GC content and of the motif, and why it is left out."""
    try:
        task = task_of(protein, codes, labels, matrix, location_free=location_free)
    except InputError as error:
        return {"protein": protein, "pairs": 0, "left out": str(error)}
    row = {"protein": protein, "pairs": len(task.labels) // 2, **confounder_areas(task)}
    try:
        refuse_confounded(task)
    except InputError as error:
        return row | {"left out": str(error)}
    return row | {"left out": None}


def proteins_of(data: Path) -> Mapping[str, tuple[Codes, NDArray[np.int8], NDArray[np.float64]]]:
    """The regions, their labels and the matrix of each protein that has labels and a matrix of its own in JASPAR.

    Of several matrices of a protein, the first of the file is used.
    """
    codes, table = read_open_regions(data / "chipseq-hg38")
    matrices = read_matrices(str(data / "pwm" / JASPAR))
    own = {name.rpartition(".")[2].upper(): matrix for name, matrix in reversed(matrices.items())}
    labels = zip(table["tfs"].tolist(), table["labels"], strict=True)
    return {protein: (codes, row, own[protein]) for protein, row in labels if protein in own}


def task_of(
    protein: str,
    codes: Codes,
    labels: NDArray[np.int8],
    matrix: NDArray[np.float64],
    *,
    location_free: bool,
) -> OccupancyTask:
    """The task of one protein, the same in every run."""
    rng = np.random.default_rng([SEED, zlib.crc32(protein.encode())])
    return occupancy_task(codes, labels, matrix, rng, location_free=location_free)


def compare_methods(options: argparse.Namespace) -> None:
    """Train all methods on the tasks, and write the AUC on the test sequences."""
    methods = methods_named(options.methods, MACHINE)
    settings = best_settings(options.state, [name for name in methods if name != MACHINE])
    table = pd.read_csv(options.state / f"{name_of(options)}-tasks.tsv", sep="\t")
    usable = table[table["left out"].isna()].sort_values("pairs", ascending=False, kind="stable")
    proteins = proteins_of(options.data)
    name_of_results = name_of(options) + "-regularised" * options.regularised
    for protein in usable["protein"].head(options.proteins):
        destination = options.state / f"{name_of_results}.{protein}.tsv"
        done = pd.read_csv(destination, sep="\t") if destination.exists() else pd.DataFrame(columns=["network"])
        missing = [name for name in methods if name not in set(done["network"])]
        if not missing:
            continue
        one = split(protein, task_of(protein, *proteins[protein], location_free=options.location_free))
        rows = [
            machine_area(one)
            if name == MACHINE
            else area_of(name, settings[name], one, options.batches, regularised=options.regularised)
            for name in missing
        ]
        found = pd.concat([done, pd.DataFrame(rows)], ignore_index=True) if len(done) else pd.DataFrame(rows)
        found.to_csv(destination, sep="\t", index=False, float_format="%.6g")
        print(protein, {row["network"]: round(row["auc"], 3) for row in rows}, flush=True)


def split(protein: str, task: OccupancyTask) -> SplitSet:
    """Split both classes of a task at random."""
    rng = np.random.default_rng([SEED, zlib.crc32(protein.encode()), 1])
    classes = (task.codes[task.labels == label] for label in (1, 0))
    return SplitSet.of_classes(protein, *(own[rng.permutation(len(own))] for own in classes))


def machine_area(one: SplitSet) -> dict[str, object]:
    """Train a gkm-SVM on the training and validation sequences of a set, and measure it on the test sequences."""
    start = time.process_time()
    codes, bound = map(np.concatenate, zip(*machine_parts(one), strict=True))
    machine = train_gkm_svm(without_n(codes), bound)
    seconds = time.process_time() - start
    area = auc(one.test.labels[:, 0] == 1, machine.scores(without_n(one.test.codes)))
    facts = {"peaks": int(bound.sum()), "best batch": 0, "batches": 0, "seconds": round(seconds, 1)}
    return {"set": one.name, "network": MACHINE, "auc": area, **facts}


def machine_parts(one: SplitSet) -> Iterator[tuple[Codes, NDArray[np.bool_]]]:
    """The sequences of each class on which a gkm-SVM is trained; it needs no validation."""
    codes = np.concatenate([one.training.codes, one.validation.codes])
    labels = np.concatenate([one.training.labels[:, 0], one.validation.labels[:, 0]])
    for label in (1, 0):
        own = codes[labels == label][:MOST_FOR_MACHINE]
        yield own, np.full(len(own), label == 1)


def without_n(codes: Codes) -> Codes:
    """Sequences in which each N is an A, because a gkm-SVM knows no N."""
    return np.where(codes == N_CODE, 0, codes).astype(np.uint8)


if __name__ == "__main__":
    main()
