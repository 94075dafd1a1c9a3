"""Known motifs as networks: the log-odds of a position matrix are exactly a detector, so one scorer reads both."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.core.network import DeepBindStack, NetworkShape
from varbind.errors import InputError, UsageError
from varbind.gate import optional_import
from varbind.io.bank import sha256_of
from varbind.train.lines import numbered_lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from varbind.train.sets import TrainingSet

__all__ = ["KnownMotif", "known_motif", "matrix_network", "read_matrices"]

PSEUDO_SHARE = 0.01
"""Added to the share of every base, so that one that was never seen costs 4.7 bits and not everything."""

_REMEDY = "give MEME, JASPAR, or names (>) over rows of four numbers"


@lru_cache(maxsize=8)
def read_matrices(path: str) -> Mapping[str, NDArray[np.float64]]:
    """The matrices of a file, by name: shares of A, C, G, T at each position, (width, 4).

    Args:
        path: MEME, JASPAR, or names (>) over rows of four counts or shares; plain or gzip. Shares of MEME become
            whole counts of its `nsites`.

    Raises:
        InputError: the file cannot be read, or holds no matrix.
        UsageError: Biopython is not installed.
    """
    motifs = optional_import("Bio.motifs", needed_for="matrices")
    lines = dict(numbered_lines(path))
    # A blank line ends a matrix of MEME.
    text = "\n".join(lines.get(number, "") for number in range(1, max(lines, default=0) + 2))
    try:
        found = motifs.parse(StringIO(text), _form_of(list(lines.values())))
    except Exception as error:  # Biopython raises whatever a line makes it raise
        raise InputError(f"the matrices cannot be read: {error}", path=path, remedy=_REMEDY) from error
    if not found:
        raise InputError("holds no matrix", path=path, remedy=_REMEDY)
    # JASPAR has an id before the name.
    names = [getattr(motif, "matrix_id", None) or motif.name for motif in found]
    for name, count in Counter(names).items():
        if count > 1:
            what = f"holds {count} matrices of the name {name}"
            raise InputError(what, path=path, remedy="give each a name of its own")
    return {name: _shares(motif, path) for name, motif in zip(names, found, strict=True)}


_digest = lru_cache(maxsize=8)(sha256_of)


def _form_of(lines: Sequence[str]) -> str:
    """Biopython's name of a format."""
    if lines and lines[0].startswith("MEME"):
        return "minimal"
    return "jaspar" if len(lines) > 1 and lines[1].lstrip()[:1].isalpha() else "pfm-four-columns"


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
    name, matrices = own.matrix or own.id, read_matrices(own.file)
    if name not in matrices:
        what = f"holds no matrix {name}; it holds {', '.join(list(matrices)[:3])}{', ...' * (len(matrices) > 3)}"
        raise InputError(what, path=own.file, remedy="name the matrix in the column matrix")
    matrix = matrices[name]
    path = Path(own.file)
    data = {"file": path.name, "sha256": _digest(path), "kind": str(own.kind), "matrix": name, "width": len(matrix)}
    return KnownMotif(own, matrix_network(own.id, matrix, detector_len=detector_len, window=window), data)


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
    shape = NetworkShape(
        window=window,
        detector_len=max(detector_len, len(odds)),
        detectors=1,
        mean_pooling=False,
        hidden=0,
        double_stranded=True,
    )
    sizes = DeepBindStack.expected_shapes(shape, 1)
    arrays = {name: np.zeros(size, dtype=np.float32) for name, size in sizes.items()}
    arrays["detectors"][0, : len(odds), :, 0] = odds
    arrays["thresholds"][:] = lift
    arrays["weights1"][:] = 1
    arrays["biases1"][:] = -lift
    return DeepBindStack(shape, (model_id,), **arrays)


def _shares(motif: Any, path: str) -> NDArray[np.float64]:
    """Of each position; every column of counts is brought to 1, for counts may differ between columns."""
    counts = np.array([motif.counts[base] for base in "ACGT"], dtype=np.float64).T
    totals = counts.sum(axis=1, keepdims=True)
    if not len(counts) or not np.isfinite(counts).all() or (counts < 0).any() or (totals <= 0).any():
        raise InputError(
            f"the matrix {motif.name} holds a column without counts", path=path, remedy="correct or remove it"
        )
    shares: NDArray[np.float64] = counts / totals
    return shares
