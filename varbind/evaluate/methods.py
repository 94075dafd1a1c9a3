"""The methods that are compared: model banks, a gkm-SVM and GC content.

A method is fitted to a protein on training sets alone: on these, the best of several models is chosen and the gkm-SVM
is trained. The resulting predictor scores the test sequences.

The gkm-SVM (Ghandi et al. 2014) is a support vector machine on gapped k-mers, a widely used baseline without a network.
Its features are gapped k-mers of 5 bases within 7 positions, of which the first is always used, counted on both strands
and scaled to length 1. The machine is linear in them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np

from varbind.datasets.binding_dataset import origin_of
from varbind.gate import optional_import
from varbind.kernels.cpu.numba_cache import compiled
from varbind.scoring.ensemble import Ensemble

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from varbind.bank.bank import Bank
    from varbind.bank.model_card import ModelCard
    from varbind.core.sequence import Codes
    from varbind.core.sequence_set import SequenceSet
    from varbind.evaluate.evaluation_data import EvaluationData

__all__ = [
    "GC_CONTENT",
    "GKM_SVM",
    "Absence",
    "BankMethod",
    "GcContentMethod",
    "GkmSvm",
    "GkmSvmMethod",
    "Method",
    "Predictor",
    "TrainingData",
    "gapped_kmers",
    "protein_key",
]

GC_CONTENT = "GC"
GKM_SVM = "gkm-SVM"

SPAN, LETTERS = 7, 5
MASKS = np.array([(0, *rest) for rest in combinations(range(1, SPAN), LETTERS - 1)])
CHUNK = 200
"""Number of sequences whose counts are in memory at the same time during scoring."""

CHOICE_MAX_PER_CLASS = 500
"""Number of sequences of each class of a training set on which the models of a protein are compared."""

TrainingData: TypeAlias = Callable[[], "Sequence[EvaluationData]"]
"""Reads the whole training sets of a protein; an empty sequence if there are none."""


class Absence(StrEnum):
    """Why a method has no predictor for a protein."""

    NO_MODEL = "no double-stranded model of the protein"
    NO_SINGLE_STRANDED = "no single-stranded model of the protein"
    NO_CHOICE = "several models of the protein and no training set to choose by"
    NO_LABELS = "no training set of the protein with bound sequences"


@dataclass(frozen=True, slots=True)
class Predictor:
    """A method fitted to one protein.

    Attributes:
        model_id: id of the model in its bank; empty where there is none.
        score: function from N sequences to scores, float64 (N,).
        learned_from: the data on which it is known to have been trained or chosen, by `DataFacts.origin`.
    """

    model_id: str
    score: Callable[[SequenceSet], NDArray[np.float64]]
    learned_from: frozenset[str] = frozenset()


class Method(Protocol):
    """A method that is compared."""

    @property
    def name(self) -> str:
        """Its name in tables and figures."""

    @property
    def needs_labels(self) -> bool:
        """Whether it is evaluated on sets of bound and unbound sequences only."""

    def fit(self, protein: str, training: TrainingData) -> Predictor | Absence:
        """Return the predictor for a protein, or the reason why there is none.

        Args:
            protein: name of the protein, in any case.
            training: reads the training sets of the protein.
        """


class BankMethod:
    """The models of a bank that read both strands, or one; for each protein, the one best on its training sets.

    Args:
        name: name of the method.
        bank: the bank.
        double_stranded: whether the models read both strands.
    """

    needs_labels = False

    def __init__(self, name: str, bank: Bank, *, double_stranded: bool = True) -> None:
        self.name = name
        self._absence = Absence.NO_MODEL if double_stranded else Absence.NO_SINGLE_STRANDED
        self._bank = replace(bank, background=None)
        self._models: Mapping[str, list[ModelCard]] = defaultdict(list)
        for model in bank.models:
            if model.config.double_stranded == double_stranded:
                self._models[protein_key(model.protein)].append(model)

    def count(self, protein: str) -> int:
        """Return the number of models of a protein."""
        return len(self._models.get(protein_key(protein), ()))

    def fit(self, protein: str, training: TrainingData) -> Predictor | Absence:
        """Choose the model of a protein, the best one on its training sets if there are several; see `Method.fit`."""
        models = self._models.get(protein_key(protein), [])
        if not models:
            return self._absence
        datasets = training() if len(models) > 1 else ()
        if len(models) > 1 and not datasets:
            return Absence.NO_CHOICE
        best = self._best(models, datasets) if datasets else models[0]
        score = self._scorer([best])
        learned_from = {data.origin for data in datasets} | _trained_on(best)
        return Predictor(best.model_id, lambda sequences: score(sequences)[:, 0], frozenset(learned_from))

    def _best(self, models: Sequence[ModelCard], datasets: Sequence[EvaluationData]) -> ModelCard:
        """The model with the largest mean metric over the training sets, the first one in a tie."""
        score = self._scorer(models)
        ratings = np.zeros((len(datasets), len(models)))
        for row, whole in zip(ratings, datasets, strict=True):
            data = whole.at_most(CHOICE_MAX_PER_CLASS)
            row[:] = [data.rating_of(column) for column in score(data.sequences).T]
        return models[int(np.argmax(ratings.mean(axis=0)))]

    def _scorer(self, models: Sequence[ModelCard]) -> Callable[[SequenceSet], NDArray[np.float64]]:
        """Function from N sequences to the scores of whole sequences, float64 (N, models)."""
        chosen = self._bank.select([model.model_id for model in models])
        # Proteins are evaluated in parallel, so each uses one thread; scores do not depend on it.
        ensemble = Ensemble(chosen.stacks, chosen.outputs, device="cpu", threads=1)

        def score(sequences: SequenceSet) -> NDArray[np.float64]:
            own = list(sequences)
            return ensemble.score(dict.fromkeys(ensemble.windows, own)).astype(np.float64)

        return score


class GkmSvmMethod:
    """A gkm-SVM for each protein, trained on its sets of bound and unbound sequences.

    Args:
        max_per_class: number of sequences of each class in its training.
    """

    name = GKM_SVM
    needs_labels = True

    def __init__(self, max_per_class: int) -> None:
        self._max_per_class = max_per_class

    def fit(self, protein: str, training: TrainingData) -> Predictor | Absence:  # noqa: ARG002 (of the protocol)
        """Train on all sets of a protein, with the same number of sequences from each; see `Method.fit`."""
        labelled = [data for data in training() if data.is_classification]
        if not labelled:
            return Absence.NO_LABELS
        drawn = [data.at_most(-(-self._max_per_class // len(labelled))) for data in labelled]
        bound = np.concatenate([data.bound for data in drawn])
        svm = GkmSvm([data.sequences.codes for data in drawn], bound)
        return Predictor("", lambda sequences: svm.score(sequences.codes), frozenset(data.origin for data in drawn))


class GcContentMethod:
    """GC content as a predictor, which shows how well binding is predicted without any motif."""

    name = GC_CONTENT
    needs_labels = True

    def fit(self, protein: str, training: TrainingData) -> Predictor | Absence:  # noqa: ARG002 (of the protocol)
        """Return the same predictor for every protein; see `Method.fit`."""
        return Predictor("", lambda sequences: sequences.gc_shares)


class GkmSvm:
    """A trained gkm-SVM.

    Args:
        codes: base codes of the training sequences, arrays of (n, L) of any lengths.
        bound: which of all N sequences are bound, bool (N,); both classes must be present.

    Raises:
        UsageError: scikit-learn is not installed.
    """

    def __init__(self, codes: Sequence[Codes], bound: NDArray[np.bool_]) -> None:
        svm = optional_import("sklearn.svm", needed_for="--gkm-svm")
        counts = np.concatenate([gapped_kmers(part) for part in codes])
        machine = svm.SVC(kernel="precomputed", C=1.0, class_weight="balanced").fit(counts @ counts.T, bound)
        self._weights = machine.dual_coef_[0] @ counts[machine.support_]

    def score(self, codes: Codes) -> NDArray[np.float64]:
        """Return the decision value of the SVM, without its intercept, for base codes (N, L): float64 (N,)."""
        parts = [codes[start : start + CHUNK] for start in range(0, len(codes), CHUNK)]
        # Row by row and not as a matrix product: equal sequences must tie to the last digit.
        return np.concatenate([(gapped_kmers(part) * self._weights).sum(axis=1) for part in parts])


def gapped_kmers(codes: Codes) -> NDArray[np.float32]:
    """Count gapped k-mers on both strands and scale the counts to length 1; all are zero where there is no k-mer.

    Args:
        codes: base codes, (N, L); gapped k-mers with N, such as those of a padding, are not counted.

    Returns:
        float32 (N, K): for each mask of positions in turn, the k-mers in alphabetical order.
    """
    counts = np.zeros((len(codes), len(MASKS) * 4**LETTERS), dtype=np.float32)
    _count(np.ascontiguousarray(codes), MASKS, counts)
    lengths = np.linalg.norm(counts, axis=1, keepdims=True)
    counts /= np.where(lengths, lengths, 1)
    return counts


def protein_key(name: str) -> str:
    """Return the name by which proteins are compared: without case and surrounding blanks."""
    return name.strip().casefold()


def _trained_on(model: ModelCard) -> set[str]:
    """The data on which a model was trained, by `DataFacts.origin`, if its card states it."""
    data = model.training.get("data")
    digest = data.get("sha256") if isinstance(data, Mapping) else None
    if not isinstance(data, Mapping) or not isinstance(digest, str):
        return set()
    return {origin_of(digest, str(data.get("part", "")))}


@compiled
def _count(codes: Any, masks: Any, counts: Any) -> None:
    size = 4 ** masks.shape[1]
    for row in range(len(codes)):
        for start in range(codes.shape[1] - SPAN + 1):
            for mask in range(len(masks)):
                forward, backward, known, known_turned = 0, 0, True, True
                for place in range(masks.shape[1]):
                    base = int(codes[row, start + masks[mask, place]])
                    # On the other strand, the k-mer of the same mask begins at the other end of the span.
                    turned = 3 - int(codes[row, start + SPAN - 1 - masks[mask, place]])
                    known, known_turned = known and base < 4, known_turned and turned >= 0
                    forward, backward = 4 * forward + base, 4 * backward + turned
                if known:
                    counts[row, mask * size + forward] += 1
                if known_turned:
                    counts[row, mask * size + backward] += 1
