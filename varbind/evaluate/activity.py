"""Evaluation of the activity and score heads on loci that were left out of the training.

ACTIVITY is compared with the effect by rank correlation. SCORE is compared with the size of the effect, with measurable
changes by the area under the ROC curve, and by its calibration. Controls are the same regression on networks with
shuffled detectors and on bases, and predictions that need no model.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.progress import bind_stage
from varbind.effect.score import ScoreHead, logistic
from varbind.errors import InputError
from varbind.evaluate.controls import gain_of_gc, shuffle_detectors
from varbind.scoring.background import BackgroundRecipe, add_background
from varbind.train.activity import ActivityData, LeftOut, left_out_activity
from varbind.train.effect_tables import FLANK, ScoredVariants, activity_data, calibrating, measurable, score_table
from varbind.train.metrics import DRAWS, auc, drawn_correlations, spearman
from varbind.train.score import calibration_error, equal_loci, fit_score

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from varbind.bank.bank import Bank
    from varbind.core.progress import Progress
    from varbind.datasets.variant_table import VariantTable

__all__ = ["ActivityEvaluation", "ActivityRow", "LeftOutScores", "evaluate_activity"]

BLOCK = 20
"""Number of bases that are drawn together in the bootstrap, since neighbouring variants change the same site."""

SHUFFLED_RECIPE = BackgroundRecipe(snvs=3_000, others=100)
MEAN = "mean"


@dataclass(frozen=True, slots=True)
class ActivityRow:
    """The result of one method on one locus, or the mean over loci.

    Attributes:
        method: name of the method.
        locus: name of the locus, or `mean`.
        variants: number of measured variants.
        spearman: rank correlation with the effect; NaN for a method without a sign.
        spearman_low: lower end of its 95 % interval, by a bootstrap of blocks of 20 bases.
        spearman_high: upper end of the interval.
        spearman_abs: rank correlation with the size of the effect; NaN for a method without a size.
        auc: area under the ROC curve for measurable changes; NaN where there are not both classes.
    """

    method: str
    locus: str
    variants: int
    spearman: float
    spearman_low: float
    spearman_high: float
    spearman_abs: float
    auc: float


@dataclass(frozen=True, slots=True)
class ActivityEvaluation:
    """All rows, and the calibration of SCORE on left-out loci.

    Attributes:
        rows: rows of each method in turn, with the mean after its loci.
        calibration_error: mean absolute difference between predicted probability and observed share.
        reliability: mean probability, observed share and share of the weight of each bin.
        penalties: penalty that was chosen for each left-out locus.
    """

    rows: list[ActivityRow]
    calibration_error: float
    reliability: list[tuple[float, float, float]]
    penalties: dict[str, float] = field(default_factory=dict)


def evaluate_activity(
    table: VariantTable,
    models: Bank,
    *,
    draws: int = 5,
    seed: int = 1,
    threads: int | None = None,
    device: str = "cpu",
    others: Mapping[str, NDArray[np.float64]] | None = None,
    progress: Progress | None = None,
) -> ActivityEvaluation:
    """Leave out each locus that is used for calibration: each promoter, or each locus if none is marked as one.

    Args:
        table: measured effects.
        models: models that the second stage reads, with a background.
        draws: number of banks with shuffled detectors.
        seed: seed of the shuffles and of the bootstrap.
        threads: number of CPU threads for scoring; None = all.
        device: device for scoring.
        others: scores of other tools by name, float64 (N,); NaN = missing.
        progress: called with the number of items done, the number of all and the stage.

    Raises:
        InputError: there are too few loci or variants, or a tool has the name of another method.
    """

    def scored_by(bank: Bank) -> ScoredVariants:
        return score_table(table, bank, flank=FLANK, threads=threads, device=device)

    outcomes, loci = measurable(table), np.array(table.texts["locus"])
    wanted = [str(name) for name in np.unique(loci[calibrating(table)])]
    evaluation = _LocusEvaluation(table, outcomes, loci, wanted, seed)
    data, _ = activity_data(scored_by(models), models)
    predicted = LeftOutScores.of(data, outcomes, calibrating(table), wanted, bind_stage(progress, "loci"))
    evaluation.add("binding", predicted.activity, predicted.probability)
    for draw in range(draws):
        control = add_background(shuffle_detectors(models, seed + draw), recipe=SHUFFLED_RECIPE)
        control_data, _ = activity_data(scored_by(control), control)
        found = LeftOutScores.of(
            control_data, outcomes, calibrating(table), wanted, bind_stage(progress, f"shuffled detectors {draw + 1}")
        )
        evaluation.add(f"shuffled detectors {draw + 1}", found.activity, found.probability)
    _add_controls(evaluation, table, data, models, progress)
    for name, scores in (others or {}).items():
        evaluation.add(name, scores, np.abs(scores))
    rows = np.flatnonzero(np.isfinite(predicted.probability))
    error, curve = calibration_error(predicted.probability[rows], outcomes[rows], equal_loci(loci[rows]))
    return ActivityEvaluation(evaluation.rows, error, curve, predicted.penalties)


def _add_controls(
    evaluation: _LocusEvaluation,
    table: VariantTable,
    data: ActivityData,
    models: Bank,
    progress: Progress | None,
) -> None:
    """Add the predictions without networks, or without training."""
    bases = _bases(table)
    changes = np.stack([bases, np.zeros_like(bases)], axis=1)
    one_hot = ActivityData(changes, data.effects, data.errors, data.loci, ["bases"] * bases.shape[1])
    evaluation.add(
        "bases", _joined(left_out_activity(one_hot, evaluation.wanted, progress=bind_stage(progress, "bases")), data)
    )
    gain = gain_of_gc(table.variants)
    evaluation.add("gain of G or C", gain, np.abs(gain))
    evaluation.add("mean square z", None, (data.changes[:, 1] ** 2).mean(axis=1))
    evaluation.add("largest z", None, np.abs(data.changes[:, 1]).max(axis=1))
    matrices = np.array([model.assay.startswith("matrix") for model in models.models])
    if matrices.any() and not matrices.all():
        only = ActivityData(
            data.changes[:, :, matrices], data.effects, data.errors, data.loci, ["matrix"] * int(matrices.sum())
        )
        left_out = left_out_activity(only, evaluation.wanted, progress=bind_stage(progress, "matrices"))
        evaluation.add("matrices", _joined(left_out, data))
        evaluation.add("largest matrix change", None, np.abs(only.changes[:, 1]).max(axis=1))
    if "barcodes" in table.numbers:
        evaluation.add("few barcodes", None, -table.numbers["barcodes"])


@dataclass(frozen=True, slots=True)
class LeftOutScores:
    """Predictions for left-out loci; NaN for the variants of other loci.

    Attributes:
        activity: predicted log2 change, float64 (N,).
        probability: predicted probability of a measurable change, float64 (N,).
        penalties: penalty that was chosen on the other loci, by left-out locus.
    """

    activity: NDArray[np.float64]
    probability: NDArray[np.float64]
    penalties: dict[str, float]

    @classmethod
    def of(
        cls,
        data: ActivityData,
        outcomes: NDArray[np.bool_],
        chosen: NDArray[np.bool_],
        loci: Sequence[str],
        progress: Progress | None = None,
    ) -> LeftOutScores:
        """Predict each locus, with probabilities that are calibrated on the other loci alone.

        Args:
            data: measured effects of N variants.
            outcomes: which changes are measurable, bool (N,).
            chosen: variants that determine the constant of the calibration, bool (N,).
            loci: loci to predict.
            progress: called with the number of loci that are done and the number of all.
        """
        activity, probability = (np.full(len(data.effects), np.nan) for _ in range(2))
        penalties = {}
        for one in left_out_activity(data, loci, progress=progress):
            rows = data.rows_of[one.locus]
            rest = np.setdiff1d(np.arange(len(data.effects)), rows)
            sizes = ScoreHead.sizes(one.predicted, data.changes[:, 0])
            head = fit_score(sizes[rest], outcomes[rest], data.loci[rest], chosen[rest])
            activity[rows] = one.predicted[rows]
            probability[rows] = logistic(head.log_odds(sizes[rows]))
            penalties[one.locus] = one.penalty
        return cls(activity, probability, penalties)


def _joined(found: Sequence[LeftOut], data: ActivityData) -> NDArray[np.float64]:
    """Predictions of each locus by the model that left it out, NaN elsewhere, float64 (N,)."""
    joined = np.full(len(data.effects), np.nan)
    for one in found:
        joined[data.rows_of[one.locus]] = one.predicted[data.rows_of[one.locus]]
    return joined


class _LocusEvaluation:
    """Evaluates methods locus by locus."""

    def __init__(
        self,
        table: VariantTable,
        outcomes: NDArray[np.bool_],
        loci: NDArray[np.str_],
        wanted: Sequence[str],
        seed: int,
    ) -> None:
        self.wanted, self.rows = list(wanted), list[ActivityRow]()
        self._effects, self._outcomes, self._seed = table.numbers["effect"], outcomes, seed
        self._blocks = np.array([variant.pos // BLOCK for variant in table.variants])
        self._rows_of = {locus: np.flatnonzero(loci == locus) for locus in wanted}

    def add(self, name: str, effects: NDArray[np.float64] | None, sizes: NDArray[np.float64] | None = None) -> None:
        """Evaluate a method by its predicted effects and by its predicted sizes of effects, each float64 (N,)."""
        if any(row.method == name for row in self.rows):
            raise InputError(f"two methods are named {name}", remedy="rename one")
        found, draws = [], []
        for locus in self.wanted:
            row, drawn = self._row(name, locus, effects, sizes)
            found.append(row)
            draws.append(drawn)
        low, high = _interval(np.mean(draws, axis=0))
        means = [float(np.mean([getattr(row, key) for row in found])) for key in ("spearman", "spearman_abs", "auc")]
        variants = sum(row.variants for row in found)
        self.rows += [*found, ActivityRow(name, MEAN, variants, means[0], low, high, means[1], means[2])]

    def _row(
        self, name: str, locus: str, effects: NDArray[np.float64] | None, sizes: NDArray[np.float64] | None
    ) -> tuple[ActivityRow, NDArray[np.float64]]:
        rows = self._rows_of[locus]
        for scores in (effects, sizes):
            if scores is not None:
                rows = rows[np.isfinite(scores[rows])]
        measured, drawn = self._effects[rows], np.full(DRAWS, np.nan)
        correlation = of_sizes = area = float("nan")
        if effects is not None and len(rows):
            correlation = spearman(effects[rows], measured) or 0.0
            # The draws are the same for all methods and differ between loci.
            seed = (self._seed, self.wanted.index(locus))
            drawn = drawn_correlations(measured, effects[rows], self._blocks[rows], seed)
        if sizes is not None and len(rows):
            of_sizes = spearman(sizes[rows], np.abs(measured)) or 0.0
            found = auc(self._outcomes[rows], sizes[rows])
            area = float("nan") if found is None else found
        low, high = _interval(drawn)
        return ActivityRow(name, locus, len(rows), correlation, low, high, of_sizes, area), drawn


def _interval(draws: NDArray[np.float64]) -> tuple[float, float]:
    if np.isnan(draws).any():
        return float("nan"), float("nan")
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)


def _bases(table: VariantTable) -> NDArray[np.float64]:
    """One-hot codes of the reference window and of a single alternate base, float64 (N, 4 L + 4)."""
    length = max(len(window.ref) for window in table.windows)
    features = np.zeros((len(table), length + 1, 5))
    for row, (window, variant) in enumerate(zip(table.windows, table.variants, strict=True)):
        features[row, np.arange(len(window.ref)), window.ref] = 1
        if len(variant.alt) == 1:
            features[row, length, window.alt[FLANK]] = 1
    return features[:, :, :4].reshape(len(table), -1)
