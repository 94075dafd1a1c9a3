"""Banks judged on test sets: sets and banks enter, a folder of tables and a figure leaves.

Protein after protein, side by side in threads (`varbind.evaluate.evaluate_protein`); all is written at the end.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

from varbind._version import __version__
from varbind.datasets.datasets import Kind, refuse_equal_ids
from varbind.errors import InputError, UsageError
from varbind.evaluate.evaluate_protein import EvaluationPlan, Judged, SampleReader, judge
from varbind.evaluate.methods import (
    Absence,
    BankContender,
    Contender,
    GappedWordsContender,
    GcContender,
    protein_key,
)
from varbind.evaluate.report import Report, write_report
from varbind.gate import optional_import
from varbind.io.output.atomic_files import whole_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from varbind.bank.bank import Bank
    from varbind.datasets.datasets import TrainingSet

__all__ = ["EvaluationPlan", "evaluate_binding"]

logger = logging.getLogger(__name__)


def evaluate_binding(
    tests: Sequence[TrainingSet],
    bank: tuple[str, Bank],
    destination: str | Path,
    plan: EvaluationPlan,
    *,
    against: Mapping[str, Bank] | None = None,
    training: Sequence[TrainingSet] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> str:
    """Judge a bank and its contenders.

    Args:
        tests: sets that nobody has learned from.
        bank: its name and its models.
        destination: folder of the results, which must not exist.
        plan: how to judge.
        against: further banks by name.
        training: sets on which the best of several models of a protein is chosen, and gapped words are learned.
        progress: called with (test sets done, in all).

    Returns:
        The summary, in Markdown.

    Raises:
        InputError: data is malformed, or the bank has a model for no set.
        OutputError: the destination exists or cannot be written.
        UsageError: there is a choice and no training set, two contenders have one name, or a package is missing.
    """
    refuse_equal_ids(tests)
    # Told now, not after an hour.
    optional_import("sklearn.metrics", needed_for="evaluation")
    optional_import("scipy.stats", needed_for="evaluation")
    banks = [BankContender(*bank), *(BankContender(name, own) for name, own in (against or {}).items())]
    if training is None:
        _refuse_choices(banks, tests)
    contenders = [*banks, *_baselines(plan, may_learn=training is not None)]
    _check_names([contender.name for contender in contenders])
    with whole_folder(Path(destination)) as folder:
        judged = _judge_all(tests, contenders, plan, training or (), progress)
        report = _report(tests, contenders, judged, plan, chosen=training is not None)
        for remark in report.remarks:
            logger.warning("%s", remark)
        if not report.results:
            what = f"{bank[0]} can score none of the {len(tests)} sets"
            raise InputError(what, remedy="`varbind models list` names the proteins of a bank")
        return write_report(folder, report)


def _baselines(plan: EvaluationPlan, *, may_learn: bool) -> list[Contender]:
    """Contenders without a bank."""
    if plan.gkm_svm is None:
        return [GcContender()]
    optional_import("sklearn.svm", needed_for="--gkm-svm")
    if not may_learn:
        raise UsageError("gapped words have nothing to learn from", remedy="give --training SETS")
    return [GappedWordsContender(plan.gkm_svm), GcContender()]


def _check_names(names: Sequence[str]) -> None:
    """A name stands in tables, for one contender."""
    for name, count in Counter(names).items():
        if count > 1:
            raise UsageError(f"two contenders are named {name}", remedy="give another name, --against NAME=BANK")
        if not name.isprintable():
            raise UsageError(f"the name {name!r} cannot stand in a table", remedy="use printable letters")


def _refuse_choices(banks: Sequence[BankContender], tests: Sequence[TrainingSet]) -> None:
    """A choice made on the test sets themselves would flatter the bank with more models."""
    judged = [own for own in tests if banks[0].count(own.protein)]
    for bank in banks:
        for own in judged:
            count = bank.count(own.protein)
            if count > 1:
                what = f"{bank.name} has {count} models of {own.protein}, and the best must not be chosen on a test set"
                raise UsageError(what, remedy="give --training SETS, a table of sets to choose on")


def _judge_all(
    tests: Sequence[TrainingSet],
    contenders: Sequence[Contender],
    plan: EvaluationPlan,
    training: Sequence[TrainingSet],
    progress: Callable[[int, int], None] | None,
) -> list[Judged]:
    """Protein after protein, side by side."""
    by_protein: dict[str, list[TrainingSet]] = defaultdict(list)
    for own in tests:
        by_protein[protein_key(own.protein)].append(own)
    found, done = [], 0
    # One thread a product: how a library cuts its sums into threads would show in their last digits.
    with ExitStack() as opened, threadpool_limits(limits=1), ThreadPoolExecutor(plan.threads) as threads:
        reader = SampleReader(plan, opened)

        def judged_of(protein: str) -> Judged:
            sets = [own for own in training if protein_key(own.protein) == protein and own.kind is not Kind.MATRIX]
            samples = cache(lambda: [reader.training(own) for own in sets])
            return judge(by_protein[protein], contenders, plan, reader, samples)

        for protein, judged in zip(by_protein, threads.map(judged_of, by_protein), strict=True):
            found.append(judged)
            done += len(by_protein[protein])
            if progress is not None:
                progress(done, len(tests))
    return found


def _report(
    tests: Sequence[TrainingSet],
    contenders: Sequence[Contender],
    judged: Sequence[Judged],
    plan: EvaluationPlan,
    *,
    chosen: bool,
) -> Report:
    """All results in the order of the sets, and what is to be told of them."""
    place = {own.id: number for number, own in enumerate(tests)}
    results = sorted((result for one in judged for result in one.results), key=lambda result: place[result.set_id])
    bank = contenders[0].name
    ours = [result for result in results if result.contender == bank]
    proteins = len({protein_key(result.protein) for result in ours})
    scored, found = sum(own.sequences for own in ours), sum(own.in_set for own in ours)
    method = [
        f"varbind {__version__}, seed {plan.seed}: {len(ours)} sets of {proteins} proteins.",
        f"{scored:,} of {found:,} sequences are scored: at most {plan.max_per_class:,} of each class of labelled sets.",
    ]
    if chosen:
        method.append("Of several models of a protein, the one that is best on its training sets is taken.")
    if plan.gkm_svm is not None:
        method.append(f"Gapped words are learned from {plan.gkm_svm:,} sequences of each class of training sets.")
    method.append("p: one-sided Wilcoxon signed-rank test over sets, that the bank is above; of six sets or more.")
    return Report(bank, results, method, _remarks(place, [contender.name for contender in contenders], judged))


def _remarks(place: Mapping[str, int], names: Sequence[str], judged: Sequence[Judged]) -> list[str]:
    """Which sets have no result, and on which a contender is not to be trusted."""
    absent: dict[tuple[str, Absence], list[str]] = defaultdict(list)
    known: dict[str, list[str]] = defaultdict(list)
    for one in judged:
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
        remarks.append(f"{name} was trained or chosen on the very file of {counted(ids)}: {named(ids)}")
    return remarks
