"""Sequences on which methods are evaluated, with their measured binding, and the metrics of the evaluation.

For labels, the metrics are the areas under the ROC curve and under the precision-recall curve. For measured values,
they are correlations, and the area under the ROC curve for outliers as in DREAM5 (Weirauch et al. 2013) and DeepBind
(Alipanahi et al. 2015). Where enough probes share 7-mers, as on universal arrays, the scores of 7-mers are correlated,
too (`varbind.evaluate.kmer_scores`). Files are read by `varbind.datasets.dataset_loading`, so that a test set is read,
and its negatives are made, exactly as for a training set.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from varbind.datasets.binding_dataset import DataKind
from varbind.datasets.dataset_loading import MIN_NEGATIVES, load_dataset, warn_of_unused_peaks
from varbind.datasets.sequence_table import read_sequence_table
from varbind.errors import InputError, UsageError
from varbind.evaluate.kmer_scores import KMERS_MIN, ProbedKmers
from varbind.io.reference import Reference
from varbind.train.metrics import auc, average_precision, pearson, spearman

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from numpy.typing import NDArray

    from varbind.core.sequence_set import SequenceSet
    from varbind.datasets.binding_dataset import BindingDataset

__all__ = ["DataReader", "EvaluationData", "EvaluationPlan", "Metric", "outliers", "read_evaluation_data"]

OUTLIER_SDS = 4
"""Number of standard deviations above the mean from which a measured value counts as bound (Weirauch et al. 2013)."""


@dataclass(frozen=True, slots=True)
class EvaluationPlan:
    """How all data sets are evaluated.

    Attributes:
        seed: seed of all random numbers.
        max_per_class: largest number of sequences of each class of a labelled test set that are scored; all sequences
            of a measured set are scored.
        gkm_svm: number of training sequences of each class for the gkm-SVM; None = no gkm-SVM.
        threads: number of threads; the results do not depend on it.
        double_stranded: whether double-stranded models are evaluated on both strands, or single-stranded ones on the
            given strand, as for RNA.
    """

    seed: int = 1
    max_per_class: int = 2_000
    gkm_svm: int | None = None
    threads: int = 1
    double_stranded: bool = True


class Metric(StrEnum):
    """A metric of a method on a data set; larger is better."""

    AUC = "auc"
    AUPRC = "auprc"
    PEARSON = "pearson"
    SPEARMAN = "spearman"
    DREAM5_AUC = "dream5_auc"
    E_PEARSON = "e_pearson"
    E_SPEARMAN = "e_spearman"
    Z_PEARSON = "z_pearson"
    Z_SPEARMAN = "z_spearman"

    @property
    def heading(self) -> str:
        """The name in Markdown tables and figures."""
        return _HEADINGS.get(self, self.upper())


_HEADINGS: dict[str, str] = {
    Metric.PEARSON: "Pearson",
    Metric.SPEARMAN: "Spearman",
    Metric.DREAM5_AUC: "AUC (DREAM5)",
    Metric.E_PEARSON: "Pearson (7-mer E)",
    Metric.E_SPEARMAN: "Spearman (7-mer E)",
    Metric.Z_PEARSON: "Pearson (7-mer Z)",
    Metric.Z_SPEARMAN: "Spearman (7-mer Z)",
}


@dataclass(frozen=True, slots=True)
class EvaluationData:
    """Sequences of a data set.

    Attributes:
        sequences: N sequences of any lengths.
        targets: labels (1 bound, 0 unbound), or values on the scale of training (the logarithm of intensities),
            float64 (N,).
        bound: which sequences are bound; for measured values, which are outliers of the whole set, bool (N,).
        is_classification: whether the targets are labels.
        in_set: number of sequences in the whole set, negatives included.
        kind: kind of the data.
        origin: SHA-256 of the file, and the part of it that is used (`DataFacts.origin`).
        seed: seed for drawing a part of it.
        double_stranded: whether both strands are bound.
    """

    sequences: SequenceSet
    targets: NDArray[np.float64]
    bound: NDArray[np.bool_]
    is_classification: bool
    in_set: int
    kind: DataKind
    origin: str
    seed: int
    double_stranded: bool = True

    def rating_of(self, scores: NDArray[np.float64]) -> float:
        """Return the metric by which the best of several models is chosen: AUC, or Pearson correlation with values.

        It is 0 if it is undefined. The scores are those of the sequences, float64 (N,).
        """
        # A correlation with constant scores is undefined; such scores predict nothing.
        rating = auc(self.bound, scores) if self.is_classification else pearson(self.targets, scores)
        return 0.0 if rating is None else rating

    def metrics_of(self, scores: NDArray[np.float64]) -> dict[Metric, float]:
        """Return every metric that is defined for the scores of the sequences, float64 (N,)."""
        if self.is_classification:
            found = {Metric.AUC: auc(self.bound, scores), Metric.AUPRC: average_precision(self.bound, scores)}
        else:
            found = {
                Metric.PEARSON: pearson(self.targets, scores),
                Metric.SPEARMAN: spearman(self.targets, scores),
                Metric.DREAM5_AUC: auc(self.bound, scores),
                **self._kmer_metrics(scores),
            }
        return {metric: value for metric, value in found.items() if value is not None}

    def _kmer_metrics(self, scores: NDArray[np.float64]) -> dict[Metric, float | None]:
        """The correlations of the scores of 7-mers by scores with those by values; none with too few 7-mers."""
        probed = ProbedKmers.of(self.sequences, double_stranded=self.double_stranded)
        if len(probed) < KMERS_MIN:
            return {}
        measured, predicted = probed.e_scores(self.targets), probed.e_scores(scores)
        found = {Metric.E_PEARSON: pearson(measured, predicted), Metric.E_SPEARMAN: spearman(measured, predicted)}
        z_measured, z_predicted = probed.z_scores(self.targets), probed.z_scores(scores)
        if z_measured is not None and z_predicted is not None:
            found[Metric.Z_PEARSON] = pearson(z_measured, z_predicted)
            found[Metric.Z_SPEARMAN] = spearman(z_measured, z_predicted)
        return found

    def at_most(self, count: int) -> EvaluationData:
        """Return at most `count` sequences of each class, or at most `2 * count` measured values.

        They are drawn by the seed and stay in order, so that every method gets the same ones.
        """
        rng = np.random.default_rng([self.seed, 4])
        if self.is_classification:
            classes = [(np.flatnonzero(self.bound), count), (np.flatnonzero(~self.bound), count)]
        else:
            classes = [(np.arange(len(self.sequences)), 2 * count)]
        drawn = [rows if len(rows) <= size else rng.permutation(rows)[:size] for rows, size in classes]
        kept = np.sort(np.concatenate(drawn))
        return replace(self, sequences=self.sequences[kept], targets=self.targets[kept], bound=self.bound[kept])


def read_evaluation_data(
    dataset: BindingDataset,
    references: Callable[[str], Reference],
    *,
    seed: int,
    min_negatives: int = 0,
    double_stranded: bool = True,
) -> EvaluationData:
    """Read a whole data set.

    Args:
        dataset: the data set.
        references: opens the reference of peaks.
        seed: seed of the negatives, and of the sequences that are drawn later.
        min_negatives: see `varbind.datasets.dataset_loading.load_dataset`.
        double_stranded: whether both strands are bound.

    Raises:
        InputError: the data is malformed, too little, or a matrix.
        ResourceError: the reference of peaks cannot be read.
        UsageError: peaks have no reference, or one strand of them is to be scored.
    """
    if dataset.kind is DataKind.MATRIX:
        raise InputError("nothing can be evaluated on a matrix", path=dataset.file, remedy="leave the row out")
    data, facts = load_dataset(dataset, references, folds=1, top=None, seed=seed, min_negatives=min_negatives)
    if facts.kind is DataKind.PEAKS and not double_stranded:
        what = "peaks do not say which strand is bound"
        raise UsageError(what, path=dataset.file, remedy="leave --single-stranded out, or give sequences")
    warn_of_unused_peaks(dataset, facts)
    # Outliers are defined on the values as measured; `load_dataset` returns them on the scale of training.
    if data.is_classification:
        bound = data.targets == 1
    else:
        bound = outliers(read_sequence_table(dataset.file, dataset.part).targets)
    return EvaluationData(
        sequences=data.sequences,
        targets=data.targets.astype(np.float64),
        bound=bound,
        is_classification=data.is_classification,
        in_set=len(data.sequences),
        kind=facts.kind,
        origin=facts.origin,
        seed=seed,
        double_stranded=double_stranded,
    )


class DataReader:
    """Reads data sets, one at a time, and keeps their references open.

    Args:
        plan: the plan, for its seed and its strands.
        opened: the stack that closes the references.
    """

    def __init__(self, plan: EvaluationPlan, opened: ExitStack) -> None:
        self._plan = plan
        self._lock = threading.Lock()
        self._references = cache(lambda path: opened.enter_context(Reference(path)))

    def test(self, dataset: BindingDataset) -> EvaluationData:
        """Read a whole test set."""
        return self._read(dataset, 0)

    def training(self, dataset: BindingDataset) -> EvaluationData:
        """Read a whole training set, with as many negatives as networks are trained on."""
        return self._read(dataset, MIN_NEGATIVES)

    def _read(self, dataset: BindingDataset, min_negatives: int) -> EvaluationData:
        with self._lock:
            seed = dataset.seed_from(self._plan.seed)
            return read_evaluation_data(
                dataset,
                self._references,
                seed=seed,
                min_negatives=min_negatives,
                double_stranded=self._plan.double_stranded,
            )


def outliers(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Mark values more than four standard deviations above the mean (Weirauch et al. 2013), bool (N,).

    Args:
        values: values as measured, before any logarithm, float64 (N,).
    """
    outlying: NDArray[np.bool_] = values > values.mean() + OUTLIER_SDS * values.std()
    return outlying
