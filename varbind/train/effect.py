"""Training a second stage: tables of measured variants and a bank enter, a second stage leaves, written.

Each head has its own table, and is there if the table is. Finished networks are kept in a folder beside the output
until all is done, so that a run that was stopped goes on.
"""

from __future__ import annotations

import hashlib
import logging
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.annotate.tracks import Tracks
from varbind.effect.effect_model import EffectCard, EffectModel, key_of_place, key_of_window, merged_keys
from varbind.effect.features import binding_features, feature_matrix
from varbind.effect.score import ScoreHead, logistic
from varbind.errors import OutputError, UsageError, printable
from varbind.gate import optional_import
from varbind.io.effects import write_effect
from varbind.io.genes.gene_table import read_genes
from varbind.io.reference import Reference
from varbind.train.activity import fit_activity
from varbind.train.conservation import fit_conservation
from varbind.train.deepfind import DeepFindSetting, fit_deepfind
from varbind.train.deepfind_records import forget_networks
from varbind.train.effect_background import EFFECT_BACKGROUND, effect_curves
from varbind.train.effect_tables import (
    FLANK,
    activity_data,
    calibrating,
    labels_of,
    measurable,
    read_activity,
    read_classes,
    read_pathogenic,
)
from varbind.train.progress import pace_of
from varbind.train.score import calibration_error, equal_loci, fit_score
from varbind.train.scored_variants import ScoredVariants, score_table, second_stage_models
from varbind.train.variant_sites import site_features, sites_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from varbind.bank.bank import Bank
    from varbind.datasets.variant_table import VariantTable
    from varbind.effect.activity import ActivityHead
    from varbind.effect.conservation import ConservationHead
    from varbind.effect.deepfind import DeepFindHead
    from varbind.scoring.background import BackgroundRecipe

__all__ = ["EffectInputs", "EffectPlan", "train_effect"]

logger = logging.getLogger(__name__)

CUTOFF_SHARES = (0.1, 0.01, 0.001)
"""Shares of background SNVs that suggested cut-offs let pass."""


@dataclass(frozen=True, slots=True)
class EffectInputs:
    """Files.

    Attributes:
        activity: variants with `effect` (log2), `se` and `locus`; and if they are there `measurable` (0 or 1) and
            `kind`, of which `promoter` calibrates.
        classes: variants with `label`: 1 simulated, 0 derived.
        pathogenic: variants with `label` and columns of tracks; `gene` keeps folds apart.
        fasta: genome of the tables that give no flanks.
        genes: as for `varbind annotate`.
        conservation: bigWig files by track name.
    """

    activity: str | None = None
    classes: str | None = None
    pathogenic: str | None = None
    fasta: str | None = None
    genes: str | None = None
    conservation: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EffectPlan:
    """How a second stage is trained.

    Attributes:
        deepfind: of its networks.
        background: of the curves.
        seed: of all that is random.
        device: `cpu`, `cuda` or `cuda:N`.
        threads: CPU threads that score; None = all.
        licence: of the data, for the card.
    """

    deepfind: DeepFindSetting = field(default_factory=DeepFindSetting)
    background: BackgroundRecipe = EFFECT_BACKGROUND
    seed: int = 1
    device: str = "cpu"
    threads: int | None = None
    licence: str = "not stated"


def train_effect(
    inputs: EffectInputs,
    bank: Bank,
    destination: str | Path,
    plan: EffectPlan | None = None,
    *,
    progress: Callable[[str, int, int], None] | None = None,
) -> EffectModel:
    """Train the heads that there are tables for, and write them.

    Args:
        inputs: the files.
        bank: whose scores are read; one card, with a background.
        destination: folder of the second stage, which must not exist.
        plan: everything else; None = the defaults.
        progress: called with (what is being done, done, in all).

    Raises:
        VarbindError: with what is wrong with the data, the bank or the destination.
    """
    plan, destination = plan or EffectPlan(), Path(destination)
    if destination.exists():
        raise OutputError("exists already", path=destination, remedy="name a new folder")
    if not (inputs.activity or inputs.classes or inputs.pathogenic):
        raise UsageError("nothing to train on", remedy="give --activity, --classes or --pathogenic")
    if inputs.pathogenic and not inputs.activity:
        logger.info("without --activity there is no SCORE, and so no SCORE_CONS is written")
    # Told now, not after an hour.
    optional_import("scipy.stats", needed_for="training")
    optional_import("torch", needed_for="training")
    with ExitStack() as stack:
        training = _Training(stack, inputs, second_stage_models(bank), destination, plan, progress)
        effect = training.effect(bank)
    curves, log_odds = effect_curves(
        effect,
        bank,
        plan.background,
        device=plan.device,
        threads=plan.threads,
        progress=training.pace("background variants"),
    )
    card = replace(effect.card, cutoffs=training.cutoffs(log_odds), background=asdict(plan.background))
    effect = write_effect(destination, replace(effect, card=card, curves=curves))
    if inputs.classes:
        forget_networks(training.records)
    return effect


