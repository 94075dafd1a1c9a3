"""Metrics of how well scores predict what was measured; None where a metric is undefined.

For labels: the areas under the ROC curve and under the precision-recall curve. For measured values: correlations, and
the area under the ROC curve for outliers as in DREAM5 (Weirauch et al. 2013) and DeepBind (Alipanahi et al. 2015).
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from varbind.gate import optional_import
from varbind.train.metrics import auc, spearman

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from varbind.evaluate.evaluation_data import EvaluationData

__all__ = ["Metric", "auprc", "main_metric", "metrics_of", "pearson"]


class Metric(StrEnum):
    """A metric of a method on a data set; larger is better."""

    AUC = "auc"
    AUPRC = "auprc"
    PEARSON = "pearson"
    SPEARMAN = "spearman"
    DREAM5_AUC = "dream5_auc"

    @property
    def heading(self) -> str:
        """The name in Markdown tables and figures."""
        return {"pearson": "Pearson", "spearman": "Spearman", "dream5_auc": "AUC (DREAM5)"}.get(self, self.upper())


def metrics_of(data: EvaluationData, scores: NDArray[np.float64]) -> dict[Metric, float]:
    """Return every metric that is defined.

    Args:
        data: sequences and what was measured of them.
        scores: score of each sequence, float64 (N,).
    """
    if data.is_classification:
        found = {Metric.AUC: auc(data.bound, scores), Metric.AUPRC: auprc(data.bound, scores)}
    else:
        found = {
            Metric.PEARSON: pearson(data.targets, scores),
            Metric.SPEARMAN: spearman(data.targets, scores),
            Metric.DREAM5_AUC: auc(data.bound, scores),
        }
    return {metric: value for metric, value in found.items() if value is not None}


def main_metric(data: EvaluationData) -> Metric:
    """Return the metric by which the best of several models is chosen."""
    return Metric.AUC if data.is_classification else Metric.PEARSON


def auprc(bound: NDArray[np.bool_], scores: NDArray[np.float64]) -> float | None:
    """Area under the precision-recall curve, as average precision: precision at each threshold, weighted by recall.

    Args:
        bound: which sequences are bound, bool (N,).
        scores: score of each sequence, float64 (N,).

    Returns:
        0 to 1; chance is the share of bound sequences. None unless both classes are present.
    """
    if bound.all() or not bound.any():
        return None
    return float(optional_import("sklearn.metrics", needed_for="evaluation").average_precision_score(bound, scores))


def pearson(values: NDArray[np.float64], scores: NDArray[np.float64]) -> float | None:
    """Pearson correlation of values and scores, both float64 (N,): -1 to 1; None if one of them is constant."""
    if not (np.ptp(values) and np.ptp(scores)):
        return None
    one, other = (_standardised(array) for array in (values, scores))
    return float(np.clip(one @ other, -1, 1))


def _standardised(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale to mean 0 and length 1, dividing by the maximum first so that squares of tiny numbers do not underflow."""
    centred = values - values.mean()
    centred /= np.abs(centred).max()
    standardised: NDArray[np.float64] = centred / np.linalg.norm(centred)
    return standardised
