"""How well scores predict what was measured: targets and scores enter, a number leaves, or none where it is undefined.

Labels: areas under the ROC and the precision-recall curve. Measured values: correlations, and the area under the ROC
curve of outliers as in DREAM5 (Weirauch et al. 2013), as DeepBind (Alipanahi et al. 2015) was rated.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from varbind.gate import optional_import
from varbind.train.metrics import auc, spearman

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from varbind.evaluate.test_data import Sample

__all__ = ["Metric", "auprc", "main_metric", "metrics_of", "pearson"]


class Metric(StrEnum):
    """What is written of a set and a contender; the larger the better."""

    AUC = "auc"
    AUPRC = "auprc"
    PEARSON = "pearson"
    SPEARMAN = "spearman"
    DREAM5_AUC = "dream5_auc"

    @property
    def heading(self) -> str:
        """For people."""
        return {"pearson": "Pearson", "spearman": "Spearman", "dream5_auc": "AUC (DREAM5)"}.get(self, self.upper())


def metrics_of(sample: Sample, scores: NDArray[np.float64]) -> dict[Metric, float]:
    """Every metric that is defined.

    Args:
        sample: sequences and what was measured of them.
        scores: of each, float64 (N,).
    """
    found = {}
    if sample.is_classification:
        found = {Metric.AUC: auc(sample.bound, scores), Metric.AUPRC: auprc(sample.bound, scores)}
    else:
        found = {
            Metric.PEARSON: pearson(sample.targets, scores),
            Metric.SPEARMAN: spearman(sample.targets, scores),
            Metric.DREAM5_AUC: auc(sample.bound, scores),
        }
    return {metric: value for metric, value in found.items() if value is not None}


def main_metric(sample: Sample) -> Metric:
    """The one by which a contender's best model is chosen."""
    return Metric.AUC if sample.is_classification else Metric.PEARSON


def auprc(bound: NDArray[np.bool_], scores: NDArray[np.float64]) -> float | None:
    """Area under the precision-recall curve, as average precision: precision at each threshold, weighted by recall.

    Args:
        bound: bool (N,).
        scores: float64 (N,).

    Returns:
        0 to 1; chance is the share of bound sequences. None where there are not both classes.
    """
    if bound.all() or not bound.any():
        return None
    return float(optional_import("sklearn.metrics", needed_for="evaluation").average_precision_score(bound, scores))


def pearson(values: NDArray[np.float64], scores: NDArray[np.float64]) -> float | None:
    """Correlation of values and scores, both float64 (N,): -1 to 1; None where one of them is constant."""
    if not (np.ptp(values) and np.ptp(scores)):
        return None
    one, other = (_standardised(array) for array in (values, scores))
    return float(np.clip(one @ other, -1, 1))


def _standardised(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean 0 and length 1. Divided by the largest first, so that squares of tiny numbers do not vanish."""
    centred = values - values.mean()
    centred /= np.abs(centred).max()
    standardised: NDArray[np.float64] = centred / np.linalg.norm(centred)
    return standardised
