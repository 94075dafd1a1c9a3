"""Evaluation of model banks on test sets, written as a folder of tables and a figure.

Proteins are evaluated in parallel threads, and all results are written at the end. Every method is fitted on the
training sets of a protein before a test set is scored. The results of a test set depend only on that set, on the
training sets of its protein and on the seed.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

from varbind._version import __version__
from varbind.datasets.binding_dataset import DataKind, refuse_equal_ids
from varbind.errors import InputError, UsageError
from varbind.evaluate.evaluation_data import DataReader, EvaluationPlan
from varbind.evaluate.figure import write_figure
from varbind.evaluate.methods import (
    Absence,
    BankMethod,
    GcContentMethod,
    GkmSvmMethod,
    Method,
    protein_key,
)
from varbind.evaluate.report import Report, Result, compare, write_report
from varbind.gate import optional_import
from varbind.io.output.atomic_files import whole_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from varbind.bank.bank import Bank
    from varbind.core.progress import Progress
    from varbind.datasets.binding_dataset import BindingDataset
    from varbind.evaluate.evaluation_data import EvaluationData
    from varbind.evaluate.methods import Predictor

__all__ = ["EvaluationPlan", "ProteinResults", "evaluate_binding"]

logger = logging.getLogger(__name__)


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
        if data.origin in predictor.learned_from:
            self.known.append((method, dataset.id))


def evaluate_binding(
    tests: Sequence[BindingDataset],
    bank: tuple[str, Bank],
    destination: str | Path,
    plan: EvaluationPlan,
    *,
    against: Mapping[str, Bank] | None = None,
    training: Sequence[BindingDataset] | None = None,
    progress: Progress | None = None,
) -> str:
    """Evaluate a bank beside other methods.

    Args:
        tests: data sets that no method has been trained on.
        bank: name and models of the bank.
        destination: folder of the results, which must not exist.
        plan: how to evaluate.
        against: further banks by name.
        training: data sets on which the best of several models of a protein is chosen, and the gkm-SVM is trained.
        progress: called with the number of test sets that are done and the number of all.

    Returns:
        The summary, in Markdown.

    Raises:
        InputError: data is malformed, or the bank has no model for any set.
        OutputError: the destination exists or cannot be written.
        UsageError: a model must be chosen and there is no training set, two methods have one name, or a package is
            missing.
    """
    refuse_equal_ids(tests)
    # Missing packages are reported now and not after an hour.
    optional_import("sklearn.metrics", needed_for="evaluation")
    optional_import("scipy.stats", needed_for="evaluation")
    named = [bank, *(against or {}).items()]
    banks = [BankMethod(name, own, double_stranded=plan.double_stranded) for name, own in named]
    if training is None:
        _refuse_choices(banks, tests)
    methods = [*banks, *_baselines(plan, has_training=training is not None)]
    _check_names([method.name for method in methods])
    with whole_folder(Path(destination)) as folder:
        found = _evaluate_all(tests, methods, plan, training or (), progress)
        report = _report(tests, methods, found, plan, is_chosen=training is not None)
        for remark in report.remarks:
            logger.warning("%s", remark)
        if not report.results:
            what = f"{bank[0]} can score none of the {len(tests)} sets"
            raise InputError(what, remedy="`varbind models list` names the proteins of a bank")
        write_figure(folder / "figure.svg", compare(report.results, report.bank), report.bank)
        return write_report(folder, report)


def _baselines(plan: EvaluationPlan, *, has_training: bool) -> list[Method]:
    """The methods without a bank."""
    if plan.gkm_svm is None:
        return [GcContentMethod()]
    optional_import("sklearn.svm", needed_for="--gkm-svm")
    if not plan.double_stranded:
        raise UsageError("the gkm-SVM reads both strands", remedy="leave --gkm-svm or --single-stranded out")
    if not has_training:
        raise UsageError("the gkm-SVM has no training data", remedy="give --training SETS")
    return [GkmSvmMethod(plan.gkm_svm), GcContentMethod()]


def _check_names(names: Sequence[str]) -> None:
    """Refuse names that two methods share, or that cannot be printed in a table."""
    for name, count in Counter(names).items():
        if count > 1:
            raise UsageError(f"two methods are named {name}", remedy="give another name, --against NAME=BANK")
        if not name.isprintable():
            raise UsageError(f"the name {name!r} has a character that cannot be printed", remedy="use another name")


def _refuse_choices(banks: Sequence[BankMethod], tests: Sequence[BindingDataset]) -> None:
    """Refuse to choose models on the test sets themselves, which would favour the bank with more models."""
    scored = [dataset for dataset in tests if banks[0].count(dataset.protein)]
    for bank in banks:
        for dataset in scored:
            count = bank.count(dataset.protein)
            if count > 1:
                what = (
                    f"{bank.name} has {count} models of {dataset.protein}, "
                    "and the best must not be chosen on a test set"
                )
                raise UsageError(what, remedy="give --training SETS, a table of sets to choose on")


def _evaluate_all(
    tests: Sequence[BindingDataset],
    methods: Sequence[Method],
    plan: EvaluationPlan,
    training: Sequence[BindingDataset],
    progress: Progress | None,
) -> list[ProteinResults]:
    """Evaluate all proteins in parallel."""
    by_protein: dict[str, list[BindingDataset]] = defaultdict(list)
    for dataset in tests:
        by_protein[protein_key(dataset.protein)].append(dataset)
    found, done = [], 0
    # One thread for each matrix product: the way a library splits its sums would change their last digits.
    with ExitStack() as opened, threadpool_limits(limits=1), ThreadPoolExecutor(plan.threads) as threads:
        reader = DataReader(plan, opened)

        def results_of(protein: str) -> ProteinResults:
            datasets = [
                dataset
                for dataset in training
                if protein_key(dataset.protein) == protein and dataset.kind is not DataKind.MATRIX
            ]
            read_training = cache(lambda: [reader.training(dataset) for dataset in datasets])
            return _evaluate_protein(by_protein[protein], methods, plan, reader, read_training)

        for protein, results in zip(by_protein, threads.map(results_of, by_protein), strict=True):
            found.append(results)
            done += len(by_protein[protein])
            if progress is not None:
                progress(done, len(tests), "test sets")
    return found


def _evaluate_protein(
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
        sequences=len(data.sequences),
        bound=int(data.bound.sum()),
        in_set=data.in_set,
        metrics=data.metrics_of(predictor.score(data.sequences)),
    )


def _report(
    tests: Sequence[BindingDataset],
    methods: Sequence[Method],
    found: Sequence[ProteinResults],
    plan: EvaluationPlan,
    *,
    is_chosen: bool,
) -> Report:
    """All results in the order of the sets, with notes and remarks."""
    place = {dataset.id: number for number, dataset in enumerate(tests)}
    results = sorted((result for one in found for result in one.results), key=lambda result: place[result.set_id])
    bank = methods[0].name
    of_bank = [result for result in results if result.method == bank]
    proteins = len({protein_key(result.protein) for result in of_bank})
    scored, in_sets = sum(result.sequences for result in of_bank), sum(result.in_set for result in of_bank)
    notes = [
        f"varbind {__version__}, seed {plan.seed}: {len(of_bank)} sets of {proteins} proteins.",
        f"{scored:,} of {in_sets:,} sequences are scored: at most {plan.max_per_class:,} of each class of a set.",
    ]
    if is_chosen:
        notes.append("Of several models of a protein, the one that is best on its training sets is used.")
    if plan.gkm_svm is not None:
        notes.append(f"The gkm-SVM is trained on {plan.gkm_svm:,} sequences of each class of the training sets.")
    notes.append("p: one-sided Wilcoxon signed-rank test over sets that the bank is better; for six sets or more.")
    return Report(bank, results, notes, _remarks(place, [method.name for method in methods], found))


def _remarks(place: Mapping[str, int], names: Sequence[str], found: Sequence[ProteinResults]) -> list[str]:
    """Which sets have no result, and on which of them the result of a method is not independent."""
    absent: dict[tuple[str, Absence], list[str]] = defaultdict(list)
    known: dict[str, list[str]] = defaultdict(list)
    for one in found:
        for name, set_id, why in one.absent:
            absent[name, why].append(set_id)
        for name, set_id in one.known:
            known[name].append(set_id)

    def counted(ids: Sequence[str]) -> str:
        return f"{len(ids)} of {len(place)} sets"

    def named(ids: Sequence[str]) -> str:
        return ", ".join(sorted(ids, key=place.__getitem__))

    remarks = []
    for (name, why), ids in sorted(absent.items(), key=lambda item: names.index(item[0][0])):
        what = "left out" if name == names[0] else f"without {name}"
        remarks.append(f"{counted(ids)} are {what}, {name} has {why}: {named(ids)}")
    for name, ids in sorted(known.items(), key=lambda item: names.index(item[0])):
        remarks.append(f"{name} was trained or chosen on the file of {counted(ids)}: {named(ids)}")
    return remarks
