"""Evaluation of the activity and score heads on loci that were left out of the training.

ACTIVITY is compared with the effect by rank correlation. SCORE is compared with the size of the effect, with probable
changes by the area under the ROC curve, and by its calibration. Controls are the same regression on networks with
shuffled detectors and on bases, and predictions that need no model.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.progress import bind_stage
from varbind.effect.score import logistic, nearness, scaled_evidence
from varbind.evaluate.controls import CONTEXTS, gain_of_gc, one_hot_bases, one_hot_contexts, shuffle_detectors
from varbind.evaluate.loci import LocusResults
from varbind.scoring.background import BackgroundRecipe, add_background
from varbind.train.activity import LeftOut, left_out_activity
from varbind.train.activity_tables import activity_data, calibrating, score_data
from varbind.train.effect_tables import FLANK, score_table, sites_of
from varbind.train.score import PROBABLE, Outcomes, calibration_error, equal_loci, fit_score

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from varbind.bank.bank import Bank
    from varbind.core.progress import Progress
    from varbind.core.tss import TssIndex
    from varbind.datasets.variant_table import VariantTable
    from varbind.effect.local import LocalHead
    from varbind.evaluate.loci import ActivityRow
    from varbind.train.activity_data import ActivityData

__all__ = [
    "SHUFFLED_RECIPE",
    "ActivityEvaluation",
    "LeftOutScores",
    "data_without_networks",
    "evaluate_activity",
    "without_models",
]

ALL = "binding and local network"
"""The activity head as it is; without a local network it is binding alone."""

SHUFFLED_RECIPE = BackgroundRecipe(snvs=3_000, others=100)


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
    local: LocalHead | None = None,
    pairs: Sequence[VariantTable] = (),
    genes: TssIndex | None = None,
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
        local: local network of the activity head; None = there is none.
        pairs: pairs of alleles with measured effects, which train with the loci.
        genes: transcription starts, for tables without distances.
        draws: number of banks with shuffled detectors.
        seed: seed of the shuffles and of the bootstrap.
        threads: number of CPU threads for scoring; None = all.
        device: device for scoring.
        others: scores of other tools by name, float64 (N,); NaN = missing.
        progress: called with the number of items done, the number of all and the stage.

    Raises:
        InputError: there are too few loci or variants, or a tool has the name of another method.
    """
    tables = [table, *pairs]

    def data_of(bank: Bank, network: LocalHead | None) -> ActivityData:
        scored = [score_table(one, bank, flank=FLANK, threads=threads, device=device) for one in tables]
        return activity_data(scored[0], bank, network, scored[1:])[0]

    distances = sites_of(table, genes).tss_distance
    loci, outcomes = np.array(table.texts["locus"]), probable_changes(table)
    wanted = [str(name) for name in np.unique(loci[calibrating(table)])]
    evaluation = LocusResults(table, outcomes, loci, wanted, seed)

    def left_out(data: ActivityData, stage: str) -> LeftOutScores:
        return LeftOutScores.of(data, table, distances, wanted, bind_stage(progress, stage))

    data, own = data_of(models, local), "binding" if local is None else ALL
    predicted = left_out(data, "loci")
    evaluation.add(own, predicted.activity, predicted.probability)
    if local is not None:
        for name, part in (("binding", replace(data, local=None)), ("local network", without_models(data))):
            found = left_out(part, name)
            evaluation.add(name, found.activity, found.probability)
        evaluation.compare(own, "binding")
    for draw in range(draws):
        control = add_background(shuffle_detectors(models, seed + draw), recipe=SHUFFLED_RECIPE)
        found = left_out(data_of(control, None), f"shuffled detectors {draw + 1}")
        evaluation.add(f"shuffled detectors {draw + 1}", found.activity, found.probability)
    _add_controls(evaluation, tables, data, models, progress)
    if np.isfinite(distances).any():
        evaluation.add("distance to the start", None, nearness(distances))
        evaluation.compare(own, "distance to the start")
    for name, scores in (others or {}).items():
        evaluation.add(name, scores, np.abs(scores))
    rows = np.flatnonzero(np.isfinite(predicted.probability))
    changes = Outcomes.of_effects(table.numbers["effect"], table.numbers["se"], loci).change
    error, curve = calibration_error(predicted.probability[rows], changes[rows], equal_loci(loci[rows]))
    return ActivityEvaluation(evaluation.rows, error, curve, predicted.penalties)


def probable_changes(table: VariantTable) -> NDArray[np.bool_]:
    """Whether each variant of the loci of a table has probably changed activity, bool (N,)."""
    numbers = table.numbers
    return Outcomes.of_effects(numbers["effect"], numbers["se"], np.array(table.texts["locus"])).change > PROBABLE


