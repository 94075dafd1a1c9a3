"""How well a second stage tells simulated from derived variants, beside controls: a table and a bank enter, rows leave.

The classes were made by different processes, so bases alone tell them too, and even detectors without motifs do
(`varbind.evaluate.controls`, `varbind.evaluate.shuffled_detectors`). What binding adds is the difference from these, on
chromosomes that were held out. None of it says that a variant is pathogenic.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from varbind.effect.deepfind import deepfind_logits
from varbind.effect.features import TRANSVERSION, TSS_DISTANCE, binding_features, feature_matrix
from varbind.errors import InputError
from varbind.evaluate.bootstrap_auc import areas_of
from varbind.evaluate.controls import SnvBases, boosted_scores, context_log_odds, matched_rows
from varbind.evaluate.shuffled_detectors import scrambled
from varbind.evaluate.simulated_vs_derived_rows import ClassesRow, Judged, Protocol, classes_markdown, classes_table
from varbind.evaluate.splits import FOLDS, Split, folds_of
from varbind.train.deepfind import DeepFindData, DeepFindSetting, fit_deepfind
from varbind.train.effect_tables import FLANK, labels_of
from varbind.train.progress import pace_of
from varbind.train.scored_variants import score_table, second_stage_models
from varbind.train.variant_sites import sites_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from varbind.bank.bank import Bank
    from varbind.datasets.variant_table import VariantTable
    from varbind.effect.deepfind import DeepFindHead
    from varbind.evaluate.splits import Learner

    Progress = Callable[[str, int, int], None]

__all__ = ["ClassesPlan", "ClassesRow", "Protocol", "classes_markdown", "classes_table", "judge_classes"]

RANDOM_GROUPS = 10
"""Where folds are random, so is what a network leaves out: one of so many parts."""

BINDING, SCRAMBLED = "binding", "scrambled"
SITES = (TSS_DISTANCE, TRANSVERSION)
WITH_SITES = f", distance, {TRANSVERSION}"
CONTEXTS = "192 contexts"
CONTROLLED = frozenset({Protocol.HELD_OUT, Protocol.MATCHED})
"""By which scrambled networks are judged: other folds are what others did."""

MINUS = " minus "


@dataclass(frozen=True, slots=True)
class ClassesPlan:
    """How classes are judged.

    Attributes:
        held_out: chromosomes that are judged, with or without `chr`.
        seed: of all that is random.
        draws: of scrambled detectors.
        networks: whose mean is a contender, beside the first of them alone.
        protocols: by which. Random folds let neighbours stand on both sides.
        setting: of all networks but for their number.
        published: of those trained as published. The best of 250 epochs comes early: ten without a better one are
            enough.
        threads: CPU threads that score; None = all.
        device: `cpu`, `cuda` or `cuda:N`.

    Raises:
        ValueError: nothing is held out, or there are no draws or networks.
    """

    held_out: tuple[str, ...] = ("3", "12")
    seed: int = 1
    draws: int = 2
    networks: int = 4
    protocols: tuple[Protocol, ...] = (Protocol.HELD_OUT, Protocol.MATCHED)
    setting: DeepFindSetting = field(default_factory=DeepFindSetting)
    published: DeepFindSetting = field(default_factory=lambda: replace(DeepFindSetting.as_published(), patience=10))
    threads: int | None = None
    device: str = "cpu"

    def __post_init__(self) -> None:
        if not self.held_out or not self.protocols or min(self.draws, self.networks) < 1:
            raise ValueError(f"classes cannot be judged by {self}")


def judge_classes(
    table: VariantTable,
    bank: Bank,
    plan: ClassesPlan,
    *,
    others: Mapping[str, NDArray[np.float64]] | None = None,
    progress: Progress | None = None,
) -> list[ClassesRow]:
    """Judge networks over the scores of a bank, controls, and scores from elsewhere.

    Every contender learns from other chromosomes than those it is judged on. Intervals are of the same draws of genes.

    Args:
        table: single-base changes with `label` (1 simulated, 0 derived), `tss_distance` and `gene`.
        bank: of which the models of the second stage are taken.
        plan: everything else.
        others: scores that were not learnt here, by name, larger for what is simulated; NaN = none, (N,).
        progress: called with (what is being done, done, in all).

    Raises:
        InputError: the table lacks a column or a class, or holds another change.
        UsageError: scikit-learn or torch is not installed.
    """
    judgement = _Judgement(table, plan, progress)
    judgement.judge_controls()
    for name, scores in (others or {}).items():
        judgement.judge_given(name, scores)
    models = second_stage_models(bank)
    judgement.judge_bank(models, BINDING)
    for draw in range(plan.draws if judgement.has_controls else 0):
        judgement.judge_bank(scrambled(models, (plan.seed, draw)), SCRAMBLED)
    return judgement.rows()


class _Judgement:
    """Contenders one after another; of the scores of banks one matrix is there at a time."""

    def __init__(self, table: VariantTable, plan: ClassesPlan, progress: Progress | None) -> None:
        if "gene" not in table.words or not np.isfinite(table.numbers.get(TSS_DISTANCE, np.nan)).any():
            what = f"there are no columns gene and {TSS_DISTANCE} with values"
            raise InputError(what, path=table.path, remedy="add them: genes are drawn, and distances are a control")
        self._table, self._plan, self._progress = table, plan, progress
        self._labels, self._bases = labels_of(table), SnvBases.of_table(table)
        self._contexts, self._genes = self._bases.contexts(), np.array(table.words["gene"])
        self._sites = sites_of(table)
        self._splits = {split.protocol: split for split in self._planned() if split.protocol in plan.protocols}
        self._found: dict[tuple[Protocol, str, int], list[Judged]] = {}

    @property
    def has_controls(self) -> bool:
        """Whether scrambled networks are judged by any of the protocols."""
        return not CONTROLLED.isdisjoint(self._splits)

    def judge_controls(self) -> None:
        """Those that know no protein."""
        for split in self._splits.values():
            self._judge(CONTEXTS, split, self._context_odds)
        held_out = self._splits.get(Protocol.HELD_OUT)
        if held_out is None:
            return
        none = np.empty((len(self._labels), 0))
        site = feature_matrix(SITES, (), none, none, self._sites).astype(np.float64)
        around = np.column_stack([self._contexts, self._bases.gc(), site])
        self._judge("distance", held_out, self._boosting(site[:, :1]))
        self._judge(f"distance, {TRANSVERSION}", held_out, self._boosting(site))
        self._judge(f"{CONTEXTS}, GC{WITH_SITES}", held_out, self._boosting(around, categories=(0,)))
        names, hot = self._bases.one_hot()
        self._judge_networks("bases", held_out, hot, names)

    def judge_bank(self, models: Bank, name: str) -> None:
        """Networks over the scores of a bank, by every protocol, and its matrices by themselves."""
        held_out, ids = self._splits.get(Protocol.HELD_OUT), models.model_ids
        names = (*binding_features(ids), *SITES)
        features = self._features(models, names, name)
        for protocol, split in self._splits.items():
            if protocol in CONTROLLED or name == BINDING:
                self._judge_networks(name, split, features, names, slice(len(names) - len(SITES)))
        if held_out is None:
            return
        self._judge_networks(f"{name}{WITH_SITES}", held_out, features, names)
        matrices = np.flatnonzero([model.assay.startswith("matrix") for model in models.models])
        if name == BINDING and len(matrices):
            deltas = matrices + len(ids)
            self._judge_networks("matrices", held_out, features, names, np.concatenate([matrices, deltas]))
            self.judge_given("largest matrix change", np.abs(features[:, deltas]).max(axis=1).astype(np.float64))

    def judge_given(self, name: str, scores: NDArray[np.float64]) -> None:
        """Scores of all N variants that are not learnt here."""
        if scores.shape != self._labels.shape:
            raise InputError(
                f"{name} has scores of shape {scores.shape}, expected one for {len(self._labels)} variants"
            )
        if (Protocol.HELD_OUT, name, 0) in self._found:
            raise InputError(f"two contenders are named {name}", remedy="rename one")
        if held_out := self._splits.get(Protocol.HELD_OUT):
            self._judge(name, held_out, lambda _, judged: scores[judged, None])

    def rows(self) -> list[ClassesRow]:
        """By protocol; contenders in the order in which they were judged, and what motifs add at the end."""
        rows = []
        for protocol in self._splits:
            own = {key[1:]: judged for key, judged in self._found.items() if key[0] == protocol}
            for (contender, networks), draws in own.items():
                if len(draws) > 1:
                    rows += [
                        judged.row(contender, protocol, networks, draw) for draw, judged in enumerate(draws, start=1)
                    ]
                rows.append(Judged.mean_of(draws).row(contender, protocol, networks))
            for (contender, networks), draws in own.items():
                control = contender.replace(BINDING, SCRAMBLED, 1)
                if control != contender and (control, networks) in own:
                    less = Judged.mean_of(draws).minus(Judged.mean_of(own[control, networks]))
                    rows.append(less.row(f"{contender}{MINUS}{control}", protocol, networks))
        return rows

    def _planned(self) -> Iterator[Split]:
        plan, labels = self._plan, self._labels
        chromosomes = np.array([variant.chrom.removeprefix("chr") for variant in self._table.variants])
        own = np.isin(chromosomes, [name.removeprefix("chr") for name in plan.held_out])
        if own.all() or not own.any():
            what = f"{'all' if own.all() else 'no'} variants are on {', '.join(plan.held_out)}"
            raise InputError(what, path=self._table.path, remedy="hold out some of the chromosomes of the table")
        if any(labels[part].all() or not labels[part].any() for part in (own, ~own)):
            what = "there are not both classes on held-out chromosomes and on others"
            raise InputError(what, path=self._table.path, remedy="hold out other chromosomes")
        learnt, judged = np.flatnonzero(~own), np.flatnonzero(own)
        setting = replace(plan.setting, networks=plan.networks)
        yield Split(Protocol.HELD_OUT, ((learnt, judged),), chromosomes, setting)
        matched = [
            matched_rows(rows, self._contexts, labels, (plan.seed, part)) for part, rows in enumerate((learnt, judged))
        ]
        yield Split(Protocol.MATCHED, ((matched[0], matched[1]),), chromosomes, setting)
        names, gene = np.unique(self._genes, return_inverse=True)
        of_genes = np.random.default_rng([plan.seed, 1]).permutation(len(names)) % FOLDS
        yield Split(Protocol.GENES, folds_of(of_genes[gene]), self._genes, setting)
        rng = np.random.default_rng(plan.seed)
        fold, groups = rng.permutation(len(labels)) % FOLDS, rng.integers(RANDOM_GROUPS, size=len(labels)).astype(str)
        yield Split(Protocol.RANDOM, folds_of(fold), groups, setting)
        yield Split(Protocol.PUBLISHED, folds_of(fold), groups, plan.published)

    def _features(self, models: Bank, names: Sequence[str], what: str) -> NDArray[np.float32]:
        """Of all variants, (N, F)."""
        scored = score_table(
            self._table,
            models,
            flank=FLANK,
            device=self._plan.device,
            threads=self._plan.threads,
            progress=pace_of(self._progress, f"scores of {what}"),
        )
        return feature_matrix(names, models.model_ids, scored.ref, scored.alt, self._sites)

    def _judge(self, contender: str, split: Split, learner: Learner, networks: Sequence[int] = (0,)) -> None:
        """One judgement for each column of a learner's scores."""
        rows, fold = split.judged, split.fold
        labels, contexts, genes = self._labels[rows], self._contexts[rows], self._genes[rows]
        for number, scores in zip(networks, split.scores(learner).T, strict=True):
            areas = areas_of(labels, scores, contexts, genes, folds=fold, seed=self._plan.seed)
            judged = Judged.of(areas, labels, scores)
            self._found.setdefault((split.protocol, contender, number), []).append(judged)

    def _judge_networks(
        self,
        contender: str,
        split: Split,
        features: NDArray[np.float32],
        names: Sequence[str],
        columns: slice | NDArray[np.intp] = slice(None),
    ) -> None:
        """The first network alone, and the mean of all."""
        own = np.array(names)[columns].tolist()
        pace = pace_of(self._progress, f"{contender}, {split.protocol}")

        def learner(learnt: NDArray[np.intp], judged: NDArray[np.intp]) -> NDArray[np.float64]:
            data = DeepFindData(features[learnt][:, columns], self._labels[learnt], split.groups[learnt], own)
            head = fit_deepfind(data, split.setting, seed=self._plan.seed, device=self._plan.device, progress=pace)
            inputs = features[judged][:, columns]
            heads = [_first_of(head)] if split.setting.networks == 1 else [_first_of(head), head]
            return np.stack([deepfind_logits(one, inputs) for one in heads], axis=1)

        self._judge(contender, split, learner, sorted({1, split.setting.networks}))

    def _boosting(self, features: NDArray[np.float64], categories: tuple[int, ...] = ()) -> Learner:
        def learner(learnt: NDArray[np.intp], judged: NDArray[np.intp]) -> NDArray[np.float64]:
            return boosted_scores(
                features[learnt],
                self._labels[learnt],
                features[judged],
                categories=categories,
                seed=self._plan.seed,
                threads=self._plan.threads,
            )[:, None]

        return learner

    def _context_odds(self, learnt: NDArray[np.intp], judged: NDArray[np.intp]) -> NDArray[np.float64]:
        return context_log_odds(self._contexts[learnt], self._labels[learnt])[self._contexts[judged], None]


def _first_of(head: DeepFindHead) -> DeepFindHead:
    """The head of its first network alone."""
    arrays = {name: getattr(head, name)[:1] for name in ("hidden", "hidden_bias", "output", "output_bias")}
    return replace(head, **arrays)
