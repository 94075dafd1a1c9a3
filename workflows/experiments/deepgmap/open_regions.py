"""Open chromatin and who binds it: regions of 200 bases of hg38 with labels of many proteins, split by chromosome.

The folder `chipseq-hg38` of the data contains sequences.200bp.chrN.fa.gz and labels.npz, whose labels (proteins x
regions) are 1 bound, 0 open and not bound, -1 unresolved. The windows of Onimaru et al. (2018) have 1,000 bases and
cover whole genomes; these regions stand in for them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from region_files import read_region_codes, read_region_labels

from varbind.datasets.labelled_sequences import LabelledSequences

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TRAINING = ("13", "18", "19", "21", "X")
VALIDATION = ("14",)
TEST = ("16", "20")

TWELVE = ("ARID3A", "CEBPB", "FOSL1", "GABPA", "MAFK", "MAX", "MEF2A", "NFYB", "SP1", "SRF", "STAT1", "YY1")
"""The proteins whose binding the networks are compared on, those of the synthetic sequences of Koo and Eddy (2019)."""


@dataclass(frozen=True)
class RegionSplit:
    """Regions that train, choose the state of a network, and measure it."""

    training: LabelledSequences
    validation: LabelledSequences
    test: LabelledSequences

    def drawn(self, sequences: int | None, validation: int | None, seed: int) -> RegionSplit:
        """The split with fewer training and validation regions."""
        rng = np.random.default_rng([seed, 0])
        training = draw(self.training, sequences, rng)
        return replace(self, training=training, validation=draw(self.validation, validation, rng))


def read_regions(data: Path, chromosomes: Sequence[str], proteins: Sequence[str] = ()) -> LabelledSequences:
    """Read the regions of some chromosomes, in the order of these.

    Args:
        data: the folder of the data.
        chromosomes: the names, without `chr`; the groups of the regions are their numbers in this list.
        proteins: the proteins in the order of the tasks; all where none is named.
    """
    folder = data / "chipseq-hg38"
    table = read_region_labels(folder)
    names = table["tfs"].tolist()
    tasks = tuple(proteins or names)
    labels = table["labels"][[names.index(name) for name in tasks]].T
    rows = [np.flatnonzero(table["chrom"] == name) for name in chromosomes]
    codes = read_region_codes(folder, chromosomes)
    groups = np.repeat(np.arange(len(rows)), [len(own) for own in rows])
    return LabelledSequences(tasks, codes, labels[np.concatenate(rows)], groups)


def bound_regions(regions: LabelledSequences) -> LabelledSequences:
    """The regions that at least one of the proteins binds."""
    return regions.take((regions.labels == 1).any(axis=1))


def draw(regions: LabelledSequences, count: int | None, rng: np.random.Generator) -> LabelledSequences:
    """At most so many regions, drawn at random, in their order; None = all."""
    return regions.take(np.sort(rng.permutation(len(regions.codes))[:count]))
