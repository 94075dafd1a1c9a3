"""Known motifs as networks: the log-odds of a position matrix are a detector, so that one scorer serves both."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.core.deepbind import DeepBindConfig, DeepBindStack
from varbind.datasets.count_matrices import column_matrices, has_column_header, has_matrix_rows, row_matrices
from varbind.datasets.position_matrix import FORMATS, is_meme, meme_matrices
from varbind.datasets.text_input import numbered_lines
from varbind.errors import InputError, UsageError
from varbind.io.banks import sha256_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from varbind.datasets.binding_dataset import BindingDataset
    from varbind.datasets.position_matrix import PositionMatrix

    Lines = Sequence[tuple[int, str]]

__all__ = ["KnownMotif", "known_motif", "log_odds", "matrix_network", "read_matrices"]

PSEUDO_SHARE = 0.01
"""Added to the frequency of every base, so that a base that was never seen costs 4.7 bits and is not impossible."""

MATRIX_FORMATS: tuple[tuple[Callable[[Lines], bool], Callable[[Lines, str], Iterator[PositionMatrix]]], ...] = (
    (is_meme, meme_matrices),
    (has_column_header, column_matrices),
    (has_matrix_rows, row_matrices),
)
"""For each format, whether lines are in it and what reads them; the first format that fits is used."""


def read_matrices(path: str) -> Mapping[str, NDArray[np.float64]]:
    """Read the matrices of a file by name: frequencies of A, C, G and T (or U) by position, float64 (width, 4).

    The format is detected from the content. The name of a matrix is the first name on its line of names: the identifier
    in MEME, JASPAR and TRANSFAC; the name in HOMER; the whole line (>) above rows of numbers. A single matrix without a
    name is named after the file, up to its first dot.

    Args:
        path: MEME (letter-probability matrices), JASPAR with or without letters, HOMER, TRANSFAC, CIS-BP, or names (>)
            over rows of four counts or frequencies; plain or gzip.

    Raises:
        InputError: the file cannot be read, holds no matrix, two of one name, or one that is malformed or cut off.
    """
    return {matrix.names[0]: matrix.shares for matrix in _matrices(path)}


@lru_cache(maxsize=8)
def _matrices(path: str) -> tuple[PositionMatrix, ...]:
    """All matrices of a file, with their names."""
    lines = list(numbered_lines(path))
    read = next((read for fits, read in MATRIX_FORMATS if fits(lines)), None)
    if read is None:
        number, text = lines[0]
        raise InputError(f"holds no matrix: line {number} is {text[:40]!r}", path=path, remedy=FORMATS)
    found = list(read(lines, path))
    if not found:
        raise InputError("holds no matrix", path=path, remedy=FORMATS)
    if len(found) == 1 and not found[0].names:
        found = [replace(found[0], names=(Path(path).name.partition(".")[0] or "matrix",), is_nameless=True)]
    for matrix in found:
        if not matrix.names:
            what = "the matrix has no name, and the file holds others"
            raise InputError(what, path=path, line=matrix.line, remedy="write > and a name above each matrix")
    for name, count in Counter(matrix.names[0] for matrix in found).items():
        if count > 1:
            what = f"holds {count} matrices of the name {name}"
            raise InputError(what, path=path, remedy="give each matrix another name")
    return tuple(found)


_digest = lru_cache(maxsize=8)(sha256_of)


@dataclass(frozen=True, slots=True)
class KnownMotif:
    """A data set that is a matrix.

    Attributes:
        dataset: the data set.
        stack: the matrix as a network.
        data: what the model card states about it.
    """

    dataset: BindingDataset
    stack: DeepBindStack
    data: Mapping[str, Any]


def known_motif(dataset: BindingDataset, *, detector_len: int, window: int) -> KnownMotif:
    """Read the matrix of a data set.

    Raises:
        InputError: the file cannot be read, or holds no matrix of that name.
        UsageError: negatives, unbound sequences or a part are stated for a matrix.
    """
    if dataset.negatives or dataset.unbound or dataset.part:
        what = "a matrix has neither negatives nor unbound sequences nor parts"
        raise UsageError(what, path=dataset.file, remedy="leave the cell empty")
    found = _matrix_named(dataset.matrix or dataset.id, dataset)
    name, matrix = found.names[0], found.shares
    path = Path(dataset.file)
    data = {"file": path.name, "sha256": _digest(path), "kind": str(dataset.kind), "matrix": name, "width": len(matrix)}
    return KnownMotif(dataset, matrix_network(dataset.id, matrix, detector_len=detector_len, window=window), data)


def _matrix_named(name: str, dataset: BindingDataset) -> PositionMatrix:
    """Find the matrix with a name, or else the only one with this name among its other names.

    Raises:
        InputError: there is no such matrix, or there are several.
    """
    matrices = _matrices(dataset.file)
    found = [matrix for matrix in matrices if matrix.names[0] == name]
    found = found or [matrix for matrix in matrices if name in matrix.names]
    if not found and not dataset.matrix and len(matrices) == 1 and matrices[0].is_nameless:
        return matrices[0]
    if len(found) == 1:
        return found[0]
    shown = [matrix.names[0] for matrix in found or matrices]
    listed = f"{', '.join(shown[:3])}{', ...' * (len(shown) > 3)}"
    what = f"{name} is a name of several matrices: {listed}" if found else f"holds no matrix {name}; it holds {listed}"
    raise InputError(what, path=dataset.file, remedy="name the matrix in the column matrix")


def log_odds(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the log-odds (base 2, uniform background) of frequencies (width, 4), to which `PSEUDO_SHARE` is added."""
    odds: NDArray[np.float64] = np.log2((matrix + PSEUDO_SHARE) / (1 + 4 * PSEUDO_SHARE) / 0.25)
    return odds


def matrix_network(model_id: str, matrix: NDArray[np.float64], *, detector_len: int, window: int) -> DeepBindStack:
    """Make a network of one detector that scores the best log-odds (base 2, uniform background) on both strands.

    Args:
        model_id: id of the network.
        matrix: frequencies, (width, 4).
        detector_len: length of the detector; a narrower matrix is padded with positions without weights.
        window: number of bases that the network reads around an SNV.
    """
    odds = log_odds(matrix)
    # The rectifier must have no effect: the lowest possible sum is raised to 0 and subtracted again.
    lift = -float(np.minimum(odds.min(axis=1), odds.mean(axis=1)).sum())
    config = DeepBindConfig(
        window=window,
        detector_len=max(detector_len, len(odds)),
        detectors=1,
        mean_pooling=False,
        hidden=0,
        double_stranded=True,
    )
    sizes = config.array_shapes(1)
    arrays = {name: np.zeros(size, dtype=np.float32) for name, size in sizes.items()}
    arrays["detectors"][0, : len(odds), :, 0] = odds
    arrays["thresholds"][:] = lift
    arrays["weights1"][:] = 1
    arrays["biases1"][:] = -lift
    return DeepBindStack(config, (model_id,), arrays)
