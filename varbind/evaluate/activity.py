"""How well loci that did not train are predicted: measured effects enter, correlations locus by locus leave.

Signed: rank correlation of predicted and measured effect. Unsigned: of SCORE and the size of the effect, the area under
the ROC curve of measurable changes, and how well the probabilities are calibrated. Beside them stand controls: the same
regression on scrambled networks and on bases, and what is known without any model.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from varbind.effect.score import ScoreHead, logistic
from varbind.errors import InputError
from varbind.evaluate.controls import gain_of_gc
from varbind.evaluate.shuffled_detectors import scrambled
from varbind.gate import optional_import
from varbind.scoring.background import BackgroundRecipe, add_background
from varbind.train.activity import ActivityData, LeftOut, left_out_activity
from varbind.train.effect_tables import FLANK, activity_data, calibrating, measurable
from varbind.train.metrics import auc, spearman
from varbind.train.progress import pace_of
from varbind.train.score import calibration_error, equal_loci, fit_score
from varbind.train.scored_variants import ScoredVariants, score_table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from varbind.bank.bank import Bank
    from varbind.datasets.variant_table import VariantTable

__all__ = ["ActivityJudged", "ActivityRow", "LeftOutScores", "judge_activity"]

BLOCK = 20
"""Bases that are drawn together in a bootstrap: neighbours change the same site."""

DRAWS = 1_000
SCRAMBLED_RECIPE = BackgroundRecipe(snvs=3_000, others=100)
MEAN = "mean"


@dataclass(frozen=True, slots=True)
class ActivityRow:
    """One contender on one locus, or the mean over loci.

    Attributes:
        contender: who.
        locus: its name, or `mean`.
        variants: that were measured.
        signed: rank correlation with the effect; NaN of a contender that has no sign.
        signed_low: lower end of its 95 % interval, by a bootstrap of blocks of 20 bases.
        signed_high: upper end.
        unsigned: rank correlation with the size of the effect; NaN of a contender that has no size.
        auc: of measurable changes; NaN where there are not both.
    """

    contender: str
    locus: str
    variants: int
    signed: float
    signed_low: float
    signed_high: float
    unsigned: float
    auc: float


@dataclass(frozen=True, slots=True)
class ActivityJudged:
    """All rows, and the calibration of SCORE on left-out loci.

    Attributes:
        rows: contender by contender, the mean after its loci.
        calibration_error: mean absolute difference of probability and outcome.
        reliability: mean probability, share of outcomes and share of the weight of each bin.
        penalties: that were chosen, by locus.
    """

    rows: list[ActivityRow]
    calibration_error: float
    reliability: list[tuple[float, float, float]]
    penalties: dict[str, float] = field(default_factory=dict)


def judge_activity(
    table: VariantTable,
    models: Bank,
    *,
    draws: int = 5,
    seed: int = 1,
    threads: int | None = None,
    device: str = "cpu",
    others: Mapping[str, NDArray[np.float64]] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> ActivityJudged:
    """Leave out each locus that calibrates: promoters, or all where none is said to be.

    Args:
        table: measured effects.
        models: that the second stage reads, with a background.
        draws: of scrambled networks.
        seed: of scrambling and of the bootstrap.
        threads: CPU threads that score; None = all.
        device: that scores.
        others: scores of other tools by name, float64 (N,); NaN where there is none.
        progress: called with (what is being done, done, in all).

    Raises:
        InputError: there are too few loci or variants, or a tool has the name of a contender.
    """

    def scored_by(bank: Bank) -> ScoredVariants:
        return score_table(table, bank, flank=FLANK, threads=threads, device=device)

    outcomes, loci = measurable(table), np.array(table.words["locus"])
    wanted = [str(name) for name in np.unique(loci[calibrating(table)])]
    judge = _Judge(table, outcomes, loci, wanted, seed)
    data, _ = activity_data(scored_by(models), models)
    own = LeftOutScores.of(data, outcomes, calibrating(table), wanted, pace_of(progress, "loci"))
    judge.add("binding", own.activity, own.probability)
    for draw in range(draws):
        control = add_background(scrambled(models, seed + draw), recipe=SCRAMBLED_RECIPE)
        control_data, _ = activity_data(scored_by(control), control)
        found = LeftOutScores.of(
            control_data, outcomes, calibrating(table), wanted, pace_of(progress, f"scrambled {draw + 1}")
        )
        judge.add(f"scrambled {draw + 1}", found.activity, found.probability)
    _add_controls(judge, table, data, models, progress)
    for name, scores in (others or {}).items():
        judge.add(name, scores, np.abs(scores))
    rows = np.flatnonzero(np.isfinite(own.probability))
    error, curve = calibration_error(own.probability[rows], outcomes[rows], equal_loci(loci[rows]))
    return ActivityJudged(judge.rows, error, curve, own.penalties)


def _add_controls(
    judge: _Judge,
    table: VariantTable,
    data: ActivityData,
    models: Bank,
    progress: Callable[[str, int, int], None] | None,
) -> None:
    """What is known without networks, or without training."""
    bases = _bases(table)
    changes = np.stack([bases, np.zeros_like(bases)], axis=1)
    one_hot = ActivityData(changes, data.effects, data.errors, data.loci, ["bases"] * bases.shape[1])
    judge.add("bases", _joined(left_out_activity(one_hot, judge.wanted, progress=pace_of(progress, "bases")), data))
    gain = gain_of_gc(table.variants)
    judge.add("gain of G or C", gain, np.abs(gain))
    judge.add("mean square z", None, (data.changes[:, 1] ** 2).mean(axis=1))
    judge.add("largest z", None, np.abs(data.changes[:, 1]).max(axis=1))
    matrices = np.array([model.assay.startswith("matrix") for model in models.models])
    if matrices.any() and not matrices.all():
        only = ActivityData(
            data.changes[:, :, matrices], data.effects, data.errors, data.loci, ["matrix"] * int(matrices.sum())
        )
        left_out = left_out_activity(only, judge.wanted, progress=pace_of(progress, "matrices"))
        judge.add("matrices", _joined(left_out, data))
        judge.add("largest matrix change", None, np.abs(only.changes[:, 1]).max(axis=1))
    if "barcodes" in table.numbers:
        judge.add("few barcodes", None, -table.numbers["barcodes"])


@dataclass(frozen=True, slots=True)
class LeftOutScores:
    """Predictions for left-out loci.

    Attributes:
        activity: log2, float64 (N,); NaN for variants of other loci, as all that follows.
        probability: of a measurable change, float64 (N,).
        penalties: that the others chose, by locus.
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
        progress: Callable[[int, int], None] | None = None,
    ) -> LeftOutScores:
        """Predict each locus, its probabilities calibrated on the others alone.

        Args:
            data: what was measured, N variants.
            outcomes: which changes are measurable, bool (N,).
            chosen: variants that fix the constant of the calibration, bool (N,).
            loci: to predict.
            progress: called with (loci done, in all).
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
    """The left-out loci's own predictions, NaN elsewhere, float64 (N,)."""
    joined = np.full(len(data.effects), np.nan)
    for one in found:
        joined[data.rows_of[one.locus]] = one.predicted[data.rows_of[one.locus]]
    return joined


