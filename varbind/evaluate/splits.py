"""What is learnt from and what is judged then: a protocol's folds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from varbind.evaluate.simulated_vs_derived_rows import Protocol
    from varbind.train.deepfind import DeepFindSetting

    Learner = Callable[[NDArray[np.intp], NDArray[np.intp]], NDArray[np.float64]]

__all__ = ["FOLDS", "Split", "folds_of"]

FOLDS = 5
"""Folds of a protocol that has several, as in DeepFind (Alipanahi et al. 2015)."""


@dataclass(frozen=True, slots=True)
class Split:
    """Which of all N variants are learnt from, and which are judged then, fold by fold."""

    protocol: Protocol
    folds: tuple[tuple[NDArray[np.intp], NDArray[np.intp]], ...]
    groups: NDArray[np.str_]
    setting: DeepFindSetting

    @property
    def judged(self) -> NDArray[np.intp]:
        """Fold after fold, (T,)."""
        return np.concatenate([judged for _, judged in self.folds])

    @property
    def fold(self) -> NDArray[np.int64]:
        """Number of the fold of each of them, int64 (T,)."""
        return np.repeat(np.arange(len(self.folds)), [len(judged) for _, judged in self.folds])

    def scores(self, learner: Learner) -> NDArray[np.float64]:
        """Of each of them by one or more networks, (T, C)."""
        return np.concatenate([learner(*fold) for fold in self.folds])


def folds_of(fold: NDArray[np.int64]) -> tuple[tuple[NDArray[np.intp], NDArray[np.intp]], ...]:
    """What is learnt from and what is judged, by the fold of each variant (N,)."""
    return tuple((np.flatnonzero(fold != number), np.flatnonzero(fold == number)) for number in range(FOLDS))
