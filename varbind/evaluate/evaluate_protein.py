"""One protein's judgement: its test sets and the contenders enter, a result of each on each leaves.

Models are chosen and machines trained on training sets before a test set is scored. What the results of a set are
depends on that set, its protein's training sets and the seed alone.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from varbind.datasets.dataset_loading import MIN_NEGATIVES
from varbind.evaluate.comparison import Result
from varbind.evaluate.methods import Absence
from varbind.evaluate.metrics import metrics_of
from varbind.evaluate.test_data import Sample, read_sample
from varbind.io.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import ExitStack

    from varbind.datasets.datasets import TrainingSet
    from varbind.evaluate.methods import Contender, Entry

__all__ = ["EvaluationPlan", "Judged", "SampleReader", "judge"]


@dataclass(frozen=True, slots=True)
class EvaluationPlan:
    """How all sets are judged.

    Attributes:
        seed: of everything random.
        max_per_class: sequences of each class of a labelled test set that are scored; measured sets are scored whole.
        gkm_svm: sequences of each class that a machine on gapped words learns from; None = no such contender.
        threads: that evaluate; they do not show in the results.
    """

    seed: int = 1
    max_per_class: int = 2_000
    gkm_svm: int | None = None
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Judged:
    """The test sets of one protein.

    Attributes:
        results: of sets that the bank has a model for.
        absent: contender, set and why it has no result.
        known: contender and set whose file it has learned from.
    """

    results: list[Result] = field(default_factory=list)
    absent: list[tuple[str, str, Absence]] = field(default_factory=list)
    known: list[tuple[str, str]] = field(default_factory=list)

    def add(self, own: TrainingSet, sample: Sample, contender: str, entry: Entry | Absence) -> None:
        """A contender on a set."""
        if isinstance(entry, Absence):
            self.absent.append((contender, own.id, entry))
            return
        self.results.append(_result(own, sample, contender, entry))
        if sample.sha256 in entry.learned_from:
            self.known.append((contender, own.id))


class SampleReader:
    """Reads sets, one at a time; references stay open.

    Args:
        plan: with the seed.
        opened: closes the references.
    """

    def __init__(self, plan: EvaluationPlan, opened: ExitStack) -> None:
        self._plan = plan
        self._lock = threading.Lock()
        self._references = cache(lambda path: opened.enter_context(Reference(path)))

    def test(self, own: TrainingSet) -> Sample:
        """A whole test set."""
        return self._read(own, 0)

    def training(self, own: TrainingSet) -> Sample:
        """A whole training set, with as many negatives as networks are trained on."""
        return self._read(own, MIN_NEGATIVES)

    def _read(self, own: TrainingSet, min_negatives: int) -> Sample:
        with self._lock:
            seed = own.seed_from(self._plan.seed)
            return read_sample(own, self._references, seed=seed, min_negatives=min_negatives)


def judge(
    tests: Sequence[TrainingSet],
    contenders: Sequence[Contender],
    plan: EvaluationPlan,
    reader: SampleReader,
    training: Callable[[], Sequence[Sample]],
) -> Judged:
    """Judge the contenders on the test sets of one protein.

    Args:
        tests: the sets.
        contenders: the bank first; sets that it has no entry for are left out.
        plan: how to judge.
        reader: reads test sets.
        training: reads the training sets of the protein.

    Raises:
        InputError: data is malformed.
        ResourceError: the reference of peaks cannot be read.
        UsageError: peaks have no reference.
    """
    judged = Judged()
    protein, bank = tests[0].protein, contenders[0]
    entries = {bank.name: bank.entry(protein, training)}
    first = entries[bank.name]
    if isinstance(first, Absence):
        judged.absent.extend((bank.name, own.id, first) for own in tests)
        return judged
    for own in tests:
        whole = reader.test(own)
        sample = whole.at_most(plan.max_per_class) if whole.is_classification else whole
        for contender in contenders:
            if contender.needs_labels and not sample.is_classification:
                continue
            if contender.name not in entries:
                entries[contender.name] = contender.entry(protein, training)
            judged.add(own, sample, contender.name, entries[contender.name])
    return judged


def _result(own: TrainingSet, sample: Sample, contender: str, entry: Entry) -> Result:
    return Result(
        set_id=own.id,
        protein=own.protein,
        task=own.task or str(sample.kind),
        experiment=own.experiment,
        contender=contender,
        model_id=entry.model_id,
        sequences=len(sample.codes),
        bound=int(sample.bound.sum()),
        in_set=sample.in_set,
        metrics=metrics_of(sample, entry.score(sample.codes)),
    )
