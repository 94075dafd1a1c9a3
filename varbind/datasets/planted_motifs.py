"""Synthetic sequences with planted motifs, in which the truth is known (Koo and Eddy 2019, "Synthetic dataset")."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from varbind.datasets.labelled_sequences import LabelledSequences

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from varbind.core.sequence import Codes

__all__ = ["COUNTS_OF_CODE", "COUNTS_OF_PAPER", "plant_motifs"]

COUNTS_OF_PAPER = (0.2, 0.2, 0.2, 0.2, 0.2)
"""The probabilities of one to five motifs in a sequence. The paper says one to five; we read it as equally probable."""

COUNTS_OF_CODE = (0.5, 0.25, 0.17, 0.05, 0.03)
"""The same in the code of the authors."""


def plant_motifs(
    motifs: Mapping[str, NDArray[np.float64]],
    count: int,
    rng: np.random.Generator,
    *,
    length: int = 200,
    counts: Sequence[float] = COUNTS_OF_PAPER,
) -> LabelledSequences:
    """Draw random sequences into which motifs are planted, on either strand.

    Motifs are drawn with replacement. At least one base lies between two of them, and between them and an end of the
    sequence; the other free bases are divided at random, which is our choice, as the paper does not say how.

    Args:
        motifs: the shares of the bases at each position of the motif, float64 (width, 4), by protein.
        count: N, the number of sequences.
        rng: the random numbers.
        length: L, the number of bases.
        counts: the probabilities of one motif, two motifs and so on.

    Returns:
        The sequences, labelled by whether the motif of each protein was planted; each is a group of its own.

    Raises:
        ValueError: the motifs do not fit into the sequences.
    """
    most = len(counts) * (max(map(len, motifs.values())) + 1) + 1
    if most > length:
        raise ValueError(f"{len(counts)} motifs need up to {most} bases, and there are {length}")
    strands = [np.cumsum(strand, axis=1) for motif in motifs.values() for strand in (motif, motif[::-1, ::-1])]
    codes = rng.integers(0, 4, (count, length), dtype=np.uint8)
    labels = np.zeros((count, len(motifs)), dtype=np.int8)
    numbers = 1 + rng.choice(len(counts), count, p=counts)
    for row, number in enumerate(numbers):
        chosen = rng.integers(0, len(strands), number)
        for place, strand in zip(_places([len(strands[s]) for s in chosen], length, rng), chosen, strict=True):
            codes[row, place : place + len(strands[strand])] = _drawn(strands[strand], rng)
        labels[row, chosen // 2] = 1
    return LabelledSequences(tuple(motifs), codes, labels, np.arange(count))


def _places(widths: Sequence[int], length: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """The start of each motif; every division of the free bases into gaps has the same probability."""
    free = length - sum(widths) - len(widths) - 1
    bars = np.sort(rng.choice(free + len(widths), len(widths), replace=False))
    gaps = np.diff(bars, prepend=-1)  # at least one base in front of each motif
    return np.cumsum(gaps + np.array([0, *widths[:-1]]))


def _drawn(cumulative: NDArray[np.float64], rng: np.random.Generator) -> Codes:
    """Base codes drawn from the cumulative shares (width, 4) of each position."""
    drawn = rng.random(len(cumulative)) * cumulative[:, -1]
    codes: Codes = (drawn[:, None] >= cumulative[:, :-1]).sum(axis=1).astype(np.uint8)
    return codes
