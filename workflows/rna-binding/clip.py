"""The published models of RNA-binding proteins on CLIP sequences (as DeepBind, Alipanahi et al. 2015, figure 3d).

    python workflows/rna-binding/clip.py DATA BANK > TABLE.md

DATA holds `clip-rbp` and `pwm`; BANK is made by `varbind models import deepbind`. The models were trained on RNAcompete
(Ray et al. 2013) and saw no CLIP data. Of several models of one protein, the one that is best on the training sequences
is used, and both it and the matrix of the same RNAcompete experiment are evaluated on the test sequences.
"""

from __future__ import annotations

import gzip
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from varbind import load_bank
from varbind.core.sequence import encode
from varbind.scoring.scan import ScanRule
from varbind.scoring.scorer import Scorer
from varbind.train.metrics import auc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from varbind import Bank

SETS = {
    "11_CLIPSEQ_ELAVL1_hg19": ("ELAVL1", "HuR"),
    "17_ICLIP_HNRNPC_hg19": ("HNRNPC", "HNRNPC"),
    "23_PARCLIP_PUM2_hg19": ("PUM2", "PUM"),
    "24_PARCLIP_QKI_hg19": ("QKI", "QKI"),
    "27_ICLIP_TDP43_hg19": ("TARDBP", "TARDBP"),
    "28_ICLIP_TIA1_hg19": ("TIA1", "TIA1"),
}
"""The protein of each set and its name in the bank. ELAVL1 is also named HuR; of PUM2 the bank has only the models of
PUM of Drosophila."""

TRAINING = 4_000
"""Number of training sequences that choose among the models of a protein."""


@dataclass(frozen=True)
class Sequences:
    """Sequences and whether each was bound."""

    codes: list[np.ndarray]
    bound: np.ndarray

    def first(self, count: int) -> Sequences:
        """The first of a random order."""
        order = np.random.default_rng(1).permutation(len(self.codes))[:count]
        return Sequences([self.codes[row] for row in order], self.bound[order])


def main() -> None:
    """Print the table."""
    data, bank = Path(sys.argv[1]), load_bank(sys.argv[2])
    matrices = dict(read_matrices(data / "pwm" / "RNAcompete_420.hmot.gz"))
    print("| protein | model | bound of sequences | network, whole | network, scan | matrix | A and U content |")
    print("|---|---|---:|---:|---:|---:|---:|")
    for name, (protein, in_bank) in SETS.items():
        training, test = (read_set(data / "clip-rbp" / f"{name}.{part}.fa.gz") for part in ("train", "test"))
        models = bank.select([model.model_id for model in bank.models if model.protein == in_bank])
        best = best_model(models, training.first(TRAINING))
        experiment = re.search(r"RNCMPT\d+", models.select([best]).models[0].experiment)[0]
        scores = [
            network_scores(models.select([best]), test, None)[:, 0],
            network_scores(models.select([best]), test, ScanRule.LATER_ALL)[:, 0],
            matrix_scores(matrices[experiment], test),
            np.array([np.isin(codes, (0, 3)).mean() for codes in test.codes]),
        ]
        shown = protein if protein == in_bank else f"{protein} ({in_bank} in the bank)"
        cells = [shown, f"{best} ({experiment})", f"{test.bound.sum():,} of {len(test.bound):,}"]
        print(f"| {' | '.join([*cells, *(f'{auc(test.bound, own):.3f}' for own in scores)])} |", flush=True)


def read_set(path: Path) -> Sequences:
    """The sequences of one file, whose headers end with `class:0` or `class:1`."""
    with gzip.open(path, "rt", encoding="ascii") as text:
        entries = text.read().split(">")[1:]
    lines = [entry.split("\n") for entry in entries]
    return Sequences(
        [encode("".join(own[1:])) for own in lines], np.array([own[0].strip().endswith("class:1") for own in lines])
    )


def read_matrices(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    """The probability of each base at each position, (positions, 4), by the id of the experiment."""
    with gzip.open(path, "rt", encoding="ascii") as text:
        for entry in text.read().split("Motif\t")[1:]:
            name, *lines = entry.splitlines()
            rows = [line.split()[1:5] for line in lines if re.match(r"\d", line)]
            yield name.strip(), np.array(rows, dtype=float)


def network_scores(models: Bank, sequences: Sequences, scan: ScanRule | None) -> np.ndarray:
    """The scores by each model, (sequences, models)."""
    with Scorer(models, scan=scan) as scorer:
        return scorer.score_codes(sequences.codes, batch_size=256)


def best_model(models: Bank, sequences: Sequences) -> str:
    """The id of the model with the largest AUC."""
    scores = network_scores(models, sequences, None)
    areas = [auc(sequences.bound, scores[:, column]) for column in range(len(models.model_ids))]
    return models.model_ids[int(np.argmax(areas))]


def matrix_scores(matrix: np.ndarray, sequences: Sequences) -> np.ndarray:
    """The largest log-odds of a matrix over all places."""
    odds = np.vstack(
        [np.log(np.maximum(matrix, 1e-4) / 0.25).T, np.zeros(len(matrix))]
    )  # an unknown base tells nothing
    places = np.arange(len(matrix))
    found = []
    for codes in sequences.codes:
        windows = np.lib.stride_tricks.sliding_window_view(codes, len(matrix))
        found.append(odds[windows, places].sum(axis=1).max())
    return np.array(found)


if __name__ == "__main__":
    main()
