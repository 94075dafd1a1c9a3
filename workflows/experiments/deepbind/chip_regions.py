"""Sequences that are bound by a protein in vivo, and what they are compared with.

The folders `chipseq-hg38` (sequences of 200 bases, labels of ReMap with a matrix site) and `chipseq-encode2` (ENCODE
peaks without such a condition) have labels of the same regions: 1 bound, 0 open and not bound, -1 unresolved.
The folder `chipseq-deepbind` has the peaks of DeepBind: 101 bases around the summit, the strongest first.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from region_files import read_region_codes, read_region_labels

from varbind.core.sequence_set import SequenceSet
from varbind.datasets.negatives import dinucleotide_shuffles, match_gc
from varbind.datasets.sequence_table import read_bound_sequences

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

SOURCES = {"encode": "chipseq-encode2", "remap": "chipseq-hg38"}
"""The folder of the labels by their source."""

NEGATIVES = ("shuffled", "unbound")
"""Dinucleotide shuffles of the bound regions, as in DeepBind, and open regions that are not bound, matched by GC."""


@dataclass(frozen=True)
class TestSet:
    """The test sequences of one protein, the bound ones first."""

    sequences: SequenceSet
    bound: NDArray[np.bool_]

    @classmethod
    def of(cls, bound: SequenceSet, unbound: SequenceSet) -> TestSet:
        """Put bound sequences and others together."""
        labels = np.repeat([True, False], [len(bound), len(unbound)])
        return cls(SequenceSet.concatenated([bound, unbound]), labels)


@dataclass(frozen=True)
class ChipRegions:
    """The regions of some chromosomes.

    Attributes:
        sequences: N regions.
        labels: by the protein in upper case, int8 (N,).
    """

    sequences: SequenceSet
    labels: Mapping[str, NDArray[np.int8]]

    @classmethod
    def read(cls, data: Path, source: str, chromosomes: Sequence[str]) -> ChipRegions:
        """Read the regions of some chromosomes with the labels of one source."""
        places, table = (read_region_labels(data / folder) for folder in ("chipseq-hg38", SOURCES[source]))
        if not np.array_equal(places["region_id"], table["region_id"]):
            raise SystemExit(f"{SOURCES[source]} has labels of other regions than chipseq-hg38")
        rows = [np.flatnonzero(places["chrom"] == name) for name in chromosomes]
        codes = read_region_codes(data / "chipseq-hg38", chromosomes)
        chosen = table["labels"][:, np.concatenate(rows)]
        proteins = [name.upper() for name in table["tfs"].tolist()]
        return cls(SequenceSet.of_one_length(codes), dict(zip(proteins, chosen, strict=True)))

    def bound_count(self, protein: str) -> int:
        """The number of regions that a protein binds; 0 without labels."""
        return int(np.count_nonzero(self.labels[protein] == 1)) if protein in self.labels else 0

    def tests(self, protein: str, most: int, seed: int) -> dict[str, TestSet]:
        """Bound regions, at most so many, beside as many negatives of each kind."""
        rng = np.random.default_rng([seed, zlib.crc32(protein.encode())])
        bound, unbound = (np.flatnonzero(self.labels[protein] == label) for label in (1, 0))
        positives = self.sequences[np.sort(rng.permutation(bound)[:most])]
        others = self.sequences[unbound]
        shuffled = dinucleotide_shuffles(positives, rng)
        matched = others[match_gc(positives, others, rng)]
        return {"shuffled": TestSet.of(positives, shuffled), "unbound": TestSet.of(positives, matched)}


@dataclass(frozen=True)
class PeakSets:
    """The peaks of DeepBind that trained its ChIP-seq models; of several sets of a protein, the first by name.

    Attributes:
        peaks: the peaks by the protein in upper case, the strongest first.
    """

    peaks: Mapping[str, SequenceSet]

    @classmethod
    def read(cls, data: Path) -> PeakSets:
        """Read all sets."""
        files = sorted((data / "chipseq-deepbind").glob("*_AC.seq.gz"), reverse=True)
        return cls({path.name.split("_")[0].upper(): read_bound_sequences(str(path)) for path in files})

    def bound_count(self, protein: str) -> int:
        """The number of peaks of a protein; 0 without a set."""
        return len(self.peaks.get(protein, ()))

    def tests(self, protein: str, most: int, seed: int) -> dict[str, TestSet]:
        """The strongest peaks, at most so many, beside their shuffles."""
        rng = np.random.default_rng([seed, zlib.crc32(protein.encode())])
        strongest = self.peaks[protein][:most]
        return {"shuffled": TestSet.of(strongest, dinucleotide_shuffles(strongest, rng))}
