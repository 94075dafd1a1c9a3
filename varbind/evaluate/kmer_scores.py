"""Scores of k-mers from the scores of probes, by which assays with universal arrays are compared (PBM, RNAcompete).

DeepBind (Alipanahi et al. 2015) correlates predicted with measured E-scores, which are rank-based, and Z-scores, which
are intensity-based, over all 7-mers; its main text does not define them. The definitions here are our reading:

- E is the area under the ROC curve, less 1/2, by which the values of probes with the k-mer exceed those of probes
  without it: -0.5 to 0.5. The statistic is that of Berger et al. (2006), "Compact, universal DNA microarrays to
  comprehensively determine transcription-factor binding site specificities", but over all probes, while theirs
  compares only the upper halves of both groups.
- Z is the median value of the probes with the k-mer, less the median of these over all k-mers, in robust standard
  deviations, which are 1.4826 times the median absolute deviation of these medians. RNAcompete (Ray et al. 2013, "A
  compendium of RNA-binding motifs for decoding gene regulation") uses a trimmed mean in place of the median.

Where both strands are bound, a k-mer and its reverse complement are one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from varbind.gate import optional_import

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from varbind.core.sequence import Codes
    from varbind.core.sequence_set import SequenceSet

__all__ = ["KMER", "KMERS_MIN", "PROBES_MIN", "ProbedKmers"]

KMER = 7
"""Number of bases of a k-mer (Ray et al. 2013; Alipanahi et al. 2015)."""

PROBES_MIN = 10
"""Least number of probes with and without a k-mer that has scores. An array has at least 155 (Alipanahi et al. 2015);
this bound, our choice, admits a part of one."""

KMERS_MIN = 100
"""Least number of k-mers with scores over which correlations are computed; our choice."""


@dataclass(frozen=True, slots=True, eq=False)
class ProbedKmers:
    """Which of N probes hold which of K k-mers, those with `PROBES_MIN` probes or more.

    Attributes:
        kmers: The k-mer of each pair of a k-mer and a probe that holds it, 0 to K - 1, ascending, int64 (pairs,).
        probes: The probe of each pair, int64 (pairs,).
        counts: The number of probes of each k-mer, int64 (K,).
        probe_count: The number N of probes.
    """

    kmers: NDArray[np.int64]
    probes: NDArray[np.int64]
    counts: NDArray[np.int64]
    probe_count: int

    @classmethod
    def of(cls, sequences: SequenceSet, *, double_stranded: bool) -> ProbedKmers:
        """Find the k-mers without N of the sequences of N probes."""
        rows, numbers = _numbered(sequences.codes, double_stranded=double_stranded)
        pairs = np.unique(numbers * len(sequences) + rows)  # A probe counts once however often it holds a k-mer.
        numbers, rows = pairs // len(sequences), pairs % len(sequences)
        kmers = np.cumsum(np.append(True, numbers[1:] != numbers[:-1])[: len(numbers)]) - 1
        counts = np.bincount(kmers)
        scored = (counts >= PROBES_MIN) & (len(sequences) - counts >= PROBES_MIN)
        kept = scored[kmers]
        renumbered = np.cumsum(scored) - 1
        return cls(renumbered[kmers[kept]], rows[kept], counts[scored], len(sequences))

    def __len__(self) -> int:
        """Return the number K of k-mers."""
        return len(self.counts)

    def e_scores(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the E of each k-mer, float64 (K,), from the values of the probes, (N,)."""
        ranks = optional_import("scipy.stats", needed_for="evaluation").rankdata(values)
        sums = np.bincount(self.kmers, weights=ranks[self.probes], minlength=len(self))
        # The rank sum of Mann and Whitney, as a share of the pairs of a probe with the k-mer and one without.
        won = sums - self.counts * (self.counts + 1) / 2
        scores: NDArray[np.float64] = won / (self.counts * (self.probe_count - self.counts)) - 0.5
        return scores

    def z_scores(self, values: NDArray[np.floating]) -> NDArray[np.float64] | None:
        """Return the Z of each k-mer, float64 (K,), from the values of the probes, (N,).

        It is None where there is no k-mer, or where half of the k-mers or more have one median.
        """
        if not len(self):
            return None
        order = np.argsort(values, kind="stable")
        places = np.empty(len(order), dtype=np.int64)
        places[order] = np.arange(len(order))
        # The pairs in the order of their k-mers, and of the values for each of them.
        by_kmer = np.sort(self.kmers * self.probe_count + places[self.probes])
        ascending = values[order][by_kmer % self.probe_count]
        first = np.cumsum(self.counts) - self.counts
        medians = (ascending[first + (self.counts - 1) // 2] + ascending[first + self.counts // 2]) / 2
        stats = optional_import("scipy.stats", needed_for="evaluation")
        spread = float(stats.median_abs_deviation(medians, scale="normal"))
        scores: NDArray[np.float64] = (medians - np.median(medians)).astype(np.float64)
        return scores / spread if spread else None


def _numbered(codes: Codes, *, double_stranded: bool) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The row and the number of every k-mer without N of base codes (N, L)."""
    positions = max(codes.shape[1] - KMER + 1, 0)
    forward, backward = np.zeros((2, len(codes), positions), dtype=np.int64)
    is_known = np.ones((len(codes), positions), dtype=np.bool_)
    for place in range(KMER if positions else 0):
        bases = codes[:, place : place + positions]
        is_known &= bases < 4
        forward = 4 * forward + bases
        backward += (3 - bases.astype(np.int64)) * 4**place
    rows = np.nonzero(is_known)[0]
    numbers = np.minimum(forward, backward) if double_stranded else forward
    return rows, numbers[is_known]