class _Judge:
    """Rates contenders locus by locus."""

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
        self._positions = np.array([variant.pos for variant in table.variants])
        self._rows_of = {locus: np.flatnonzero(loci == locus) for locus in wanted}

    def add(self, name: str, signed: NDArray[np.float64] | None, unsigned: NDArray[np.float64] | None = None) -> None:
        """Rate a contender by its signed predictions and by its sizes, each float64 (N,)."""
        if any(row.contender == name for row in self.rows):
            raise InputError(f"two contenders are named {name}", remedy="rename one")
        found, draws = [], []
        for locus in self.wanted:
            row, drawn = self._rate(name, locus, signed, unsigned)
            found.append(row)
            draws.append(drawn)
        low, high = _interval(np.mean(draws, axis=0))
        means = [float(np.mean([getattr(row, key) for row in found])) for key in ("signed", "unsigned", "auc")]
        variants = sum(row.variants for row in found)
        self.rows += [*found, ActivityRow(name, MEAN, variants, means[0], low, high, means[1], means[2])]

    def _rate(
        self, name: str, locus: str, signed: NDArray[np.float64] | None, unsigned: NDArray[np.float64] | None
    ) -> tuple[ActivityRow, NDArray[np.float64]]:
        rows = self._rows_of[locus]
        for scores in (signed, unsigned):
            if scores is not None:
                rows = rows[np.isfinite(scores[rows])]
        effects, drawn = self._effects[rows], np.full(DRAWS, np.nan)
        correlation = size = area = float("nan")
        if signed is not None and len(rows):
            correlation = spearman(signed[rows], effects) or 0.0
            # The same draws for all contenders, and others for each locus.
            seed = (self._seed, self.wanted.index(locus))
            drawn = _block_bootstrap(signed[rows], effects, self._positions[rows], seed)
        if unsigned is not None and len(rows):
            size = spearman(unsigned[rows], np.abs(effects)) or 0.0
            found = auc(self._outcomes[rows], unsigned[rows])
            area = float("nan") if found is None else found
        low, high = _interval(drawn)
        return ActivityRow(name, locus, len(rows), correlation, low, high, size, area), drawn


def _interval(draws: NDArray[np.float64]) -> tuple[float, float]:
    if np.isnan(draws).any():
        return float("nan"), float("nan")
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)


def _block_bootstrap(
    predicted: NDArray[np.float64], effects: NDArray[np.float64], positions: NDArray[np.int64], seed: Sequence[int]
) -> NDArray[np.float64]:
    """Correlation of the ranks in draws of whole blocks, float64 (DRAWS,)."""
    rng = np.random.default_rng(seed)
    blocks = np.unique(positions // BLOCK, return_inverse=True)[1]
    count = blocks.max() + 1
    drawn = rng.multinomial(count, np.full(count, 1 / count), size=DRAWS)[:, blocks].astype(np.float64)
    # Ties have their mean rank, as in the estimate: by their order, most of all, they would follow their positions.
    rankdata = optional_import("scipy.stats", needed_for="evaluation").rankdata
    one, other = (rankdata(values) - (len(values) + 1) / 2 for values in (predicted, effects))
    total = drawn.sum(axis=1)
    mean_one, mean_other = drawn @ one / total, drawn @ other / total
    covariance = drawn @ (one * other) / total - mean_one * mean_other
    variances = [drawn @ values**2 / total - mean**2 for values, mean in ((one, mean_one), (other, mean_other))]
    correlations: NDArray[np.float64] = covariance / np.sqrt(np.maximum(variances[0] * variances[1], 1e-12))
    return correlations


def _bases(table: VariantTable) -> NDArray[np.float64]:
    """One-hot of the reference window and of the alternate base, float64 (N, 4 L + 4); longer alleles have none."""
    length = max(len(window.ref) for window in table.windows)
    features = np.zeros((len(table), length + 1, 5))
    for row, (window, variant) in enumerate(zip(table.windows, table.variants, strict=True)):
        features[row, np.arange(len(window.ref)), window.ref] = 1
        if len(variant.alt) == 1:
            features[row, length, window.alt[FLANK]] = 1
    return features[:, :, :4].reshape(len(table), -1)
