"""Known motifs as networks: the log-odds of a position matrix are exactly a detector, so one scorer reads both."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.core.deepbind import DeepBindConfig, DeepBindStack
from varbind.datasets.matrix_columns import column_matrices, names_its_columns
from varbind.datasets.matrix_rows import row_matrices
from varbind.datasets.meme import is_meme, meme_matrices
from varbind.datasets.position_matrix import FORMATS
from varbind.datasets.text_input import numbered_lines
from varbind.errors import InputError, UsageError
from varbind.io.banks import sha256_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from varbind.datasets.datasets import TrainingSet
    from varbind.datasets.position_matrix import PositionMatrix

__all__ = ["KnownMotif", "known_motif", "matrix_network", "read_matrices"]

PSEUDO_SHARE = 0.01
"""Added to the share of every base, so that one that was never seen costs 4.7 bits and not everything."""

_STARTS = re.compile(r">|;|//|\s*[-+.]?\d|\s*\[|\s*[ACGTU][\s\[|:]+[-+.\d]", re.IGNORECASE)
"""How a matrix without MEME's keywords and without named columns starts: a name, a comment, a row."""


def read_matrices(path: str) -> Mapping[str, NDArray[np.float64]]:
    """The matrices of a file, by name: shares of A, C, G and T (or U) at each position, float64 (width, 4).

    The format is told by the content. A matrix is named by what stands first on its line of names: the identifier of
    MEME, JASPAR and TRANSFAC; the name of HOMER; the whole line (>) over rows of numbers. The only matrix of a file
    that gives it no name is named as the file is, up to its first dot.

    Args:
        path: MEME (letter-probability matrices), JASPAR with or without letters, HOMER, TRANSFAC, CIS-BP, or names (>)
            over rows of four counts or shares; plain or gzip.

    Raises:
        InputError: the file cannot be read, holds no matrix, two of one name, or one that is malformed or cut off.
    """
    return {matrix.names[0]: matrix.shares for matrix in _matrices(path)}


@lru_cache(maxsize=8)
def _matrices(path: str) -> tuple[PositionMatrix, ...]:
    """Every matrix of a file, with a name."""
    lines = list(numbered_lines(path))
    if is_meme(lines):
        found = list(meme_matrices(lines, path))
    elif names_its_columns(lines):
        found = list(column_matrices(lines, path))
    else:
        _refuse_other_text(lines, path)
        found = list(row_matrices(lines, path))
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
            raise InputError(what, path=path, remedy="give each a name of its own")
    return tuple(found)


def _refuse_other_text(lines: Sequence[tuple[int, str]], path: str) -> None:
    """A file that starts as none of matrices does."""
    if lines and not _STARTS.match(lines[0][1]):
        number, text = lines[0]
        raise InputError(f"holds no matrix: line {number} is {text[:40]!r}", path=path, remedy=FORMATS)


_digest = lru_cache(maxsize=8)(sha256_of)


@dataclass(frozen=True, slots=True)
class KnownMotif:
    """A set that is a matrix.

    Attributes:
        own: the set.
        stack: the matrix as a network.
        data: what the card says of it.
    """

    own: TrainingSet
    stack: DeepBindStack
    data: Mapping[str, Any]


def known_motif(own: TrainingSet, *, detector_len: int, window: int) -> KnownMotif:
    """Read the matrix of a set.

    Raises:
        InputError: the file cannot be read, or holds no matrix of that name.
        UsageError: it is told to have negatives.
    """
    if own.negatives:
        raise UsageError("a matrix has no negatives", path=own.file, remedy="leave the cell empty")
    found = _matrix_named(own.matrix or own.id, own)
    name, matrix = found.names[0], found.shares
    path = Path(own.file)
    data = {"file": path.name, "sha256": _digest(path), "kind": str(own.kind), "matrix": name, "width": len(matrix)}
    return KnownMotif(own, matrix_network(own.id, matrix, detector_len=detector_len, window=window), data)


def _matrix_named(name: str, own: TrainingSet) -> PositionMatrix:
    """The matrix that goes by a name, or else the only one that has it among its other names.

    Raises:
        InputError: there is none, or there are several.
    """
    matrices = _matrices(own.file)
    found = [matrix for matrix in matrices if matrix.names[0] == name]
    found = found or [matrix for matrix in matrices if name in matrix.names]
    if not found and not own.matrix and len(matrices) == 1 and matrices[0].is_nameless:
        return matrices[0]
    if len(found) == 1:
        return found[0]
    shown = [matrix.names[0] for matrix in found or matrices]
    listed = f"{', '.join(shown[:3])}{', ...' * (len(shown) > 3)}"
    what = f"{name} may be any of {listed}" if found else f"holds no matrix {name}; it holds {listed}"
    raise InputError(what, path=own.file, remedy="name the matrix in the column matrix")


def matrix_network(model_id: str, matrix: NDArray[np.float64], *, detector_len: int, window: int) -> DeepBindStack:
    """The best log-odds (base 2, against uniform bases) anywhere on both strands, as a network of one detector.

    Args:
        model_id: of the network.
        matrix: shares, (width, 4).
        detector_len: of the network; a narrower matrix is followed by positions that count nothing.
        window: bases that the network reads around an SNV.
    """
    odds = np.log2((matrix + PSEUDO_SHARE) / (1 + 4 * PSEUDO_SHARE) / 0.25)
    # The rectifier must not touch it: the lowest possible sum is lifted to 0 and taken off again.
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
