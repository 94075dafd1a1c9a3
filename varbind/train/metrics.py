"""Measures of how well scores agree with labels or with measured values, for training and for evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from varbind.gate import optional_import

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["auc", "spearman"]


def auc(labels: NDArray[np.bool_], scores: NDArray[np.floating]) -> float | None:
    """Area under the ROC curve: the share of pairs in which the positive scores higher; a tie counts one half.

    Args:
        labels: Whether each row is positive, bool (N,).
        scores: The scores, none NaN, (N,).

    Returns:
        0 to 1; None if there is only one class.
    """
    if labels.all() or not labels.any():
        return None
    return float(optional_import("sklearn.metrics", needed_for="training").roc_auc_score(labels, scores))


def spearman(values: NDArray[np.floating], scores: NDArray[np.floating]) -> float | None:
    """Rank correlation of Spearman, with ties at their mean rank.

    Args:
        values: The measured values, (N,).
        scores: The scores, (N,).

    Returns:
        -1 to 1; None if the values or the scores are constant.
    """
    rankdata = optional_import("scipy.stats", needed_for="training").rankdata
    first, second = rankdata(values), rankdata(scores)
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    return float(np.corrcoef(first, second)[0, 1])
