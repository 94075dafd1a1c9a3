"""Who competes: a protein and training sequences enter, an entry that scores test sequences leaves.

An entry never sees a test sequence before it is made: the best of several models is chosen, and gapped words are
learned, on training sets alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np

from varbind.evaluate.gkm_svm import GappedWordMachine
from varbind.evaluate.metrics import main_metric, metrics_of
from varbind.scoring.ensemble import Ensemble

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from varbind.bank.bank import Bank
    from varbind.bank.model_card import ModelCard
    from varbind.core.sequence import Codes
    from varbind.evaluate.test_data import Sample

__all__ = [
    "GAPPED_WORDS",
    "GC_SHARE",
    "Absence",
    "BankContender",
    "Contender",
    "Entry",
    "GappedWordsContender",
    "GcContender",
    "TrainingSamples",
    "protein_key",
]

GC_SHARE = "GC"
GAPPED_WORDS = "gapped words"

CHOICE_MOST = 500
"""Sequences of each class of a training set on which the models of a protein are compared."""

TrainingSamples: TypeAlias = Callable[[], "Sequence[Sample]"]
"""Reads the training sets of a protein, whole; an empty sequence where there is none."""


class Absence(StrEnum):
    """Why a contender has no entry for a protein."""

    NO_MODEL = "no double-stranded model of the protein"
    NO_CHOICE = "several models of the protein and no training set to choose by"
    NO_LABELS = "no training set of the protein with bound sequences"


@dataclass(frozen=True, slots=True)
class Entry:
    """What a contender scores the sequences of one protein with.

    Attributes:
        model_id: of the model in its bank; empty where there is none.
        score: base codes (N, L) to scores, float64 (N,).
        learned_from: SHA-256 of files that it is known to have learned or been chosen from.
    """

    model_id: str
    score: Callable[[Codes], NDArray[np.float64]]
    learned_from: frozenset[str] = frozenset()


class Contender(Protocol):
    """Who competes."""

    @property
    def name(self) -> str:
        """In tables and figures."""

    @property
    def needs_labels(self) -> bool:
        """Whether it competes on sets of bound and other sequences only."""

    def entry(self, protein: str, training: TrainingSamples) -> Entry | Absence:
        """What scores the sequences of a protein, or why there is nothing.

        Args:
            protein: its name, any case.
            training: its training sets.
        """


class BankContender:
    """The double-stranded models of a bank, for each protein the one that is best on training sets.

    Args:
        name: of the contender.
        bank: its models.
    """

    needs_labels = False

    def __init__(self, name: str, bank: Bank) -> None:
        self.name = name
        self._bank = replace(bank, background=None)
        self._models: Mapping[str, list[ModelCard]] = defaultdict(list)
        for model in bank.models:
            if model.config.double_stranded:
                self._models[protein_key(model.protein)].append(model)

    def count(self, protein: str) -> int:
        """Models of a protein."""
        return len(self._models.get(protein_key(protein), ()))

    def entry(self, protein: str, training: TrainingSamples) -> Entry | Absence:
        """The model of a protein, or the best one on its training sets; `Contender.entry`."""
        models = self._models.get(protein_key(protein), [])
        if not models:
            return Absence.NO_MODEL
        samples = training() if len(models) > 1 else ()
        if len(models) > 1 and not samples:
            return Absence.NO_CHOICE
        best = self._best(models, samples) if samples else models[0]
        score = self._scorer([best])
        learned_from = {sample.sha256 for sample in samples} | _trained_on(best)
        return Entry(best.model_id, lambda codes: score(codes)[:, 0], frozenset(learned_from))

    def _best(self, models: Sequence[ModelCard], training: Sequence[Sample]) -> ModelCard:
        """The model with the largest mean metric over training sets, the first of equals."""
        score = self._scorer(models)
        ratings = np.zeros((len(training), len(models)))
        for own, sample in zip(ratings, training, strict=True):
            drawn = sample.at_most(CHOICE_MOST)
            # A correlation with constant scores is undefined; it predicts nothing.
            own[:] = [metrics_of(drawn, column).get(main_metric(drawn), 0.0) for column in score(drawn.codes).T]
        return models[int(np.argmax(ratings.mean(axis=0)))]

    def _scorer(self, models: Sequence[ModelCard]) -> Callable[[Codes], NDArray[np.float64]]:
        """Scores of whole sequences, float64 (N, models)."""
        chosen = self._bank.select([model.model_id for model in models])
        # Sets are evaluated side by side, so one thread each; scores do not depend on it.
        ensemble = Ensemble(chosen.stacks, chosen.outputs, device="cpu", threads=1)

        def score(codes: Codes) -> NDArray[np.float64]:
            sequences = list(codes)
            return ensemble.score(dict.fromkeys(ensemble.windows, sequences)).astype(np.float64)

        return score


class GappedWordsContender:
    """A machine on gapped words for each protein, trained on its sets of bound and other sequences.

    Args:
        most: sequences of each class that it learns from.
    """

    name = GAPPED_WORDS
    needs_labels = True

    def __init__(self, most: int) -> None:
        self._most = most

    def entry(self, protein: str, training: TrainingSamples) -> Entry | Absence:  # noqa: ARG002 (of the protocol)
        """A machine trained on all sets of a protein, as many sequences of each; `Contender.entry`."""
        labelled = [sample for sample in training() if sample.is_classification]
        if not labelled:
            return Absence.NO_LABELS
        drawn = [sample.at_most(-(-self._most // len(labelled))) for sample in labelled]
        bound = np.concatenate([sample.bound for sample in drawn])
        machine = GappedWordMachine([sample.codes for sample in drawn], bound)
        return Entry("", machine.score, frozenset(sample.sha256 for sample in drawn))


class GcContender:
    """The share of G and C: what is left of a score that knows no motif."""

    name = GC_SHARE
    needs_labels = True

    def entry(self, protein: str, training: TrainingSamples) -> Entry | Absence:  # noqa: ARG002 (of the protocol)
        """The same for every protein; `Contender.entry`."""
        return Entry("", lambda codes: np.isin(codes, (1, 2)).mean(axis=1))


def protein_key(name: str) -> str:
    """Names are compared without case and blanks around them."""
    return name.strip().casefold()


def _trained_on(model: ModelCard) -> set[str]:
    """SHA-256 of the file that a model was trained on, where its card tells."""
    data = model.training.get("data")
    digest = data.get("sha256") if isinstance(data, Mapping) else None
    return {digest} if isinstance(digest, str) else set()
