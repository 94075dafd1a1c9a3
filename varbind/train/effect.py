"""Training of a second stage from tables of measured variants and a bank.

Each head is trained if its table is given. Finished DeepFind networks are stored in a folder beside the output until
the training is complete, so that an interrupted training can be resumed.
"""

from __future__ import annotations

import hashlib
import logging
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.annotate.tracks import Tracks
from varbind.bank.background import kind_of
from varbind.core.progress import bind_stage
from varbind.effect.activity import ActivityHead
from varbind.effect.background_rank import phreds
from varbind.effect.conservation import ConservationHead
from varbind.effect.deepfind import DeepFindHead
from varbind.effect.effect_model import Cutoff, EffectCard, EffectModel, key_of_place, key_of_window, merged_keys
from varbind.effect.features import binding_features, feature_matrix
from varbind.effect.local import LocalHead
from varbind.effect.score import ScoreHead
from varbind.errors import UsageError, printable
from varbind.gate import optional_import
from varbind.io.effects import write_effect
from varbind.io.genes.gene_table import read_genes
from varbind.io.output.atomic_files import refuse_existing
from varbind.io.reference import Reference
from varbind.train.activity import fit_activity
from varbind.train.activity_tables import activity_data, local_network, read_activity, read_pairs, score_data
from varbind.train.checkpoints import remove_checkpoints
from varbind.train.conservation import fit_conservation
from varbind.train.cutoffs import suggested_cutoffs
from varbind.train.deepfind import DeepFindData, fit_deepfind
from varbind.train.effect_curves import effect_curves
from varbind.train.effect_plan import EffectPlan
from varbind.train.effect_tables import (
    FLANK,
    ScoredVariants,
    labels_of,
    read_classes,
    read_pathogenic,
    score_table,
    second_stage_models,
    site_features,
    sites_of,
)
from varbind.train.held_out_quality import held_out
from varbind.train.metrics import spearman
from varbind.train.score import calibrate_score

if TYPE_CHECKING:
    from collections.abc import Mapping

    from varbind.bank.background import VariantKind
    from varbind.bank.bank import Bank
    from varbind.bank.null_distribution import ShareCurve
    from varbind.core.progress import Progress
    from varbind.core.variant import Variant
    from varbind.datasets.variant_table import VariantTable
    from varbind.effect.head import Head
    from varbind.train.activity import ActivityFit
    from varbind.train.activity_data import ActivityData
    from varbind.train.effect_plan import EffectInputs
    from varbind.train.score import ScoreFit

__all__ = ["train_effect"]

logger = logging.getLogger(__name__)


def train_effect(
    inputs: EffectInputs,
    bank: Bank,
    destination: str | Path,
    plan: EffectPlan | None = None,
    *,
    progress: Progress | None = None,
) -> EffectModel:
    """Train the heads whose tables are given, and write the second stage.

    Args:
        inputs: The input files.
        bank: The bank whose scores the second stage reads; a single bank with a background.
        destination: The folder of the second stage, which must not exist.
        plan: The settings; None = the defaults.
        progress: Called with the number of items done, the number of all and the stage.

    Raises:
        VarbindError: There is an error in the data, the bank or the destination.
    """
    plan, destination = plan or EffectPlan(), Path(destination)
    refuse_existing(destination)
    if not (inputs.activity or inputs.classes or inputs.pathogenic):
        raise UsageError("no table of variants is given", remedy="give --activity, --classes or --pathogenic")
    if inputs.pairs and not inputs.activity:
        raise UsageError("--pairs is given without --activity", remedy="give loci too, which choose the penalty")
    if inputs.local and not inputs.activity:
        raise UsageError("--local is given without --activity, whose head uses it", remedy="leave it out, or give loci")
    if inputs.pathogenic and not inputs.activity:
        logger.info("without --activity there is no SCORE, and so no SCORE_CONS is written")
    # A missing package is reported now and not after an hour.
    optional_import("scipy.stats", needed_for="training")
    optional_import("sklearn.metrics", needed_for="training")
    optional_import("torch", needed_for="training")
    with ExitStack() as stack:
        training = _Training(stack, inputs, bank, destination, plan, progress)
        effect = training.effect()
    curves = effect_curves(
        effect,
        bank,
        plan.background,
        device=plan.device,
        threads=plan.threads,
        progress=training.progress_of("background variants"),
    )
    card = replace(effect.card, cutoffs=training.cutoffs(curves), background=asdict(plan.background))
    effect = write_effect(destination, replace(effect, card=card, curves=curves))
    if inputs.classes:
        remove_checkpoints(training.checkpoints, "network-*.safetensors")
    return effect


