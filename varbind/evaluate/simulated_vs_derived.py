"""Evaluation of a second stage on simulated and derived variants, beside controls.

The classes were made by different processes, so that bases alone, and even detectors without motifs, separate them
(`varbind.evaluate.controls`). The contribution of binding is the difference from these controls on held-out
chromosomes. None of this is evidence that a variant is pathogenic.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.progress import bind_stage
from varbind.effect.deepfind import deepfind_logits
from varbind.effect.features import TRANSVERSION, TSS_DISTANCE, binding_features, feature_matrix
from varbind.errors import InputError
from varbind.evaluate.controls import SnvBases, boosted_scores, context_log_odds, shuffle_detectors
from varbind.evaluate.splits import Protocol, Split, planned_splits
from varbind.train.deepfind import DeepFindData, fit_deepfind
from varbind.train.effect_tables import FLANK, labels_of, score_table, second_stage_models, sites_of
from varbind.train.metrics import Areas, areas_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from varbind.bank.bank import Bank
    from varbind.core.progress import Progress
    from varbind.datasets.variant_table import VariantTable
    from varbind.effect.deepfind import DeepFindHead
    from varbind.evaluate.splits import ClassesPlan, Learner, Rows


__all__ = ["ClassesRow", "MethodAreas", "evaluate_classes"]

BINDING, SHUFFLED = "binding", "shuffled detectors"
SITES = (TSS_DISTANCE, TRANSVERSION)
WITH_SITES = f", distance, {TRANSVERSION}"
CONTEXTS = "192 contexts"
CONTROLLED = frozenset({Protocol.HELD_OUT, Protocol.MATCHED})
"""Protocols with shuffled detectors as a control; the others only repeat published protocols."""

MINUS = " minus "


def evaluate_classes(
    table: VariantTable,
    bank: Bank,
    plan: ClassesPlan,
    *,
    others: Mapping[str, NDArray[np.float64]] | None = None,
    progress: Progress | None = None,
) -> list[ClassesRow]:
    """Evaluate networks over the scores of a bank, controls, and scores of other tools.

    With held-out chromosomes, every method is trained on other chromosomes than it is evaluated on. All intervals are
    from the same draws of genes.

    Args:
        table: single-base changes with `label` (1 simulated, 0 derived), `tss_distance` and `gene`.
        bank: bank whose models of the second stage are used.
        plan: how to evaluate.
        others: scores of other tools by name, larger for simulated variants, (N,); NaN = missing.
        progress: called with the number of items done, the number of all and the stage.

    Raises:
        InputError: the table lacks a column or a class, or holds a variant that is not a single-base change.
        UsageError: scikit-learn or torch is not installed.
    """
    evaluation = _ClassesEvaluation(table, plan, progress)
    evaluation.evaluate_controls()
    for name, scores in (others or {}).items():
        evaluation.evaluate_scores(name, scores)
    models = second_stage_models(bank)
    evaluation.evaluate_bank(models, BINDING)
    for draw in range(plan.draws if evaluation.has_shuffled_controls else 0):
        evaluation.evaluate_bank(shuffle_detectors(models, (plan.seed, draw)), SHUFFLED)
    return evaluation.rows()


@dataclass(frozen=True, slots=True)
class ClassesRow:
    """The result of a method with a protocol. Areas are NaN where they are undefined.

    Attributes:
        method: name of the method, or of a difference of two methods.
        protocol: how the method was trained and evaluated.
        networks: number of networks whose mean it is; 0 for a method without networks.
        draw: number of the bank with shuffled detectors, from 1; 0 = the mean of all such banks, or another method.
        variants: number of variants with a score.
        simulated: number of them that are simulated.
        missing: number of variants without a score.
        auc: area under the ROC curve, or a difference of two areas.
        low: lower end of its 95 % interval over genes.
        high: upper end of the interval.
        within_contexts: mean of the areas within the 192 contexts, weighted by their numbers of pairs.
        within_low: lower end of its 95 % interval over genes.
        within_high: upper end of the interval.
    """

    method: str
    protocol: Protocol
    networks: int
    draw: int
    variants: int
    simulated: int
    missing: int
    auc: float
    low: float
    high: float
    within_contexts: float
    within_low: float
    within_high: float


@dataclass(frozen=True, slots=True)
class MethodAreas:
    """The areas of one method, and the numbers of variants behind them.

    Attributes:
        areas: areas, or a difference of two areas.
        variants: number of variants with a score.
        simulated: number of them that are simulated.
        missing: number of variants without a score.
    """

    areas: Areas
    variants: int
    simulated: int
    missing: int

    @classmethod
    def of(cls, areas: Areas, labels: NDArray[np.bool_], scores: NDArray[np.floating]) -> MethodAreas:
        """Count the scores (N,); NaN is a missing score."""
        scored = ~np.isnan(scores)
        variants = int(scored.sum())
        return cls(areas, variants, int(labels[scored].sum()), len(scored) - variants)

    @classmethod
    def mean_of(cls, draws: Sequence[MethodAreas]) -> MethodAreas:
        """Average the areas of several draws on the same variants."""
        return replace(draws[0], areas=Areas.mean_of([draw.areas for draw in draws]))

    def minus(self, other: MethodAreas) -> MethodAreas:
        """Subtract the areas of another method on the same variants."""
        return replace(self, areas=self.areas.minus(other.areas))

    def row(self, method: str, protocol: Protocol, networks: int, draw: int = 0) -> ClassesRow:
        """Return the row of the table, with intervals."""
        whole, within = self.areas.intervals()
        counts = (self.variants, self.simulated, self.missing)
        areas = (self.areas.whole, *whole, self.areas.within, *within)
        return ClassesRow(method, protocol, networks, draw, *counts, *areas)


def _require_genes_and_distances(table: VariantTable) -> None:
    if "gene" not in table.texts:
        remedy = "add the gene of each variant: intervals are computed by drawing genes"
        raise InputError("there is no column gene", path=table.path, remedy=remedy)
    if not np.isfinite(table.numbers.get(TSS_DISTANCE, np.nan)).any():
        what = f"the column {TSS_DISTANCE} is missing or holds no number"
        remedy = "add the distance of each variant from the transcription start: it is used as a control"
        raise InputError(what, path=table.path, remedy=remedy)


class _ClassesEvaluation:
    """Evaluates methods one after another, with the scores of one bank in memory at a time."""

    def __init__(self, table: VariantTable, plan: ClassesPlan, progress: Progress | None) -> None:
        _require_genes_and_distances(table)
        self._table, self._plan, self._progress = table, plan, progress
        self._labels, self._bases = labels_of(table), SnvBases.of_table(table)
        self._contexts, self._genes = self._bases.contexts(), np.array(table.texts["gene"])
        self._sites = sites_of(table)
        splits = planned_splits(table, self._labels, self._contexts, plan)
        self._splits = {split.protocol: split for split in splits if split.protocol in plan.protocols}
        self._found: dict[tuple[Protocol, str, int], list[MethodAreas]] = {}

    @property
    def has_shuffled_controls(self) -> bool:
        """Whether a protocol has shuffled detectors as a control."""
        return not CONTROLLED.isdisjoint(self._splits)

    def evaluate_controls(self) -> None:
        """Evaluate the controls that use no binding scores.

        These are the 192 contexts with every protocol, and with held-out chromosomes also the distance, transversions,
        GC content and the bases themselves.
        """
        for split in self._splits.values():
            self._evaluate(CONTEXTS, split, self._context_odds)
        held_out = self._splits.get(Protocol.HELD_OUT)
        if held_out is None:
            return
        none = np.empty((len(self._labels), 0))
        site = feature_matrix(SITES, (), none, none, self._sites).astype(np.float64)
        around = np.column_stack([self._contexts, self._bases.gc(), site])
        self._evaluate("distance", held_out, self._boosting(site[:, :1]))
        self._evaluate(f"distance, {TRANSVERSION}", held_out, self._boosting(site))
        self._evaluate(f"{CONTEXTS}, GC{WITH_SITES}", held_out, self._boosting(around, categories=(0,)))
        names, hot = self._bases.one_hot()
        self._evaluate_networks("bases", held_out, hot, names)

    def evaluate_bank(self, models: Bank, name: str) -> None:
        """Evaluate networks over the scores of a bank with every protocol, and over its matrices alone."""
        held_out, ids = self._splits.get(Protocol.HELD_OUT), models.model_ids
        names = (*binding_features(ids), *SITES)
        features = self._features(models, names, name)
        for protocol, split in self._splits.items():
            if protocol in CONTROLLED or name == BINDING:
                self._evaluate_networks(name, split, features, names, slice(len(names) - len(SITES)))
        if held_out is None:
            return
        self._evaluate_networks(f"{name}{WITH_SITES}", held_out, features, names)
        matrices = np.flatnonzero([model.assay.startswith("matrix") for model in models.models])
        if name == BINDING and len(matrices):
            deltas = matrices + len(ids)
            self._evaluate_networks("matrices", held_out, features, names, np.concatenate([matrices, deltas]))
            self.evaluate_scores("largest matrix change", np.abs(features[:, deltas]).max(axis=1).astype(np.float64))

    def evaluate_scores(self, name: str, scores: NDArray[np.float64]) -> None:
        """Evaluate given scores of all N variants, without training."""
        if scores.shape != self._labels.shape:
            what = f"the scores of {name} have the shape {scores.shape}, expected {self._labels.shape}"
            raise InputError(f"{what}, one score for each variant")
        if (Protocol.HELD_OUT, name, 0) in self._found:
            raise InputError(f"two methods are named {name}", remedy="rename one")
        if held_out := self._splits.get(Protocol.HELD_OUT):
            self._evaluate(name, held_out, lambda _, test: scores[test, None])

    def rows(self) -> list[ClassesRow]:
        """Return the rows by protocol: the methods in order, then the differences from shuffled detectors."""
        rows = []
        for protocol in self._splits:
            found = {key[1:]: draws for key, draws in self._found.items() if key[0] == protocol}
            for (method, networks), draws in found.items():
                if len(draws) > 1:
                    rows += [areas.row(method, protocol, networks, draw) for draw, areas in enumerate(draws, start=1)]
                rows.append(MethodAreas.mean_of(draws).row(method, protocol, networks))
            for (method, networks), draws in found.items():
                control = method.replace(BINDING, SHUFFLED, 1)
                if control != method and (control, networks) in found:
                    gain = MethodAreas.mean_of(draws).minus(MethodAreas.mean_of(found[control, networks]))
                    rows.append(gain.row(f"{method}{MINUS}{control}", protocol, networks))
        return rows

    def _features(self, models: Bank, names: Sequence[str], what: str) -> NDArray[np.float32]:
        """Features of all variants, (N, F)."""
        scored = score_table(
            self._table,
            models,
            flank=FLANK,
            device=self._plan.device,
            threads=self._plan.threads,
            progress=bind_stage(self._progress, f"scores of {what}"),
        )
        return feature_matrix(names, models.model_ids, scored.ref, scored.alt, self._sites)

    def _evaluate(self, method: str, split: Split, learner: Learner, networks: Sequence[int] = (0,)) -> None:
        """Evaluate each column of the scores of a learner."""
        rows, fold = split.tested, split.fold
        labels, contexts, genes = self._labels[rows], self._contexts[rows], self._genes[rows]
        for number, scores in zip(networks, split.scores(learner).T, strict=True):
            areas = areas_of(labels, scores, contexts, genes, folds=fold, seed=self._plan.seed)
            counted = MethodAreas.of(areas, labels, scores)
            self._found.setdefault((split.protocol, method, number), []).append(counted)

    def _evaluate_networks(
        self,
        method: str,
        split: Split,
        features: NDArray[np.float32],
        names: Sequence[str],
        columns: slice | NDArray[np.intp] = slice(None),
    ) -> None:
        """Evaluate the first network alone, and the mean of all networks."""
        chosen = np.array(names)[columns].tolist()
        pace = bind_stage(self._progress, f"{method}, {split.protocol}")

        def learner(training: Rows, test: Rows) -> NDArray[np.float64]:
            data = DeepFindData(features[training][:, columns], self._labels[training], split.groups[training], chosen)
            head = fit_deepfind(data, split.setting, seed=self._plan.seed, device=self._plan.device, progress=pace)
            inputs = features[test][:, columns]
            heads = [_first_of(head)] if split.setting.networks == 1 else [_first_of(head), head]
            return np.stack([deepfind_logits(one, inputs) for one in heads], axis=1)

        self._evaluate(method, split, learner, sorted({1, split.setting.networks}))

    def _boosting(self, features: NDArray[np.float64], categories: tuple[int, ...] = ()) -> Learner:
        def learner(training: Rows, test: Rows) -> NDArray[np.float64]:
            return boosted_scores(
                features[training],
                self._labels[training],
                features[test],
                categories=categories,
                seed=self._plan.seed,
                threads=self._plan.threads,
            )[:, None]

        return learner

    def _context_odds(self, training: Rows, test: Rows) -> NDArray[np.float64]:
        return context_log_odds(self._contexts[training], self._labels[training])[self._contexts[test], None]


def _first_of(head: DeepFindHead) -> DeepFindHead:
    """The head with its first network alone."""
    arrays = {name: getattr(head, name)[:1] for name in ("hidden", "hidden_bias", "output", "output_bias")}
    return replace(head, **arrays)
