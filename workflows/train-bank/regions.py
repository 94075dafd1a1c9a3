"""Open chromatin and who binds it: 200-base hg38 regions with labels of many proteins.

The folder holds sequences.200bp.chrN.fa.gz and labels.npz: labels (proteins x regions) are 1 bound, 0 open and not
bound, -1 unresolved. Chromosomes in `HELD_OUT` train nothing.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.sequence import Codes, encode
from varbind.train.calibration import BindingData
from varbind.train.shuffle import dinucleotide_shuffles

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

HELD_OUT = ("16", "20")
MOST_POSITIVES = 8_000
GC_BINS = 40


@dataclass(frozen=True, slots=True)
class Regions:
    """All regions.

    Attributes:
        codes: base codes, (N, 200).
        labels: int8 (proteins, N).
        proteins: names.
        chromosomes: of each region.
    """

    codes: Codes
    labels: NDArray[np.int8]
    proteins: list[str]
    chromosomes: NDArray[np.str_]

    @classmethod
    def read(cls, folder: Path) -> Regions:
        """Read the folder."""
        table = np.load(folder / "labels.npz", allow_pickle=False)
        chromosomes = table["chrom"]
        lines: list[str] = []
        for name in dict.fromkeys(chromosomes.tolist()):
            with gzip.open(folder / f"sequences.200bp.chr{name}.fa.gz", "rt", encoding="ascii") as fasta:
                lines += [line.strip() for line in fasta if not line.startswith(">")]
        codes = encode("".join(lines)).reshape(len(lines), -1)
        return cls(codes, table["labels"], table["tfs"].tolist(), chromosomes)

    @property
    def held_out(self) -> NDArray[np.bool_]:
        """Which regions train nothing."""
        return np.isin(self.chromosomes, HELD_OUT)

    def rows(self, protein: str, label: int, *, held_out: bool) -> NDArray[np.intp]:
        """Regions of one label, on the chromosomes that are held out or on the others."""
        labels = self.labels[self.proteins.index(protein)]
        return np.flatnonzero((labels == label) & (self.held_out == held_out))

    def training_data(self, protein: str, seed: int) -> BindingData:
        """Bound regions; against each its dinucleotide shuffle and an open, unbound region of the same GC share."""
        rng = np.random.default_rng(seed)
        bound = self.rows(protein, 1, held_out=False)
        if len(bound) > MOST_POSITIVES:
            bound = np.sort(rng.choice(bound, MOST_POSITIVES, replace=False))
        unbound = self.matched(bound, self.rows(protein, 0, held_out=False), rng)
        codes = np.concatenate([self.codes[bound], self.codes[unbound], dinucleotide_shuffles(self.codes[bound], rng)])
        targets = np.arange(len(codes)) < len(bound)
        _, chromosome = np.unique(self.chromosomes, return_inverse=True)
        groups = np.concatenate([chromosome[bound], chromosome[unbound], chromosome[bound]])
        return BindingData(codes, targets.astype(np.float32), groups.astype(np.int64), is_classification=True)

    def matched(self, bound: NDArray[np.intp], unbound: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.intp]:
        """For each bound region an unbound one of its bin of GC share, none twice while there are others."""
        bins = {index: rng.permutation(unbound[self._bin(unbound) == index]) for index in range(GC_BINS + 1)}
        filled = np.array([index for index, own in bins.items() if len(own)])
        used = dict.fromkeys(bins, 0)
        found = []
        for index in self._bin(bound):
            nearest = int(filled[np.argmin(np.abs(filled - index))])
            found.append(bins[nearest][used[nearest] % len(bins[nearest])])
            used[nearest] += 1
        return np.array(found, dtype=np.intp)

    def _bin(self, rows: NDArray[np.intp]) -> NDArray[np.int64]:
        share = np.isin(self.codes[rows], (1, 2)).mean(axis=1)
        return np.rint(share * GC_BINS).astype(np.int64)
