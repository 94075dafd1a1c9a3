"""Negatives for bound sequences: unbound sequences with the same GC content, and dinucleotide shuffles.

Networks that are trained on either of them cannot separate the classes by GC content.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.core.sequence_set import SequenceSet
from varbind.kernels.cpu.numba_cache import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["dinucleotide_shuffles", "match_bins", "match_gc", "repeat_for_negatives"]

GC_BINS = 40
"""Number of bins of GC content; for 200 bases a bin is five bases wide."""

_LETTERS = 5  # N counts as a fifth letter


def repeat_for_negatives(bound: NDArray[np.intp], min_count: int) -> NDArray[np.intp]:
    """Repeat the rows of bound sequences, once for each negative: at least once each, `min_count` or more in all."""
    return np.repeat(bound, max(1, -(-min_count // len(bound))))


def match_gc(bound: SequenceSet, unbound: SequenceSet, rng: np.random.Generator) -> NDArray[np.intp]:
    """Choose an unbound sequence for each bound one from its bin of GC content, or from the nearest bin with any.

    No sequence is used twice while others of its bin are left.

    Args:
        bound: N bound sequences.
        unbound: U unbound sequences, at least one.
        rng: random numbers for the choice.

    Returns:
        Rows of `unbound`, (N,).
    """
    return match_bins(_bins(bound), _bins(unbound), rng)


def match_bins(bound: NDArray[np.int64], unbound: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.intp]:
    """Choose an unbound sequence for each bound one from its bin, or from the nearest bin with any.

    No sequence is used twice while others of its bin are left.

    Args:
        bound: the bins of the bound sequences, (N,).
        unbound: the bins of the unbound sequences, (U,), at least one.
        rng: random numbers for the choice.

    Returns:
        Rows of `unbound`, (N,).
    """
    drawn = {index: rng.permutation(np.flatnonzero(unbound == index)) for index in np.unique(unbound).tolist()}
    filled = np.array(list(drawn))
    used = dict.fromkeys(drawn, 0)
    found = np.empty(len(bound), dtype=np.intp)
    for row, index in enumerate(bound.tolist()):
        nearest = int(filled[np.argmin(np.abs(filled - index))])
        found[row] = drawn[nearest][used[nearest] % len(drawn[nearest])]
        used[nearest] += 1
    return found


def _bins(sequences: SequenceSet) -> NDArray[np.int64]:
    bins: NDArray[np.int64] = np.rint(sequences.gc_shares * GC_BINS).astype(np.int64)
    return bins


def dinucleotide_shuffles(sequences: SequenceSet, rng: np.random.Generator) -> SequenceSet:
    """Return a random sequence with exactly the dinucleotide counts and the two end bases of each sequence.

    Altschul and Erickson (1985), "Significance of nucleotide sequence alignments": an Eulerian path through the
    multigraph of dinucleotides. The last edge out of each base must lead towards the end base, so last edges are drawn
    until they do; all other edges are shuffled freely.

    Args:
        sequences: N sequences.
        rng: random numbers for the shuffles.

    Returns:
        The shuffles, of the same lengths.
    """
    shuffled = np.array(sequences.codes, dtype=np.uint8, order="C")
    _shuffle(shuffled, sequences.lengths, rng)
    return SequenceSet(shuffled, sequences.lengths)


@compiled
def _shuffle(codes: Any, lengths: Any, rng: Any) -> None:
    """An Eulerian path through the multigraph of dinucleotides, for the sequence of every row in place."""
    edges = np.empty((_LETTERS, codes.shape[1]), dtype=np.uint8)
    for row in range(len(codes)):
        length = lengths[row]
        if length <= 2:  # both ends stay
            continue
        sequence = codes[row]
        count = np.zeros(_LETTERS, dtype=np.int64)
        for place in range(length - 1):
            base = sequence[place]
            edges[base, count[base]] = sequence[place + 1]
            count[base] += 1
        end = sequence[length - 1]
        _draw_last_edges(edges, count, end, rng)
        for base in range(_LETTERS):
            # The last edge out of each base but the end's leads towards the end; the others are free.
            free = count[base] if base == end else count[base] - 1
            for place in range(free - 1, 0, -1):
                other = rng.integers(0, place + 1)
                edges[base, place], edges[base, other] = edges[base, other], edges[base, place]
        used = np.zeros(_LETTERS, dtype=np.int64)
        base = sequence[0]
        for place in range(1, length):
            following = edges[base, used[base]]
            used[base] += 1
            sequence[place] = following
            base = following


@compiled
def _draw_last_edges(edges: Any, count: Any, end: int, rng: Any) -> None:
    """Put an edge to the end of each base's list, drawn until all of them lead to `end`."""
    while True:
        for base in range(_LETTERS):
            if count[base] and base != end:
                chosen, last = rng.integers(0, count[base]), count[base] - 1
                edges[base, chosen], edges[base, last] = edges[base, last], edges[base, chosen]
        if _all_reach(edges, count, end):
            return


@compiled
def _all_reach(edges: Any, count: Any, end: int) -> bool:
    for start in range(_LETTERS):
        base = start
        for _ in range(_LETTERS):
            if count[base] and base != end:
                base = edges[base, count[base] - 1]
        if count[start] and base != end:
            return False
    return True
