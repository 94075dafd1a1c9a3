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

SHARES = (0.7, 0.1)
"""The shares of training and validation sequences: 1/8 of the 80 % of section 4.1 are for validation."""


@dataclass(frozen=True)
class SplitSet:
    """The parts of a set: 70 % training, 10 % validation and 20 % test sequences, drawn at random within each class."""

    name: str
    training: LabelledSequences
    validation: LabelledSequences
    test: LabelledSequences

    @classmethod
    def of_classes(cls, name: str, bound: Codes, unbound: Codes) -> SplitSet:
        """Split as many bound as unbound sequences, (N, L) each, which are in random order."""
        bounds = [round(sum(SHARES[:end]) * len(bound)) for end in (1, 2)]
        parts = zip(np.split(bound, bounds), np.split(unbound, bounds), strict=True)
        return cls(name, *(_labelled(name, *classes) for classes in parts))

    @property
    def peaks(self) -> int:
        """The number of bound sequences in all parts."""
        return sum(int((part.labels == 1).sum()) for part in (self.training, self.validation, self.test))

    def down_sampled(self, peaks: int) -> SplitSet:
        """The set as it is split with fewer peaks, but with all test sequences, so that its AUC is as exact as can be.

        Args:
            peaks: the number of peaks, of which 70 % are used for training and 10 % for validation.
        """
        parts = zip((self.training, self.validation), SHARES, strict=True)
        fewer = [_first_of_each(part, round(share * peaks)) for part, share in parts]
        return SplitSet(self.name, *fewer, self.test)


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
    unbound = dinucleotide_shuffles(peaks, rng).codes[rng.permutation(len(peaks))]
    return SplitSet.of_classes(name, peaks.codes, unbound)


def _labelled(name: str, bound: Codes, unbound: Codes) -> LabelledSequences:
    labels = np.repeat(np.array([1, 0], dtype=np.int8), [len(bound), len(unbound)])[:, None]
    return LabelledSequences((name,), np.concatenate([bound, unbound]), labels, np.arange(len(labels)))


def _first_of_each(part: LabelledSequences, count: int) -> LabelledSequences:
    """The first sequences of both classes."""
    bound = part.labels[:, 0] == 1
    return part.take(np.concatenate([np.flatnonzero(bound)[:count], np.flatnonzero(~bound)[:count]]))
