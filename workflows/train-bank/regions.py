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
from motif_collections import read_collection
from partners import best_sites, match_partners
from region_files import read_open_regions

from varbind.core.sequence import Codes, decode
from varbind.core.sequence_set import SequenceSet
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

TASKS = ("shuffled", "unbound", "gc-matched")
"""Kinds of negatives by whose AUC networks are chosen and compared; `Regions.tests` can give one more."""

REMAP, ENCODE, BOTH = SOURCES = ("remap", "encode", "both")
"""Peaks with a site of a matrix (ReMap and UniBind), ENCODE peaks, and regions on which the two do not disagree."""

ANTIBODIES = {"NFKB1": "RELA", "GABPB1": "GABPA"}
"""Names in the ENCODE labels that differ from the protein that the antibody binds."""

NEW_FACTORS = frozenset(
    (
        *("ATF2", "BCL11A", "FOXP2", "GRHL3", "IKZF1", "MAZ", "NANOG", "POU5F1", "SIX5", "SP4", "THAP1"),
        *("ZKSCAN1", "ZNF217", "ZNF263", "ZNF274"),
    )
)
"""Proteins that bind sequence specifically and that only the ENCODE labels have in sufficient number."""

REPEATED = {"HA-E2F1", "SIN3AK20", "SUMO2-C", "SUMO2-HS"}
"""Names of tagged or modified proteins, and of second antibodies to a protein that is there."""


@dataclass(frozen=True, slots=True)
class Regions:
    """All regions.

    Attributes:
        codes: base codes, (N, 200).
        chromosomes: the chromosome of each region.
        labels: by source and protein, int8 (N,).
        sites: the best site of every kind, as from `best_sites`, float16 (N, kinds).
    """

    codes: Codes
    chromosomes: NDArray[np.str_]
    labels: Mapping[str, Mapping[str, NDArray[np.int8]]]
    sites: NDArray[np.float16]

    @classmethod
    def read(cls, data: Path) -> Regions:
        """Read the folders of the regions and of the matrices in the data folder."""
        codes, table = read_open_regions(data / "chipseq-hg38")
        remap = dict(zip(table["tfs"].tolist(), table["labels"], strict=True))
        found = _encode_labels(data / "chipseq-encode2", table["region_id"])
        both = {name: _both(remap[name], found[name]) for name in sorted(remap.keys() & found.keys())}
        sites = best_sites(codes, read_collection(data / "pwm", "hocomoco"))
        return cls(codes, table["chrom"], {REMAP: remap, ENCODE: found, BOTH: both}, sites)

    def is_specific(self, protein: str) -> bool:
        """Whether a protein binds sequence specifically, and not through other proteins."""
        return protein in self.labels[REMAP] or protein in NEW_FACTORS

    def count(self, source: str, protein: str, chromosomes: Sequence[str], *, outside: bool = False) -> int:
        """The number of bound regions on some chromosomes, or outside them; 0 without labels."""
        labels = self.labels[source].get(protein)
        if labels is None:
            return 0
        return int(np.count_nonzero((labels == 1) & (np.isin(self.chromosomes, chromosomes) != outside)))

    def training(
        self, source: str, protein: str, *, partners: bool, without: Sequence[str] = HELD_OUT
    ) -> NDArray[np.intp]:
        """Rows of bound regions outside some chromosomes, and for each an open, unbound one.

        Where few regions are bound, each has several unbound ones.

        Args:
            source: the source of the labels.
            protein: the protein.
            partners: whether the unbound regions have the same sites of partners, or only the same GC content.
            without: chromosomes that are left out.
        """
        rng = np.random.default_rng([zlib.crc32(protein.encode()), 2 if partners else 0])
        inside = ~np.isin(self.chromosomes, without)
        bound, unbound = self._drawn(self.labels[source][protein], inside, MOST_TRAINING, rng)
        alike = repeat_for_negatives(bound, MIN_NEGATIVES)
        return np.concatenate([bound, self._matched(protein, alike, unbound, rng, partners=partners)])

    def _matched(
        self,
        protein: str,
        bound: NDArray[np.intp],
        unbound: NDArray[np.intp],
        rng: np.random.Generator,
        *,
        partners: bool,
    ) -> NDArray[np.intp]:
        if partners:
            return match_partners(protein, self.sites, self.codes, bound, unbound, rng)
        return unbound[match_gc(*(SequenceSet.of_one_length(self.codes[rows]) for rows in (bound, unbound)), rng)]

    def tests(
        self, source: str, protein: str, on: Sequence[str] = HELD_OUT, *, partners: bool = False
    ) -> dict[str, NDArray[np.intp]]:
        """Rows of regions on some chromosomes, by what bound ones are compared with; shuffles are made later.

        Args:
            source: the source of the labels.
            protein: the protein.
            on: the chromosomes.
            partners: whether bound regions are also compared with unbound ones that have the same sites of partners.
        """
        rng = np.random.default_rng([zlib.crc32(protein.encode()), 1])
        inside = np.isin(self.chromosomes, on)
        bound, unbound = self._drawn(self.labels[source][protein], inside, MOST_HELD_OUT, rng)
        matched = self._matched(protein, bound, unbound, rng, partners=False)
        any_of_them = np.sort(rng.permutation(unbound)[:MOST_HELD_OUT])
        found = {
            "shuffled": bound,
            "unbound": np.concatenate([bound, any_of_them]),
            "gc-matched": np.concatenate([bound, matched]),
        }
        if partners:
            alike = self._matched(protein, bound, unbound, rng, partners=True)
            found["partner-matched"] = np.concatenate([bound, alike])
        return found

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
