"""Evaluation of all methods on the test sets of one protein.

Every method is fitted on the training sets of the protein before a test set is scored. The results of a test set depend
only on that set, on the training sets of its protein and on the seed.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from varbind.datasets.dataset_loading import MIN_NEGATIVES
from varbind.evaluate.evaluation_data import EvaluationData, read_evaluation_data
from varbind.evaluate.methods import Absence
from varbind.evaluate.report import Result
from varbind.io.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import ExitStack

    from varbind.datasets.binding_dataset import BindingDataset
    from varbind.evaluate.methods import Method, Predictor

__all__ = ["DataReader", "EvaluationPlan", "ProteinResults", "evaluate_protein"]


@dataclass(frozen=True, slots=True)
class EvaluationPlan:
    """How all data sets are evaluated.

    Attributes:
        seed: seed of all random numbers.
        max_per_class: largest number of sequences of each class of a labelled test set that are scored; all sequences
            of a measured set are scored.
        gkm_svm: number of training sequences of each class for the gkm-SVM; None = no gkm-SVM.
        threads: number of threads; the results do not depend on it.
    """

    seed: int = 1
    max_per_class: int = 2_000
    gkm_svm: int | None = None
    threads: int = 1


@dataclass(frozen=True, slots=True)
class ProteinResults:
    """Results on the test sets of one protein.

    Attributes:
        results: results of every method on the sets for which the bank has a model.
        absent: method, id of the set, and the reason why there is no result.
        known: method and id of the sets whose file the method was trained or chosen on.
    """

    results: list[Result] = field(default_factory=list)
    absent: list[tuple[str, str, Absence]] = field(default_factory=list)
    known: list[tuple[str, str]] = field(default_factory=list)

    def add(self, dataset: BindingDataset, data: EvaluationData, method: str, predictor: Predictor | Absence) -> None:
        """Score a test set by a method and add the result, or the reason why there is none."""
        if isinstance(predictor, Absence):
            self.absent.append((method, dataset.id, predictor))
            return
        self.results.append(_result(dataset, data, method, predictor))
        if data.sha256 in predictor.learned_from:
            self.known.append((method, dataset.id))


class DataReader:
    """Reads data sets, one at a time, and keeps their references open.

    Args:
        plan: the plan, for its seed.
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
            return read_evaluation_data(dataset, self._references, seed=seed, min_negatives=min_negatives)


def evaluate_protein(
    tests: Sequence[BindingDataset],
    methods: Sequence[Method],
    plan: EvaluationPlan,
    reader: DataReader,
    training: Callable[[], Sequence[EvaluationData]],
) -> ProteinResults:
    """Evaluate all methods on the test sets of one protein.

    Args:
        tests: the test sets.
        methods: the methods, the bank first; without a model in the bank the protein is left out.
        plan: how to evaluate.
        reader: reads the test sets.
        training: reads the training sets of the protein.

    Raises:
        InputError: data is malformed.
        ResourceError: the reference of peaks cannot be read.
        UsageError: peaks have no reference.
    """
    found = ProteinResults()
    protein, bank = tests[0].protein, methods[0]
    predictors = {bank.name: bank.fit(protein, training)}
    first = predictors[bank.name]
    if isinstance(first, Absence):
        found.absent.extend((bank.name, dataset.id, first) for dataset in tests)
        return found
    for dataset in tests:
        whole = reader.test(dataset)
        data = whole.at_most(plan.max_per_class) if whole.is_classification else whole
        for method in methods:
            if method.needs_labels and not data.is_classification:
                continue
            if method.name not in predictors:
                predictors[method.name] = method.fit(protein, training)
            found.add(dataset, data, method.name, predictors[method.name])
    return found


def _result(dataset: BindingDataset, data: EvaluationData, method: str, predictor: Predictor) -> Result:
    return Result(
        set_id=dataset.id,
        protein=dataset.protein,
        task=dataset.task or str(data.kind),
        experiment=dataset.experiment,
        method=method,
        model_id=predictor.model_id,
        sequences=len(data.codes),
        bound=int(data.bound.sum()),
        in_set=data.in_set,
        metrics=data.metrics_of(predictor.score(data.codes)),
    )
