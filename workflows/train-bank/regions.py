"""Open chromatin and who binds it: 200-base hg38 regions with labels of many proteins.

The folder holds sequences.200bp.chrN.fa.gz and labels.npz: labels (proteins x regions) are 1 bound, 0 open and not
bound, -1 unresolved. Chromosomes in `HELD_OUT` train nothing.
"""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.sequence import Codes, decode, encode
from varbind.datasets.dataset_loading import MIN_NEGATIVES
from varbind.datasets.negatives import match_gc, repeat_for_negatives

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

HELD_OUT = ("16", "20")
MOST_TRAINING = 8_000
MOST_HELD_OUT = 2_000


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

    def rows(self, protein: str, label: int, *, held_out: bool) -> NDArray[np.intp]:
        """Regions of one label, on the chromosomes that are held out or on the others."""
        labels = self.labels[self.proteins.index(protein)]
        return np.flatnonzero((labels == label) & (np.isin(self.chromosomes, HELD_OUT) == held_out))

    def training(self, protein: str) -> NDArray[np.intp]:
        """Bound regions that train, and for each an open, unbound one of its share of G and C, or several if few."""
        rng = np.random.default_rng([zlib.crc32(protein.encode()), 0])
        bound, unbound = self._drawn(protein, MOST_TRAINING, rng, held_out=False)
        alike = self.codes[repeat_for_negatives(bound, MIN_NEGATIVES)]
        return np.concatenate([bound, unbound[match_gc(alike, self.codes[unbound], rng)]])

    def tests(self, protein: str) -> dict[str, NDArray[np.intp]]:
        """Held-out regions, by what bound ones are told from; shuffles are made later."""
        rng = np.random.default_rng([zlib.crc32(protein.encode()), 1])
        bound, unbound = self._drawn(protein, MOST_HELD_OUT, rng, held_out=True)
        matched = unbound[match_gc(self.codes[bound], self.codes[unbound], rng)]
        return {
            "shuffled": bound,
            "unbound": np.concatenate([bound, np.sort(rng.permutation(unbound)[:MOST_HELD_OUT])]),
            "gc-matched": np.concatenate([bound, matched]),
        }

    def write(self, path: Path, protein: str, rows: NDArray[np.intp]) -> None:
        """A table of sequences, labels and chromosomes."""
        labels = self.labels[self.proteins.index(protein), rows]
        lines = ["sequence\tlabel\tchromosome"]
        for row, label in zip(rows.tolist(), labels.tolist(), strict=True):
            lines.append(f"{decode(self.codes[row])}\t{label}\t{self.chromosomes[row]}")
        # No time in it: the same table is the same bytes, whose digest is in the card.
        path.write_bytes(gzip.compress("\n".join([*lines, ""]).encode(), compresslevel=1, mtime=0))

    def _drawn(
        self, protein: str, most: int, rng: np.random.Generator, *, held_out: bool
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """At most so many bound regions, and all unbound ones."""
        bound, unbound = (self.rows(protein, label, held_out=held_out) for label in (1, 0))
        return np.sort(rng.permutation(bound)[:most]), unbound