def without_models(data: ActivityData) -> ActivityData:
    """The same data with a single model whose score never changes, so that the local network is alone."""
    return replace(data, changes=np.zeros_like(data.changes[:, :, :1]), assays=["none"])


def data_without_networks(data: ActivityData, tables: Sequence[VariantTable], models: Bank) -> dict[str, ActivityData]:
    """The data of the same variants as controls see them: by bases, by the 192 contexts, and by matrices alone.

    Args:
        data: data of the activity head.
        tables: tables of all its variants, in order.
        models: its models; without matrices among other models there is no control of matrices.
    """
    length = max(len(window.ref) for table in tables for window in table.windows)
    coded = {
        "bases": np.concatenate([one_hot_bases(table, length) for table in tables]),
        f"{CONTEXTS} contexts": np.concatenate([one_hot_contexts(table) for table in tables]),
    }
    alone = replace(data, local=None)
    found = {
        name: replace(alone, changes=np.stack([codes, np.zeros_like(codes)], axis=1), assays=[name] * codes.shape[1])
        for name, codes in coded.items()
    }
    matrices = _matrices(models)
    if matrices.any():
        only = replace(alone, changes=data.changes[:, :, matrices], assays=["matrix"] * int(matrices.sum()))
        found["matrices"] = only
    return found


def _matrices(models: Bank) -> NDArray[np.bool_]:
    """Which models are matrices; none if all of them are."""
    matrices = np.array([model.assay.startswith("matrix") for model in models.models])
    return matrices & ~matrices.all()


def _add_controls(
    evaluation: LocusResults,
    tables: Sequence[VariantTable],
    data: ActivityData,
    models: Bank,
    progress: Progress | None,
) -> None:
    """Add the predictions without networks, or without training."""
    table, count = tables[0], len(tables[0])
    for name, without in data_without_networks(data, tables, models).items():
        found = left_out_activity(without, evaluation.wanted, progress=bind_stage(progress, name))
        evaluation.add(name, _joined(found, data)[:count])
    gain = gain_of_gc(table.variants)
    evaluation.add("gain of G or C", gain, np.abs(gain))
    changes = data.changes[:count]
    evaluation.add("mean square bound change", None, (changes[:, 0] ** 2).mean(axis=1))
    evaluation.add("largest z", None, np.abs(changes[:, 1]).max(axis=1))
    if (matrices := _matrices(models)).any():
        evaluation.add("largest matrix change", None, np.abs(changes[:, 1, matrices]).max(axis=1))
    if "barcodes" in table.numbers:
        evaluation.add("few barcodes", None, -table.numbers["barcodes"])


@dataclass(frozen=True, slots=True)
class LeftOutScores:
    """Predictions for left-out loci; NaN for the variants of other loci.

    Attributes:
        activity: predicted log2 change, float64 (N,).
        probability: predicted probability of a change, float64 (N,).
        log_loss: logarithm of the predicted probability of a loss, float64 (N,).
        penalties: penalty that was chosen on the other loci, by left-out locus.
    """

    activity: NDArray[np.float64]
    probability: NDArray[np.float64]
    log_loss: NDArray[np.float64]
    penalties: dict[str, float]

    @classmethod
    def of(
        cls,
        data: ActivityData,
        table: VariantTable,
        distances: NDArray[np.float64],
        loci: Sequence[str],
        progress: Progress | None = None,
    ) -> LeftOutScores:
        """Predict each locus, with probabilities that are calibrated on the other loci alone.

        Args:
            data: data of the activity head, whose first N variants are those of the table.
            table: measured effects of N variants of loci.
            distances: distances of the variants to the nearest start, (N,).
            loci: loci to predict.
            progress: called with the number of loci that are done and the number of all.
        """
        activity, probability, log_loss = (np.full(len(table), np.nan) for _ in range(3))
        penalties = {}
        for one in left_out_activity(data, loci, progress=progress):
            rows, whole = data.rows_of[one.locus], score_data(table, data, one.predicted, distances)
            head = fit_score(whole.rows(np.setdiff1d(np.arange(len(table)), rows)))
            own = whole.rows(rows)
            odds = head.log_odds(scaled_evidence(own.sizes, own.distances, head.units))
            activity[rows], probability[rows] = own.activity, logistic(odds)
            log_loss[rows] = head.log_loss(odds, own.activity)
            penalties[one.locus] = one.penalty
        return cls(activity, probability, log_loss, penalties)


def _joined(found: Sequence[LeftOut], data: ActivityData) -> NDArray[np.float64]:
    """Predictions of each locus by the model that left it out, NaN elsewhere, float64 (N,)."""
    joined = np.full(len(data.effects), np.nan)
    for one in found:
        joined[data.rows_of[one.locus]] = one.predicted[data.rows_of[one.locus]]
    return joined
