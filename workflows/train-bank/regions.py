"""Open chromatin and who binds it: 200-base hg38 regions with labels of many proteins from two sources.

The folder `chipseq-hg38` contains sequences.200bp.chrN.fa.gz and labels.npz, and `chipseq-encode2` contains labels.npz
and more_labels.npz of the same regions. Labels (proteins x regions) are 1 bound, 0 open and not bound, -1 unresolved.
Chromosomes in `HELD_OUT` train and choose nothing; on `CHOICE` candidates are compared.
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
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

HELD_OUT = ("16", "20")
CHOICE = ("14",)
MOST_TRAINING = 8_000
MOST_HELD_OUT = 2_000

REMAP, ENCODE, BOTH = SOURCES = ("remap", "encode", "both")
"""Peaks with a site of a matrix (ReMap and UniBind), ENCODE peaks, and regions on which the two do not disagree."""

ANTIBODIES = {"NFKB1": "RELA", "GABPB1": "GABPA"}
"""Names in the ENCODE labels that differ from the protein that the antibody binds."""

REPEATED = {"HA-E2F1", "SIN3AK20", "SUMO2-C", "SUMO2-HS"}
"""Names of tagged or modified proteins, and of second antibodies to a protein that is there."""


@dataclass(frozen=True, slots=True)
class Regions:
    """All regions.

    Attributes:
        codes: base codes, (N, 200).
        chromosomes: the chromosome of each region.
        labels: by source and protein, int8 (N,).
    """

    codes: Codes
    chromosomes: NDArray[np.str_]
    labels: Mapping[str, Mapping[str, NDArray[np.int8]]]

    @classmethod
    def read(cls, folder: Path, encode_folder: Path) -> Regions:
        """Read both folders."""
        table = np.load(folder / "labels.npz", allow_pickle=False)
        chromosomes = table["chrom"]
        lines: list[str] = []
        for name in dict.fromkeys(chromosomes.tolist()):
            with gzip.open(folder / f"sequences.200bp.chr{name}.fa.gz", "rt", encoding="ascii") as fasta:
                lines += [line.strip() for line in fasta if not line.startswith(">")]
        codes = encode("".join(lines)).reshape(len(lines), -1)
        remap = dict(zip(table["tfs"].tolist(), table["labels"], strict=True))
        found = _encode_labels(encode_folder, table["region_id"])
        both = {name: _both(remap[name], found[name]) for name in remap.keys() & found.keys()}
        return cls(codes, chromosomes, {REMAP: remap, ENCODE: found, BOTH: dict(sorted(both.items()))})

    def count(self, source: str, protein: str, chromosomes: Sequence[str], *, outside: bool = False) -> int:
        """The number of bound regions on some chromosomes, or outside them; 0 without labels."""
        labels = self.labels[source].get(protein)
        if labels is None:
            return 0
        return int(np.count_nonzero((labels == 1) & (np.isin(self.chromosomes, chromosomes) != outside)))

    def training(self, source: str, protein: str, without: Sequence[str] = HELD_OUT) -> NDArray[np.intp]:
        """Rows of bound regions outside some chromosomes, and for each an open, unbound one of its share of G and C.

        Where few regions are bound, each has several unbound ones.
        """
        rng = np.random.default_rng([zlib.crc32(protein.encode()), 0])
        inside = ~np.isin(self.chromosomes, without)
        bound, unbound = self._drawn(self.labels[source][protein], inside, MOST_TRAINING, rng)
        alike = self.codes[repeat_for_negatives(bound, MIN_NEGATIVES)]
        return np.concatenate([bound, unbound[match_gc(alike, self.codes[unbound], rng)]])

    def tests(self, source: str, protein: str, on: Sequence[str] = HELD_OUT) -> dict[str, NDArray[np.intp]]:
        """Rows of regions on some chromosomes, by what bound ones are compared with; shuffles are made later."""
        rng = np.random.default_rng([zlib.crc32(protein.encode()), 1])
        inside = np.isin(self.chromosomes, on)
        bound, unbound = self._drawn(self.labels[source][protein], inside, MOST_HELD_OUT, rng)
        matched = unbound[match_gc(self.codes[bound], self.codes[unbound], rng)]
        return {
            "shuffled": bound,
            "unbound": np.concatenate([bound, np.sort(rng.permutation(unbound)[:MOST_HELD_OUT])]),
            "gc-matched": np.concatenate([bound, matched]),
        }

    def write(self, path: Path, source: str, protein: str, rows: NDArray[np.intp]) -> None:
        """Write a table of sequences, labels and chromosomes."""
        labels = self.labels[source][protein][rows]
        lines = ["sequence\tlabel\tchromosome"]
        for row, label in zip(rows.tolist(), labels.tolist(), strict=True):
            lines.append(f"{decode(self.codes[row])}\t{label}\t{self.chromosomes[row]}")
        # No time in it: the same table is the same bytes, whose digest is in the card.
        path.write_bytes(gzip.compress("\n".join([*lines, ""]).encode(), compresslevel=1, mtime=0))

    @staticmethod
    def _drawn(
        labels: NDArray[np.int8], inside: NDArray[np.bool_], most: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """At most so many bound regions, and all unbound ones."""
        bound, unbound = (np.flatnonzero((labels == label) & inside) for label in (1, 0))
        return np.sort(rng.permutation(bound)[:most]), unbound


def _encode_labels(folder: Path, region_ids: NDArray[np.integer]) -> dict[str, NDArray[np.int8]]:
    """Labels by protein; of a protein in both tables those from more cell types."""
    found: dict[str, NDArray[np.int8]] = {}
    for name in ("labels.npz", "more_labels.npz"):
        table = np.load(folder / name, allow_pickle=False)
        if not np.array_equal(table["region_id"], region_ids):
            raise SystemExit(f"{folder / name} has other regions than the sequences")
        for protein, labels in zip(table["tfs"].tolist(), table["labels"], strict=True):
            if protein not in REPEATED:
                found.setdefault(ANTIBODIES.get(protein, protein), labels)
    return dict(sorted(found.items()))


def _both(first: NDArray[np.int8], second: NDArray[np.int8]) -> NDArray[np.int8]:
    """Bound where one source says so, unbound where both do, else unresolved."""
    bound, unbound = (first == 1) | (second == 1), (first == 0) & (second == 0)
    return np.where(bound, np.int8(1), np.where(unbound, np.int8(0), np.int8(-1)))
