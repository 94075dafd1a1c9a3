"""Sequences that contenders are judged on: a set enters, its sequences and what was measured of them leave.

Files are read by `varbind.datasets.dataset_loading`, so that a test set is read, and its negatives made, as a
training set is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from varbind.datasets.dataset_loading import prepare, tell_unused
from varbind.datasets.datasets import Kind
from varbind.datasets.sequence_table import read_sequence_table
from varbind.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from varbind.core.sequence import Codes
    from varbind.datasets.datasets import TrainingSet
    from varbind.io.reference import Reference

__all__ = ["Sample", "outliers", "read_sample"]

OUTLIER_SDS = 4
"""Standard deviations above the mean from which a measured value counts as bound (Weirauch et al. 2013)."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Sequences of a set.

    Attributes:
        codes: base codes, (N, L).
        targets: 1 bound, 0 not; or values on the set's scale (the logarithm of intensities), float64 (N,).
        bound: which are bound; of measured values, which are outliers of the whole set, bool (N,).
        is_classification: whether targets are labels.
        in_set: sequences of the whole set, negatives included.
        kind: of the data.
        sha256: of the file.
        seed: of what is drawn from it.
    """

    codes: Codes
    targets: NDArray[np.float64]
    bound: NDArray[np.bool_]
    is_classification: bool
    in_set: int
    kind: Kind
    sha256: str
    seed: int

    def at_most(self, count: int) -> Sample:
        """No more than `count` sequences of each class; measured values have none, so twice as many of all.

        They are drawn by the seed and stay in their order: whoever asks for as many gets the same.
        """
        rng = np.random.default_rng([self.seed, 4])
        if self.is_classification:
            classes = [(np.flatnonzero(self.bound), count), (np.flatnonzero(~self.bound), count)]
        else:
            classes = [(np.arange(len(self.codes)), 2 * count)]
        drawn = [rows if len(rows) <= most else rng.permutation(rows)[:most] for rows, most in classes]
        kept = np.sort(np.concatenate(drawn))
        return replace(self, codes=self.codes[kept], targets=self.targets[kept], bound=self.bound[kept])


def read_sample(
    own: TrainingSet, references: Callable[[str], Reference], *, seed: int, min_negatives: int = 0
) -> Sample:
    """Read a set, whole.

    Args:
        own: the set.
        references: opens the reference of peaks.
        seed: of the negatives that are made, and of what is drawn later.
        min_negatives: see `varbind.datasets.dataset_loading.prepare`.

    Raises:
        InputError: the data is malformed, too little, or a matrix.
        ResourceError: the reference of peaks cannot be read.
        UsageError: peaks have no reference.
    """
    if own.kind is Kind.MATRIX:
        raise InputError("a matrix is no data to be judged on", path=own.file, remedy="leave the row out")
    data, facts = prepare(own, references, folds=1, top=None, seed=seed, min_negatives=min_negatives)
    tell_unused(own, facts)
    # The rule of outliers is of values as measured; `prepare` gives them on the scale of training.
    bound = data.targets == 1 if data.is_classification else outliers(read_sequence_table(own.file).targets)
    return Sample(
        codes=data.codes,
        targets=data.targets.astype(np.float64),
        bound=bound,
        is_classification=data.is_classification,
        in_set=len(data.codes),
        kind=facts.kind,
        sha256=facts.sha256,
        seed=seed,
    )


def outliers(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which values lie more than four standard deviations above the mean (Weirauch et al. 2013), bool (N,).

    Args:
        values: as measured, without a logarithm, float64 (N,).
    """
    outlying: NDArray[np.bool_] = values > values.mean() + OUTLIER_SDS * values.std()
    return outlying