class _Training:
    """The heads of one second stage, one after another."""

    def __init__(
        self,
        stack: ExitStack,
        inputs: EffectInputs,
        models: Bank,
        destination: Path,
        plan: EffectPlan,
        progress: Callable[[str, int, int], None] | None,
    ) -> None:
        self._inputs, self._models, self._plan, self._progress = inputs, models, plan, progress
        self.records = destination.with_name(f"{destination.name}.training")
        self._name = destination.name
        self._reference = stack.enter_context(Reference(inputs.fasta)) if inputs.fasta else None
        self._genes = read_genes(inputs.genes, tss="preferred").index if inputs.genes else None
        self._tracks: Tracks | None = None
        if inputs.conservation:
            if self._reference is None:
                raise UsageError("--conservation without a genome", remedy="give it with --fasta")
            self._tracks = stack.enter_context(Tracks(inputs.conservation, self._reference.contigs))
        self._facts: dict[str, Any] = {}
        self._keys: list[int] = []
        self._odds: tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64]] | None = None

    def pace(self, what: str) -> Callable[[int, int], None] | None:
        """Of one kind of work."""
        return pace_of(self._progress, what)

    def effect(self, bank: Bank) -> EffectModel:
        """All heads, without curves."""
        activity, score = self._activity() if self._inputs.activity else (None, None)
        deepfind = self._deepfind(self._inputs.classes) if self._inputs.classes else None
        conservation = self._conservation(self._inputs.pathogenic) if self._inputs.pathogenic else None
        card = bank.cards[0]
        described = EffectCard(
            name=printable(self._name),
            version="0.1",
            description=f"a second stage over {len(self._models.models)} models of {card.name}",
            licence=printable(self._plan.licence),
            bank={
                "name": card.name,
                "sha256": card.digests.get("weights.safetensors", "none"),
                "background": card.background.get("sha256", "none"),
            },
            model_ids=list(self._models.model_ids),
            default_ids=list(bank.select_default().model_ids),
            heads=self._facts,
        )
        return EffectModel(described, activity, score, deepfind, conservation, trained_on=merged_keys(self._keys))

    def cutoffs(self, background: NDArray[np.float64]) -> list[Mapping[str, float]]:
        """Cut-offs that let a share of background SNVs pass, and how right they are on predictions by other loci."""
        if self._odds is None or not len(background):
            return []
        odds, outcomes, weights = self._odds
        positive = float((weights * outcomes).sum())
        found: list[Mapping[str, float]] = []
        for share in CUTOFF_SHARES:
            least = np.quantile(background, 1 - share)
            passed = odds >= least
            if not positive or not passed.any():
                continue
            right = float((weights * outcomes * passed).sum())
            found.append(
                {
                    "score": float(logistic(np.array(least))),
                    "precision": right / float((weights * passed).sum()),
                    "recall": right / positive,
                    "background": share,
                }
            )
        return found

    def _activity(self) -> tuple[ActivityHead, ScoreHead]:
        assert self._inputs.activity is not None
        scored = self._scored(read_activity(self._inputs.activity, self._reference))
        data, scale = activity_data(scored, self._models)
        fit = fit_activity(data, scale, progress=self.pace("loci"))
        sizes = ScoreHead.sizes(fit.left_out, data.changes[:, 0])
        outcomes, chosen = measurable(scored.table), calibrating(scored.table)
        score = fit_score(sizes, outcomes, data.loci, chosen)
        rows = np.flatnonzero(chosen)
        weights = equal_loci(data.loci[rows])
        odds = score.log_odds(sizes[rows])
        self._odds = (odds, outcomes[rows], weights)
        error, curve = calibration_error(logistic(odds), outcomes[rows], weights)
        self._facts["activity"] = {
            **self._data_facts(scored.table),
            "loci": list(data.rows_of),
            "penalty": fit.penalty,
            "slope": fit.slope,
        }
        self._facts["score"] = {
            "calibrated_on": sorted(set(data.loci[rows].tolist())),
            "measurable_share": float(weights @ outcomes[rows]),
            "calibration_error": error,
            "reliability": curve,
        }
        return fit.head, score

    def _deepfind(self, path: str) -> DeepFindHead:
        table = read_classes(path, self._reference)
        scored = self._scored(table)
        sites = sites_of(table, self._genes, self._tracks)
        names = (*binding_features(self._models.model_ids), *site_features(sites))
        features = feature_matrix(names, self._models.model_ids, scored.ref, scored.alt, sites)
        self._facts["deepfind"] = {
            **self._data_facts(table),
            "setting": asdict(self._plan.deepfind),
            "sites": list(site_features(sites)),
        }
        return fit_deepfind(
            features,
            labels_of(table),
            np.array([variant.chrom for variant in table.variants]),
            names,
            self._plan.deepfind,
            seed=self._plan.seed,
            device=self._plan.device,
            records_folder=self.records,
            progress=self.pace("epochs"),
        )

    def _conservation(self, path: str) -> ConservationHead:
        table, columns = read_pathogenic(path, self._reference, self._tracks)
        self._facts["conservation"] = {**self._data_facts(table), "tracks": list(columns)}
        self._keys += [key_of_place(v.chrom, v.pos, v.ref, v.alt) for v in table.variants]
        return fit_conservation(
            np.stack(list(columns.values()), axis=1), labels_of(table), list(columns), genes=table.words.get("gene")
        )

    def _scored(self, table: VariantTable) -> ScoredVariants:
        self._keys += [key_of_window(window, FLANK) for window in table.windows]
        return score_table(
            table,
            self._models,
            flank=FLANK,
            device=self._plan.device,
            threads=self._plan.threads,
            progress=self.pace("variants"),
        )

    def _data_facts(self, table: VariantTable) -> dict[str, Any]:
        digest = hashlib.sha256(Path(table.path).read_bytes()).hexdigest()
        return {"file": Path(table.path).name, "sha256": digest, "variants": len(table)}