class _Training:
    """Trains the heads of one second stage, one after another."""

    def __init__(
        self,
        stack: ExitStack,
        inputs: EffectInputs,
        bank: Bank,
        destination: Path,
        plan: EffectPlan,
        progress: Progress | None,
    ) -> None:
        self._inputs, self._plan, self._progress = inputs, plan, progress
        self._bank, self._models = bank, second_stage_models(bank)
        self.checkpoints = destination.with_name(f"{destination.name}.training")
        self._name = destination.name
        self._reference = stack.enter_context(Reference(inputs.fasta)) if inputs.fasta else None
        self._genes = read_genes(inputs.genes, tss="preferred").index if inputs.genes else None
        self._tracks: Tracks | None = None
        if inputs.conservation:
            if self._reference is None:
                raise UsageError("--conservation needs the reference genome", remedy="give it with --fasta")
            self._tracks = stack.enter_context(Tracks(inputs.conservation, self._reference.contigs))
        self._facts: dict[str, Any] = {}
        self._keys: list[int] = []
        self._calibrated: tuple[ScoreFit, list[Variant]] | None = None

    def progress_of(self, step: str) -> Progress | None:
        """The progress callback of one step of the training, called with (done, total)."""
        return bind_stage(self._progress, step)

    def effect(self) -> EffectModel:
        """The second stage with all its heads, without curves."""
        heads, bank = self._heads(), self._bank
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
        return EffectModel(described, heads, trained_on=merged_keys(self._keys))

    def cutoffs(self, curves: Mapping[str, Mapping[VariantKind, ShareCurve]]) -> list[Cutoff]:
        """The suggested cut-offs of PHRED, given its curves."""
        if self._calibrated is None:
            return []
        score, variants = self._calibrated
        measured, kinds = score.variants, [kind_of(variant) for variant in variants]
        positions = np.array([variant.pos for variant in variants])
        ranks = phreds(score.log_loss, measured.distances, kinds, curves)
        return suggested_cutoffs(ranks, measured.outcomes.change, measured.loci, positions)

    def _heads(self) -> dict[str, Head]:
        """The heads whose tables are given, by name."""
        inputs = self._inputs
        heads: dict[str, Head] = {}
        if inputs.activity:
            heads |= self._activity_and_score(inputs.activity)
        if inputs.classes:
            heads[DeepFindHead.name] = self._deepfind(inputs.classes)
        if inputs.pathogenic:
            heads[ConservationHead.name] = self._conservation(inputs.pathogenic)
        return heads

    def _activity_and_score(self, path: str) -> dict[str, Head]:
        """The local, the activity and the score head."""
        local, facts = local_network(self._inputs.local, self._bank)
        if local is not None:
            self._facts[LocalHead.name] = facts
        scored = self._scored(read_activity(path, self._reference))
        pairs = [self._scored(read_pairs(other, self._reference)) for other in self._inputs.pairs]
        data, scale = activity_data(scored, self._models, local, pairs)
        fit = fit_activity(data, scale, progress=self.progress_of("loci"))
        correlations = [spearman(fit.left_out[own], data.effects[own]) or 0.0 for own in data.rows_of.values()]
        left_out = f"{len(correlations)} left-out loci"
        self._facts[ActivityHead.name] = {
            **self._data_facts(scored.table),
            "pairs": [self._data_facts(other.table) for other in pairs],
            "loci": list(data.rows_of),
            "parts_of_pairs": list(data.pairs_of),
            "penalty": fit.penalty,
            "slope": fit.slope,
            "held_out": held_out("mean Spearman correlation", correlations, left_out, variants=len(scored.table)),
        }
        heads: dict[str, Head] = {} if local is None else {LocalHead.name: local}
        return heads | {ActivityHead.name: fit.head, ScoreHead.name: self._score(scored.table, data, fit)}

    def _score(self, table: VariantTable, data: ActivityData, fit: ActivityFit) -> ScoreHead:
        calibration = score_data(table, data, fit.left_out, sites_of(table, self._genes).tss_distance)
        score = calibrate_score(calibration)
        self._calibrated = score, [table.variants[row] for row in np.flatnonzero(calibration.calibrating).tolist()]
        self._facts[ScoreHead.name] = score.facts
        return score.head

    def _deepfind(self, path: str) -> DeepFindHead:
        table = read_classes(path, self._reference)
        scored = self._scored(table)
        sites = sites_of(table, self._genes, self._tracks)
        names = (*binding_features(self._models.model_ids), *site_features(sites))
        features = feature_matrix(names, self._models.model_ids, scored.ref, scored.alt, sites)
        self._facts[DeepFindHead.name] = {
            **self._data_facts(table),
            "setting": asdict(self._plan.deepfind),
            "sites": list(site_features(sites)),
        }
        chromosomes = np.array([variant.chrom for variant in table.variants])
        areas: list[float] = []
        head = fit_deepfind(
            DeepFindData(features, labels_of(table), chromosomes, names),
            self._plan.deepfind,
            seed=self._plan.seed,
            device=self._plan.device,
            checkpoints=self.checkpoints,
            progress=self.progress_of("epochs"),
            quality=areas.append,
        )
        self._facts[DeepFindHead.name]["held_out"] = held_out(
            "AUC", areas, "validation chromosomes", variants=len(table)
        )
        return head

    def _conservation(self, path: str) -> ConservationHead:
        table, columns = read_pathogenic(path, self._reference, self._tracks)
        self._facts[ConservationHead.name] = {**self._data_facts(table), "tracks": list(columns)}
        self._keys += [key_of_place(v.chrom, v.pos, v.ref, v.alt) for v in table.variants]
        values, genes, areas = np.stack(list(columns.values()), axis=1), table.texts.get("gene"), list[float]()
        names, seed = list(columns), self._plan.seed
        head = fit_conservation(values, labels_of(table), names, genes=genes, seed=seed, quality=areas.append)
        self._facts[ConservationHead.name]["weight"] = head.weight
        left_out = "genes" if genes is not None else "variants"
        self._facts[ConservationHead.name]["held_out"] = held_out(
            "AUC", areas, f"held-out {left_out}", variants=len(table)
        )
        return head

    def _scored(self, table: VariantTable) -> ScoredVariants:
        self._keys += [key_of_window(window, FLANK) for window in table.windows]
        return score_table(
            table,
            self._models,
            flank=FLANK,
            device=self._plan.device,
            threads=self._plan.threads,
            progress=self.progress_of("variants"),
        )

    def _data_facts(self, table: VariantTable) -> dict[str, Any]:
        digest = hashlib.sha256(Path(table.path).read_bytes()).hexdigest()
        return {"file": Path(table.path).name, "sha256": digest, "variants": len(table)}
