"""Sets of motif discovery (Zeng et al. 2016, section 4.1): peaks of 101 bases against their dinucleotide shuffles."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from varbind.datasets.labelled_sequences import LabelledSequences
from varbind.datasets.negatives import dinucleotide_shuffles
from varbind.datasets.sequence_table import read_bound_sequences

if TYPE_CHECKING:
    from pathlib import Path

    from varbind.core.sequence import Codes

SEED = 2016
CHOOSING = ("ARID3A_HepG2", "GABPA_GM12878", "TEAD4_H1-hESC")
"""The sets on which settings are chosen, by the start of their file names; no network is compared on them. They were
taken for their sizes, of which they span the range: 17,122, 6,066 and 19,357 peaks."""


@dataclass(frozen=True)
class SplitSet:
    """The parts of a set: 70 % training, 10 % validation and 20 % test sequences, drawn at random within each class."""

    name: str
    training: LabelledSequences
    validation: LabelledSequences
    test: LabelledSequences

    def with_training(self, peaks: int) -> SplitSet:
        """The same set with fewer training peaks and as many of their negatives."""
        bound = self.training.labels[:, 0] == 1
        kept = np.concatenate([np.flatnonzero(bound)[:peaks], np.flatnonzero(~bound)[:peaks]])
        return SplitSet(self.name, self.training.take(kept), self.validation, self.test)


def set_files(folder: Path) -> dict[str, Path]:
    """The files of training peaks by the name of the set: protein and cell."""
    files = sorted(folder.glob("*_AC.seq.gz"))
    return {"_".join(file.name.split("_")[:2]): file for file in files}


def read_set(name: str, path: Path, *, most: int | None = None) -> SplitSet:
    """Read a set, make its negatives and split it.

    Args:
        name: the name of the set, which decides the random numbers.
        path: a table of DeepBind.
        most: the largest number of peaks, which are drawn at random; None = all.
    """
    rng = np.random.default_rng([SEED, zlib.crc32(name.encode())])
    peaks = read_bound_sequences(str(path))
    peaks = peaks[rng.permutation(len(peaks))[:most]]
    bound, unbound = peaks.codes, dinucleotide_shuffles(peaks, rng).codes[rng.permutation(len(peaks))]
    bounds = [round(0.7 * len(bound)), round(0.8 * len(bound))]
    parts = zip(np.split(bound, bounds), np.split(unbound, bounds), strict=True)
    return SplitSet(name, *(_labelled(name, *classes) for classes in parts))


def _labelled(name: str, bound: Codes, unbound: Codes) -> LabelledSequences:
    labels = np.repeat(np.array([1, 0], dtype=np.int8), [len(bound), len(unbound)])[:, None]
    return LabelledSequences((name,), np.concatenate([bound, unbound]), labels, np.arange(len(labels)))
