"""Position matrices as networks: the log-odds of a matrix are exactly a detector, so the same scorer reads both."""

from __future__ import annotations

import csv
import gzip
import re
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.network import DeepBindStack, NetworkShape

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

PSEUDOCOUNT = 0.01


def read_matrices(folder: Path) -> dict[str, list[NDArray[np.float64]]]:
    """By protein (upper case): probabilities (width, 4) from JASPAR, HOCOMOCO and HT-SELEX, single proteins only."""
    found: dict[str, list[NDArray[np.float64]]] = defaultdict(list)
    names = _hocomoco_names(folder / "HOCOMOCOv11_core_HUMAN.annotation.tsv.gz")
    for name, matrix in _gimme(folder / "HOCOMOCOv11_HUMAN.gimme.pfm.gz"):
        found[names[name]].append(matrix)
    for name, matrix in _gimme(folder / "JASPAR2022_vertebrates.gimme.pfm.gz"):
        factor = re.sub(r"\(var\.\d+\)", "", name.split(".")[-1] if "(" not in name else name.split(".", 3)[-1])
        if "::" not in factor:
            found[factor.upper()].append(matrix)
    with gzip.open(folder / "SELEX_3933.metadata.tsv.gz", "rt") as table:
        rows = {row["ID"]: row for row in csv.DictReader(table, delimiter="\t")}
    for name, matrix in _jaspar(folder / "SELEX_3933.jaspar.gz"):
        if rows[name]["type"] == "monomeric":
            found[rows[name]["symbol"].upper()].append(matrix)
    return dict(found)


def matrix_stack(matrix: NDArray[np.float64]) -> DeepBindStack:
    """The best log-odds of a matrix against uniform bases, anywhere on both strands, as a network."""
    odds = np.log2((matrix + PSEUDOCOUNT) / (1 + 4 * PSEUDOCOUNT) / 0.25)
    # The rectifier must not touch it: the lowest possible sum is lifted to 0 and taken off again.
    lift = -float(np.minimum(odds.min(axis=1), odds.mean(axis=1)).sum())
    shape = NetworkShape(
        window=31, detector_len=len(odds), detectors=1, mean_pooling=False, hidden=0, double_stranded=True
    )
    sizes = DeepBindStack.expected_shapes(shape, 1)
    arrays = {name: np.zeros(size, dtype=np.float32) for name, size in sizes.items()}
    arrays["detectors"][0, :, :, 0] = odds
    arrays["thresholds"][:] = lift
    arrays["weights1"][:] = 1
    arrays["biases1"][:] = -lift
    return DeepBindStack(shape, ("matrix",), **arrays)


def _hocomoco_names(path: Path) -> dict[str, str]:
    with gzip.open(path, "rt") as table:
        return {row["Model"]: row["Transcription factor"].upper() for row in csv.DictReader(table, delimiter="\t")}


def _gimme(path: Path) -> Iterator[tuple[str, NDArray[np.float64]]]:
    with gzip.open(path, "rt") as text:
        blocks = "".join(line for line in text if not line.startswith("#")).split(">")[1:]
    for block in blocks:
        name, *rows = block.strip().split("\n")
        yield name, _normalised(np.array([row.split() for row in rows], dtype=np.float64))


def _jaspar(path: Path) -> Iterator[tuple[str, NDArray[np.float64]]]:
    with gzip.open(path, "rt") as text:
        blocks = text.read().split(">")[1:]
    for block in blocks:
        name, *rows = block.strip().split("\n")
        counts = np.array([row.split("[")[1].strip(" ]").split() for row in rows], dtype=np.float64)
        yield name.split()[0], _normalised(counts.T)


def _normalised(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = counts / counts.sum(axis=1, keepdims=True)
    return shares
